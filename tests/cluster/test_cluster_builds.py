"""Rollups whose events a cluster read: the same files as those that are built here."""

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.errors import Unavailable
from engine.rollups.build import Builder, EventsUnreadable
from tests.cluster.conftest import cluster_at
from tests.generate import SCOPE, Sample
from tests.rollups.brand import Brand

SHARED = {"workspace": SCOPE.workspace_id, "brand": SCOPE.brand_id}


class Counting:
    """How often a cluster was asked for events, which others do not see."""

    def __init__(self, cluster, most=0):
        self.cluster = cluster
        self.most = most
        self.asked = 0

    def events(self, *window):
        self.asked += 1
        return self.cluster.events(*window)


class Gone(Counting):
    def events(self, *_):
        raise Unavailable("gone", retry_after=5)


@pytest.fixture
def brand(tmp_path):
    """Its rollups are not built yet."""
    sample = Sample.make(43_000)
    brand = Brand(tmp_path)
    brand.write(sample.events)
    brand.today = (max(e["created_at"] for e in sample.events) + timedelta(days=1)).date()
    brand.requests = list(sample.requests())
    return brand


def files(folder):
    """Frames by their table and day, whatever the number of their build."""
    found = {path.name.partition("-")[2]: path for path in folder.rglob("*.parquet")}
    return {name: pl.read_parquet(path) for name, path in found.items()}


def test_equal_rollups(brand, remote, tmp_path):
    """From Sail, which reads file by file, and from Spark, which reads them together."""
    cluster = Counting(cluster_at(tmp_path, remote))
    there = Builder(brand.lake, tmp_path / "there", cluster).build(**SHARED, today=brand.today)
    here = brand.builder.build(**SHARED, today=brand.today)
    assert cluster.asked > 0
    assert (there.upto, there.dimensions, there.refused) == (
        here.upto,
        here.dimensions,
        here.refused,
    )
    expected, built = files(tmp_path / "rollups"), files(tmp_path / "there")
    assert expected.keys() == built.keys()
    for name, frame in expected.items():
        assert_frame_equal(built[name], frame, check_row_order=False)


def test_the_local_engine_answers_from_them(brand, sail, tmp_path):
    brand.builder = Builder(brand.lake, tmp_path / "rollups", cluster_at(tmp_path, sail.remote))
    brand.builder.build(**SHARED, today=brand.today)
    assert brand.check(brand.requests[:200]) > 50


def test_few_events_are_read_here(brand, tmp_path):
    most = len(brand.events) + 1
    built = Builder(brand.lake, tmp_path / "few", Gone(None, most)).build(
        **SHARED, today=brand.today
    )
    assert built is not None


def test_a_cluster_that_is_gone_takes_nothing_with_it(brand, tmp_path):
    """What was built before stays, and the next round builds."""
    before = brand.builder.build(**SHARED, today=brand.today - timedelta(days=30))
    lost = Builder(brand.lake, tmp_path / "rollups", Gone(None))
    with pytest.raises(EventsUnreadable, match="gone"):
        lost.build(**SHARED, today=brand.today)
    assert brand.builder.shelf(*SHARED.values()).manifest() == before
    assert brand.builder.build(**SHARED, today=brand.today).upto == brand.today
