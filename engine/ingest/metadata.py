"""Metadata of raw rows becomes a map of canonical texts."""

import re
from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from engine.contract import KEY
from engine.errors import InvalidRequest
from engine.ingest.canonical import canonical_text
from engine.request import loads

MAP: Final = pl.Map(pl.String, pl.String)
ENTRIES: Final = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))


def read_metadata(column: pl.Series, extra: Iterable[pl.Series]) -> tuple[pl.Series, pl.Series]:
    """The maps, and which rows held something that is no JSON object.

    `extra` are columns of the file that no event field is named after: they become keys, unless
    the metadata itself has a key of that name. Nulls are left out.
    """
    entries, bad = _entries(column)
    lists = [_extra_entries(series) for series in extra]
    frame = pl.DataFrame([entries.alias("own"), *lists])
    combined = pl.concat_list([*(series.name for series in lists), "own"])
    present = combined.list.filter(pl.element().struct.field("value").is_not_null())
    return frame.select(metadata=present.cast(MAP)).to_series(), bad


def _entries(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    good = pl.repeat(False, len(column), dtype=pl.Boolean, eager=True)
    empty = pl.repeat([], len(column), dtype=ENTRIES, eager=True)
    if column.dtype == pl.Null:
        return empty, good
    if isinstance(column.dtype, pl.Map):
        pairs = column.to_frame("m").select(pl.col("m").map.entries()).to_series()
        return pairs.cast(ENTRIES).zip_with(pairs.is_not_null(), empty), good
    if isinstance(column.dtype, pl.List):
        return column.cast(ENTRIES).zip_with(column.is_not_null(), empty), good
    if isinstance(column.dtype, pl.Struct):
        column = column.struct.json_encode()
    texts = column.cast(pl.String).fill_null("")
    different = texts.unique()
    read = [_read(text) for text in different]
    table = pl.DataFrame({"text": different, "pairs": pl.Series(read, dtype=ENTRIES)})
    found = texts.to_frame("text").join(table, on="text", how="left", maintain_order="left")
    pairs = found["pairs"]
    return pairs.zip_with(pairs.is_not_null(), empty), pairs.is_null()


def _read(text: str) -> list[dict[str, Any]] | None:
    """Each text is read once: events of one kind tend to share theirs."""
    if not text.strip():
        return []
    try:
        value = loads(text.encode())
    except InvalidRequest:
        return None
    if value is None:
        return []
    if not isinstance(value, dict):
        return None
    return [{"key": canonical_text(k), "value": canonical_text(v)} for k, v in value.items()]


def _extra_entries(series: pl.Series) -> pl.Series:
    key = re.sub(r"[^a-z0-9_]+", "_", series.name.strip().lower())
    key = key if re.fullmatch(KEY, key) else f"_{key}"[:63]
    if series.dtype.is_nested():
        texts = pl.Series([canonical_text(value) for value in series.to_list()], dtype=pl.String)
    else:
        texts = text_of(series)
    pair = pl.struct(key=pl.lit(key), value=pl.col("x"))
    return (
        texts.to_frame("x").select(pl.concat_list(pair).alias(f"extra {series.name}")).to_series()
    )


def text_of(series: pl.Series) -> pl.Series:
    """Values as canonical text; absent and empty are the same."""
    if series.dtype.is_float():
        values = [canonical_text(value) for value in series]
        return pl.Series(series.name, values, dtype=pl.String)
    return series.cast(pl.String).replace("", None)
