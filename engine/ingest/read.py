"""Files become raw frames: CSV, NDJSON, Parquet and XLSX, a batch of rows at a time."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from engine.errors import Fault, InvalidRequest
from engine.ingest.apart import is_worth_it, read_apart
from engine.ingest.ndjson import ASIDE, read_ndjson
from engine.ingest.parquet import read_parquet
from engine.ingest.xlsx import read_xlsx

BATCH: Final = 200_000
WRONG: Final = (
    *(pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException),
    *(OSError, ValueError),
)
"""How readers say that a file is damaged, the last resort of Polars among them."""


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
    except WRONG as error:
        reason = str(error).partition("\n")[0]
        raise _fault(path, f"cannot be read as {path.suffix}: {reason}") from error


def _csv(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    rows = pl.scan_csv(path, infer_schema=False, glob=False).rename(ASIDE, strict=False)
    try:
        yield from rows.collect_batches(chunk_size=batch, maintain_order=True)
    except pl.exceptions.ComputeError as error:
        raise ValueError(_broken_row(path) or str(error)) from error


def _broken_row(path: Path) -> str | None:
    """What is wrong with the first row that is no CSV; Polars does not say which it is."""
    number = 0
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            width = len(next(rows, []))
            for number, cells in enumerate(rows, start=1):
                if len(cells) > width:
                    return f"row {number} has {len(cells)} fields, but the header has {width}"
                if re.search("[\ud800-\udfff]", "".join(cells)):
                    return f"row {number} is not UTF-8"
        except csv.Error as error:
            return f"row {number + 1}: {error}"
    return None


def _ndjson(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    yield from (read_apart if is_worth_it(path, batch) else read_ndjson)(path, batch)


def _parquet(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    for frame in read_parquet(path, batch):
        yield frame.rename(ASIDE, strict=False)


def _xlsx(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    for frame in read_xlsx(path, batch):
        yield frame.rename(ASIDE, strict=False)


def _fault(path: Path, message: str) -> InvalidRequest:
    return InvalidRequest([Fault(path.name, message)])


READERS: Final[dict[str, Callable[[Path, int], Iterator[pl.DataFrame]]]] = {
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".parquet": _parquet,
    ".xlsx": _xlsx,
}
