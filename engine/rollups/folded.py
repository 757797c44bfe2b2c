"""What the rolled-up cells of a window say of a dimension, with a place for each of its keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from engine.rollups.arrays import Ints, Masks, Places, added, ints, millionths, places, size_of


@dataclass(frozen=True)
class Folded:
    """codes: the key of each place, ascending. kinds, homes, events: of each type and key that
    occur together, by type. met, masks, sessions: so many that lie in one cell alone did the same,
    at a place.
    """

    codes: Places
    kinds: Places
    homes: Places
    events: Ints
    met: Places
    masks: Masks
    sessions: Ints

    @classmethod
    def of(cls, counts: pl.DataFrame, sessions: pl.DataFrame) -> Self:
        """counts: type, key, events. sessions: key, mask, sessions."""
        counts = counts.sort("type", "key")
        keys = places(counts["key"])
        codes = np.unique(keys)
        return cls(
            codes,
            places(counts["type"]),
            np.searchsorted(codes, keys),
            ints(counts["events"]),
            np.searchsorted(codes, places(sessions["key"])),
            sessions["mask"].to_numpy(),
            ints(sessions["sessions"]),
        )

    def events_of(self, types: Sequence[int] | None) -> Ints:
        """By place, the events of these types."""
        return self._all_events if types is None else self._sum(self.events, types)

    def sessions_of(self, mask: int | None) -> Ints:
        """By place, the sessions that did one of the types in a mask."""
        if mask is None:
            return self._all_sessions
        did = np.flatnonzero(self.masks & np.uint64(mask))
        return added(self.met[did], self.sessions[did], self.codes.size)

    def sums_of(self, sums: "Sums", types: Sequence[int] | None) -> tuple[Ints, Ints]:
        """By place, the sum and how many numbers there are, of these types."""
        if types is None:
            return sums.all_totals, sums.all_numbers
        return self._sum(sums.totals, types), self._sum(sums.numbers, types)

    def _sum(self, of_rows: Ints, types: Sequence[int] | None) -> Ints:
        found = np.zeros(self.codes.size, of_rows.dtype)
        for rows in self._rows(types):
            np.add.at(found, self.homes[rows], of_rows[rows])
        return found

    def _rows(self, types: Sequence[int] | None) -> Iterator[slice]:
        if types is None:
            yield slice(None)
        else:
            for kind in types:
                first, after = np.searchsorted(self.kinds, (kind, kind + 1))
                yield slice(first, after)

    @cached_property
    def _all_events(self) -> Ints:
        return self._sum(self.events, None)

    @cached_property
    def _all_sessions(self) -> Ints:
        return added(self.met, self.sessions, self.codes.size)

    def estimated_size(self) -> int:
        of_keys = 3 * size_of(self.codes)
        of_rows = size_of(self.kinds, self.homes, self.events)
        return of_keys + of_rows + size_of(self.met, self.masks, self.sessions)


@dataclass(frozen=True)
class Sums:
    """Of a measure, the sum of the numbers and how many there are in each row of a Folded, and of
    all types by place.
    """

    totals: Ints
    numbers: Ints
    all_totals: Ints
    all_numbers: Ints

    @classmethod
    def of(cls, held: pl.DataFrame, folded: Folded) -> Self:
        """held: type, key, total, numbers; of the same rows."""
        held = held.sort("type", "key")
        homes, size = folded.homes, folded.codes.size
        totals, numbers = millionths(held["total"], homes, size), ints(held["numbers"])
        return cls(totals, numbers, added(homes, totals, size), added(homes, numbers, size))

    def estimated_size(self) -> int:
        return size_of(self.totals, self.numbers, self.all_totals, self.all_numbers)
