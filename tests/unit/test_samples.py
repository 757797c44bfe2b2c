"""The newest events behind a row: those of its window, types, catalog and key, and of its brand."""

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from engine.engine import Engine
from engine.errors import InvalidRequest
from engine.samples import SAMPLE
from engine.stores.lake import LakeStore
from engine.stores.memory import MemoryStore
from tests import oracle
from tests.contract_cases import BODY
from tests.generate import MICROSECOND, NOW, SCOPE, Sample, append, event, frame

EVERY = 9
"""Of the requests of a sample, so many apart are compared."""
OTHER = replace(SCOPE, brand_id="22222222-2222-4222-8222-222222222222")


def expected(events, body, as_of, catalog, key, count):
    behind = [
        e
        for e in events
        if oracle.asked_for(e, body, as_of, catalog) and oracle.key_of(e, body["group_by"]) == key
    ]
    behind.sort(key=lambda e: (e["created_at"], e["event_id"]), reverse=True)
    return [e["event_id"] for e in behind[:count]]


@pytest.mark.parametrize("in_lake", [False, True])
def test_they_are_the_newest_behind_every_row(in_lake, tmp_path):
    sample = Sample.make(7)
    foreign = [e | {"event_id": f"foreign {e['event_id']}"} for e in sample.events]
    if in_lake:
        for i in range(3):
            append(tmp_path, SCOPE, sample.frame[i::3])
        append(tmp_path, OTHER, frame(foreign))
        engine = Engine(LakeStore(tmp_path / "lake"))
    else:
        frames = {SCOPE: sample.frame, OTHER: frame(foreign)}
        engine = Engine(MemoryStore({(s.workspace_id, s.brand_id): f for s, f in frames.items()}))
    seen = set()
    for body, as_of, catalog in list(sample.requests())[in_lake :: EVERY * (1 + in_lake)]:
        scope = replace(SCOPE, catalog_id=catalog)
        for row in engine.aggregate(body, scope, as_of).rows[:6]:
            found = engine.samples(body, scope, row.key, as_of, count=4)
            assert dict(found.schema) == dict(SAMPLE)
            ids = expected(sample.events, body, as_of, catalog, row.key, 4)
            assert found["event_id"].to_list() == ids, (body, row)
            seen.add((body["group_by"], row.key == "", len(ids)))
    assert {group_by for group_by, _, _ in seen} > {"none", "day", "hour", "session", "product_id"}
    assert {missing for _, missing, _ in seen} == {True, False}
    assert {count for _, _, count in seen} > {0, 1, 4} - {0}


def test_all_columns_are_there_and_metadata_is_json():
    metadata = {"b": 'say "é"', "a": "1", "null": None}
    columns = {"event_type": "Agent-View", "session_id": "s", "metadata": metadata}
    events = [event("e", NOW, **columns), event("f", NOW - MICROSECOND)]
    engine = Engine(MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): frame(events)}))
    found = engine.samples(BODY, SCOPE, "2026-11-23", NOW + MICROSECOND)
    assert found.rows(named=True) == [
        events[0] | {"metadata": '{"a":"1","b":"say \\"é\\"","null":null}'},
        events[1],
    ]
    assert json.loads(found["metadata"][0]) == metadata


def test_what_is_not_needed_is_not_read(tmp_path):
    """A row with new events is answered from the newest file; the others may even be gone."""
    for month in range(12):
        time = NOW - timedelta(days=30 * month, hours=1)
        made = [event(f"{month} {i}", time, product_id="p") for i in range(30)]
        append(tmp_path, SCOPE, frame(made))
    engine = Engine(LakeStore(tmp_path / "lake"))
    files = sorted((tmp_path / "lake").rglob("*.parquet"))
    newest = max(files, key=lambda file: pl.read_parquet(file)["created_at"].max())
    assert len(files) == 12
    engine.store.snapshot(SCOPE)
    for file in files:
        if file != newest:
            file.unlink()
    body = BODY | {"group_by": "product_id", "time_window_days": 365}
    assert engine.samples(body, SCOPE, "p", NOW).height == 20
    assert engine.samples(BODY, SCOPE, "2026-11-23", NOW).height == 20


@pytest.mark.parametrize(
    ("group_by", "key"),
    [
        ("none", "everything"),
        ("none", ""),
        ("day", ""),
        ("day", "2026-11-3"),
        ("day", "2026-13-01"),
        ("day", "2030-01-01"),
        ("day", "9999-12-31"),
        ("day", "tomorrow\0"),
        ("hour", "2026-11-23"),
        ("hour", "2026-11-23T04:00:00"),
        ("product_id", "p' or 'a' = 'a"),
        ("metadata.nowhere", "x"),
    ],
)
def test_rows_that_are_not_there_have_no_events(group_by, key):
    events = [event("e", NOW - timedelta(hours=1), product_id="p")]
    engine = Engine(MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): frame(events)}))
    found = engine.samples(BODY | {"group_by": group_by}, SCOPE, key, NOW)
    assert found.is_empty()
    assert dict(found.schema) == dict(SAMPLE)


@pytest.mark.parametrize(
    ("key", "count", "fields"),
    [(None, 1, ["key"]), ("\ud800", 1, ["key"]), ("", 0, ["count"]), (1, 1001, ["key", "count"])],
)
def test_faults_are_told(key, count, fields):
    with pytest.raises(InvalidRequest) as raised:
        Engine(MemoryStore()).samples(BODY, SCOPE, key, NOW, count)
    assert [fault.field for fault in raised.value.faults] == fields
