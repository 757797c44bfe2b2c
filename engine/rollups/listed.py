"""Sessions with what each of them has, as arrays: those that may come first, and those that go on.

Both have a place for each session, in the order of their ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from engine.rollups.arrays import (
    Floats,
    Ints,
    Masks,
    Places,
    Truths,
    added,
    doubles,
    ints,
    millionths,
    places,
    size_of,
)


@dataclass(frozen=True)
class Summed:
    """By place: the sum in millionths, how many numbers or events it is of, and whether the session
    has any event.
    """

    totals: Ints
    numbers: Ints
    there: Truths

    def __add__(self, other: "Summed") -> "Summed":
        return Summed(
            self.totals + other.totals, self.numbers + other.numbers, self.there | other.there
        )

    def value(self, rank: str, of: Places) -> Floats:
        """What sessions are ranked by: see VALUES."""
        way = rank.rpartition(".")[2]
        if way == "id":
            return np.zeros(of.size)
        if way == "events":
            return self.numbers[of].astype(np.float64)
        sums = doubles(self.totals[of])
        return sums / self.numbers[of] if way == "avg" else sums


@dataclass(frozen=True)
class Listed:
    """names, hashes: their ids and hashes, by place; by_hash: the places in order of the hashes.
    kinds, homes, totals, numbers: what they have, by type, in any number of rows.
    """

    names: pl.Series
    hashes: Masks
    by_hash: Places
    kinds: Places
    homes: Places
    totals: Ints
    numbers: Ints

    @classmethod
    def of(cls, rows: pl.DataFrame, ids: pl.DataFrame) -> Self:
        """rows: session, type, total, numbers. ids: session, session_id; of all sessions."""
        rows = rows.sort("type")
        named = ids.unique("session").sort("session_id")
        hashes = named["session"].to_numpy()
        by_hash = np.argsort(hashes)
        homes = by_hash[np.searchsorted(hashes, rows["session"].to_numpy(), sorter=by_hash)]
        totals = np.zeros(0, np.int64)
        if rows["total"].null_count() < rows.height:
            totals = millionths(rows["total"], homes, hashes.size)
        return cls(
            named["session_id"],
            hashes,
            by_hash,
            places(rows["type"]),
            homes,
            totals,
            ints(rows["numbers"]),
        )

    def find(self, hashes: Masks) -> Places:
        """The place of each session, a place beyond all when it has none."""
        size = self.hashes.size
        if not size:
            return np.full(hashes.size, size)
        at = np.searchsorted(self.hashes, hashes, sorter=self.by_hash)
        found = self.by_hash[np.minimum(at, size - 1)]
        return np.where(self.hashes[found] == hashes, found, size)

    def summed(self, types: Sequence[int] | None) -> Summed:
        """What each session has of these types."""
        homes, totals, numbers = self.homes, self.totals, self.numbers
        if types is not None:
            ends = np.searchsorted(self.kinds, [(kind, kind + 1) for kind in types])
            rows = [slice(first, after) for first, after in ends]
            homes, totals, numbers = (
                np.concatenate([of[:0], *(of[one] for one in rows)])
                for of in (homes, totals, numbers)
            )
        return summed(homes, totals, numbers, self.hashes.size)

    def estimated_size(self) -> int:
        of_sessions = int(self.names.estimated_size()) + size_of(self.hashes, self.by_hash)
        return of_sessions + size_of(self.kinds, self.homes, self.totals, self.numbers)


def summed(homes: Places, totals: Ints, numbers: Ints, size: int) -> Summed:
    """totals: none at all where no measure is asked for."""
    there = np.zeros(size, np.bool_)
    there[homes] = True
    sums = added(homes, totals, size) if totals.size else np.zeros(size, np.int64)
    return Summed(sums, added(homes, numbers, size), there)


def first(values: Floats, most: int) -> Places:
    """Where the largest values are, at most so many, in order; among equals the first to come."""
    among = np.arange(values.size)
    if values.size > most:
        among = np.flatnonzero(values >= np.partition(values, -most)[-most])
    return among[np.argsort(-values[among], kind="stable")[:most]]
