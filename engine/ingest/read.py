"""Files become raw frames: CSV, NDJSON and Parquet, a batch of rows at a time."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from engine.errors import Fault, InvalidRequest
from engine.ingest.canonical import canonical_text
from engine.request import loads

BATCH: Final = 200_000


def read(path: Path, batch: int = BATCH) -> Iterator[pl.DataFrame]:
    """Frames of up to about `batch` rows, the file's columns as they come and `row`, from 1 on.

    NDJSON lines that are no JSON object keep the reason in a column `fault`. Raises
    InvalidRequest for a file that is missing, of another kind or unreadable.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(READERS)
        raise _fault(path, f"is not a kind of file that can be read; the kinds are {kinds}.")
    if not path.is_file():
        raise _fault(path, "does not exist, or is not a file; give the path of a file.")
    first = 1
    try:
        for frame in reader(path, batch):
            yield frame.with_row_index("row", offset=first)
            first += frame.height
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise _fault(path, f"cannot be read as {path.suffix}: {error}") from error


def _csv(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    yield from pl.scan_csv(path, infer_schema=False).collect_batches(
        chunk_size=batch, maintain_order=True
    )


def _parquet(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(path) as file:
        for records in file.iter_batches(batch):
            yield pl.DataFrame(records)


def _ndjson(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    with path.open("rb") as file:
        lines = (line for line in file if line.strip())
        while chunk := list(islice(lines, batch)):
            rows = [_row(line) for line in chunk]
            names = dict.fromkeys(name for row in rows for name in row)
            yield pl.DataFrame(
                {
                    name: pl.Series([row.get(name) for row in rows], dtype=pl.String)
                    for name in names
                }
            )


def _row(line: bytes) -> dict[str, str | None]:
    try:
        value: Any = loads(line)
    except InvalidRequest as error:
        return {"fault": error.faults[0].message}
    if not isinstance(value, dict):
        return {"fault": "is not a JSON object"}
    return {
        name: json.dumps(item) if name == "metadata" and item is not None else canonical_text(item)
        for name, item in value.items()
    }


def _fault(path: Path, message: str) -> InvalidRequest:
    return InvalidRequest([Fault(path.name, message)])


READERS: Final[dict[str, Callable[[Path, int], Iterator[pl.DataFrame]]]] = {
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".parquet": _parquet,
}
