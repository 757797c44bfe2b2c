"""The first sheet of an Excel workbook becomes raw frames, read row by row.

A workbook is a ZIP archive of XML: a small file may unpack to anything, a sheet may claim rows and
columns that are not there, and one text may stand in a million cells.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from types import NoneType
from typing import Any, Final
from zipfile import ZipFile

import polars as pl
from openpyxl import load_workbook

from engine.ingest.canonical import canonical_text

UNPACKED: Final = 1 << 30
"""Bytes of all parts of a workbook; Excel's own limits are a third of it for usual sheets."""
TEXTS: Final = 256 << 20
"""Bytes of the part with the texts, which is in memory as a whole, and of the texts of a batch."""
MOST_ROWS: Final = 1 << 20
"""What Excel allows."""
MOST_COLUMNS: Final = 1000

Row = Sequence[Any]


class TooLarge(ValueError):
    """A workbook that is whole, but unpacks to more than is good."""


def read_xlsx(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    """Frames of the rows below the header; rows without any value are left out.

    Dates and numbers are what they are in the workbook, formulas what they gave when it was saved.
    Raises ValueError for what is no workbook, or too large a one.
    """
    rows = _rows(path)
    header = next(rows, None)
    if header is None:
        raise ValueError("its first sheet is empty")
    names = _names(header)
    filled = (row for row in _fitting(rows, len(names)) if any(cell is not None for cell in row))
    while chunk := list(islice(filled, batch)):
        columns = [[row[i] if i < len(row) else None for row in chunk] for i in range(len(names))]
        _refuse_texts(columns)
        yield pl.DataFrame(
            [_column(cells).alias(name) for name, cells in zip(names, columns, strict=True)]
        )


def rows_claimed(path: Path) -> int:
    """About how many rows there are, as the sheet says."""
    with _first_sheet(path) as sheet:
        return min(max(0, (sheet.max_row or 0) - 1), MOST_ROWS)


def _rows(path: Path) -> Iterator[Row]:
    with _first_sheet(path) as sheet:
        sheet.reset_dimensions()  # it may claim a million columns
        rows = sheet.iter_rows(values_only=True)
        for number in count(1):
            try:
                row = next(rows, None)
            except Exception as error:
                raise _damaged(error) from error
            if row is None:
                return
            if number > MOST_ROWS:
                raise ValueError(f"it has more than {MOST_ROWS:,} rows")
            yield row


@contextmanager
def _first_sheet(path: Path) -> Iterator[Any]:
    with path.open("rb") as file, ExitStack() as opened:
        try:
            with ZipFile(file) as archive:
                _refuse_sizes({part.filename: part.file_size for part in archive.infolist()})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and rules for what may be typed in
                book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            opened.callback(book.close)
            sheet = book.worksheets[0] if book.worksheets else None
        except TooLarge:
            raise
        except Exception as error:
            raise _damaged(error) from error
        if sheet is None:
            raise ValueError("it has no sheet of cells")
        yield sheet


def _refuse_sizes(parts: dict[str, int]) -> None:
    """Python reads no more of a part than its directory says, so that can be trusted."""
    if sum(parts.values()) > UNPACKED:
        raise TooLarge(f"it unpacks to more than {UNPACKED >> 20:,} MiB")
    if any(size > TEXTS for name, size in parts.items() if "sharedstrings" in name.lower()):
        raise TooLarge(f"it has more than {TEXTS >> 20} MiB of texts")


def _damaged(error: Exception) -> ValueError:
    """Whatever a damaged or forged part made the library stumble over."""
    return ValueError(f"it is no whole workbook ({type(error).__name__}: {str(error)[:100]})")


def _names(header: Row) -> list[str]:
    last = max((i for i, cell in enumerate(header, start=1) if cell is not None), default=0)
    if last == 0:
        raise ValueError("the first row of its first sheet is empty; put the header there")
    if last > MOST_COLUMNS:
        raise ValueError(f"it has {last:,} columns; the most is {MOST_COLUMNS:,}")
    names = [
        f"column_{i}" if cell is None else str(canonical_text(cell))
        for i, cell in enumerate(header[:last], start=1)
    ]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise ValueError(f"two columns are called {twice[:80]!a}")
    return names


def _fitting(rows: Iterator[Row], width: int) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        if len(row) > width and any(cell is not None for cell in row[width:]):
            raise ValueError(f"row {number} has {len(row):,} fields, but the header has {width}")
        yield row[:width]


def _refuse_texts(columns: list[list[Any]]) -> None:
    size = sum(len(cell) for cells in columns for cell in cells if isinstance(cell, str))
    if size > TEXTS:
        raise ValueError(
            f"{len(columns[0]):,} of its rows hold more than {TEXTS >> 20} MiB of text"
        )


def _column(cells: list[Any]) -> pl.Series:
    kinds = {*map(type, cells)} - {NoneType}
    if kinds in ({datetime}, {float}):
        return pl.Series(cells, dtype=pl.Datetime("us") if datetime in kinds else pl.Float64)
    # Whole numbers are ids more often than measures; as text they are either.
    return pl.Series([canonical_text(cell) for cell in cells], dtype=pl.String)
