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
from engine.stores.written import write_file
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


def taken(waiting, brand, kept):
    """The files, and their events: each file is sorted, of one month, and says what is in it."""
    files = waiting.take(brand, kept)
    frames = [pl.read_parquet(file.path) for file in files]
    for file, events in zip(files, frames, strict=True):
        times = events["created_at"]
        assert times.is_sorted()
        assert (file.first, file.last, file.rows) == (times[0], times[-1], len(times))
        assert set(times.dt.strftime("%Y-%m")) == {file.month}
        assert file.size == file.path.stat().st_size
    return files, frames


@pytest.mark.parametrize("held", [0, 10_000, 60_000, 1 << 30])
def test_every_kept_event_comes_out_once(held):
    """By brand, month and time; whatever had to go to disk."""
    events = list(batches(rows(600), 100))
    kept = np.zeros(601, np.bool_)
    kept[1::2] = True
    every = pl.concat(events)
    with Waiting(held) as waiting:
        for part in events:
            waiting.add(part)
        folder = Path(waiting._folder.name)
        assert bool(waiting._pieces) == (held < 1 << 30)
        keys = waiting.keys().cast({"brand_id": pl.String})
        assert_frame_equal(keys, every.select(module.KEYS))
        for brand in (BRAND, OTHER_BRAND, None):
            _, frames = taken(waiting, brand, kept)
            together = pl.concat(frames)
            expected = every.filter(
                pl.col("brand_id").eq_missing(pl.lit(brand, pl.String)) & (pl.col("row") % 2 == 1)
            ).select(EVENTS.names())
            if held >= 60_000:
                assert together["created_at"].is_sorted()
            assert_frame_equal(together, expected, check_row_order=False)
    assert not folder.exists()


@pytest.mark.parametrize("descending", [False, True])
def test_events_that_come_by_time_are_written_once(descending, monkeypatch):
    """While others are read; what was written then is what the table gets."""
    times = [(ARRIVAL + i * DAY / 8).isoformat() for i in range(600)]
    times.sort(reverse=descending)
    events = [row(str(i), created_at=time, brand_id=BRAND) for i, time in enumerate(times)]
    writes = []
    monkeypatch.setattr(module, "write_file", lambda *of: writes.append(0) or write_file(*of))
    with Waiting(100_000) as waiting:
        for part in batches(events, 50):
            waiting.add(part)
        before = len(writes)
        files, frames = taken(waiting, BRAND, np.ones(601, np.bool_))
        assert len(writes) == len(files) > before > 0
        assert pl.concat(frames)["created_at"].is_sorted()
        assert sum(file.rows for file in files) == 600


def test_files_of_a_month_are_merged_where_their_times_overlap():
    """Equal times stay in the order in which they came."""
    events = [
        row(str(i), created_at=f"2026-01-{1 + i % 3:02}T00:00:00Z", brand_id=BRAND)
        for i in range(300)
    ]
    other = [
        row(str(i), created_at="2026-02-01T00:00:00Z", brand_id=BRAND) for i in range(300, 400)
    ]
    mixed = [*events[:100], *other[:50], *events[100:], *other[50:]]
    with Waiting(40_000) as waiting:
        for part in batches(mixed, 50):
            waiting.add(part)
        assert sum(map(len, waiting._pieces.values())) > 2
        waiting._most = 1 << 30
        files, frames = taken(waiting, BRAND, np.ones(401, np.bool_))
    assert [file.month for file in files[:2]] == ["2026-01", "2026-02"]
    expected = sorted(range(300), key=lambda i: i % 3)
    assert frames[0]["event_id"].to_list() == list(map(str, expected))
    assert pl.concat(frames[1:])["event_id"].to_list() == [str(i) for i in range(300, 400)]


def test_nothing_stays_on_disk_when_a_load_ends_early():
    with Waiting(0) as waiting:
        waiting.add(next(batches(rows(10), 10)))
        folder = Path(waiting._folder.name)
        waiting._last.result()
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
