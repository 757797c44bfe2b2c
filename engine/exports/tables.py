"""Answers as tables: CSV (RFC 4180), XLSX and Parquet, with the columns key, value, secondary.

When the limit has cut rows, a fourth column `note` says so beside the first row. A line above or
below the table would be taken for data.
"""

import csv
import io
import json
import re
from typing import Any, Final

import polars as pl
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from engine.request import AggregateRequest
from engine.result import Result, iso

COLUMNS: Final = ("key", "value", "secondary")
NOTE: Final = "note"
FORMULA: Final = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
"""How a text begins that a spreadsheet may compute."""
PLAIN_NUMBER: Final = re.compile(r"-[0-9]+(\.[0-9]+)?")
NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST_CELL: Final = 32_767


def csv_file(request: AggregateRequest, result: Result) -> bytes:
    """UTF-8, lines end in CR LF. A key that a spreadsheet may compute has a ' before it."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(_header(result))
    for row in _rows(request, result):
        lines.writerow([harmless(row[0]), *row[1:]])
    return text.getvalue().encode("utf-8", "replace")


def xlsx_file(request: AggregateRequest, result: Result) -> bytes:
    """A sheet `rows`, its keys texts whatever they hold, and a sheet `about` with the request."""
    book = Workbook(write_only=True)
    rows = book.create_sheet("rows")
    rows.column_dimensions["A"].width = 32
    rows.freeze_panes = "A2"
    rows.append(_header(result))
    for key, *others in _rows(request, result):
        rows.append([_text_cell(rows, key), *others])
    about = book.create_sheet("about")
    about.column_dimensions["A"].width = 20
    for name, value in _about(request, result).items():
        shown = value if isinstance(value, int) else str(value)
        about.append([name, shown])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def parquet_file(request: AggregateRequest, result: Result) -> bytes:
    """Values are Int64 for counts, else Float64. The file's metadata `vitrine` is JSON that says
    what was asked and whether rows were cut; there is no column for it.
    """
    numbers = pl.Float64 if request.is_numeric else pl.Int64
    schema = {"key": pl.String, "value": numbers, "secondary": pl.Int64}
    file = io.BytesIO()
    rows = [tuple(row) for row in result.rows]
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(
        file, metadata={"vitrine": json.dumps(_about(request, result))}
    )
    return file.getvalue()


def harmless(key: str) -> str:
    """A key that a spreadsheet does not take for a formula; a negative number is none."""
    return f"'{key}" if FORMULA.match(key) and not PLAIN_NUMBER.fullmatch(key) else key


def _header(result: Result) -> list[str]:
    return [*COLUMNS, NOTE] if result.truncated else [*COLUMNS]


def _rows(request: AggregateRequest, result: Result) -> list[tuple[Any, ...]]:
    if not result.truncated:
        return [tuple(row) for row in result.rows]
    which = "latest" if request.is_time else "largest"
    note = (
        f"the {which} {len(result.rows):,} of {result.total_groups:,} rows"
        f" (limit {request.limit:,})"
    )
    return [(*row, "" if i else note) for i, row in enumerate(result.rows)]


def _about(request: AggregateRequest, result: Result) -> dict[str, Any]:
    types = request.event_types
    return request.to_dict() | {
        "event_types": "all" if types is None else ", ".join(types),
        "value_field": request.value_field or "",
        "window_start": iso(result.window_start),
        "window_end": iso(result.window_end),
        "rows": len(result.rows),
        "total_rows": result.total_groups,
        "truncated": "yes" if result.truncated else "no",
        "data_version": result.data_version,
    }


def _text_cell(sheet: Any, key: str) -> Any:
    cell = WriteOnlyCell(sheet, NOT_IN_XML.sub("\ufffd", key)[:LONGEST_CELL])
    cell.data_type = "s"
    return cell
