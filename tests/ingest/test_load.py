"""What a load leaves in the lake: every event once, whatever the file, however often."""

import functools
import json
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.engine import Engine
from engine.ingest import load as loading
from engine.ingest.load import load
from engine.ingest.read import read
from engine.scope import Scope
from engine.stores.base import EVENTS
from tests import oracle
from tests.generate import CATALOGS, Sample, frame
from tests.ingest.files import (
    ARRIVAL,
    BRAND,
    OTHER_BRAND,
    WORKSPACE,
    counts,
    ids,
    lake,
    loaded,
    row,
    scope,
    stored,
    write,
    write_csv,
    write_ndjson,
)

KINDS = (".csv", ".ndjson", ".jsonl", ".parquet")
NOTHING = ("ws_nothing", BRAND)
HOUR = timedelta(hours=1)


def test_every_kind_of_file_gives_the_same_rows_and_answers(tmp_path):
    """The same 200 events; the answers are those of plain Python, bit for bit."""
    sample = Sample.make(11, events=200)
    expected = [as_stored(event) for event in sample.events]
    rows = frame(expected).sort("event_id", "created_at")
    asked = list(sample.requests())[::5]
    assert len(asked) > 40
    for kind in KINDS:
        home = tmp_path / kind
        home.mkdir()
        result = loaded(home, write(home, kind, sample.events))
        assert counts(result) == (200, 200, 0)
        assert (result.rounded, result.without_brand, result.rejected.height) == (0, 0, 0)
        assert_frame_equal(stored(home), rows)
        engine = Engine(lake(home))
        for body, as_of, catalog in asked:
            answer = engine.aggregate(body, Scope(WORKSPACE, BRAND, catalog), as_of)
            found = [tuple(row) for row in answer.rows], answer.total_groups
            assert repr(found) == repr(oracle.answer(expected, body, as_of, catalog))


def as_stored(event):
    found = {key: text for key, text in (event["metadata"] or {}).items() if text is not None}
    return event | {"metadata": found, "event_type": event["event_type"].replace("-", "_")}


def test_files_of_one_workspace_hold_each_event_once_whatever_their_kind(tmp_path):
    sample = Sample.make(12, events=60)
    results = [loaded(tmp_path, write(tmp_path, kind, sample.events)) for kind in KINDS]
    assert [counts(result) for result in results] == [(60, 60, 0), *[(60, 0, 60)] * 3]
    assert len(ids(tmp_path)) == 60


@pytest.mark.parametrize("kind", KINDS)
def test_loading_twice_adds_nothing(tmp_path, kind):
    path = write(tmp_path, kind, Sample.make(13, events=50).events)
    loaded(tmp_path, path)
    version, rows = lake(tmp_path).snapshot(scope()).version, stored(tmp_path)
    for later in (0, 30, 24 * 400):
        result = loaded(tmp_path, path, arrival=ARRIVAL + later * HOUR)
        assert counts(result) == (50, 0, 50)
    assert lake(tmp_path).snapshot(scope()).version == version
    assert_frame_equal(stored(tmp_path), rows)


def at(time, event_id="e", **columns):
    return row(event_id, created_at=time, **columns)


def test_the_same_id_on_another_day_is_another_event(tmp_path):
    days = ["2026-11-22T23:59:59.999999Z", "2026-11-23T00:00:00Z", "2026-11-24"]
    assert counts(loaded(tmp_path, write_csv(tmp_path / "a.csv", *map(at, days)))) == (3, 3, 0)
    # The days are those of UTC: these are on the first and the second of them.
    again = map(at, ["2026-11-22T00:00:00Z", "2026-11-23T23:30:00-00:15", "2026-11-24T01:00+02:00"])
    assert counts(loaded(tmp_path, write_csv(tmp_path / "b.csv", *again))) == (3, 0, 3)
    assert ids(tmp_path) == ["e"] * 3


def test_the_first_of_two_stays_also_when_they_differ(tmp_path):
    first = write_csv(
        tmp_path / "a.csv", at("2026-11-23T05:00Z", amount=1), at("2026-11-23T04:00Z", amount=2)
    )
    assert counts(loaded(tmp_path, first)) == (2, 1, 1)
    later = at("2026-11-23T20:00Z", amount=3, event_type="other", session_id="s")
    assert counts(loaded(tmp_path, write_csv(tmp_path / "b.csv", later))) == (1, 0, 1)
    assert stored(tmp_path).select("amount", "event_type").rows() == [(Decimal(1), "agent_view")]


