"""What the lake holds is found by hashes, and by the ids themselves where hashes meet."""

import random
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from engine.ingest import stored as module
from engine.ingest.append import append
from engine.ingest.normalise import normalise
from engine.ingest.stored import ENTRY, StoredIds
from engine.stores import lake as lake_module
from engine.stores.lake import LakeSnapshot
from tests.ingest.files import ARRIVAL, BRAND, OTHER_BRAND, WORKSPACE, ids, lake, row


@pytest.fixture
def reads(monkeypatch):
    """How often events were read from files."""
    counted = []
    on_days = LakeSnapshot.on_days
    monkeypatch.setattr(LakeSnapshot, "on_days", lambda *a: counted.append(a) or on_days(*a))
    return counted


def events(*rows):
    return normalise(pl.DataFrame(rows).with_row_index("row"), ARRIVAL, "test", None).events


def stored(store, known, *rows, arrival=ARRIVAL):
    return append(store, WORKSPACE, events(*rows), arrival, known).stored


def at(days=0.0, **columns):
    """A row of an event so many days before the arrival."""
    return row(created_at=(ARRIVAL - timedelta(days=days)).isoformat()) | columns


@pytest.mark.parametrize("most", [0, 3 * ENTRY, module.MOST])
@pytest.mark.parametrize("different", [1, 5, 2**64])
def test_as_a_set_would(tmp_path, monkeypatch, most, different):
    """Whatever is kept, and however few different hashes there are; files are joined as well."""
    hashes_of = module.hashes_of
    monkeypatch.setattr(module, "hashes_of", lambda s: hashes_of(s) % np.uint64(different - 1 or 1))
    monkeypatch.setattr(lake_module, "SMALL_FILES", 3)
    rng = random.Random(7)
    store, known = lake(tmp_path), StoredIds(most)
    seen = set()
    for _ in range(12):
        batch = []
        for _ in range(30):
            age, name = rng.choice((0, 0.3, 0.5, 1, 9, 31, 60)), f"e{rng.randrange(40)}"
            batch.append(at(age, event_id=name, brand_id=rng.choice((BRAND, OTHER_BRAND))))
        new = {(r["event_id"], r["created_at"][:10]) for r in batch} - seen
        assert stored(store, known, *batch) == len(new)
        seen |= new
        if rng.random() < 0.4:
            for table in store.tables():
                store.tidy(*table)
    assert len(ids(tmp_path)) + len(ids(tmp_path, OTHER_BRAND)) == len(seen)
    assert known._size <= max(most, 0)
    assert known._size == sum(len(hashes) + ENTRY for hashes in known._kept.values())


def test_new_events_are_not_looked_for_in_files_again(tmp_path, reads):
    """Each file is read once for a day; only an id that is there is looked up."""
    store, known = lake(tmp_path), StoredIds()
    assert stored(store, known, at(event_id="a"), at(2, event_id="b")) == 2
    assert stored(store, known, at(event_id="c")) == 1
    before = len(reads)
    assert before == 1
    assert stored(store, known, at(event_id="d")) == 1  # the file of c is new
    assert len(reads) == before + 1
    for i in range(5):
        frame = events(at(event_id=f"x{i}"))
        snapshots = [store.open(*table) for table in store.tables()]
        found = known.find(snapshots, {frame["created_at"].dt.date()[0]: frame["event_id"]})
        assert found.is_empty()
    before = len(reads)
    assert stored(store, known, at(event_id="a"), at(3, event_id="a"), at(9, event_id="z")) == 2
    assert len(reads) == before + 1  # of the one file that holds a on this day


def test_an_event_without_a_time_is_compared_with_the_last_day(tmp_path):
    store, known = lake(tmp_path), StoredIds()
    assert stored(store, known, at(0.9, event_id="a"), at(1.1, event_id="b")) == 2
    timeless = [row(name, created_at=None) for name in ("a", "b", "c")]
    assert stored(store, known, *timeless) == 2
    later = ARRIVAL + timedelta(hours=12)
    again = events(*timeless).with_columns(created_at=pl.lit(later))
    assert append(store, WORKSPACE, again, later, known).stored == 1
    assert ids(tmp_path) == ["a", "a", "b", "b", "c"]


def test_a_file_of_two_days_and_one_that_ends_with_a_day(tmp_path):
    """Statistics are cut to milliseconds, so the last event of a day seems to lie before it."""
    store, known = lake(tmp_path), StoredIds()
    last = "2026-11-22T23:59:59.999999Z"
    first = "2026-11-23T00:00:00Z"
    assert stored(store, known, row("a", created_at=last), row("b", created_at=first)) == 2
    assert stored(store, known, row("a", created_at=first), row("b", created_at=last)) == 2
    for name in ("a", "b"):
        assert stored(store, known, row(name, created_at=first)) == 0
        assert stored(store, known, row(name, created_at=last)) == 0
