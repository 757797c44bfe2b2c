"""An answer as a file to keep: which formats there are, and what a file is called."""

from collections.abc import Callable
from typing import Final, NamedTuple

from engine.exports.tables import csv_file, parquet_file, xlsx_file
from engine.request import AggregateRequest
from engine.result import Result

Draw = Callable[[AggregateRequest, Result], bytes]
"""Makes a file of an answer."""


class Format(NamedTuple):
    """media_type as in Content-Type; draw is None where a picture is made by those who can."""

    media_type: str
    draw: Draw | None


FORMATS: Final = {
    "csv": Format("text/csv; charset=utf-8", csv_file),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file),
    "parquet": Format("application/vnd.apache.parquet", parquet_file),
    "png": Format("image/png", None),
}


def file_name(request: AggregateRequest, result: Result, form: str) -> str:
    """`sum-of-amount_by-country_30-days_20261123T053156Z.csv`; a-z, 0-9 and . _ - only."""
    of = f"-of-{request.value_field}" if request.is_numeric else ""
    by = "" if request.group_by == "none" else f"_by-{request.metadata_key or request.group_by}"
    end = result.generated_at.strftime("%Y%m%dT%H%M%SZ")
    return f"{request.aggregation}{of}{by}_{request.time_window_days}-days_{end}.{form}"
