"""The lists of cells: who comes first of the sessions that lie in one cell alone."""

from collections.abc import Iterable

import polars as pl

from engine.rollups.arrays import TOTAL
from engine.rollups.visits import LISTED, value_of

ROWS = pl.Schema(
    {
        "session": pl.UInt64(),
        "session_id": pl.String(),
        "type": pl.Int32(),
        "total": TOTAL,
        "numbers": pl.Int64(),
    }
)
"""What a session has of a type: the sum and how many numbers, or events, it is of."""


def of_all_types(cells: Iterable[pl.DataFrame], rank: str) -> pl.DataFrame:
    """ROWS: the first LISTED of some cells, with one row each; cells: ROWS."""
    order = [value_of(rank), pl.col("session_id")]
    first = ROWS.to_frame()
    for rows in cells:
        added = pl.col("session_id", "type").first(), pl.col("total", "numbers").sum()
        summed = rows.group_by("session").agg(*added)
        first = pl.concat([first, summed]).top_k(LISTED, by=order, reverse=[False, True])
    return first


def by_id(cells: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """ROWS: those whose id may be among the first LISTED, whatever the types: it is among the first
    of one of them.
    """
    first = ROWS.to_frame()
    for rows in cells:
        first = pl.concat([first, rows])
        ids = first.group_by("type").agg(pl.col("session_id").bottom_k(LISTED))
        first = first.join(
            ids.select(pl.col("session_id").explode().unique()), on="session_id", how="semi"
        )
    return first
