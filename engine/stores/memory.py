"""Events in memory: for tests and notebooks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.scope import Scope
from engine.stores.base import COMING, EVENTS, File
from engine.stores.columns import column


@dataclass(frozen=True)
class MemorySnapshot:
    version: str
    frame: pl.DataFrame
    table: str = ""

    def reaches(self, moment: datetime) -> bool:
        created = self.frame["created_at"]
        return created.is_between(moment, moment + COMING, closed="left").any()

    def scan(self, start: datetime, end: datetime, columns: frozenset[str]) -> pl.LazyFrame:
        return self.window(start, end).select(column(name) for name in sorted(columns))

    def window(self, start: datetime, end: datetime) -> pl.LazyFrame:
        created = pl.col("created_at")
        return self.frame.lazy().filter(created >= start, created < end)

    def all_events(self) -> pl.LazyFrame:
        return self.frame.lazy()

    @property
    def files(self) -> Sequence[File]:
        return ()

    def events(self, start: datetime, end: datetime, known: Collection[File] = ()) -> pl.DataFrame:
        events = self.frame.clear() if known else self.frame
        return events.filter(pl.col("created_at").is_between(start, end, closed="left"))


class MemoryStore:
    """Frames with the columns of EVENTS by (workspace_id, brand_id); `put` replaces one."""

    def __init__(self, frames: Mapping[tuple[str, str], pl.DataFrame] | None = None) -> None:
        self._snapshots: dict[tuple[str, str], MemorySnapshot] = {}
        for (workspace, brand), frame in (frames or {}).items():
            self.put(workspace, brand, frame)

    def put(self, workspace: str, brand: str, frame: pl.DataFrame) -> None:
        before = self._snapshots.get((workspace, brand))
        version = "0" if before is None else str(int(before.version) + 1)
        self._snapshots[workspace, brand] = MemorySnapshot(version, frame.select(EVENTS.names()))

    def snapshot(self, scope: Scope) -> MemorySnapshot:
        empty = MemorySnapshot("none", EVENTS.to_frame())
        return self._snapshots.get((scope.workspace_id, scope.brand_id), empty)

    def glance(self, scope: Scope) -> MemorySnapshot:
        return self.snapshot(scope)

    def brands(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for workspace, brand in sorted(self._snapshots):
            found.setdefault(workspace, []).append(brand)
        return found