def test_an_event_belongs_to_one_brand_of_a_workspace(tmp_path):
    path = write_csv(tmp_path / "a.csv", row("1"), row("1", brand_id=OTHER_BRAND), row("2"))
    assert counts(loaded(tmp_path, path)) == (3, 2, 1)
    path = write_csv(tmp_path / "b.csv", row("2", brand_id=OTHER_BRAND), row("3", brand_id=""))
    assert counts(loaded(tmp_path, path)) == (2, 1, 1)
    path = write_csv(tmp_path / "c.csv", row("3"))
    assert counts(loaded(tmp_path, path)) == (1, 0, 1)
    assert (ids(tmp_path), ids(tmp_path, OTHER_BRAND), ids(tmp_path, None)) == (
        ["1", "2"],
        [],
        ["3"],
    )


def test_workspaces_do_not_know_each_other(tmp_path):
    path = write_csv(tmp_path / "a.csv", row("1"))
    for workspace in ("ws_one", "ws_two"):
        assert counts(loaded(tmp_path, path, workspace)) == (1, 1, 0)
        assert ids(tmp_path, BRAND, workspace) == ["1"]
    assert lake(tmp_path).brands() == {"ws_one": [BRAND], "ws_two": [BRAND]}


def without_time(path, *names):
    return write_csv(path, *(row(name, created_at="") for name in names))


@pytest.mark.parametrize(("hours", "added"), [(0, 0), (13, 0), (24, 0), (25, 1), (48, 1)])
def test_an_event_without_a_time_is_compared_with_the_last_24_hours(tmp_path, hours, added):
    """Over midnight too: it arrives at noon, so 13 hours later it is another day."""
    path = without_time(tmp_path / "a.csv", "e")
    loaded(tmp_path, path)
    later = loaded(tmp_path, path, arrival=ARRIVAL + hours * HOUR)
    assert counts(later) == (1, added, 1 - added)
    times = [ARRIVAL, ARRIVAL + hours * HOUR][: 1 + added]
    assert stored(tmp_path)["created_at"].to_list() == times


@pytest.mark.parametrize(
    ("time", "added"),
    [
        ("2026-11-22T12:00:00Z", 0),
        ("2026-11-22T11:59:59.999999Z", 1),
        ("2026-11-23T11:00:00Z", 0),
        ("2026-11-01", 1),
    ],
)
def test_an_event_without_a_time_may_have_come_with_one_before(tmp_path, time, added):
    """In an earlier file, or in the same one."""
    timed = write_csv(tmp_path / "a.csv", at(time))
    loaded(tmp_path, timed)
    assert loaded(tmp_path, without_time(tmp_path / "b.csv", "e")).stored == added
    both = write_csv(tmp_path / "c.csv", at(time), row("e", created_at=""))
    assert counts(loaded(tmp_path, both, "ws_other")) == (2, 1 + added, 1 - added)


def test_events_without_a_time_of_one_file(tmp_path):
    result = loaded(tmp_path, without_time(tmp_path / "a.csv", "1", "2", "1"))
    assert counts(result) == (3, 2, 1)
    assert stored(tmp_path)["created_at"].to_list() == [ARRIVAL] * 2


def test_an_event_with_a_time_may_have_come_without_one_before(tmp_path):
    loaded(tmp_path, without_time(tmp_path / "a.csv", "e"))
    path = write_csv(tmp_path / "b.csv", at("2026-11-23T01:00Z"), at("2026-11-22T23:00Z"))
    assert counts(loaded(tmp_path, path)) == (2, 1, 1)


@pytest.mark.parametrize("time", ["2026-11-23T05:31:56Z", ""])
def test_an_event_without_an_id_is_known_again(tmp_path, time):
    """By the content of its file and its row, whatever the file is called."""
    rows = [row("", created_at=time)] * 3 + [row("x", created_at=time)]
    path = write_csv(tmp_path / "a.csv", *rows)
    assert counts(loaded(tmp_path, path)) == (4, 4, 0)
    assert len(set(ids(tmp_path))) == 4
    assert counts(loaded(tmp_path, path.rename(tmp_path / "b.csv"))) == (4, 0, 4)
    longer = write_csv(tmp_path / "c.csv", *rows, row("y", created_at=time))
    assert counts(loaded(tmp_path, longer)) == (5, 4, 1)


