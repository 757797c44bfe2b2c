"""Many small raw frames become few."""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from engine.ahead import ahead
from engine.ingest.metadata import text_of

Types = dict[str, pl.DataType]

SIZE: Final = 128 << 20
"""Bytes that are joined, so that few rows are where these are large."""


def joined(frames: Iterator[pl.DataFrame], batch: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of up to `batch` of them and SIZE; a larger one stays as it is.

    A column that a frame lacks is null in it, and one of nothing but nulls is of any type. Doubles
    become texts where others are texts; what else differs in type stays apart.
    """
    for held, types in ahead(_fitting(frames, batch)):
        yield _together(held, types)


def _fitting(
    frames: Iterator[pl.DataFrame], batch: int
) -> Iterator[tuple[list[pl.DataFrame], Types]]:
    held: list[pl.DataFrame] = []
    types: Types = {}
    rows = size = 0
    for frame in frames:
        of_frame = int(frame.estimated_size())
        own = {c.name: c.dtype for c in frame if c.null_count() < len(c)}
        both = _both(types, own)
        if held and (both is None or rows + frame.height > batch or size + of_frame > SIZE):
            yield held, types
            held, rows, size, both = [], 0, 0, own
        held.append(frame)
        types = own if both is None else both
        rows += frame.height
        size += of_frame
    if held:
        yield held, types


def _both(types: Types, more: Types) -> Types | None:
    differing = {name for name in types.keys() & more.keys() if types[name] != more[name]}
    if any({types[name], more[name]} != {pl.Float64(), pl.String()} for name in differing):
        return None
    return types | more | dict.fromkeys(differing, pl.String())


def _together(frames: list[pl.DataFrame], types: Types) -> pl.DataFrame:
    names = dict.fromkeys(name for frame in frames for name in frame.columns)
    schema = {name: types.get(name, pl.String()) for name in names}
    return pl.concat([_as(frame, schema) for frame in frames], rechunk=False)


def _as(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    columns = []
    for name, dtype in schema.items():
        column = frame.get_column(name, default=None)
        if column is None or column.null_count() == len(column):
            column = pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height)
        columns.append(column if column.dtype == dtype else text_of(column))
    return pl.DataFrame(columns)
