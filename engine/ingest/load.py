"""A file becomes events in the lake."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from engine.ingest.append import append
from engine.ingest.mapping import Mapping, apply
from engine.ingest.normalise import normalise
from engine.ingest.read import read
from engine.stores.lake import LakeStore


@dataclass(frozen=True)
class Loaded:
    """What became of a file's rows: read = stored + duplicates + the rows of `rejected`.

    rejected: row, field, message. rounded: measures with more than 6 fractional digits.
    without_brand: stored, but in no brand's answers.
    """

    read: int
    stored: int
    duplicates: int
    rounded: int
    without_brand: int
    rejected: pl.DataFrame


def load(
    lake: LakeStore,
    path: Path,
    workspace: str,
    arrival: datetime,
    brand: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
    *,
    mapping: Mapping | None = None,
    storing: Callable[[], None] = lambda: None,
    batch: int | None = None,
) -> Loaded:
    """Load a CSV, NDJSON or Parquet file; all of it becomes visible at once, or nothing.

    progress is told how many rows were read so far, storing that everything was read and is stored
    next: what either raises ends the load with nothing stored. mapping: which columns are which
    fields; without one, columns are what they are called. batch: rows read at a time.
    Raises InvalidRequest for an unreadable file.
    """
    source = _digest(path) if path.is_file() else ""
    rows = 0
    parts = []
    for raw in read(path) if batch is None else read(path, batch):
        named = raw if mapping is None else apply(raw, mapping)
        parts.append(normalise(named, arrival, source, brand))
        rows += raw.height
        progress(rows)
    if not parts:
        return Loaded(0, 0, 0, 0, 0, pl.DataFrame({"row": [], "field": [], "message": []}))
    events = pl.concat([part.events for part in parts])
    storing()
    appended = append(lake, workspace, events, arrival)
    return Loaded(
        read=rows,
        stored=appended.stored,
        duplicates=appended.duplicates,
        rounded=sum(part.rounded for part in parts),
        without_brand=appended.without_brand,
        rejected=pl.concat([part.rejected for part in parts]),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]
