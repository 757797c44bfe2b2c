"""What only a lake can do wrong, local or in an object store."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, WriterProperties
from deltalake.fs import DeltaStorageHandler
from polars.testing import assert_frame_equal
from pyarrow.fs import FileSelector, PyFileSystem

from engine.engine import Engine
from engine.errors import Unavailable
from engine.scope import Scope
from engine.stores.base import EVENTS
from engine.stores.columns import Columns
from engine.stores.lake import WRITER, LakeStore
from engine.stores.written import TABLE_PROPERTIES
from tests.generate import NOW, SCOPE, Sample, append, event, frame
from tests.stores.places import ALWAYS, LAKES, InLake, adopt, columns_of, ids, scan, some

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=LAKES)
def lake(request, tmp_path):
    return LAKES[request.param](tmp_path)


def delta(lake, scope=SCOPE):
    path = lake.store.path(scope.workspace_id, scope.brand_id)
    return DeltaTable(path, storage_options=lake.store.place.options)


def delete_workspace(lake):
    """By somebody else."""
    LakeStore(lake.store.place).drop(SCOPE.workspace_id)


def test_lake_sees_what_another_handle_added(lake):
    other = LakeStore(lake.store.place)
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


def test_lake_sees_what_another_process_added(tmp_path):
    lake = InLake(tmp_path)
    lake.add(SCOPE, some("mine"))
    before = lake.store.snapshot(SCOPE)
    subprocess.run([sys.executable, "-c", PROCESS, str(tmp_path)], check=True, cwd=ROOT)
    after = lake.store.snapshot(SCOPE)
    assert ids(after) == ["mine", "theirs"]
    assert after.version != before.version


@pytest.mark.parametrize("commits", [1, 2, 4, 7], ids="{} commits".format)
def test_lake_table_made_anew_is_another_one(lake, commits):
    for i in range(4):
        lake.add(SCOPE, some(f"old{i}", metadata={"a": "old"}))
    before = lake.store.snapshot(SCOPE)
    assert len(ids(before, ALWAYS, "a")) == 4
    delete_workspace(lake)
    for i in range(commits):
        lake.add(SCOPE, some(f"new{i}", metadata={"a": "new"}))
    after = lake.store.snapshot(SCOPE)
    assert after.version != before.version
    assert ids(after) == [f"new{i}" for i in range(commits)]
    assert scan(after, ALWAYS, columns_of("a"))["metadata.a"].unique().to_list() == ["new"]
    lake.add(SCOPE, some("newest"))
    assert len(ids(lake.store.snapshot(SCOPE))) == commits + 1


def test_lake_table_deleted_is_empty_and_may_come_back(lake):
    empty = lake.store.snapshot(SCOPE).version
    lake.add(SCOPE, some("1"))
    lake.store.snapshot(SCOPE)
    delete_workspace(lake)
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
    delta(lake).create_checkpoint()
    files = PyFileSystem(DeltaStorageHandler(delta(lake).table_uri, lake.store.place.options))
    names = [file.path for file in files.get_file_info(FileSelector("_delta_log"))]
    for name in names:
        if name.endswith(".json"):
            files.delete_file(name)
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


def test_lake_whose_events_reach_a_moment(lake):
    """A file whose clock was wrong says nothing of the others."""
    now = NOW.replace(microsecond=0)
    assert not lake.store.snapshot(SCOPE).reaches(now)
    for ahead in (-1, 3.5, 86_400):
        lake.add(SCOPE, [event("e", now + timedelta(seconds=ahead))])
    snapshot = lake.store.snapshot(SCOPE)
    seconds = [s for s in range(-120, 120) if snapshot.reaches(now + timedelta(seconds=s))]
    assert seconds == list(range(-60, 4))


def test_lake_compacted_gives_the_same(lake):
    sample = Sample.make(9)
    for part in range(5):
        lake.add(SCOPE, sample.events[part::5])
    before = lake.store.snapshot(SCOPE)
    wanted = columns_of("country", "payload")
    old = scan(before, ALWAYS, wanted)
    delta(lake).optimize.compact()
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


def test_lake_with_a_file_from_before_a_column(tmp_path):
    lake = InLake(tmp_path)
    old = frame(some("old", metadata={"a": "x"})).drop("rating", "customer_id")
    append(tmp_path, SCOPE, old)
    append(tmp_path, SCOPE, frame(some("new", rating=4)), schema_mode="merge")
    for budget in (0, 1 << 30):
        snapshot = LakeStore(lake.store.root, Columns(budget)).snapshot(SCOPE)
        found = scan(snapshot, ALWAYS, columns_of("a"))
        assert found["rating"].to_list() == [4, None]
        assert found["metadata.a"].to_list() == [None, "x"]
        assert snapshot.all_events().collect().schema == EVENTS


@pytest.mark.parametrize("beyond", ["deletionVectors", "columnMapping"])
def test_lake_whose_files_are_not_what_they_seem(tmp_path, beyond):
    """Rows that do not count, or columns by other names: refused, not misread."""
    log = append(tmp_path, SCOPE, frame(some("a"))) / "_delta_log"
    features = {"readerFeatures": [beyond], "writerFeatures": [beyond]}
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, **features}
    (log / f"{1:020}.json").write_text(json.dumps({"protocol": protocol}) + "\n")
    with pytest.raises(Unavailable, match=f"uses {beyond} of Delta"):
        LakeStore(tmp_path / "lake").snapshot(SCOPE)


def test_lake_events_without_a_brand_are_in_no_brand(lake):
    lake.store.write(SCOPE.workspace_id, None, [frame(some("orphan"))])
    assert lake.store.brands() == {}
    assert ids(lake.store.snapshot(SCOPE)) == []
    assert ids(lake.store.open(SCOPE.workspace_id, None)) == ["orphan"]


def told(lake, scope):
    """What a log of three commits says: of each file, of the table, and which days changed."""
    table = delta(lake, scope)
    files = pl.DataFrame(table.get_add_actions(flatten=True))
    files = files.drop("path", "size_bytes", "modification_time").sort("min.created_at")
    where = scope.workspace_id, scope.brand_id
    table_id, _, _ = lake.store.open(*where).version.rpartition("-")
    days = lake.store.changed_days(*where, f"{table_id}-0", f"{table_id}-2")
    return files, table.metadata().configuration, table.schema().to_json(), days


def test_lake_adopts_files_as_if_it_had_written_them(lake):
    """Log, schema, properties and events are the same; both kinds are joined by a compaction."""
    sample = Sample.make(9)
    other = Scope(SCOPE.workspace_id, "22222222-2222-4222-8222-222222222222")
    wanted = columns_of("country", "payload")
    for part in range(3):
        events = sample.events[part::3]
        adopt(lake.store, SCOPE, events)
        lake.add(other, sorted(events, key=lambda event: event["created_at"]))
    adopted, own = (told(lake, scope) for scope in (SCOPE, other))
    assert_frame_equal(adopted[0], own[0])
    assert adopted[1:] == own[1:]
    assert adopted[1] == TABLE_PROPERTIES
    before = scan(lake.store.snapshot(SCOPE), ALWAYS, wanted)
    assert_frame_equal(before, scan(lake.store.snapshot(other), ALWAYS, wanted))
    lake.add(SCOPE, some("more"))
    delta(lake).optimize.compact(writer_properties=WRITER)
    after = scan(lake.store.snapshot(SCOPE), ALWAYS, wanted)
    assert_frame_equal(after.filter(pl.col("event_id") != "more"), before)


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
