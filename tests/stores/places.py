"""Every kind of store, and how tests look into one."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from engine.contract import METADATA
from engine.stores.base import EVENTS
from engine.stores.columns import Columns
from engine.stores.lake import LakeStore
from engine.stores.memory import MemoryStore
from engine.stores.written import MONTH, write_file
from tests.generate import NOW, append, event, frame
from tests.objects import BUCKETS, Bucket, s3

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


class InAdoptedFiles(InLake):
    """Written before the table knew of it, as imports are."""

    def add(self, scope, events):
        adopt(self.store, scope, events)


class InLakeFiles(InLake):
    """Too large to be held in memory: every scan reads the files."""

    def __init__(self, home: Path) -> None:
        self.store = LakeStore(home / "lake", Columns(budget=0))


class InObjects(InLake):
    """In an object store, each test in a bucket of its own."""

    def __init__(self, home: Path, bucket: Bucket, columns: Columns | None = None) -> None:
        self.store = LakeStore(bucket.place(home), columns)


class InObjectFiles(InObjects):
    def __init__(self, home: Path, bucket: Bucket) -> None:
        super().__init__(home, bucket, Columns(budget=0))


LAKES = {"InLake": InLake} | {
    f"InObjects {name}": lambda home, bucket=bucket: InObjects(home, bucket())
    for name, bucket in BUCKETS.items()
}
PLACES = LAKES | {
    "InMemory": InMemory,
    "InLakeOfOthers": InLakeOfOthers,
    "InAdoptedFiles": InAdoptedFiles,
    "InLakeFiles": InLakeFiles,
    "InObjectFiles": lambda home: InObjectFiles(home, s3()),
}


def adopt(store, scope, events):
    months = frame(events).sort("created_at", maintain_order=True).with_columns(MONTH)
    with TemporaryDirectory() as folder:
        parts = months.partition_by("month", maintain_order=True)
        files = [write_file(Path(folder), part) for part in parts]
        store.adopt(scope.workspace_id, scope.brand_id, files)


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
