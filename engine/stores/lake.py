"""Events in a Delta lake: one table for each workspace and brand, lake/<workspace>/<brand>.

A table is partitioned by UTC month; its files are sorted by created_at. Workspace and brand are
the path, so no predicate stands between two brands.
"""

import fcntl
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import Final, Literal
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable, WriterProperties, write_deltalake

from engine.scope import Scope
from engine.stores.base import EVENTS
from engine.stores.columns import Columns, column, scan_files

NO_BRAND: Final = "no_brand"
PARTITION: Final = "month"
MONTH: Final = pl.col("created_at").dt.strftime("%Y-%m").alias(PARTITION)
# Delta statistics hold milliseconds, cut off; events have microseconds.
STATISTICS_STEP: Final = timedelta(milliseconds=1)
WRITER: Final = WriterProperties(max_row_group_size=1 << 18)
SMALL_FILES: Final = 16
FILE_BYTES: Final = 256 << 20
TABLE_PROPERTIES: Final = {"delta.dataSkippingStatsColumns": "created_at"}


@dataclass(frozen=True)
class LakeFile:
    """One immutable Parquet file, the span of its events and how many they are."""

    uri: str
    first: datetime
    last: datetime
    rows: int

    def touches(self, start: datetime, end: datetime) -> bool:
        return self.first < end and self.last + STATISTICS_STEP > start

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

    def scan(self, start: datetime, end: datetime, columns: frozenset[str]) -> pl.LazyFrame:
        """From columns in memory, or from the files where those would not fit."""
        files = [file for file in self.files if file.touches(start, end)]
        names = sorted(columns | {"created_at"})
        window = pl.col("created_at") >= start, pl.col("created_at") < end
        if not files:
            events = EVENTS.to_frame().lazy().select(column(name) for name in names)
        elif self.columns.fits(sum(file.rows for file in files), names):
            frames = self.columns.read(self.table, [file.uri for file in files], names)
            parts = [
                frame.lazy() if file.lies_in(start, end) else frame.lazy().filter(*window)
                for file, frame in zip(files, frames, strict=True)
            ]
            events = pl.concat(parts)
        else:
            scanned = scan_files([file.uri for file in files]).filter(*window)
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
            scan_files(files)
            .filter(created >= spans[0][0], created < spans[-1][1])
            .filter(created.dt.date().is_in(days.implode()))
            .select(columns)
        )

    def all_events(self) -> pl.LazyFrame:
        if not self.files:
            return EVENTS.to_frame().lazy()
        return scan_files([file.uri for file in self.files])


@dataclass(frozen=True)
class _Opened:
    """A table as it was last seen, and the mark of its last commit; `commit` and `following` are
    the files of that commit and of the next."""

    table: DeltaTable
    mark: tuple[int, int] | None
    snapshot: LakeSnapshot
    commit: str
    following: str

    def is_last(self) -> bool:
        if self.mark is None or os.path.exists(self.following):
            return False
        return _mark(self.commit) == self.mark


