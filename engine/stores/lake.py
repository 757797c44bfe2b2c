"""Events in a Delta lake: one table for each workspace and brand, lake/<workspace>/<brand>.

A table is partitioned by UTC month; its files are sorted by created_at. Workspace and brand are
the path, so no predicate stands between two brands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from engine.contract import METADATA
from engine.scope import Scope
from engine.stores.base import EVENTS
from engine.stores.columns import MetadataColumns

NO_BRAND = "no_brand"
PARTITION = "month"
# Delta statistics hold milliseconds, cut off; events have microseconds.
STATISTICS_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True)
class LakeFile:
    """One immutable Parquet file and the span of its events."""

    uri: str
    first: datetime
    last: datetime


@dataclass(frozen=True)
class LakeSnapshot:
    version: str
    files: tuple[LakeFile, ...]
    columns: MetadataColumns

    def scan(self, start: datetime, end: datetime, keys: frozenset[str]) -> pl.LazyFrame:
        uris = [f.uri for f in self.files if f.first < end and f.last + STATISTICS_STEP > start]
        created = pl.col("created_at")
        if not uris:
            names = [METADATA + key for key in sorted(keys)]
            nothing = EVENTS.to_frame().drop("metadata").lazy()
            return nothing.with_columns(pl.lit(None, pl.String).alias(name) for name in names)
        if not keys:
            return _scan(uris).drop("metadata").filter(created >= start, created < end)
        parts = [
            pl.concat(
                [_scan([uri]).drop("metadata"), self.columns.read(uri, sorted(keys)).lazy()],
                how="horizontal",
            )
            for uri in uris
        ]
        return pl.concat(parts).filter(created >= start, created < end)

    def all_events(self) -> pl.LazyFrame:
        if not self.files:
            return EVENTS.to_frame().lazy()
        return _scan([file.uri for file in self.files])


def _scan(uris: list[str]) -> pl.LazyFrame:
    return pl.scan_parquet(uris, hive_partitioning=False, missing_columns="insert", schema=EVENTS)


class LakeStore:
    """Reads the lake below `root`, a local folder; opened tables are kept and brought up to date."""

    def __init__(self, root: Path, columns: MetadataColumns | None = None) -> None:
        self.root = root
        self._columns = columns or MetadataColumns()
        self._tables: dict[Path, tuple[DeltaTable, LakeSnapshot]] = {}
        self._lock = Lock()

    def path(self, workspace: str, brand: str | None) -> Path:
        return self.root / workspace / (brand or NO_BRAND)

    def snapshot(self, scope: Scope) -> LakeSnapshot:
        path = self.path(scope.workspace_id, scope.brand_id)
        with self._lock:
            known = self._tables.get(path)
            if known is None:
                if not DeltaTable.is_deltatable(str(path)):
                    return LakeSnapshot("none", (), self._columns)
                table = DeltaTable(path)
            else:
                table = known[0]
                before = table.version()
                table.update_incremental()
                if table.version() == before:
                    return known[1]
            snapshot = LakeSnapshot(_version(table), _files(table), self._columns)
            self._tables[path] = table, snapshot
            return snapshot

    def brands(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for log in sorted(self.root.glob("ws_*/*/_delta_log")):
            if log.parent.name != NO_BRAND:
                found.setdefault(log.parent.parent.name, []).append(log.parent.name)
        return found


def _version(table: DeltaTable) -> str:
    """The table's own id and version: a table made anew under the same path is another one."""
    return f"{str(table.metadata().id)[:8]}-{table.version()}"


def _files(table: DeltaTable) -> tuple[LakeFile, ...]:
    actions = pl.DataFrame(pa.table(table.get_add_actions(flatten=True)))
    if actions.is_empty():
        return ()
    root = table.table_uri.rstrip("/")
    spans = actions.select("path", "min.created_at", "max.created_at").sort("min.created_at")
    return tuple(LakeFile(f"{root}/{path}", first, last) for path, first, last in spans.iter_rows())
