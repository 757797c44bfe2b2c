"""What is refused before it is read: files that are too large, packed, or in another encoding."""

import csv
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import Fault, InvalidRequest
from engine.ingest.metadata import NO_JSON
from engine.ingest.ndjson import NAMES
from engine.ingest.read import read
from engine.ingest.xlsx import rows_claimed

FILE_LIMIT: Final = 2 << 30
LINE_LIMIT: Final = 16 << 20
COLUMN_LIMIT: Final = 1000
SAMPLE: Final = 200
BLOCK: Final = 1 << 20

ZIP: Final = b"PK\x03\x04"
PACKED: Final = {
    b"\x1f\x8b": "a gzip file; unpack it",
    ZIP: "a ZIP archive or an Excel workbook; unpack it, or save its sheet as CSV",
    b"BZh": "a bzip2 file; unpack it",
    b"\xfd7zXZ\x00": "an xz file; unpack it",
    b"\x28\xb5\x2f\xfd": "a Zstandard file; unpack it",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook, or one with a password; save it as .xlsx without",
}
UTF_16_AND_32: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def sample(path: Path) -> pl.DataFrame:
    """The first rows, all their columns texts or what Parquet says, and `row`.

    Raises InvalidRequest, naming the rule and the way out, for a file that cannot be imported.
    """
    refuse(path)
    if _kind(path) == ".csv":
        count_rows(path)
    for frame in read(path, SAMPLE):
        return frame.head(SAMPLE)
    raise _fault(path, "has no rows; export it again with at least one row below the header.")


def refuse(path: Path) -> None:
    """Raise InvalidRequest for what the size, the first bytes and the header give away."""
    size = path.stat().st_size
    if size == 0:
        raise _fault(path, "is empty; export it again, or choose another file.")
    if size > FILE_LIMIT:
        message = f"has {size / 2**30:.1f} GiB; the most is 2 GiB. Split it into several files."
        raise _fault(path, message)
    refuse_kind(path)


def refuse_kind(path: Path) -> None:
    """Raise InvalidRequest for what the first bytes and the header give away."""
    with path.open("rb") as file:
        head = file.read(4096)
    if _kind(path) == ".xlsx" and head.startswith(ZIP):
        return
    for magic, kind in PACKED.items():
        if head.startswith(magic):
            raise _fault(path, f"is {kind} and import what is in it.")
    if _kind(path) == ".parquet":
        _refuse_columns(path, _parquet_width(path))
        return
    if _kind(path) == ".xlsx":
        raise _fault(path, "is no Excel workbook; save it as .xlsx, or as CSV.")
    if head.startswith(UTF_16_AND_32) or head.count(0) > len(head) // 4:
        raise _fault(path, "is not UTF-8 but, it seems, UTF-16; save it as UTF-8 (CSV UTF-8).")
    if _kind(path) == ".csv":
        _refuse_columns(path, _csv_width(path))


def count_rows(path: Path, pause: Callable[[], None] = lambda: None) -> int:
    """About how many rows there are: the lines of a text file.

    Looks at every line, and calls `pause` now and then. Raises InvalidRequest for a line that is
    too long or, in CSV, no UTF-8, and for more names than a row may have columns.
    """
    if _kind(path) == ".parquet":
        with pq.ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    if _kind(path) == ".xlsx":
        try:
            return rows_claimed(path)
        except ValueError as error:
            raise _fault(path, f"cannot be read as .xlsx: {error}") from error
    lines = _lines(path, pause)
    if _kind(path) != ".csv":
        _refuse_names(path, pause)
    return max(0, lines - (_kind(path) == ".csv"))


def _lines(path: Path, pause: Callable[[], None]) -> int:
    decoder = getincrementaldecoder("utf-8")()
    lines, since, ends = 0, 0, True
    for block in _blocks(path):
        pause()
        pieces = block.split(b"\n")
        longest = max(since + len(pieces[0]), *map(len, pieces[1:]), 0)
        if longest > LINE_LIMIT:
            message = (
                f"line {lines + 1} or one near it is longer than 16 MiB; a row ends with a line"
                " break, and a quote that is never closed runs to the end."
            )
            raise _fault(path, message)
        if _kind(path) == ".csv" and (not block.isascii() or decoder.getstate()[0]):
            _decode(path, decoder.decode, block, lines)
        since = len(pieces[-1]) + (since if len(pieces) == 1 else 0)
        lines += len(pieces) - 1
        ends = block.endswith(b"\n")
    return lines + (not ends)


def _decode(path: Path, decode: Callable[[bytes], str], block: bytes, lines: int) -> None:
    try:
        decode(block)
    except UnicodeDecodeError as error:
        line = lines + 1 + error.object.count(b"\n", 0, error.start)
        byte = error.object[error.start]
        message = (
            f"line {line} is not UTF-8 (byte 0x{byte:02X}); save the file as UTF-8 (CSV UTF-8)."
        )
        raise _fault(path, message) from error


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _refuse_names(path: Path, pause: Callable[[], None]) -> None:
    """Rows of NDJSON may each have other names; together they are the columns."""
    names: set[str] = set()
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number % 10_000 == 0:
                pause()
            try:
                names.update(NAMES.decode(line.removeprefix(BOM_UTF8)))
            except NO_JSON:
                continue  # rejected with a reason when it is read, or counted then
            if len(names) > COLUMN_LIMIT:
                _refuse_columns(path, len(names))


def _csv_width(path: Path) -> int:
    with path.open("rb") as file:
        line = file.readline(LINE_LIMIT + 1)
    if len(line) > LINE_LIMIT:
        raise _fault(path, "has a header longer than 16 MiB; is it a CSV with line breaks?")
    header = line.decode(errors="replace")
    if header.startswith("\ufeff"):
        header = header[1:]
    return len(next(csv.reader([header]), []))


def _parquet_width(path: Path) -> int:
    try:
        with pq.ParquetFile(path) as file:
            return len(file.schema_arrow.names)
    except (pa.ArrowException, OSError) as error:
        raise _fault(path, f"cannot be read as .parquet: {error}") from error


def _refuse_columns(path: Path, width: int) -> None:
    if width > COLUMN_LIMIT:
        message = (
            f"has {width:,} columns; the most is {COLUMN_LIMIT:,}. Keep those that matter, or put"
            " the rest into one column metadata, a JSON object."
        )
        raise _fault(path, message)


def _kind(path: Path) -> str:
    return path.suffix.lower()


def _fault(path: Path, message: str) -> InvalidRequest:
    return InvalidRequest([Fault(path.name, message)])