class LakeStore:
    """Reads the lake below `root`, a local folder; opened tables are kept and kept up to date."""

    def __init__(self, root: Path, columns: Columns | None = None) -> None:
        self.root = root
        self._columns = columns or Columns()
        self._tables: dict[tuple[str, str | None], _Opened] = {}
        self._lock = Lock()

    def path(self, workspace: str, brand: str | None) -> Path:
        return self.root / workspace / (brand or NO_BRAND)

    def snapshot(self, scope: Scope) -> LakeSnapshot:
        return self.open(scope.workspace_id, scope.brand_id)

    def glance(self, scope: Scope) -> LakeSnapshot | None:
        """The snapshot as it was last opened, if no commit came after it."""
        known = self._tables.get((scope.workspace_id, scope.brand_id))
        return known.snapshot if known is not None and known.is_last() else None

    def open(self, workspace: str, brand: str | None) -> LakeSnapshot:
        """The present state of a brand's table, or of the one for events without a brand."""
        path = self.path(workspace, brand)
        with self._lock:
            known = self._tables.get((workspace, brand))
            if (
                known is None
                or known.mark is None
                or known.mark != _mark(_commit(path, known.table))
            ):
                self._tables.pop((workspace, brand), None)
                if known is not None:
                    self._columns.forget(file.uri for file in known.snapshot.files)
                if not DeltaTable.is_deltatable(str(path)):
                    return LakeSnapshot("none", str(path), (), self._columns)
                table = DeltaTable(path)
            else:
                table = known.table
                before = table.version()
                table.update_incremental()
                if table.version() == before:
                    return known.snapshot
            snapshot = LakeSnapshot(_version(table), table.table_uri, _files(table), self._columns)
            if known is not None:
                self._columns.forget(
                    file.uri for file in set(known.snapshot.files) - set(snapshot.files)
                )
            self._tables[workspace, brand] = _opened(path, table, snapshot)
            return snapshot

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
        path = self.path(workspace, brand)
        path.mkdir(parents=True, exist_ok=True)
        before = DeltaTable(path).version() if DeltaTable.is_deltatable(str(path)) else -1
        batches = (batch for frame in frames for batch in _batches(frame))
        write_deltalake(
            path,
            pa.RecordBatchReader.from_batches(SCHEMA, batches),
            mode=mode,
            partition_by=PARTITION,
            configuration=TABLE_PROPERTIES,
            writer_properties=WRITER,
        )
        _sync(path, before)

    def delete(self, workspace: str, brand: str | None, predicate: str) -> int:
        """Delete the events that a SQL predicate of the Delta library selects; how many."""
        table = DeltaTable(self.path(workspace, brand))
        before = table.version()
        deleted = int(table.delete(predicate, writer_properties=WRITER)["num_deleted_rows"])
        _sync(self.path(workspace, brand), before)
        return deleted

    def forget(self, workspace: str, brand: str | None) -> None:
        """Take the files from the disk that deletions left behind; slow readers may fail."""
        table = DeltaTable(self.path(workspace, brand))
        table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    def drop(self, workspace: str) -> None:
        """Delete all tables of a workspace."""
        shutil.rmtree(self.root / workspace)

    def tidy(self, workspace: str, brand: str | None) -> None:
        """Join small files of a month, and delete what no version of the last hour needs.

        Readers that began before go on with the files they know; no answer takes an hour.
        """
        table = DeltaTable(self.path(workspace, brand))
        months = Counter(str(Path(uri).parent) for uri in table.file_uris())
        if max(months.values(), default=0) >= SMALL_FILES:
            before = table.version()
            table.optimize.compact(target_size=FILE_BYTES, writer_properties=WRITER)
            _sync(self.path(workspace, brand), before)
        table.vacuum(retention_hours=1, enforce_retention_duration=False, dry_run=False)

    @contextmanager
    def writing(self, workspace: str) -> Iterator[None]:
        """One writer of a workspace at a time, over all processes."""
        folder = self.root / workspace
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".writing").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def storage(self, workspace: str, brand: str | None) -> Storage:
        files = self.open(workspace, brand).files
        size = sum(map(_size, self.path(workspace, brand).rglob("*")))
        return Storage(len(files), sum(file.rows for file in files), size)

    def brands(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for workspace, brand in self.tables():
            if brand is not None:
                found.setdefault(workspace, []).append(brand)
        return found

    def tables(self) -> list[tuple[str, str | None]]:
        """workspace_id and brand_id of every table; None is the one without a brand."""
        # A first commit that was interrupted leaves a log without entries.
        logs = sorted(log for log in self.root.glob("ws_*/*/_delta_log") if any(log.glob("*.json")))
        names = [(log.parent.parent.name, log.parent.name) for log in logs]
        return [(workspace, None if name == NO_BRAND else name) for workspace, name in names]


SCHEMA: Final = (
    EVENTS.to_frame().select(pl.all(), MONTH).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
)


def _batches(frame: pl.DataFrame) -> list[pa.RecordBatch]:
    table = frame.select(*EVENTS.names(), MONTH).to_arrow(compat_level=pl.CompatLevel.oldest())
    batches: list[pa.RecordBatch] = table.cast(SCHEMA).to_batches()
    return batches


def _version(table: DeltaTable) -> str:
    """The table's own id and version: a table made anew under the same path is another one."""
    return f"{str(table.metadata().id)[:8]}-{table.version()}"


def _sync(path: Path, before: int) -> None:
    """Wait until the commits after version `before` are on disk, for which Delta does not wait."""
    log = path / "_delta_log"
    made = [log / "_last_checkpoint"]
    for version in range(before + 1, DeltaTable(path).version() + 1):
        commit = log / f"{version:020}.json"
        actions = map(json.loads, commit.read_text().splitlines())
        made += [path / unquote(action["add"]["path"]) for action in actions if "add" in action]
        made += [commit, commit.with_suffix(".checkpoint.parquet")]
    folders = [file.parent for file in made] + [path, path.parent]
    for target in dict.fromkeys(made + folders):
        if target.exists():
            descriptor = os.open(target, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _opened(path: Path, table: DeltaTable, snapshot: LakeSnapshot) -> _Opened:
    commit = _commit(path, table)
    return _Opened(table, _mark(commit), snapshot, commit, _commit(path, table, after=1))


def _commit(path: Path, table: DeltaTable, after: int = 0) -> str:
    """The file of the table's last commit, or of one after it."""
    return f"{path}/_delta_log/{table.version() + after:020}.json"


def _mark(commit: str) -> tuple[int, int] | None:
    """Tells the file of the last commit from that of a table made anew under the same path."""
    try:
        status = os.stat(commit)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _size(path: Path) -> int:
    """The bytes of a file, 0 for a folder and for what a vacuum has just deleted."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0
    return status.st_size if S_ISREG(status.st_mode) else 0


def _files(table: DeltaTable) -> tuple[LakeFile, ...]:
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if actions.is_empty():
        return ()
    root = table.table_uri.rstrip("/")
    spans = actions.select("path", "min.created_at", "max.created_at", "num_records")
    return tuple(
        LakeFile(f"{root}/{path}", first, last, rows)
        for path, first, last, rows in spans.sort("min.created_at").iter_rows()
    )
