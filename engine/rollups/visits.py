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
    by_type = (
        coded.lazy()
        .filter(pl.col("session").is_not_null())
        .group_by("day", "session", "type")
        .agg(events=pl.len().cast(pl.UInt32), **sums, **held)
        .with_columns(spans=pl.col("session").is_in(spanning.implode()))
        .collect(engine="streaming")
    )
    ranked = ids.sort("session_id").with_row_index("place")
    named = by_type.join(ranked, on=["day", "session"], how="left")
    going_on = named.filter("spans").select("day", *VISITS.names())
    return Visits(_top(named.filter(~pl.col("spans")), ["day"]), going_on)


def fold(top: pl.DataFrame, visits: pl.DataFrame, spanning: pl.Series) -> Visits:
    """The tables of a month from those of its days, which have no `day` then.

    spanning: the sessions that other months have too.
    """
    top, visits = top.select(TOP.names()), visits.select(VISITS.names())
    by_type = visits.group_by("session", "session_id", "type").agg(pl.col(ADDED).sum())
    spans = pl.col("session").is_in(spanning.implode())
    places = pl.concat([top["session_id"], by_type["session_id"]]).unique().sort().to_frame()
    places = places.with_row_index("place")
    settled = _top(by_type.filter(~spans).join(places, on="session_id"), [])
    # The first of the days' lists and of those whose days are all in this month.
    both = pl.concat([top, settled]).join(places, on="session_id")
    parts = [_first(part, ["rank", "type"], str(rank)) for (rank,), part in both.group_by("rank")]
    return Visits(
        pl.concat([TOP.to_frame(), *(part.select(TOP.names()) for part in parts)]),
        by_type.filter(spans).select(VISITS.names()),
    )


def _top(by_type: pl.DataFrame, cell: list[str]) -> pl.DataFrame:
    """The lists of `top` from sums by session and type, with the `place` of the session's id."""
    who = [*cell, "session", "session_id", "place"]
    together = by_type.group_by(who).agg(pl.col(ADDED).sum())
    rows = pl.concat(
        [by_type.select(*who, "type", *ADDED), together.select(*who, _all_types(), *ADDED)]
    )
    parts = [
        _first(part, [*cell, "type"], rank).select(
            *cell, pl.lit(rank).alias("rank"), *TOP.names()[1:]
        )
        for rank, part in _ranked(rows)
    ]
    return pl.concat(parts)


def _all_types() -> pl.Expr:
    return pl.lit(ALL_TYPES, pl.Int32).alias("type")


def _ranked(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """For each way to rank its rows, with `total` and `numbers`."""
    plain = rows.with_columns(total=pl.lit(None, TOTAL), numbers=pl.col("events"))
    for way in ("events", "first"):
        yield rank_of(way, None), plain
    for measure in MEASURES:
        found = rows.filter(pl.col(numbers(measure)) > 0).with_columns(
            total=pl.col(total(measure)), numbers=pl.col(numbers(measure))
        )
        for way in ("sum", "avg"):
            yield rank_of(way, measure), found


def _first(rows: pl.DataFrame, by: list[str], rank: str) -> pl.DataFrame:
    """The first LISTED of each group."""
    value = VALUES[rank.rpartition(".")[2]].alias("value")
    ordered = rows.with_columns(value).sort("value", "place", descending=[True, False])
    return ordered.group_by(by, maintain_order=True).head(LISTED)
