"""A file becomes events in the lake."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.ahead import ahead
from engine.ingest.append import without_repeats, without_stored
from engine.ingest.mapping import Mapping, apply
from engine.ingest.metadata import text_of
from engine.ingest.normalise import REJECTED, normalise
from engine.ingest.read import READERS, read
from engine.ingest.refuse import count_rows, refuse_kind
from engine.ingest.waiting import Waiting
from engine.stores.lake import LakeStore


@dataclass(frozen=True)
class Loaded:
    """What became of a file's rows: read = stored + duplicates + the rows of `rejected`.

    rejected: REJECTED. rounded: measures with more than 6 fractional digits.
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
    """Load a CSV, NDJSON, Parquet or XLSX file; all of it becomes visible at once, or nothing.

    progress is told how many rows were read so far, storing that everything was read and is stored
    next: what either raises ends the load with nothing stored. mapping: which columns are which
    fields; without one, columns are what they are called. batch: rows read at a time.
    Raises InvalidRequest for an unreadable file.
    """
    _refuse(path)
    rows = events = rounded = 0
    rejected = []
    source = cache(partial(_digest, path))
    with Waiting() as waiting:
        for raw in ahead(read(path) if batch is None else read(path, batch)):
            named = raw if mapping is None else apply(raw, mapping)
            normal = normalise(named, arrival, "" if _all_named(named) else source(), brand)
            waiting.add(normal.events)
            rejected.append(normal.rejected)
            events += normal.events.height
            rounded += normal.rounded
            rows += raw.height
            progress(rows)
        if not rows:
            return Loaded(0, 0, 0, 0, 0, REJECTED.to_frame())
        storing()
        with lake.writing(workspace):
            brands, kept = _fresh(lake, workspace, waiting.keys(), arrival, rows)
            for of in brands:
                lake.adopt(workspace, of, waiting.take(of, kept))
    stored = int(kept.sum())
    return Loaded(
        read=rows,
        stored=stored,
        duplicates=events - stored,
        rounded=rounded,
        without_brand=brands.get(None, 0),
        rejected=pl.concat(rejected),
    )


def _fresh(
    lake: LakeStore, workspace: str, events: pl.DataFrame, arrival: datetime, rows: int
) -> tuple[dict[str | None, int], npt.NDArray[np.bool_]]:
    """How many events of each brand are new, and which of the rows 1 to `rows` they are."""
    fresh = without_stored(lake, workspace, without_repeats(events), arrival)
    kept = np.zeros(rows + 1, np.bool_)
    kept[fresh["row"].to_numpy()] = True
    return dict(fresh.group_by("brand_id").len().iter_rows()), kept


def _refuse(path: Path) -> None:
    """What would fill the memory, or be read as nonsense; whatever else is wrong, `read` says."""
    if path.is_file() and path.suffix.lower() in READERS and path.stat().st_size:
        refuse_kind(path)
        if path.suffix.lower() == ".csv":
            count_rows(path)


def _all_named(raw: pl.DataFrame) -> bool:
    """Whether every row has an event_id of its own."""
    return "event_id" in raw.columns and text_of(raw["event_id"]).null_count() == 0


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]