def test_a_derived_id_does_not_depend_on_batches(tmp_path, monkeypatch):
    path = write_ndjson(tmp_path / "a.ndjson", *([{"event_type": "a", "brand_id": BRAND}] * 20))
    loaded(tmp_path, path)
    monkeypatch.setattr(loading, "read", functools.partial(read, batch=7))
    assert counts(loaded(tmp_path, path)) == (20, 0, 20)


def test_batches_with_different_columns_become_one_load(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "read", functools.partial(read, batch=2))
    rows = [
        row("1"),
        row("2", amount=5),
        row("3", metadata={"a": 1}),
        {},
        row("5", b="x"),
        row("6"),
    ]
    result = loaded(tmp_path, write_ndjson(tmp_path / "a.ndjson", *rows))
    assert counts(result) == (6, 5, 0)
    assert result.rejected["row"].to_list() == [4]
    found = stored(tmp_path)
    assert found["metadata"].to_list() == [{}, {}, {"a": "1"}, {"b": "x"}, {}]
    assert found["amount"].to_list() == [None, 5, None, None, None]
    assert len(lake(tmp_path).snapshot(scope()).files) == 1


def test_events_without_a_brand_are_in_no_brands_answers(tmp_path):
    path = write_csv(tmp_path / "a.csv", row("1"), row("2", brand_id=""), row("3", brand_id=""))
    result = loaded(tmp_path, path)
    assert (result.stored, result.without_brand) == (3, 2)
    assert (ids(tmp_path), ids(tmp_path, None)) == (["1"], ["2", "3"])
    engine = Engine(lake(tmp_path))
    assert engine.brands() == {WORKSPACE: [BRAND]}
    assert total(engine) == 1
    again = loaded(tmp_path, path)
    assert (again.stored, again.without_brand) == (0, 0)


def total(engine, brand=BRAND):
    body = {
        "event_types": None,
        "group_by": "none",
        "aggregation": "count",
        "time_window_days": 365,
    }
    return engine.aggregate(body, scope(brand), ARRIVAL + HOUR).rows[0].value


def test_a_brand_for_the_whole_file(tmp_path):
    path = write_csv(tmp_path / "a.csv", row("1"), row("2", brand_id=""), row("3", brand_id="x"))
    assert counts(loaded(tmp_path, path, brand=OTHER_BRAND)) == (3, 3, 0)
    assert lake(tmp_path).brands() == {WORKSPACE: [OTHER_BRAND]}
    assert total(Engine(lake(tmp_path)), OTHER_BRAND) == 3


def test_rows_that_are_rejected_sink_no_other(tmp_path):
    path = tmp_path / "a.ndjson"
    good = json.dumps(row("1")).encode()
    bad = [
        b"{broken",
        json.dumps(row("2", created_at="yesterday")).encode(),
        json.dumps(row("3", event_type=None, amount=1e13)).encode(),
        b"\xff",
    ]
    path.write_bytes(b"\n".join([bad[0], good, *bad[1:], json.dumps(row("4")).encode()]))
    result = loaded(tmp_path, path)
    assert counts(result) == (6, 2, 0)
    assert ids(tmp_path) == ["1", "4"]
    assert result.rejected.select("row", "field").rows() == [
        (1, "line"),
        (3, "created_at"),
        (4, "event_type"),
        (4, "amount"),
        (5, "line"),
    ]


def test_rounded_numbers_are_stored_and_counted(tmp_path):
    path = write_csv(
        tmp_path / "a.csv",
        row("1", amount="0.12345600", price="0.1234565"),
        row("2", amount="1e-9"),
        row("3", amount="2"),
    )
    assert loaded(tmp_path, path).rounded == 2
    assert stored(tmp_path).select("amount", "price").rows() == [
        (Decimal("0.123456"), Decimal("0.123456")),
        (0, None),
        (2, None),
    ]


NO_EVENTS = [
    (".csv", "event_type,brand_id\n"),
    (".ndjson", ""),
    (".ndjson", "\n\n"),
    (".csv", "other\n1\n2\n"),
    (".ndjson", "{}\n[]\n"),
]


