"""Where each session was seen: the days of every session of all rolled-up days.

A session that was deleted may stay: it is then looked for where it no longer is, and not found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

SEEN = pl.Schema({"session": pl.UInt64(), "day": pl.Int32()})
OF_ONE_MONTH = pl.Schema({**SEEN, "alone": pl.Boolean()})
"""alone: the session was seen on this one day."""
MONTH = pl.col("day").cast(pl.Date).dt.truncate("1mo")


def of_one_month(seen: pl.DataFrame) -> pl.DataFrame:
    """OF_ONE_MONTH: what was `seen`, SEEN, of sessions of one month; `seen` has all their days."""
    alone = pl.len().over("session") == 1
    return seen.with_columns(alone=alone).filter(MONTH.n_unique().over("session") == 1)


@dataclass(frozen=True)
class Registry:
    """seen: session (a hash) and day (since 1970), each pair once, sorted by session."""

    seen: pl.DataFrame

    @classmethod
    def empty(cls) -> "Registry":
        return cls(SEEN.to_frame())

    def with_days(self, seen: Iterable[pl.DataFrame]) -> "Registry":
        """This and more pairs, each of which is once in `seen`."""
        more = pl.concat([SEEN.to_frame(), *(part.select(SEEN.names()) for part in seen)])
        known = self.days_of(more["session"])
        new = more.join(known, on=SEEN.names(), how="anti").sort("session")
        # What is known is large, and a day is small: sorting it all again would take seconds.
        return Registry(self.seen.merge_sorted(new, key="session"))

    def days_of(self, sessions: pl.Series) -> pl.DataFrame:
        """session, day of those of `sessions` that were seen."""
        hashes = self.seen["session"]
        asked = sessions.unique().sort()
        first = hashes.search_sorted(asked, side="left")
        found = pl.DataFrame({"session": asked, "first": first}).with_columns(
            length=hashes.search_sorted(asked, side="right") - first
        )
        rows = (
            found.filter(pl.col("length") > 0)
            .select(pl.int_ranges("first", pl.col("first") + pl.col("length")).alias("row"))
            .explode("row")["row"]
        )
        return self.seen[rows]

    @cached_property
    def spanning(self) -> pl.Series:
        """The sessions of more than one day, sorted."""
        sessions = self.seen["session"]
        repeated = sessions.filter(sessions == sessions.shift(-1))
        return repeated.filter(repeated.ne_missing(repeated.shift(1)))

    @cached_property
    def spanning_months(self) -> pl.Series:
        """The sessions of more than one calendar month, sorted."""
        several = self.days_of(self.spanning).group_by("session").agg(months=MONTH.n_unique())
        return several.filter(pl.col("months") > 1)["session"].sort()
