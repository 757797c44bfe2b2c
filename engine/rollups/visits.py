"""Tables of a cell for requests by session: who comes first, and who goes on elsewhere.

There are as many rows by session as sessions, but an answer holds the first few. A session that
lies in one cell has its final values there, so the first of a window are among the first of its
cells. Both tables have a row for each type of event of a session.

first (ranks, session, session_id, type, events and the measures of COUNTS): sessions that lie in
the cell alone; in a month, as far as they may be among its first LISTED for some choice of types.
`ranks` has a bit for each of RANKS in which they may, and higher up one for each in which they are
when all types are asked for.
visits (session, session_id, type, events and the measures of COUNTS): all that go on elsewhere.
"""

from itertools import groupby, pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.contract import MEASURES
from engine.rollups.arrays import TOTAL
from engine.rollups.cells import COUNTS, numbers, total
from engine.rollups.contenders import EXACT, OfType, contenders

LISTED: Final = 1_100
"""So many rows `first` is good for, whatever types are asked for: those of the largest answer, and
some that turn out to go on elsewhere."""
ADDED: Final = COUNTS.names()[3:]

VISITS: Final = pl.Schema(
    {
        "session": pl.UInt64(),
        "session_id": pl.String(),
        "type": pl.Int32(),
        **{name: COUNTS[name] for name in ADDED},
    }
)
FIRST: Final = pl.Schema({"ranks": pl.UInt32(), **VISITS})
SCHEMAS: Final = {"first": FIRST, "visits": VISITS}

RANKS: Final = ("events", "id", *(f"{m}.{way}" for m in MEASURES for way in ("sum", "avg")))
"""What sessions are ranked by, the largest first, then by their id."""
VALUES: Final = {
    "events": pl.col("numbers"),
    "id": pl.col("numbers") * 0,
    "sum": pl.col("total"),
    "avg": pl.col("total").cast(pl.Float64) / pl.col("numbers"),
}


class Visits(NamedTuple):
    """The tables named at the top of the file; those of several days have a column `day` too."""

    first: pl.DataFrame
    visits: pl.DataFrame


def is_ranked(rank: str, *, all_types: bool) -> pl.Expr:
    bit = RANKS.index(rank) + all_types * len(RANKS)
    return pl.col("ranks") & pl.lit(1 << bit, pl.UInt32) != 0


def added_of(rank: str) -> tuple[pl.Expr, pl.Expr]:
    """total, numbers: what is added up of a session for a rank; without a measure its events."""
    measure = measure_of(rank)
    if measure is None:
        return pl.lit(None, TOTAL).alias("total"), pl.col("events").alias("numbers")
    return pl.col(total(measure)).alias("total"), pl.col(numbers(measure)).alias("numbers")


def measure_of(rank: str) -> str | None:
    """The measure in amount.sum; None of id and of count."""
    return rank.rpartition(".")[0] or None


def value_of(rank: str) -> pl.Expr:
    """What sessions are ranked by, from `total` and `numbers`; in double precision, as it is
    answered.
    """
    return VALUES[rank.rpartition(".")[2]].cast(pl.Float64).alias("value")


def tables(coded: pl.DataFrame, ids: pl.DataFrame, spanning: pl.Series) -> Visits:
    """The tables of each day in a frame of CODED. ids: day, session, session_id."""
    sums = {total(m): pl.col(m).cast(TOTAL).sum() for m in MEASURES}
    held = {numbers(m): pl.col(m).count().cast(pl.UInt32) for m in MEASURES}
    by_type = (
        coded.lazy()
        .filter(pl.col("session").is_not_null())
        .group_by("day", "session", "type")
        .agg(events=pl.len().cast(pl.UInt32), **sums, **held)
        .join(ids.lazy(), on=["day", "session"])
        .with_columns(spans=pl.col("session").is_in(spanning.implode()))
        .collect(engine="streaming")
    )
    every = pl.lit((1 << 2 * len(RANKS)) - 1, pl.UInt32)
    first = by_type.filter(~pl.col("spans")).with_columns(ranks=every)
    going_on = by_type.filter("spans")
    return Visits(first.select("day", *FIRST.names()), going_on.select("day", *VISITS.names()))


