"""One suite for every store; what only a lake can do wrong follows below it."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, WriterProperties
from polars.testing import assert_frame_equal

from engine.contract import METADATA
from engine.engine import Engine
from engine.scope import Scope
from engine.stores.base import EVENTS
from engine.stores.columns import Columns
from engine.stores.lake import LakeStore
from engine.stores.memory import MemoryStore
from tests.generate import CATALOGS, MICROSECOND, NOW, SCOPE, Sample, append, event, frame

OTHER_BRAND = replace(SCOPE, brand_id="22222222-2222-4222-8222-222222222222")
OTHER_WORKSPACE = replace(SCOPE, workspace_id="ws_test2")
ROOT = Path(__file__).parents[2]
ALWAYS = (NOW - timedelta(days=10_000), NOW + timedelta(days=10_000))

COLUMNS = frozenset(EVENTS.names()) - {"metadata"}


class InMemory:
    def __init__(self, home: Path) -> None:
        self.store = MemoryStore()

    def add(self, scope, events):
        before = self.store.snapshot(scope).all_events().collect()
        self.store.put(scope.workspace_id, scope.brand_id, pl.concat([before, frame(events)]))


class InLake:
    def __init__(self, home: Path) -> None:
        self.store = LakeStore(home / "lake")

    def add(self, scope, events):
        self.store.write(scope.workspace_id, scope.brand_id, [frame(events)])


class InLakeOfOthers(InLake):
    """Written by the library alone, with statistics of all columns."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.home = home

    def add(self, scope, events):
        append(self.home, scope, frame(events))


class InLakeFiles(InLake):
    """Too large to be held in memory: every scan reads the files."""

    def __init__(self, home: Path) -> None:
        self.store = LakeStore(home / "lake", Columns(budget=0))


@pytest.fixture(params=[InMemory, InLake, InLakeOfOthers, InLakeFiles])
def place(request, tmp_path):
    return request.param(tmp_path)


@pytest.fixture
def lake(tmp_path):
    return InLake(tmp_path)


def columns_of(*keys):
    return COLUMNS | {METADATA + key for key in keys}


def scan(snapshot, window=ALWAYS, columns=COLUMNS):
    """Texts as String, rows by event_id, columns in their usual order."""
    frame = snapshot.scan(*window, columns).collect().cast({pl.Categorical: pl.String})
    return frame.select(sorted(columns, key=place_of)).sort("event_id")


def place_of(name):
    return (EVENTS.names().index(name) if name in EVENTS else len(EVENTS), name)


def ids(snapshot, window=ALWAYS, *keys):
    columns = {"event_id", *(METADATA + key for key in keys)}
    return scan(snapshot, window, frozenset(columns))["event_id"].to_list()


def some(*names, **columns):
    return [event(name, NOW - timedelta(hours=1), **columns) for name in names]


def test_unknown_brand_is_empty(place):
    place.add(OTHER_BRAND, some("1"))
    snapshot = place.store.snapshot(SCOPE)
    assert_frame_equal(scan(snapshot), EVENTS.to_frame().drop("metadata"))
    assert scan(snapshot, ALWAYS, columns_of("b", "a")).columns[-2:] == ["metadata.a", "metadata.b"]
    assert snapshot.all_events().collect().schema == EVENTS
    assert snapshot.all_events().collect().height == 0


def test_window_without_events_is_empty(place):
    place.add(SCOPE, some("1", metadata={"a": "x"}))
    snapshot = place.store.snapshot(SCOPE)
    later = NOW, NOW + timedelta(days=1)
    assert_frame_equal(scan(snapshot, later), EVENTS.to_frame().drop("metadata"))
    assert ids(snapshot, later, "a") == []


def test_every_column_comes_back(place):
    sample = Sample.make(7)
    place.add(SCOPE, sample.events)
    snapshot = place.store.snapshot(SCOPE)
    expected = sample.frame.sort("event_id")
    assert_frame_equal(snapshot.all_events().collect().sort("event_id"), expected)
    assert_frame_equal(scan(snapshot), expected.drop("metadata"))


@pytest.mark.parametrize("name", sorted(columns_of("country", "nowhere")))
def test_exactly_the_columns_asked_for(place, name):
    place.add(SCOPE, Sample.make(7, events=50).events)
    for window in (ALWAYS, (NOW, NOW)):
        found = place.store.snapshot(SCOPE).scan(*window, frozenset({name})).collect()
        assert found.columns == [name]


