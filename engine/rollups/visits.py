"""Tables of a cell for requests by session: who comes first, and who goes on elsewhere.

There are as many rows by session as sessions, but an answer holds the first few. A session that
lies in one cell has its final value there, so the first of a window are among the first of its
cells: `top` lists those, for each way to rank and each type of event. Of sessions that go on in
another cell, `visits` holds all.

top (rank, type, session, session_id, total, numbers): `rank` is a name of RANKS; type 0 stands for
all types; numbers is the number of events where no measure is ranked.
visits (session, session_id, type, events and the measures of COUNTS).
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from engine.contract import MEASURES
from engine.rollups.cells import COUNTS, TOTAL, numbers, total

LISTED: Final = 250
"""How many sessions a list of `top` holds."""
ALL_TYPES: Final = 0
ADDED: Final = COUNTS.names()[3:]

TOP: Final = pl.Schema(
    {
        "rank": pl.String(),
        "type": pl.Int32(),
        "session": pl.UInt64(),
        "session_id": pl.String(),
        "total": TOTAL,
        "numbers": pl.UInt32(),
    }
)
VISITS: Final = pl.Schema(
    {
        "session": pl.UInt64(),
        "session_id": pl.String(),
        "type": pl.Int32(),
        **{name: COUNTS[name] for name in ADDED},
    }
)
SCHEMAS: Final = {"top": TOP, "visits": VISITS}

VALUES: Final = {
    "events": pl.col("numbers"),
    "first": pl.lit(0),
    "sum": pl.col("total"),
    "avg": pl.col("total").cast(pl.Float64) / pl.col("numbers"),
}
"""What sessions are ranked by, the largest first, then by their id."""


class Visits(NamedTuple):
    """The tables named at the top of the file; those of several days have a column `day` too."""

    top: pl.DataFrame
    visits: pl.DataFrame


def rank_of(way: str, measure: str | None) -> str:
    """A name of `rank`: events, first, <measure>.sum or <measure>.avg."""
    return way if measure is None else f"{measure}.{way}"


def tables(coded: pl.DataFrame, ids: pl.DataFrame, spanning: pl.Series) -> Visits:
    """The tables of each day in a frame of CODED. ids: day, session, session_id."""
    sums = {total(m): pl.col(m).cast(TOTAL).sum() for m in MEASURES}
    held = {numbers(m): pl.col(m).count().cast(pl.UInt32) for m in MEASURES}
    names = ids.sort("session_id").with_row_index("place")
    by_type = (
        coded.lazy()
        .filter(pl.col("session").is_not_null())
        .group_by("day", "session", "type")
        .agg(events=pl.len().cast(pl.UInt32), **sums, **held)
        .join(names.lazy().drop("session_id"), on=["day", "session"])
        .with_columns(spans=pl.col("session").is_in(spanning.implode()))
        .collect(engine="streaming")
    )
    top = _top(by_type.filter(~pl.col("spans")), ["day"]).join(names, on=["day", "place"])
    going_on = by_type.filter("spans").join(names, on=["day", "place"])
    return Visits(top.select("day", *TOP.names()), going_on.select("day", *VISITS.names()))


def fold(top: pl.DataFrame, visits: pl.DataFrame, spanning: pl.Series) -> Visits:
    """The tables of a month from those of its days, which have no `day` then.

    spanning: the sessions that other months have too.
    """
    by_type = visits.group_by("session", "session_id", "type").agg(pl.col(ADDED).sum())
    spans = pl.col("session").is_in(spanning.implode())
    who = pl.concat([rows.select("session", "session_id") for rows in (top, by_type)])
    names = who.unique().sort("session_id").with_row_index("place")
    places = names.drop("session_id")
    # The first of the days' lists and of those whose days are all in this month.
    settled = _top(by_type.filter(~spans).join(places, on="session"), [])
    both = pl.concat([top.join(places, on="session").select(settled.columns), settled])
    parts = [_first(part, ["rank", "type"], str(rank)) for (rank,), part in both.group_by("rank")]
    listed = pl.concat([settled.clear(), *parts]).join(names, on="place")
    return Visits(listed.select(TOP.names()), by_type.filter(spans).select(VISITS.names()))


def _top(by_type: pl.DataFrame, cell: list[str]) -> pl.DataFrame:
    """The lists of `top` from sums by type and session; of a session its `place` among the ids."""
    together = by_type.group_by(*cell, "place").agg(pl.col(ADDED).sum())
    every = pl.lit(ALL_TYPES, pl.Int32).alias("type")
    rows = pl.concat(
        [
            part.select(*cell, "place", kind, *ADDED)
            for part, kind in ((by_type, "type"), (together, every))
        ]
    )
    parts = []
    for rank, total_, count in _ranks():
        found = rows.lazy().select(
            *(*cell, "type", "place"), total=total_.cast(TOTAL), numbers=pl.col(count)
        )
        first = _first(found.filter(pl.col("numbers") > 0).collect(), [*cell, "type"], rank)
        parts.append(first.with_columns(rank=pl.lit(rank)))
    return pl.concat(parts).select(*cell, "rank", "type", "place", "total", "numbers")


def _ranks() -> Iterator[tuple[str, pl.Expr, str]]:
    """Each way to rank, and which columns are its `total` and `numbers`."""
    for way in ("events", "first"):
        yield rank_of(way, None), pl.lit(None), "events"
    for measure in MEASURES:
        for way in ("sum", "avg"):
            yield rank_of(way, measure), pl.col(total(measure)), numbers(measure)


def _first(rows: pl.DataFrame, by: list[str], rank: str) -> pl.DataFrame:
    """The first LISTED of each group."""
    value = VALUES[rank.rpartition(".")[2]].alias("value")
    ordered = rows.with_columns(value).sort("value", "place", descending=[True, False])
    return ordered.group_by(by, maintain_order=True).head(LISTED).drop("value")
