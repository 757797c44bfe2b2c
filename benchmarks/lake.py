"""Lakes of generated events to measure on, kept from run to run."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine.demo.shop import months
from engine.demo.words import BRANDS, WORKSPACE
from engine.scope import Scope
from engine.stores.lake import LakeStore

END: Final = datetime(2026, 11, 23, 17, 20, 11, tzinfo=UTC)
SHARE: Final = 0.7
SCOPE: Final = Scope(WORKSPACE, BRANDS[0])


def folder() -> Path:
    """Where what takes long to make is kept."""
    return Path(tempfile.gettempdir()) / "vitrine-benchmarks"


def lake(rows: int) -> LakeStore:
    """The demo shop's first brand with about `rows` events over 400 days; made once."""
    store = LakeStore(folder() / f"shop-{rows}")
    if not store.open(SCOPE.workspace_id, SCOPE.brand_id).files:
        frames = months(SCOPE.brand_id, END, rows=round(rows / SHARE))
        store.write(SCOPE.workspace_id, SCOPE.brand_id, frames)
    return store