def test_version_changes_with_the_data_and_only_then(place):
    versions = [place.store.snapshot(SCOPE).version]
    for i in range(3):
        place.add(SCOPE, some(str(i)))
        versions.append(place.store.snapshot(SCOPE).version)
        assert place.store.snapshot(SCOPE).version == versions[-1]
        place.add(OTHER_BRAND, some(str(i)))
        assert place.store.snapshot(SCOPE).version == versions[-1]
    assert len(set(versions)) == 4


def test_snapshot_stays_as_it_was(place):
    place.add(SCOPE, some("1", metadata={"a": "x"}))
    snapshot = place.store.snapshot(SCOPE)
    place.add(SCOPE, some("2", "3"))
    assert ids(snapshot) == ["1"]
    assert ids(snapshot, ALWAYS, "a") == ["1"]
    assert ids(place.store.snapshot(SCOPE)) == ["1", "2", "3"]


# File statistics know milliseconds only, cut off.
INSTANTS = [NOW.replace(microsecond=us) for us in (0, 1, 999, 1_000, 123_456, 999_999)] + [
    NOW.replace(year=1969, microsecond=us) for us in (1, 123_456, 999_999)
]


@pytest.mark.parametrize("keys", [(), ("a",)], ids=["plain", "metadata"])
@pytest.mark.parametrize("instant", INSTANTS, ids=str)
def test_window_is_half_open_to_the_microsecond(place, instant, keys):
    place.add(SCOPE, [event("1", instant, metadata={"a": "x"})])
    snapshot = place.store.snapshot(SCOPE)
    far = timedelta(days=1)
    steps = [MICROSECOND * n for n in (1, 56, 499, 1_000, 123_456, 999_999)]
    assert ids(snapshot, (instant, instant + MICROSECOND), *keys) == ["1"]
    assert ids(snapshot, (instant, instant), *keys) == []
    for step in steps:
        assert ids(snapshot, (instant - step, instant + far), *keys) == ["1"]
        assert ids(snapshot, (instant + step, instant + far), *keys) == []
        assert ids(snapshot, (instant - far, instant + step), *keys) == ["1"]
        assert ids(snapshot, (instant - far, instant - step + MICROSECOND), *keys) == []


def test_event_between_the_last_millisecond_of_statistics_and_its_microsecond(place):
    place.add(SCOPE, [event("1", NOW.replace(microsecond=123_456))])
    window = NOW.replace(microsecond=123_400), NOW + timedelta(days=1)
    assert ids(place.store.snapshot(SCOPE), window) == ["1"]


def test_metadata_keys_become_columns(place):
    found = [None, {}, {"a": None}, {"a": ""}, {"b": "y"}, {"a": "x"}, {"a": " ", "b": "é"}]
    place.add(SCOPE, [event(str(i), NOW, metadata=m) for i, m in enumerate(found)])
    place.add(SCOPE, [event("7", NOW, metadata={"a": "x", "product_id": "p"}, product_id="q")])
    keys = ("a", "b", "nowhere", "product_id")
    scanned = scan(place.store.snapshot(SCOPE), ALWAYS, columns_of(*keys))
    assert scanned.select("^metadata.*$").to_dict(as_series=False) == {
        "metadata.a": [None, None, None, None, None, "x", " ", "x"],
        "metadata.b": [None, None, None, None, "y", None, "é", None],
        "metadata.nowhere": [None] * 8,
        "metadata.product_id": [None] * 7 + ["p"],
    }
    assert scanned["product_id"].to_list() == [None] * 7 + ["q"]


def test_columns_stand_beside_each_other(place):
    """Also those that were read at different times."""
    sample = Sample.make(8)
    for part in range(3):
        place.add(SCOPE, sample.events[part::3])
    window = NOW - timedelta(days=60), NOW + timedelta(days=900)
    snapshot = place.store.snapshot(SCOPE)
    ids(snapshot, window)
    ids(snapshot, ALWAYS, "country")
    found = scan(snapshot, window, columns_of("country"))
    expected = {
        e["event_id"]: ((e["metadata"] or {}).get("country") or None, e["amount"])
        for e in sample.events
        if window[0] <= e["created_at"] < window[1]
    }
    rows = found.select("event_id", "metadata.country", "amount").iter_rows()
    assert {key: rest for key, *rest in rows} == {key: [*rest] for key, rest in expected.items()}


def test_brands_do_not_see_each_other(place):
    place.add(SCOPE, some("mine"))
    place.add(OTHER_BRAND, some("brand"))
    place.add(OTHER_WORKSPACE, some("workspace"))
    for scope, name in ((SCOPE, "mine"), (OTHER_BRAND, "brand"), (OTHER_WORKSPACE, "workspace")):
        assert ids(place.store.snapshot(scope)) == [name]
        assert place.store.snapshot(scope).all_events().collect()["event_id"].to_list() == [name]


