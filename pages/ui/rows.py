"""The rows of an answer as a table: what every chart can be read from."""

import polars as pl
import streamlit as st

from engine import Result
from pages.ui import text
from pages.ui.charts.drawing import Drawing
from pages.ui.words import say


def table(drawing: Drawing, key: str, height: int | None = None) -> None:
    """All rows; the value of the previous window beside each where one is compared.

    height: in pixels; without one, it follows from the rows.
    """
    request, result = drawing.request, drawing.result
    dtype = pl.Float64 if request.is_numeric else pl.Int64
    columns = {
        "key": pl.Series([text.plain(row.key) for row in result.rows], dtype=pl.String),
        "value": pl.Series(_values(drawing, result), dtype=dtype),
        "secondary": pl.Series([row.secondary for row in result.rows], dtype=pl.Int64),
    }
    looks = {
        "key": st.column_config.TextColumn(text.plain(text.group_name(request))),
        "value": st.column_config.NumberColumn(text.value_name(request), format="localized"),
        "secondary": st.column_config.NumberColumn(
            text.secondary_name(request), format="localized"
        ),
    }
    if drawing.previous is not None and not request.is_time:
        before = [drawing.values_before.get(row.key) for row in result.rows]
        columns["before"] = pl.Series(before, dtype=dtype)
        looks["before"] = st.column_config.NumberColumn(say("Before"), format="localized")
    st.dataframe(
        pl.DataFrame(columns),
        hide_index=True,
        key=key,
        column_config=looks,
        alt=say("The rows of the chart"),
        height=height or "auto",
    )


def _values(drawing: Drawing, result: Result) -> list[float | None]:
    return [row.value if drawing.is_something(row.secondary) else None for row in result.rows]
