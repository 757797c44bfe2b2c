"""Where each session was seen: the days of every session of all rolled-up days.

A session that was deleted may stay: it is then looked for where it no longer is, and not found.
"""

from collections.abc import Sequence
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


def of_several_days(seen: pl.DataFrame) -> pl.Series:
    """The sessions of more than one day, of pairs sorted by session; sorted."""
    sessions = seen["session"]
    repeated = sessions.filter(sessions == sessions.shift(-1))
    return repeated.filter(repeated.ne_missing(repeated.shift(1)))


def of_several_months(seen: pl.DataFrame) -> pl.Series:
    """The sessions of more than one calendar month, sorted."""
    several = seen.group_by("session").agg(months=MONTH.n_unique())
    return several.filter(pl.col("months") > 1)["session"].sort()


@dataclass(frozen=True)
class Registry:
    """first: SEEN, each pair once. later: what was seen after it, SEEN, and beside each new pair
    all others of its session. Both are sorted by session.

    Of a large brand `first` has millions: to merge a day with them takes longer than to look for
    its sessions in both.
    """

    first: pl.DataFrame
    later: pl.DataFrame

    @classmethod
    def of(cls, parts: Sequence[pl.DataFrame]) -> "Registry":
        """parts: one for `first`, and those of `later`."""
        return cls(parts[0], pl.concat([SEEN.to_frame(), *parts[1:]]).sort("session"))

    def with_part(self, part: pl.DataFrame) -> "Registry":
        """This and more pairs; those known already are in `part` when a new one of their session
        is.
        """
        if self.first.is_empty():
            return Registry(part, SEEN.to_frame())
        return Registry(self.first, pl.concat([self.later, part]).sort("session"))

    def as_one(self) -> pl.DataFrame:
        """SEEN, each pair once, sorted by session."""
        known = _days_of(self.first, self.later["session"].unique().sort())
        more = self.later.unique().join(known, on=SEEN.names(), how="anti").sort("session")
        return self.first.merge_sorted(more, key="session")

    def days_of(self, sessions: pl.Series) -> pl.DataFrame:
        """SEEN of those of `sessions` that were seen, each pair once, sorted by session."""
        asked = sessions.unique().sort()
        found = _days_of(self.first, asked)
        if self.later.is_empty():
            return found
        return pl.concat([found, _days_of(self.later, asked)]).unique().sort("session")

    @cached_property
    def spanning(self) -> pl.Series:
        """The sessions of more than one day, sorted."""
        # A session that is in `later` twice has several days, whatever `first` has.
        return pl.concat(of_several_days(part) for part in (self.first, self.later)).unique().sort()

    @cached_property
    def spanning_months(self) -> pl.Series:
        """The sessions of more than one calendar month, sorted."""
        return of_several_months(self.days_of(self.spanning))


def _days_of(seen: pl.DataFrame, asked: pl.Series) -> pl.DataFrame:
    """Those rows of `seen`; both are sorted by session."""
    hashes = seen["session"]
    first = hashes.search_sorted(asked, side="left")
    found = pl.DataFrame({"session": asked, "first": first}).with_columns(
        length=hashes.search_sorted(asked, side="right") - first
    )
    rows = (
        found.filter(pl.col("length") > 0)
        .select(pl.int_ranges("first", pl.col("first") + pl.col("length")).alias("row"))
        .explode("row")["row"]
    )
    return seen[rows]
