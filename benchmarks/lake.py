"""Lakes of generated events to measure on, kept from run to run."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from engine.demo.shop import months
from engine.demo.words import BRANDS, WORKSPACE
from engine.scope import Scope
from engine.stores.lake import LakeFile, LakeStore

END: Final = datetime(2026, 11, 23, 17, 20, 11, tzinfo=UTC)
SHARE: Final = 0.7
SCOPE: Final = Scope(WORKSPACE, BRANDS[0])


def folder() -> Path:
    """Where what takes long to make is kept."""
    return Path(tempfile.gettempdir()) / "vitrine-benchmarks"


def home(rows: int) -> Path:
    """A VITRINE_HOME whose lake is `lake(rows)`."""
    return folder() / f"home-{rows}"


def lake(rows: int) -> LakeStore:
    """The demo shop's first brand with about `rows` events over 400 days; made once.

    A month at a time is in memory.
    """
    store = LakeStore(home(rows) / "lake")
    with store.writing(SCOPE.workspace_id):
        if not files(store):
            store.write(SCOPE.workspace_id, SCOPE.brand_id, events(rows, END))
    return store


def events(rows: int, end: datetime, since: datetime | None = None) -> Iterator[pl.DataFrame]:
    """Those of `lake(rows)`, which end at END, and how they go on."""
    return months(SCOPE.brand_id, end, rows=round(rows / SHARE), since=since)


def files(store: LakeStore) -> tuple[LakeFile, ...]:
    return store.open(SCOPE.workspace_id, SCOPE.brand_id).files
