"""The shop is put into the lake when it is missing or old, and never half of a brand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.demo.build import DAYS, Demo
from engine.demo.shop import months
from engine.demo.words import BRANDS, WORKSPACE
from engine.engine import Engine
from engine.scope import Scope
from engine.stores.lake import LakeStore

NOW = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
EVENTS = 50_000


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A lake with the shop, and what was told while it was made; not to be changed."""
    lake = LakeStore(tmp_path_factory.mktemp("demo") / "lake")
    demo = Demo(lake, EVENTS, lambda: NOW)
    told = [(demo.progress, demo.ready)]
    demo.build(lambda share: told.append((share, demo.ready)))
    told.append((demo.progress, demo.ready))
    return lake, told


@pytest.fixture
def lake(tmp_path):
    return LakeStore(tmp_path / "lake")


def versions(lake):
    return [lake.open(WORKSPACE, brand).version for brand in BRANDS]


def heights(lake):
    frames = [lake.open(WORKSPACE, brand).all_events() for brand in BRANDS]
    return [frame.select(pl.len()).collect().item() for frame in frames]


def test_it_is_the_shop(built):
    lake, _ = built
    assert lake.brands() == {WORKSPACE: list(BRANDS)}
    for brand in BRANDS:
        found = lake.open(WORKSPACE, brand).all_events().collect().sort("event_id")
        made = pl.concat(months(brand, NOW, EVENTS, DAYS)).sort("event_id")
        assert_frame_equal(found, made)


def test_one_file_for_each_month_in_one_commit(built):
    lake, _ = built
    for brand in BRANDS:
        snapshot = lake.open(WORKSPACE, brand)
        assert snapshot.version.endswith("-0")
        assert len(snapshot.files) == 14
        assert all(pl.read_parquet(f.uri)["created_at"].is_sorted() for f in snapshot.files)


def test_it_answers(built):
    lake, _ = built
    body = {"event_types": None, "group_by": "day", "aggregation": "count", "time_window_days": 365}
    for brand in BRANDS:
        answer = Engine(lake).aggregate(body | {"limit": 1000}, Scope(WORKSPACE, brand), NOW)
        made = pl.concat(months(brand, NOW, EVENTS, DAYS))
        year = made.filter(pl.col("created_at") >= NOW - timedelta(days=365))
        assert sum(row.value for row in answer.rows) == year.height
        assert len(answer.rows) == year["created_at"].dt.date().n_unique() > 350


def test_progress_only_grows_and_ready_comes_last(built):
    _, told = built
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert len(set(shares)) > 20
    assert all(ready == (share == 1) for share, ready in told)
    assert max(share for share in shares if share < 1) > 0.9


def test_a_fresh_shop_is_left_alone(built):
    lake, _ = built
    before = versions(lake)
    for age in (timedelta(0), timedelta(hours=1)):
        demo = Demo(LakeStore(lake.root), EVENTS, lambda age=age: NOW + age)
        assert (demo.ready, demo.progress, demo.is_fresh()) == (True, 1, True)
        told = []
        demo.build(told.append)
        assert told == [1]
    assert versions(lake) == before


def test_an_old_shop_is_made_anew(lake):
    Demo(lake, 3000, lambda: NOW).build()
    before, old = versions(lake), heights(lake)
    later = NOW + timedelta(days=40)
    demo = Demo(lake, 3000, lambda: later)
    assert (demo.ready, demo.is_fresh()) == (False, False)
    demo.build()
    assert demo.ready
    assert all(now != was for now, was in zip(versions(lake), before, strict=True))
    for brand in BRANDS:
        times = lake.open(WORKSPACE, brand).all_events().select("created_at").collect()
        assert times["created_at"].min() >= later - timedelta(days=DAYS)
        assert NOW < times["created_at"].max() < later
    assert [now / was for now, was in zip(heights(lake), old, strict=True)] == pytest.approx(
        [1, 1], abs=0.3
    )


def next_event(now, events):
    """The first event after `now`, of either brand."""
    later = now + timedelta(days=30)
    frames = (pl.concat(months(brand, later, events, DAYS)) for brand in BRANDS)
    return min(f.filter(pl.col("created_at") >= now)["created_at"].min() for f in frames)


