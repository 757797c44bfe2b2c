"""The events that no rollup answers for, and the sessions that lie in more than one place.

A pair is a key and a session that did something with it. Sessions that lie in one cell are added
up; pairs that may lie in several places are known one by one, and whoever is asked about is marked
and counted once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import numpy as np
import polars as pl

from engine.rollups.arrays import (
    Ints,
    Masks,
    Places,
    Truths,
    added,
    chosen,
    counted,
    ints,
    millionths,
    placed,
    places,
    size_of,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NO_KEY: Final = 0
"""Always has a place: without a dimension there is a row even of no events."""
MICROSECOND: Final = timedelta(microseconds=1)
BY: Final = ("key", "session")


@dataclass(frozen=True)
class Edges:
    """codes: the key of each place, those of a Folded first. at, kinds, homes, pairs: of the events
    by time, where a pair beyond all is that of an event without a session; order: where each event
    stands in the days that were read. of_pairs: the place of each pair. listed: what it did where
    sessions are listed one by one. resumed: what it did in a cell that counts it too.
    """

    codes: Places
    order: Places
    at: Ints
    kinds: Places
    homes: Places
    pairs: Places
    of_pairs: Places
    listed: Masks
    resumed: Masks

    @classmethod
    def of(
        cls, events: pl.DataFrame, going_on: pl.DataFrame, resumed: pl.DataFrame, codes: Places
    ) -> Self:
        """events: at, type, key, session. going_on, resumed: key, session, mask; each pair once."""
        order = np.argsort(events["at"].to_numpy(), kind="stable")
        events = events[order]
        nothing = pl.lit(0, pl.UInt64)
        seen = events.select(*BY).drop_nulls("session").unique()
        parts = [
            going_on.select(*BY, listed="mask", resumed=nothing),
            resumed.select(*BY, listed="mask", resumed="mask"),
            seen.select(*BY, listed=nothing, resumed=nothing),
        ]
        pairs = (
            pl.concat(parts)
            .group_by(*BY)
            .agg(pl.col("listed").bitwise_or(), pl.col("resumed").bitwise_or())
            .with_row_index("pair")
        )
        found = events.select(*BY).join(pairs, on=BY, how="left", maintain_order="left")
        keys, of_pairs = places(events["key"]), places(pairs["key"])
        more = np.setdiff1d(np.concatenate([[NO_KEY], keys, of_pairs]), codes)
        known = np.concatenate([codes, more])
        return cls(
            known,
            order,
            ints(events["at"]),
            places(events["type"]),
            placed(keys, known),
            places(found["pair"].fill_null(pairs.height)),
            placed(of_pairs, known),
            pairs["listed"].to_numpy(),
            pairs["resumed"].to_numpy(),
        )

    def rows(self, start: datetime, end: datetime, types: Sequence[int] | None) -> Places:
        """The events of a window, of these types."""
        window = [(instant - EPOCH) // MICROSECOND for instant in (start, end)]
        first, after = np.searchsorted(self.at, window)
        if types is None:
            return np.arange(first, after)
        rows: Places = np.flatnonzero(chosen(types, self.kinds[first:after])) + first
        return rows

    def events(self, rows: Places) -> Ints:
        """By place, so many of the events."""
        return counted(self.homes[rows], self.codes.size)

    def sessions(self, rows: Places, mask: int | None) -> Ints:
        """By place, the sessions of these events and of the lists, less those counted elsewhere.

        mask: of the types that are asked for.
        """
        marked = np.zeros(self.of_pairs.size + 1, np.bool_)
        marked[self.pairs[rows]] = True
        marked = marked[:-1] | _did(self.listed, mask)
        twice = _did(self.resumed, mask)
        size = self.codes.size
        return counted(self.of_pairs[marked], size) - counted(self.of_pairs[twice], size)

    def sums(self, rows: Places, read: "Read") -> tuple[Ints, Ints]:
        """By place, the sum of these events' numbers and how many have one."""
        homes, size = self.homes[rows], self.codes.size
        return added(homes, read.totals[rows], size), counted(homes[read.has[rows]], size)

    def estimated_size(self) -> int:
        of_events = size_of(self.order, self.at, self.kinds, self.homes, self.pairs)
        return size_of(self.codes, self.of_pairs, self.listed, self.resumed) + of_events


@dataclass(frozen=True)
class Read:
    """Of a measure, the number of each event of Edges, 0 where it `has` none."""

    totals: Ints
    has: Truths

    @classmethod
    def of(cls, numbers: pl.Series, edges: Edges) -> Self:
        """numbers: of the days that were read."""
        of_events = numbers.gather(edges.order)
        return cls(
            millionths(of_events, edges.homes, edges.codes.size),
            of_events.is_not_null().to_numpy(),
        )

    def estimated_size(self) -> int:
        return size_of(self.totals, self.has)


def _did(masks: Masks, mask: int | None) -> Truths:
    """Which of those who did this did one of the types in a mask."""
    found: Truths = masks != 0 if mask is None else masks & np.uint64(mask) != 0
    return found
