"""Events in a Delta lake: one table for each workspace and brand, lake/<workspace>/<brand>.

A table is partitioned by UTC month; its files are sorted by created_at. Workspace and brand are
the path, so no predicate stands between two brands.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal

import polars as pl
import pyarrow as pa
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake

from engine.ahead import ahead
from engine.errors import Unavailable
from engine.scope import Scope
from engine.stores.base import COMING, EVENTS, File
from engine.stores.columns import Columns, column, scan_files
from engine.stores.look import Look
from engine.stores.place import LocalFolder, Place, Table
from engine.stores.written import (
    COMMIT,
    GROUP,
    PARTITION,
    SCHEMA,
    TABLE_PROPERTIES,
    Written,
    batches_of,
    commit,
)

NO_BRAND: Final = "no_brand"
# Delta statistics hold milliseconds, cut off; events have microseconds.
STATISTICS_STEP: Final = timedelta(milliseconds=1)
NO_STATISTICS: Final = ColumnProperties(statistics_enabled="NONE")
# Times and ids hardly repeat. Only times are sorted, so only their spans let a reader skip.
WRITER: Final = WriterProperties(
    max_row_group_size=GROUP,
    default_column_properties=NO_STATISTICS,
    column_properties={
        "created_at": ColumnProperties(dictionary_enabled=False, statistics_enabled="CHUNK"),
        "event_id": ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE"),
    },
)
BEYOND_FILES: Final = frozenset({"deletionVectors", "columnMapping"})
"""What others may switch on: rows of a file that do not count, columns by other names."""
SMALL_FILES: Final = 16
FILE_BYTES: Final = 256 << 20


@dataclass(frozen=True)
class LakeFile:
    """One immutable Parquet file, the span of its events and how many they are."""

    uri: str
    first: datetime
    last: datetime
    rows: int

    def touches(self, start: datetime, end: datetime) -> bool:
        return self.first < end and self.last + STATISTICS_STEP > start

    def rows_on(self, day: date) -> float:
        """About how many of its events are of a UTC day, if they are spread evenly."""
        first, last = self.first.date(), self.last.date()
        return self.rows / ((last - first).days + 1) if first <= day <= last else 0

    def lies_in(self, start: datetime, end: datetime) -> bool:
        return self.first >= start and self.last + STATISTICS_STEP <= end


@dataclass(frozen=True)
class Storage:
    """What a brand takes: the files that hold its events, and all bytes below its folder."""

    files: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class LakeSnapshot:
    version: str
    table: str
    files: tuple[LakeFile, ...]
    columns: Columns
    options: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def _ends(self) -> list[datetime]:
        return sorted(file.last for file in self.files)

    def reaches(self, moment: datetime) -> bool:
        place = bisect_left(self._ends, moment)
        return place < len(self._ends) and self._ends[place] < moment + COMING

    def scan(self, start: datetime, end: datetime, columns: frozenset[str]) -> pl.LazyFrame:
        """From columns in memory, or from the files where those would not fit."""
        files = [file for file in self.files if file.touches(start, end)]
        names = sorted(columns | {"created_at"})
        window = pl.col("created_at") >= start, pl.col("created_at") < end
        if not files:
            events = EVENTS.to_frame().lazy().select(column(name) for name in names)
        elif self.columns.fits(sum(file.rows for file in files), names):
            frames = self.columns.read(
                self.table, [file.uri for file in files], names, self.options
            )
            parts = [
                frame.lazy() if file.lies_in(start, end) else frame.lazy().filter(*window)
                for file, frame in zip(files, frames, strict=True)
            ]
            events = pl.concat(parts)
        else:
            scanned = self._events(file.uri for file in files).filter(*window)
            events = scanned.select(column(name) for name in names)
        return events.select(sorted(columns))

    def on_days(self, days: pl.Series, columns: Sequence[str]) -> pl.LazyFrame:
        """These columns of the events of some UTC days, read from the files."""
        spans = [
            (start, start + timedelta(days=1))
            for start in (datetime.combine(day, time(), UTC) for day in days)
        ]
        files = [file.uri for file in self.files if any(file.touches(*span) for span in spans)]
        if not files:
            return EVENTS.to_frame().lazy().select(columns)
        created = pl.col("created_at")
        return (
            self._events(files)
            .filter(created >= spans[0][0], created < spans[-1][1])
            .filter(created.dt.date().is_in(days.implode()))
            .select(columns)
        )

    def all_events(self) -> pl.LazyFrame:
        if not self.files:
            return EVENTS.to_frame().lazy()
        return self._events(file.uri for file in self.files)

    def _events(self, uris: Iterable[str]) -> pl.LazyFrame:
        return scan_files(list(uris), self.options)

    def window(self, start: datetime, end: datetime, known: Collection[File] = ()) -> pl.LazyFrame:
        uris = [f.uri for f in self.files if f not in known and f.touches(start, end)]
        if not uris:
            return EVENTS.to_frame().lazy()
        created = pl.col("created_at")
        return self._events(uris).filter(created >= start, created < end)

    def events(self, start: datetime, end: datetime, known: Collection[File] = ()) -> pl.DataFrame:
        return self.window(start, end, known).collect(engine="streaming")


@dataclass
class _Seen:
    """A table as it was last seen, and the mark of its last commit."""

    look: Look[LakeSnapshot] = field(default_factory=Look)
    table: DeltaTable | None = None
    mark: Hashable | None = None
    snapshot: LakeSnapshot | None = None


class LakeStore:
    """Reads and writes the lake at a place, or in a local folder; opened tables are kept."""

    def __init__(self, place: Place | Path, columns: Columns | None = None) -> None:
        self.place: Place = LocalFolder(place) if isinstance(place, Path) else place
        self._columns = columns or Columns()
        self._tables: dict[Table, _Seen] = {}
        self._listing: Look[list[Table]] = Look(self.place.listing_lasts)
        self._lock = Lock()

    @property
    def root(self) -> Path | str:
        return self.place.root

    def path(self, workspace: str, brand: str | None) -> Path | str:
        return self.place.path(_table(workspace, brand))

    def snapshot(self, scope: Scope) -> LakeSnapshot:
        return self.open(scope.workspace_id, scope.brand_id)

    def glance(self, scope: Scope) -> LakeSnapshot | None:
        """The snapshot as it was last opened, if it is plain to see that no commit came after."""
        name = _table(scope.workspace_id, scope.brand_id)
        seen = self._tables.get(name)
        if seen is None or seen.snapshot is None or seen.mark is None:
            return None
        snapshot = seen.snapshot
        version = int(snapshot.version.rpartition("-")[2])
        return snapshot if self.place.is_last(name, version, seen.mark) else None

    def open(self, workspace: str, brand: str | None) -> LakeSnapshot:
        """The present state of a brand's table, or of the one for events without a brand."""
        name = _table(workspace, brand)
        with self._lock:
            seen = self._tables.setdefault(name, _Seen())
        return seen.look.get(lambda: self._see(name, seen))

    def _see(self, name: Table, seen: _Seen) -> LakeSnapshot:
        path, before = self.place.path(name), seen.snapshot
        with self.place.reached():
            table = seen.table
            if table is not None and self._is_still(name, seen.mark, table):
                version = table.version()
                if self.place.may_have(name, version + 1):
                    table.update_incremental()
                if before is not None and table.version() == version:
                    return before
            else:
                table = self._delta(name) if self.place.exists(name) else None
            seen.table, seen.mark = None, None
            files = () if table is None else _files(table)
            if before is not None:
                self._columns.forget(file.uri for file in set(before.files) - set(files))
            if table is None:
                seen.snapshot = None
                return LakeSnapshot("none", str(path), (), self._columns)
            seen.snapshot = LakeSnapshot(
                _version(table), table.table_uri, files, self._columns, self.place.scan_options
            )
            seen.table, seen.mark = table, self.place.mark(name, table.version())
            return seen.snapshot

    def _is_still(self, name: Table, mark: Hashable | None, table: DeltaTable) -> bool:
        """Whether the last commit that was seen is still there, and is the same one."""
        return mark is not None and mark == self.place.mark(name, table.version())

    def _delta(self, name: Table) -> DeltaTable:
        return DeltaTable(self.place.path(name), storage_options=self.place.options)

    def changed_days(
        self, workspace: str, brand: str | None, since: str, until: str
    ) -> frozenset[date] | None:
        """The UTC days whose events may differ between two versions of a table.

        A commit that only joins files changes none. None when the log cannot tell: the table was
        made anew, or its old log is gone.
        """
        (table, first), (same, last) = (version.rsplit("-", 1) for version in (since, until))
        if table != same or int(last) < int(first):
            return None
        name = _table(workspace, brand)
        days: set[date] = set()
        with self.place.reached():
            for version in range(int(first) + 1, int(last) + 1):
                commit = self.place.commit(name, version)
                if commit is None:
                    return None
                for line in commit.splitlines():
                    days |= _changed(json.loads(line))
        return frozenset(days)

    def write(
        self,
        workspace: str,
        brand: str | None,
        frames: Iterable[pl.DataFrame],
        mode: Literal["append", "overwrite"] = "append",
    ) -> None:
        """Add events, or put them in the place of all others, in one commit.

        Frames have the columns of EVENTS. They are written in the order they come, so they should
        come by created_at. When it returns, they are on disk.
        """
        name = _table(workspace, brand)
        batches = (batch for of_frame in ahead(map(batches_of, frames)) for batch in of_frame)
        with self.place.reached(), self.place.durable(name):
            write_deltalake(
                self.place.path(name),
                pa.RecordBatchReader.from_batches(SCHEMA, batches),
                mode=mode,
                partition_by=PARTITION,
                configuration=TABLE_PROPERTIES,
                writer_properties=WRITER,
                commit_properties=COMMIT,
                storage_options=self.place.options,
            )
        self._listing.forget()

    def adopt(self, workspace: str, brand: str | None, files: Sequence[Written]) -> None:
        """Add files of events, which leave the place where they are, in one commit.

        When it returns, they are on disk.
        """
        name = _table(workspace, brand)
        with self.place.reached(), self.place.durable(name):
            for file in files:
                self.place.bring(name, file.path, file.within)
            table = self._delta(name) if self.place.exists(name) else None
            commit(table, self.place.path(name), files, self.place.options)
        self._listing.forget()

    def delete(self, workspace: str, brand: str | None, predicate: str) -> int:
        """Delete the events that a SQL predicate of the Delta library selects; how many."""
        name = _table(workspace, brand)
        with self.place.reached(), self.place.durable(name):
            found = self._delta(name).delete(predicate, writer_properties=WRITER)
        return int(found["num_deleted_rows"])

    def forget(self, workspace: str, brand: str | None) -> None:
        """Take the files from the disk that deletions left behind; slow readers may fail."""
        with self.place.reached():
            table = self._delta(_table(workspace, brand))
            table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    def drop(self, workspace: str) -> None:
        """Delete all tables of a workspace."""
        with self.place.reached():
            self.place.drop(workspace)
        self._listing.forget()

    def tidy(self, workspace: str, brand: str | None) -> None:
        """Join small files of a month, and delete what no version of the last hour needs.

        Readers that began before go on with the files they know; no answer takes an hour.
        """
        name = _table(workspace, brand)
        with self.place.reached():
            table = self._delta(name)
            months = Counter(uri.rpartition("/")[0] for uri in table.file_uris())
            if max(months.values(), default=0) >= SMALL_FILES:
                with self.place.durable(name):
                    table.optimize.compact(target_size=FILE_BYTES, writer_properties=WRITER)
            table.vacuum(retention_hours=1, enforce_retention_duration=False, dry_run=False)

    @contextmanager
    def writing(self, workspace: str) -> Iterator[None]:
        """One writer of a workspace at a time, over all processes."""
        with self.place.writing(workspace):
            yield

    def storage(self, workspace: str, brand: str | None) -> Storage:
        files = self.open(workspace, brand).files
        with self.place.reached():
            size = self.place.bytes(_table(workspace, brand))
        return Storage(len(files), sum(file.rows for file in files), size)

    def brands(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for workspace, name in self._listing.get(self._list):
            if name != NO_BRAND:
                found.setdefault(workspace, []).append(name)
        return found

    def tables(self, workspace: str | None = None) -> list[tuple[str, str | None]]:
        """workspace_id and brand_id of every table, or of a workspace's; None has no brand."""
        return [(of, None if name == NO_BRAND else name) for of, name in self._list(workspace)]

    def _list(self, workspace: str | None = None) -> list[Table]:
        with self.place.reached():
            return self.place.tables(workspace)


def _table(workspace: str, brand: str | None) -> Table:
    return workspace, brand or NO_BRAND


def _changed(action: dict[str, Any]) -> set[date]:
    """The days of the events that an action of Delta's log brings or takes."""
    file = action.get("add") or action.get("remove")
    if file is None or not file["dataChange"]:
        return set()
    span = json.loads(file.get("stats") or "{}")
    if "minValues" in span:
        ends = span["minValues"]["created_at"], span["maxValues"]["created_at"]
        first, last = (datetime.fromisoformat(end).date() for end in ends)
    else:
        first = date.fromisoformat(f"{file['partitionValues'][PARTITION]}-01")
        last = (first + timedelta(32)).replace(day=1) - timedelta(1)
    return {first + timedelta(i) for i in range((last - first).days + 1)}


def _version(table: DeltaTable) -> str:
    """The table's own id and version: a table made anew under the same path is another one."""
    return f"{str(table.metadata().id)[:8]}-{table.version()}"


def _files(table: DeltaTable) -> tuple[LakeFile, ...]:
    """Raises Unavailable when the files are not what they seem."""
    beyond = BEYOND_FILES & set(table.protocol().reader_features or ())
    if table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        beyond |= {"columnMapping"}
    if beyond:
        raise Unavailable(
            f"The table of these events uses {', '.join(sorted(beyond))} of Delta, which would give"
            " wrong numbers here; write it anew without."
        )
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if actions.is_empty():
        return ()
    root = table.table_uri.rstrip("/")
    spans = actions.select("path", "min.created_at", "max.created_at", "num_records")
    return tuple(
        LakeFile(f"{root}/{path}", first, last, rows)
        for path, first, last, rows in spans.sort("min.created_at").iter_rows()
    )