@pytest.mark.parametrize(("kind", "text"), NO_EVENTS)
def test_a_file_without_events_makes_no_table(tmp_path, kind, text):
    path = tmp_path / f"a{kind}"
    path.write_text(text)
    result = loaded(tmp_path, path)
    assert result.stored == result.duplicates == 0
    assert lake(tmp_path).tables() == []
    loaded(tmp_path, write_csv(tmp_path / "good.csv", row("1")))
    assert loaded(tmp_path, path).stored == 0
    assert ids(tmp_path) == ["1"]


def test_progress(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "a.csv", *(row(str(i)) for i in range(20)))
    monkeypatch.setattr(loading, "read", functools.partial(read, batch=7))
    told = []
    load(lake(tmp_path), path, WORKSPACE, ARRIVAL, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 20


def test_what_is_written_is_sorted_by_time(tmp_path):
    """Within each month's file, in each brand's only commit."""
    hours = [5, 3, 900, 1, 2000, 4]
    times = [(ARRIVAL - hour * HOUR).isoformat() for hour in hours]
    rows = [at(time, str(i), brand_id=(BRAND, OTHER_BRAND)[i % 2]) for i, time in enumerate(times)]
    loaded(tmp_path, write_csv(tmp_path / "a.csv", *rows))
    for brand in (BRAND, OTHER_BRAND):
        snapshot = lake(tmp_path).snapshot(scope(brand))
        assert snapshot.version.endswith("-0")
        assert sum(file.rows for file in snapshot.files) == 3
        for file in snapshot.files:
            assert pl.read_parquet(file.uri)["created_at"].is_sorted()


def test_strange_times_do_not_harm_a_table(tmp_path):
    """The first and the last that are accepted; others would make it unreadable."""
    times = ["0001-01-01", "9999-12-30T23:59:59.999999Z", "2026-11-23"]
    bad = ["9999-12-31T23:59:59.999999Z", "+10000-01-01T00:00:00Z", "0000-12-31"]
    path = write_csv(tmp_path / "a.csv", *(at(time, time) for time in times + bad))
    assert counts(loaded(tmp_path, path)) == (6, 3, 0)
    numbers = pl.DataFrame({"created_at": [2**62, -(2**62), 2**63 - 1]})
    numbers.with_columns(event_type=pl.lit("a"), brand_id=pl.lit(BRAND)).write_parquet(
        tmp_path / "a.parquet"
    )
    assert counts(loaded(tmp_path, tmp_path / "a.parquet")) == (3, 0, 0)
    assert len(ids(tmp_path)) == 3
    assert total(Engine(lake(tmp_path))) == 1
    assert Engine(lake(tmp_path)).inventory(scope()).events == 3


def test_catalogs_and_isolation(tmp_path):
    path = write_csv(
        tmp_path / "a.csv",
        *(row(f"1{c}", catalog_id=c.upper()) for c in CATALOGS[:2]),
        row("2", catalog_id=""),
        row("3", brand_id=OTHER_BRAND, catalog_id=CATALOGS[0]),
    )
    loaded(tmp_path, path)
    engine = Engine(lake(tmp_path))
    assert engine.inventory(scope()).catalogs == {CATALOGS[0]: 1, CATALOGS[1]: 1}
    assert [total(engine, brand) for brand in (BRAND, OTHER_BRAND)] == [3, 1]
    assert stored(tmp_path).schema == EVENTS


BOTH = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from engine.ingest.load import load
from engine.stores.lake import LakeStore
print("ready", flush=True)
sys.stdin.readline()
lake = LakeStore(Path(sys.argv[1]) / "lake")
done = load(lake, Path(sys.argv[2]), sys.argv[3], datetime.now(UTC))
print(done.stored, done.duplicates)
"""


def test_two_processes_that_load_the_same_file_store_it_once(tmp_path):
    brands = (BRAND, OTHER_BRAND, "")
    rows = [row(str(i), brand_id=brands[i % 3]) for i in range(3000)]
    path = write_csv(tmp_path / "a.csv", *rows)
    command = [sys.executable, "-c", BOTH, str(tmp_path), str(path), WORKSPACE]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(told) == [["0", "3000"], ["3000", "0"]]
    assert [len(ids(tmp_path, brand)) for brand in (BRAND, OTHER_BRAND, None)] == [1000] * 3
