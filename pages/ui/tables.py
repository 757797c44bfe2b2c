"""Tables of names and counts, all drawn alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from pages.ui import text


@dataclass(frozen=True)
class Column:
    label: str
    values: pl.Series
    look: Any


def names(label: str, values: Iterable[str], width: int = 80, *, large: bool = False) -> Column:
    """Texts of other people, each made one harmless line of at most `width` characters."""
    shown = pl.Series([text.plain(value, width) for value in values], dtype=pl.String)
    look = st.column_config.TextColumn(label, width="large" if large else None)
    return Column(label, shown, look)


def counts(label: str, values: Iterable[int]) -> Column:
    shown = pl.Series(list(values), dtype=pl.Int64)
    return Column(label, shown, st.column_config.NumberColumn(label, format="localized"))


def numbers(label: str, values: Iterable[float]) -> Column:
    shown = pl.Series(list(values), dtype=pl.Float64)
    return Column(label, shown, st.column_config.NumberColumn(label, format="%.1f"))


def shares(label: str, values: Iterable[float]) -> Column:
    """From 0 to 1, as bars."""
    shown = pl.Series(list(values), dtype=pl.Float64)
    return Column(label, shown, st.column_config.ProgressColumn(label, format="percent"))


def table(key: str, *columns: Column) -> None:
    st.dataframe(
        pl.DataFrame({column.label: column.values for column in columns}),
        hide_index=True,
        key=key,
        column_config={column.label: column.look for column in columns},
    )