def test_a_catalog_is_not_the_stores_work(place):
    place.add(SCOPE, some("1", catalog_id=CATALOGS[0]) + some("2", catalog_id=None))
    assert ids(place.store.snapshot(replace(SCOPE, catalog_id=CATALOGS[1]))) == ["1", "2"]


def test_brands(place):
    assert place.store.brands() == {}
    for scope in (OTHER_WORKSPACE, OTHER_BRAND, SCOPE):
        place.add(scope, some("1"))
    assert place.store.brands() == {
        "ws_test": [SCOPE.brand_id, OTHER_BRAND.brand_id],
        "ws_test2": [SCOPE.brand_id],
    }


def test_readers_while_it_grows(place):
    """Totals never go down, and no read fails."""
    place.add(SCOPE, some("0", metadata={"a": "x"}))
    done = []

    def read(_):
        seen = [0]
        while len(done) < 8 or len(seen) < 3:
            keys = ("a",) if len(seen) % 2 else ()
            seen.append(len(ids(place.store.snapshot(SCOPE), ALWAYS, *keys)))
        return seen

    with ThreadPoolExecutor(3) as pool:
        reading = pool.map(read, range(3))
        for i in range(8):
            place.add(SCOPE, some(f"more{i}", metadata={"a": "x"}))
            done.append(i)
        for seen in reading:
            assert seen == sorted(seen)
    assert len(ids(place.store.snapshot(SCOPE))) == 9


def test_lake_sees_what_another_handle_added(lake, tmp_path):
    other = LakeStore(tmp_path / "lake")
    assert ids(lake.store.snapshot(SCOPE)) == []
    for i in range(3):
        other.write(SCOPE.workspace_id, SCOPE.brand_id, [frame(some(str(i)))])
        assert len(ids(lake.store.snapshot(SCOPE))) == i + 1
        assert lake.store.snapshot(SCOPE).version == other.snapshot(SCOPE).version


PROCESS = """
import sys
from pathlib import Path
from tests.generate import SCOPE, NOW, append, event, frame
append(Path(sys.argv[1]), SCOPE, frame([event("theirs", NOW)]))
"""


def test_lake_sees_what_another_process_added(lake, tmp_path):
    lake.add(SCOPE, some("mine"))
    before = lake.store.snapshot(SCOPE)
    subprocess.run([sys.executable, "-c", PROCESS, str(tmp_path)], check=True, cwd=ROOT)
    after = lake.store.snapshot(SCOPE)
    assert ids(after) == ["mine", "theirs"]
    assert after.version != before.version


@pytest.mark.parametrize("commits", [1, 2, 4, 7], ids="{} commits".format)
def test_lake_table_made_anew_is_another_one(lake, tmp_path, commits):
    for i in range(4):
        lake.add(SCOPE, some(f"old{i}", metadata={"a": "old"}))
    before = lake.store.snapshot(SCOPE)
    assert len(ids(before, ALWAYS, "a")) == 4
    shutil.rmtree(tmp_path / "lake" / SCOPE.workspace_id)
    for i in range(commits):
        lake.add(SCOPE, some(f"new{i}", metadata={"a": "new"}))
    after = lake.store.snapshot(SCOPE)
    assert after.version != before.version
    assert ids(after) == [f"new{i}" for i in range(commits)]
    assert scan(after, ALWAYS, columns_of("a"))["metadata.a"].unique().to_list() == ["new"]
    lake.add(SCOPE, some("newest"))
    assert len(ids(lake.store.snapshot(SCOPE))) == commits + 1


def test_lake_table_deleted_is_empty_and_may_come_back(lake, tmp_path):
    empty = lake.store.snapshot(SCOPE).version
    lake.add(SCOPE, some("1"))
    lake.store.snapshot(SCOPE)
    shutil.rmtree(tmp_path / "lake" / SCOPE.workspace_id)
    assert ids(lake.store.snapshot(SCOPE)) == []
    assert lake.store.snapshot(SCOPE).version == empty
    assert lake.store.brands() == {}
    lake.add(SCOPE, some("2"))
    assert ids(lake.store.snapshot(SCOPE)) == ["2"]


def test_lake_whose_log_was_tidied_up(lake):
    """The last commit may live on in a checkpoint only."""
    for i in range(3):
        lake.add(SCOPE, some(str(i)))
    before = lake.store.snapshot(SCOPE)
    table = DeltaTable(lake.store.path(SCOPE.workspace_id, SCOPE.brand_id))
    table.create_checkpoint()
    for commit in lake.store.root.rglob("_delta_log/*.json"):
        commit.unlink()
    for _ in range(2):
        assert ids(lake.store.snapshot(SCOPE)) == ["0", "1", "2"]
        assert lake.store.snapshot(SCOPE).version == before.version