@pytest.mark.parametrize(("age", "fresh"), [(-30, True), (0, True), (24, True), (24.01, False)])
def test_how_old_is_old(built, age, fresh):
    """A day after the first event that is missing."""
    lake, _ = built
    missing = next_event(NOW, EVENTS)
    assert Demo(lake, EVENTS, lambda: missing + timedelta(hours=age)).is_fresh() == fresh


@pytest.mark.parametrize("events", [1, 40, 500, 5000])
def test_a_shop_of_few_events_is_not_made_again_at_each_start(lake, events):
    """Its last event may be days old, because there was none since."""
    Demo(lake, events, lambda: NOW).build()
    before = versions(lake)
    for hours in (0, 1, 23):
        again = Demo(LakeStore(lake.root), events, lambda hours=hours: NOW + timedelta(hours=hours))
        assert (again.ready, again.is_fresh()) == (True, True)
        again.build()
    assert versions(lake) == before
    later = next_event(NOW, events) + timedelta(hours=24.01) if events >= 500 else None
    assert later is None or not Demo(lake, events, lambda: later).is_fresh()


def test_the_end_of_the_shop_alone(built):
    for brand in BRANDS:
        whole = pl.concat(months(brand, NOW, EVENTS, DAYS))
        for days in (1, 20, 500):
            since = NOW - timedelta(days=days)
            part = pl.concat(months(brand, NOW, EVENTS, DAYS, since))
            assert_frame_equal(part, whole.filter(pl.col("created_at") >= since))


def test_a_brand_that_is_missing_is_enough(lake):
    (first, *_) = BRANDS
    frames = months(first, NOW, EVENTS, 3)
    lake.write(WORKSPACE, first, frames)
    assert not Demo(lake, EVENTS, lambda: NOW).is_fresh()


def test_no_shop(lake):
    demo = Demo(lake, 0, lambda: NOW)
    assert (demo.ready, demo.progress) == (True, 1)
    demo.build()
    assert lake.brands() == {}
    assert lake.tables() == []


class Stop(Exception):
    pass


def stopping(at):
    """A report that fails at the given step."""
    told = []

    def report(share):
        told.append(share)
        if len(told) == at:
            raise Stop("the disk is full")

    return report


@pytest.mark.parametrize(("at", "whole"), [(1, 0), (14, 0), (15, 1)])
def test_a_build_that_fails_leaves_whole_brands_only(lake, at, whole):
    """Fourteen months of the first brand and then those of the second."""
    demo = Demo(lake, 3000, lambda: NOW)
    with pytest.raises(Exception, match="the disk is full"):
        demo.build(stopping(at))
    assert "the disk is full" in demo.error
    assert demo.ready
    other = LakeStore(lake.root)
    assert [height > 0 for height in heights(other)] == [i < whole for i in range(2)]
    complete = [pl.concat(months(brand, NOW, 3000, DAYS)).height for brand in BRANDS]
    assert heights(other)[:whole] == complete[:whole]
    again = Demo(other, 3000, lambda: NOW)
    assert (again.ready, again.error) == (False, None)
    again.build()
    assert heights(other) == complete


def test_a_rebuild_that_fails_leaves_the_old_shop(lake):
    Demo(lake, 3000, lambda: NOW).build()
    before, old = versions(lake), heights(lake)
    demo = Demo(lake, 3000, lambda: NOW + timedelta(days=30))
    with pytest.raises(Exception, match="the disk is full"):
        demo.build(stopping(8))
    assert versions(lake) == before
    assert heights(LakeStore(lake.root)) == old


def test_a_shop_does_not_touch_other_workspaces(lake):
    lake.write("ws_other", BRANDS[0], months(BRANDS[0], NOW, 500, 20))
    before = lake.open("ws_other", BRANDS[0]).version
    Demo(lake, 3000, lambda: NOW).build()
    assert lake.open("ws_other", BRANDS[0]).version == before
    assert sorted(lake.brands()) == [WORKSPACE, "ws_other"]
