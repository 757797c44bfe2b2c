"""What waits comes out as it went in, from memory or from disk."""

import random
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.ingest import waiting as module
from engine.ingest.normalise import normalise
from engine.ingest.waiting import Waiting
from engine.stores.base import EVENTS
from tests.ingest.files import ARRIVAL, BRAND, OTHER_BRAND, counts, loaded, row, stored, write_csv

BRANDS = (BRAND, OTHER_BRAND, "")
DAY = timedelta(days=1)


def rows(count, days=90):
    rng = random.Random(3)
    times = [(ARRIVAL - rng.randrange(days * 24) * DAY / 24).isoformat() for _ in range(count)]
    return [row(str(i), created_at=times[i], brand_id=BRANDS[i % 3]) for i in range(count)]


def batches(events, size):
    raw = pl.DataFrame(events).with_row_index("row", offset=1)
    for part in raw.iter_slices(size):
        yield normalise(part, ARRIVAL, "source", None).events


@pytest.mark.parametrize("held", [0, 10_000, 60_000, 1 << 30])
def test_every_kept_event_comes_out_once(held, monkeypatch):
    """By brand, month and time; whatever had to go to disk."""
    monkeypatch.setattr(module, "SLICE", 50)
    events = list(batches(rows(600), 100))
    kept = np.zeros(601, np.bool_)
    kept[1::2] = True
    every = pl.concat(events)
    with Waiting(held) as waiting:
        for part in events:
            waiting.add(part)
        folder = waiting._folder
        assert (folder is None) == (held == 1 << 30)
        keys = waiting.keys().cast({"brand_id": pl.String})
        assert_frame_equal(keys, every.select(module.KEYS))
        for brand in (BRAND, OTHER_BRAND, None):
            found = list(waiting.take(brand, kept))
            assert all(0 <= frame.height <= 50 for frame in found)
            together = pl.concat(found)
            expected = every.filter(
                pl.col("brand_id").eq_missing(pl.lit(brand, pl.String)) & (pl.col("row") % 2 == 1)
            ).select(EVENTS.names())
            months = together["created_at"].dt.strftime("%Y-%m")
            assert months.is_sorted()
            if held >= 60_000:
                assert together["created_at"].is_sorted()
            assert_frame_equal(together, expected, check_row_order=False)
    assert folder is None or not Path(folder.name).exists()


def test_nothing_stays_on_disk_when_a_load_ends_early():
    with Waiting(0) as waiting:
        waiting.add(next(batches(rows(10), 10)))
        folder = Path(waiting._folder.name)
        assert list(folder.iterdir())
    assert not folder.exists()


def test_a_load_by_way_of_the_disk_stores_the_same(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "a.csv", *rows(300), *rows(20))
    assert counts(loaded(tmp_path / "memory", path)) == (320, 300, 20)
    monkeypatch.setattr(module.Waiting.__init__, "__defaults__", (0,))
    assert counts(loaded(tmp_path / "disk", path)) == (320, 300, 20)
    for brand in (BRAND, OTHER_BRAND, None):
        assert_frame_equal(stored(tmp_path / "disk", brand), stored(tmp_path / "memory", brand))
    assert counts(loaded(tmp_path / "disk", path)) == (320, 0, 320)