def test_lake_table_overwritten(lake):
    lake.add(SCOPE, some("1", "2"))
    before = lake.store.snapshot(SCOPE)
    three = frame(some("3", metadata={"a": "x"}))
    lake.store.write(SCOPE.workspace_id, SCOPE.brand_id, [three], mode="overwrite")
    after = lake.store.snapshot(SCOPE)
    assert ids(after) == ids(after, ALWAYS, "a") == ["3"]
    assert ids(before) == ["1", "2"]
    assert after.version != before.version


def test_lake_compacted_gives_the_same(lake, tmp_path):
    sample = Sample.make(9)
    for part in range(5):
        lake.add(SCOPE, sample.events[part::5])
    before = lake.store.snapshot(SCOPE)
    wanted = columns_of("country", "payload")
    old = scan(before, ALWAYS, wanted)
    DeltaTable(lake.store.path(SCOPE.workspace_id, SCOPE.brand_id)).optimize.compact()
    after = lake.store.snapshot(SCOPE)
    assert len(after.files) < len(before.files)
    assert_frame_equal(scan(after, ALWAYS, wanted), old)
    assert_frame_equal(scan(before, ALWAYS, wanted), old)


def test_lake_of_many_row_groups_keeps_events_and_metadata_together(tmp_path):
    times = pl.datetime_range(
        NOW - timedelta(seconds=20_000), NOW, "1s", closed="left", eager=True, time_unit="us"
    )
    ids_ = [str(i) for i in range(20_000)]
    nothing = EVENTS.to_frame().clear(20_000).drop("event_id", "created_at", "metadata")
    events = nothing.with_columns(
        event_id=pl.Series(ids_),
        created_at=times,
        event_type=pl.lit("agent_view"),
        metadata=pl.Series([{"a": i} for i in ids_], dtype=EVENTS["metadata"]),
    ).select(EVENTS.names())
    append(tmp_path, SCOPE, events, writer_properties=WriterProperties(max_row_group_size=500))
    wanted = frozenset({"event_id", "metadata.a"})
    for budget in (0, 1 << 30):
        snapshot = LakeStore(tmp_path / "lake", Columns(budget)).snapshot(SCOPE)
        assert len(snapshot.files) == 1
        for hours in (1, 4, 1000):
            lazy = snapshot.scan(NOW - timedelta(hours=hours), NOW, wanted)
            for engine in ("streaming", "in-memory"):
                found = lazy.collect(engine=engine).cast({pl.Categorical: pl.String})
                assert found.height == min(hours * 3600, 20_000)
                assert found["metadata.a"].to_list() == found["event_id"].to_list()


def test_lake_with_a_file_from_before_a_column(lake, tmp_path):
    old = frame(some("old", metadata={"a": "x"})).drop("rating", "customer_id")
    append(tmp_path, SCOPE, old)
    append(tmp_path, SCOPE, frame(some("new", rating=4)), schema_mode="merge")
    for budget in (0, 1 << 30):
        snapshot = LakeStore(lake.store.root, Columns(budget)).snapshot(SCOPE)
        found = scan(snapshot, ALWAYS, columns_of("a"))
        assert found["rating"].to_list() == [4, None]
        assert found["metadata.a"].to_list() == [None, "x"]
        assert snapshot.all_events().collect().schema == EVENTS


def test_lake_events_without_a_brand_are_in_no_brand(lake):
    lake.store.write(SCOPE.workspace_id, None, [frame(some("orphan"))])
    assert lake.store.brands() == {}
    assert ids(lake.store.snapshot(SCOPE)) == []
    assert ids(lake.store.open(SCOPE.workspace_id, None)) == ["orphan"]


@pytest.mark.parametrize("folder", ["with space", "é日", "a+b", "a#b", "a?b", "a*b", "a&b=c"])
def test_lake_in_a_folder_of_any_name(tmp_path, folder):
    append(tmp_path / folder, SCOPE, frame(some("1", metadata={"a": "x"})))
    snapshot = LakeStore(tmp_path / folder / "lake").snapshot(SCOPE)
    assert ids(snapshot) == ids(snapshot, ALWAYS, "a") == ["1"]


def test_lake_answers_through_the_engine_follow_the_data(lake):
    engine = Engine(lake.store)
    body = {
        "event_types": None,
        "group_by": "none",
        "aggregation": "count",
        "time_window_days": 365,
    }
    for count in range(1, 4):
        lake.add(SCOPE, some(str(count)))
        result = engine.aggregate(body, Scope(SCOPE.workspace_id, SCOPE.brand_id), NOW)
        assert result.rows[0].value == count