def fold(first: pl.LazyFrame, visits: pl.LazyFrame, spanning: pl.Series) -> Visits:
    """The tables of a month from those of its days, which have no `day` then.

    spanning: the sessions that other months have too.
    """
    by_type = visits.group_by("session", "session_id", "type").agg(pl.col(ADDED).sum())
    spans = pl.col("session").is_in(spanning.implode())
    # Those of one day, and those whose days are all in this month.
    local = pl.concat([first.select(VISITS.names()), by_type.filter(~spans)])
    going_on = by_type.filter(spans).select(VISITS.names())
    return Visits(first_of(local), going_on.collect())


def first_of(by_type: pl.LazyFrame) -> pl.DataFrame:
    """FIRST from rows of VISITS, which hold whole sessions.

    There are millions in a month: they are in memory once, and without their ids.
    """
    names = by_type.select("session", "session_id").unique("session").sort("session_id").collect()
    named = names.with_columns(place=pl.int_range(pl.len(), dtype=pl.UInt32))
    places = named.lazy().select("session", "place")
    rows = by_type.drop("session_id").join(places, on="session").collect(engine="streaming")
    ranked = named.select("place", "session_id", ranks=_ranks(rows, named.height))
    listed = rows.lazy().join(ranked.lazy().filter(pl.col("ranks") != 0), on="place")
    return listed.select(FIRST.names()).collect(engine="streaming")


def _ranks(rows: pl.DataFrame, sessions: int) -> npt.NDArray[np.uint32]:
    """By place, the column `ranks` of each of so many sessions; a few columns are in order at a
    time.
    """
    ranks = np.zeros(sessions, np.uint32)
    for _, group in groupby(RANKS, measure_of):
        of_measure = list(group)
        held = rows.lazy().select("type", "place", *added_of(of_measure[0]))
        added = held.filter(pl.col("numbers") > 0).sort("type", "place").collect()
        together = added.group_by("place").agg(pl.sum("total", "numbers"))
        place, kind = added["place"].to_numpy(), added["type"].to_numpy()
        ends = [*(np.flatnonzero(np.diff(kind)) + 1), added.height]
        types = [slice(start, end) for start, end in pairwise([0, *ends])]
        for rank in of_measure:
            valued = added.with_columns(**_valued(rank))
            value = valued["value"].to_numpy()
            rounded = np.zeros(sessions, np.bool_)
            rounded[place[valued["rounded"].to_numpy()]] = True
            of_types = [OfType(place[one], value[one]) for one in types]
            may = contenders(of_types, rounded, LISTED, means=rank.endswith("avg"))
            bit = 1 << RANKS.index(rank)
            ranks[may] |= bit
            ranks[_first_of_all_types(together, rank)] |= bit << len(RANKS)
    return ranks


def _first_of_all_types(together: pl.DataFrame, rank: str) -> npt.NDArray[np.uint32]:
    """Places of the first LISTED among sessions with all their events."""
    valued = together.select("place", value_of(rank))
    return valued.top_k(LISTED, by=["value", "place"], reverse=[False, True])["place"].to_numpy()


def _valued(rank: str) -> dict[str, pl.Expr]:
    """value; rounded: whether sums of it, or means, may be inexact."""
    added, count = pl.col("total").cast(pl.Float64), pl.col("numbers")
    if rank == "id":
        value, whole = pl.lit(0.0), pl.lit(True)
    elif rank == "events":
        value, whole = count.cast(pl.Float64), pl.lit(True)
    elif rank.endswith("sum"):
        value = (added * 1e6).round()
        whole = value.abs() < EXACT
    else:
        value = added / count
        whole = (added == added.round()) & (added.abs() < EXACT)
    return {"value": value, "rounded": ~whole}
