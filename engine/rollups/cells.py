"""Tables of a cell: what one UTC day, or a month of them, adds to an answer.

`counts` (dim, type, key) holds what can be added up: events, and of each measure the sum and how
many numbers it has. Distinct sessions cannot be added up, unless a session lies in one cell
alone. Nearly all do: `sessions` (dim, key, mask) says how many of those did what, where a mask
has a bit for each type of event, so that any choice of types is a sum over rows. The few that go
on in another cell are listed one by one in `spanning` (dim, key, session, mask), and a window
counts them each once.

Time dimensions need no list: nothing is counted over two of their buckets.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from engine.contract import MEASURES
from engine.rollups.arrays import (
    TOTAL,
    Ints,
    Places,
    added,
    counted,
    decimals,
    millionths,
    numbered,
    places,
)
from engine.rollups.coded import CODED, DAY_US, HOUR_US, bit_of

NONE: Final = "none"
SESSION: Final = "session"
"""Sessions are no keys here: 1 is an event with a session, 0 one without; see visits.py."""
BUCKETS: Final = {
    "day": (pl.col("at") // DAY_US).cast(pl.Int32),
    "hour": (pl.col("at") // HOUR_US).cast(pl.Int32),
}


class Tables(NamedTuple):
    """The tables named at the top of the file; those of several days have a column `day` too."""

    counts: pl.DataFrame
    sessions: pl.DataFrame
    spanning: pl.DataFrame


def total(measure: str) -> str:
    return f"{measure}.total"


def numbers(measure: str) -> str:
    return f"{measure}.numbers"


ADDED: Final = ("events", *(name(m) for m in MEASURES for name in (total, numbers)))
COUNTS: Final = pl.Schema(
    {
        "dim": pl.Int32(),
        "type": pl.Int32(),
        "key": pl.Int32(),
        "events": pl.UInt32(),
        **{
            name: dtype
            for m in MEASURES
            for name, dtype in ((total(m), TOTAL), (numbers(m), pl.UInt32()))
        },
    }
)

SESSIONS: Final = pl.Schema(
    {"dim": pl.Int32(), "key": pl.Int32(), "mask": pl.UInt64(), "sessions": pl.UInt32()}
)
SPANNING: Final = pl.Schema(
    {"dim": pl.Int32(), "key": pl.Int32(), "session": pl.UInt64(), "mask": pl.UInt64()}
)
SCHEMAS: Final = {"counts": COUNTS, "sessions": SESSIONS, "spanning": SPANNING}


def key_of(dimension: str) -> pl.Expr:
    """The key of a dimension from CODED."""
    if dimension == NONE:
        return pl.lit(0, pl.Int32)
    if dimension == SESSION:
        return pl.col(SESSION).is_not_null().cast(pl.Int32)
    return BUCKETS.get(dimension, pl.col(dimension))


def columns_of(dimension: str) -> tuple[str, ...]:
    """The columns of CODED, but for `at`, that its key is made of."""
    return () if dimension in (NONE, *BUCKETS) else (dimension,)


def tables(coded: pl.DataFrame, dimensions: Mapping[int, str], spanning: pl.Series) -> Tables:
    """The tables of each day in a frame of CODED.

    dimensions: names by number.

    spanning: the sessions that other days have too.
    """
    events = coded.lazy().with_columns(
        bit=bit_of(coded["type"]), spans=coded["session"].is_in(spanning.implode())
    )
    parts = [_of_sessions(events, number, name) for number, name in dimensions.items()]
    with ThreadPoolExecutor(1) as aside:
        counts = aside.submit(_counts, coded, dimensions)
        frames = pl.collect_all([f for part in parts for f in part], engine="streaming")
    sessions, spread = (pl.concat(frames[i::2]) for i in range(2))
    return Tables(
        counts.result().sort("day", "dim", "key", "type"),
        sessions.sort("day", "dim", "key", "mask"),
        spread.sort("day", "dim", "key", "session"),
    )


def _counts(coded: pl.DataFrame, dimensions: Mapping[int, str]) -> pl.DataFrame:
    """`counts` of each day. Polars takes twice as long to group by each dimension."""
    days, day = np.unique(places(coded["day"]), return_inverse=True)
    kind = places(coded["type"])
    kinds = int(kind.max(initial=0)) + 1
    home, homes = day * kinds + kind, days.size * kinds
    held: dict[str, tuple[Places, Ints]] = {}  # the events that have a measure, and their numbers
    for measure in MEASURES:
        rows = np.flatnonzero(coded[measure].is_not_null().to_numpy())
        held[measure] = rows, millionths(coded[measure][rows], home[rows], homes)
    parts = []
    for number, name in dimensions.items():
        key = places(coded.select("day", key=key_of(name))["key"])
        most = int(key.max(initial=0))
        least = int(key.min(initial=most))
        span = most - least + 1
        met, of = numbered(home * span + key - least, homes * span)
        its_home, its_key = np.divmod(met, span)
        columns = {
            "day": days[its_home // kinds],
            "dim": np.full(met.size, number),
            "type": its_home % kinds,
            "key": its_key + least,
            "events": counted(of, met.size),
        }
        for measure, (rows, sent) in held.items():
            columns[total(measure)] = decimals(added(of[rows], sent, met.size))
            columns[numbers(measure)] = counted(of[rows], met.size)
        parts.append(pl.DataFrame(columns, schema_overrides={"day": CODED["day"], **COUNTS}))
    return pl.concat(parts)


def _of_sessions(events: pl.LazyFrame, number: int, dimension: str) -> Iterator[pl.LazyFrame]:
    """`sessions` and `spanning` of each day."""
    dim = pl.lit(number, pl.Int32).alias("dim")
    did = (
        events.filter(pl.col("session").is_not_null())
        .group_by("day", key_of(dimension).alias("key"), "session")
        .agg(mask=pl.col("bit").bitwise_or(), spans=pl.col("spans").first())
    )
    bucketed = pl.lit(dimension in BUCKETS)
    local = did.filter(bucketed | ~pl.col("spans")).group_by("day", "key", "mask")
    yield local.agg(sessions=pl.len().cast(pl.UInt32)).select("day", dim, "key", "mask", "sessions")
    spread = did.filter(~bucketed & pl.col("spans"))
    yield spread.select("day", dim, "key", "session", "mask")


def fold(days: Sequence[pl.LazyFrame], spanning: pl.Series) -> Tables:
    """One cell of the tables of a month's days.

    spanning: the sessions that other months have too; the others lie in this month alone, so they
    become part of `sessions`.
    """
    of_days = dict(zip(SCHEMAS, days, strict=True))
    counts = of_days["counts"].group_by("dim", "type", "key").agg(pl.col(COUNTS.names()[3:]).sum())
    spread = (
        of_days["spanning"]
        .group_by("dim", "key", "session")
        .agg(mask=pl.col("mask").bitwise_or())
        .with_columns(spans=pl.col("session").is_in(spanning.implode()))
    )
    settled = spread.filter(~pl.col("spans")).group_by("dim", "key", "mask")
    local = pl.concat(
        [
            of_days["sessions"],
            settled.agg(sessions=pl.len().cast(pl.UInt32)),
        ]
    )
    sessions = local.group_by("dim", "key", "mask").agg(pl.col("sessions").sum())
    going_on = spread.filter("spans").drop("spans")
    done = pl.collect_all([counts, sessions, going_on], engine="streaming")
    return Tables(
        done[0].sort("dim", "key", "type"),
        done[1].sort("dim", "key", "mask"),
        done[2].sort("dim", "key", "session"),
    )
