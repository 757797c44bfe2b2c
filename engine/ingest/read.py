"""Files become raw frames: CSV, NDJSON and Parquet, a batch of rows at a time."""

import csv
import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import NoneType
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.contract import MEASURES
from engine.errors import Fault, InvalidRequest
from engine.ingest.canonical import canonical_text
from engine.ingest.metadata import entries_of
from engine.numbers import MEASURE_LIMIT
from engine.request import loads

BATCH: Final = 200_000
ASIDE: Final = {"row": "row ", "fault": "fault "}
"""A file's columns that are called like ours; as keys of the metadata they lose the space."""
STRANGE: Final = "decimal256|list_view|<.*extension"
"""Types of Parquet at which Polars panics."""
UUID_GROUPS: Final = "^(.{8})(.{4})(.{4})(.{4})"


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
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError, ValueError) as error:
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


def _parquet(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(path) as file:
        types = file.schema_arrow.types
        for name, dtype in zip(file.schema_arrow.names, types, strict=True):
            if re.search(STRANGE, str(dtype)):
                raise ValueError(f"column {name} is {dtype}; store it as text")
        for records in file.iter_batches(batch):
            records.validate(full=True)
            columns = zip(pl.DataFrame(records), types, strict=True)
            yield pl.DataFrame([_plain(*column) for column in columns]).rename(ASIDE, strict=False)


def _plain(series: pl.Series, dtype: pa.DataType) -> pl.Series:
    """A column as the other kinds of file would have brought it."""
    if dtype == pa.uuid():
        return series.bin.encode("hex").str.replace(UUID_GROUPS, "${1}-${2}-${3}-${4}-")
    if isinstance(dtype, pa.BaseExtensionType):
        return series.ext.storage()
    if series.dtype in (pl.Float16, pl.Float32):
        # The shortest decimal, as in text: 0.1 is not the double 0.10000000149011612.
        return series.cast(pl.String).cast(pl.Float64)
    return series


def _ndjson(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    with path.open("rb") as file:
        lines = (line for line in file if line.strip())
        while chunk := list(islice(lines, batch)):
            values = [_value(line.removeprefix(BOM_UTF8)) for line in chunk]
            try:
                yield _columns(values)
            except (RecursionError, UnicodeEncodeError):
                yield _by_row(values)


def _value(line: bytes) -> dict[str, Any] | Fault:
    try:
        value: Any = loads(line)
    except InvalidRequest as error:
        return error.faults[0]
    return value if isinstance(value, dict) else Fault("body", "is not a JSON object")


def _columns(values: list[dict[str, Any] | Fault]) -> pl.DataFrame:
    """What `_by_row` makes, a column at a time; it cannot say which row is nested too deeply."""
    rows = [{} if isinstance(value, Fault) else value for value in values]
    given: dict[str, Any] = {}
    for row in rows:
        given |= row
    faults = [value.message if isinstance(value, Fault) else None for value in values]
    columns = {"fault": pl.Series(faults, dtype=pl.String)}
    for name in given:
        if _name(name) in columns:
            return _by_row(values)
        columns[_name(name)] = _column(name, [row.get(name) for row in rows])
    return pl.DataFrame(columns)


def _column(name: str, cells: list[Any]) -> pl.Series:
    kinds = {*map(type, cells)} - {NoneType}
    if kinds <= {str}:
        return pl.Series(cells, dtype=pl.String)
    if name in MEASURES and kinds <= {int, float}:
        numbers = [cell for cell in cells if cell is not None]
        if min(numbers) > -MEASURE_LIMIT and max(numbers) < MEASURE_LIMIT:
            return pl.Series(cells, dtype=pl.Float64, strict=False)
    if name == "metadata" and kinds == {dict}:
        flat = {kind for cell in cells if cell for kind in map(type, cell.values())}
        if flat <= {str, int, bool, NoneType}:
            return entries_of(map(_pairs, cells))
    return pl.Series([_cell(name, cell) for cell in cells], dtype=pl.String)


def _pairs(metadata: dict[str, Any] | None) -> list[dict[str, Any]]:
    members = metadata.items() if metadata else ()
    return [{"key": canonical_text(k), "value": canonical_text(v)} for k, v in members]


def _by_row(values: list[dict[str, Any] | Fault]) -> pl.DataFrame:
    rows = [_row(value) for value in values]
    names = dict.fromkeys(["fault", *(name for row in rows for name in row)])
    return pl.DataFrame(
        {name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names}
    )


def _row(value: dict[str, Any] | Fault) -> dict[str, str | None]:
    if isinstance(value, Fault):
        return {"fault": value.message}
    try:
        return {_name(name): _cell(name, item) for name, item in value.items()}
    except RecursionError:
        return {"fault": "is nested too deeply"}


def _name(name: str) -> str:
    return ASIDE.get(name, str(canonical_text(name)))


def _cell(name: str, value: Any) -> str | None:
    is_json = name == "metadata" and value is not None and not isinstance(value, str)
    return json.dumps(value) if is_json else canonical_text(value)


def _fault(path: Path, message: str) -> InvalidRequest:
    return InvalidRequest([Fault(path.name, message)])


READERS: Final[dict[str, Callable[[Path, int], Iterator[pl.DataFrame]]]] = {
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
    ".parquet": _parquet,
}
