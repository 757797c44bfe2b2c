"""Requests by session: the first sessions of a window.

Of those that lie in one cell alone, a list of the first LISTED. Sessions that go on elsewhere, and
those of the events that are read, are added up one by one. So the list answers for as many rows as
it has, less those of sessions that go on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, NamedTuple, Self

import numpy as np
import polars as pl

from engine.execute import FEW, Partials
from engine.plan import Plan
from engine.request import AggregateRequest
from engine.rollups.answer import Answer
from engine.rollups.arrays import TOTAL, Floats, Ints, Masks, Places, decimals, size_of
from engine.rollups.listed import Listed, Summed, first, summed
from engine.rollups.lists import by_id, of_all_types
from engine.rollups.state import Opened, Unanswerable
from engine.rollups.visits import LISTED, added_of

NOBODY: Final = np.zeros(0, np.uint64)


class Found(NamedTuple):
    """Sessions that may be rows."""

    names: pl.Series
    hashes: Masks
    totals: Ints
    numbers: Ints

    @classmethod
    def of(cls, listed: Listed, sums: Summed, places: Places) -> Self:
        """Some of those listed."""
        hashes, totals = listed.hashes[places], sums.totals[places]
        return cls(listed.names[places], hashes, totals, sums.numbers[places])

    @classmethod
    def together(cls, parts: Iterable[Self]) -> Self:
        names, *arrays = zip(NOTHING, *parts, strict=True)
        return cls(pl.concat(names), *map(np.concatenate, arrays))

    def sorted(self, values: Floats) -> Self:
        """The first LISTED, the largest values first and then by name."""
        if values.size > FEW:
            ranked = pl.DataFrame({"value": values, "name": self.names})
            places = ranked.select(pl.arg_sort_by("value", "name", descending=[True, False]))
            return self.some(places.to_series().to_numpy()[:LISTED])
        order = sorted(
            zip((-values).tolist(), self.names.to_list(), range(values.size), strict=True)
        )
        return self.some(np.array([place for _, _, place in order[:LISTED]], np.intp))

    def some(self, rows: Places) -> Self:
        return type(self)(
            self.names[rows], self.hashes[rows], self.totals[rows], self.numbers[rows]
        )


NOTHING: Final = Found(
    pl.Series(dtype=pl.String), NOBODY, np.zeros(0, np.int64), np.zeros(0, np.int64)
)


@dataclass(frozen=True)
class Homes:
    """Places of the sessions of events."""

    of_events: Places

    def estimated_size(self) -> int:
        return size_of(self.of_events)


@dataclass(frozen=True)
class Top:
    """The partials of a request by session: of the first rows only, and how many there are."""

    plan: Plan
    opened: Opened

    @property
    def request(self) -> AggregateRequest:
        return self.plan.request

    @cached_property
    def answer(self) -> Answer:
        return Answer(self.plan, self.opened)

    def partials(self) -> Partials:
        """Of the first rows. Raises Unanswerable when the lists may leave out a row."""
        answer = self.answer
        without = np.flatnonzero((answer.codes == 0) & (answer.events > 0))
        groups = without.size + int(answer.sessions[answer.codes == 1].sum())
        found = list(self._with_numbers() if self.request.is_numeric else self._with_events())
        numbers = [one.numbers for one in found]
        rows: dict[str, Ints | pl.Series]
        if self.request.is_numeric:
            totals = [*(one.totals for one in found), answer.sums[0][without]]
            numbers.append(answer.sums[1][without])
            rows = {"total": decimals(np.concatenate(totals)), "numbers": np.concatenate(numbers)}
        else:
            sessions = [*map(np.ones_like, numbers), np.zeros_like(without)]
            numbers.append(answer.events[without])
            rows = {"events": np.concatenate(numbers), "sessions": np.concatenate(sessions)}
        names = [*(one.names for one in found), pl.Series([""] * without.size, dtype=pl.String)]
        return Partials(pl.DataFrame({"key": pl.concat(names), **rows}), groups)

    def _with_events(self) -> Iterator[Found]:
        rank = "events" if self.request.aggregation == "count" else "id"
        return self._first(rank, np.flatnonzero(self._going_on.there), self.request.limit)

    def _with_numbers(self) -> Iterator[Found]:
        """Sessions with a number come first; when they are few, those without follow."""
        rank = f"{self.request.value_field}.{self.request.aggregation}"
        held = self._going_on.numbers > 0
        found = list(self._first(rank, np.flatnonzero(held), self.request.limit))
        yield from found
        more = self.request.limit - sum(one.numbers.size for one in found)
        if more > 0:
            but = np.concatenate([one.hashes for one in found])
            for one in self._first("id", np.flatnonzero(self._going_on.there & ~held), more, but):
                nothing = np.zeros_like(one.numbers)
                yield one._replace(totals=nothing, numbers=nothing)

    def _first(self, rank: str, mine: Places, most: int, but: Masks = NOBODY) -> Iterator[Found]:
        """The first of those who go on, at these places, and the first of the lists of cells that
        do not go on and are not named in `but`.
        """
        going_on = self._going_on
        best = mine[first(going_on.value(rank, mine), most)]
        yield Found.of(self._going, going_on, best)
        listed = self._listed(rank)
        gone_on = np.append(going_on.there, False)[self._going.find(listed.hashes)]
        stay = np.flatnonzero(~gone_on & ~np.isin(listed.hashes, but))
        if listed.hashes.size >= LISTED and stay.size < most:
            raise Unanswerable("limit_beyond_lists")
        yield listed.some(stay[:most])

    def _listed(self, rank: str) -> Found:
        """The first LISTED of the lists of cells, in order."""
        parts = []
        best = np.zeros(0)
        for listed in self._lists(rank):
            sums = listed.summed(self.answer.types)
            there = np.flatnonzero(sums.there)
            values = sums.value(rank, there)
            if best.size >= LISTED:
                there, values = there[values >= best[-1]], values[values >= best[-1]]
            some = first(values, LISTED)
            parts.append((listed, sums, there[some], values[some]))
            best = np.concatenate([best, values[some]])
            best = best[first(best, LISTED)]
        least = best[-1] if best.size >= LISTED else -np.inf
        every, found = [np.zeros(0)], []
        for listed, sums, places, values in parts:
            near = values >= least
            if near.any():
                every.append(values[near])
                found.append(Found.of(listed, sums, places[near]))
        if len(found) == 1:
            return found[0]
        return Found.together(found).sorted(np.concatenate(every))

    @cached_property
    def _going_on(self) -> Summed:
        """The sessions that lie in more than one place, with all they have in the window."""
        answer, measure = self.answer, self.request.value_field
        rows, size = answer.rows_read, self._going.hashes.size
        rows = rows[self._homes.of_events[rows] < size]
        homes = self._homes.of_events[rows]
        if measure is None:
            totals, numbers = NOTHING.totals, np.ones_like(homes)
        else:
            read = answer.read(measure)
            totals, numbers = read.totals[rows], read.has[rows].astype(np.int64)
        return self._going.summed(answer.types) + summed(homes, totals, numbers, size)

    @cached_property
    def _going(self) -> Listed:
        """The sessions of visits, and those of the days that are read; but for what they did in the
        window's part of these days.
        """
        name = f"going {self.request.value_field}"
        return self.answer.kept(name, self._visits, self.answer.marks)

    def _visits(self) -> Listed:
        answer, measure = self.answer, self.request.value_field
        rank = "events" if measure is None else f"{measure}.sum"
        visits = self.opened.state.visits(answer.cells)
        measured = [] if measure is None else [measure]
        resumed = self.opened.resumed_events(("type", *measured), answer.days_read, answer.spans)
        if measure is None:
            one, number = pl.lit(None, TOTAL), pl.lit(1, pl.Int64)
        else:
            one, number = pl.col(measure).cast(TOTAL), pl.col(measure).is_not_null()
        rows = [
            visits.select("session", "type", *added_of(rank)).cast({"numbers": pl.Int64}),
            resumed.select("session", "type", total=one, numbers=number.cast(pl.Int64)),
        ]
        ids = [visits.select("session", "session_id"), *map(self.opened.ids, answer.days_read)]
        return Listed.of(pl.concat(rows), pl.concat(ids))

    @cached_property
    def _homes(self) -> Homes:
        """Where the sessions of the events that are read are among `_going`."""

        def make() -> Homes:
            hashes = self.answer.events_read()["session"].gather(self.answer.edges.order)
            found = self._going.find(hashes.fill_null(0).to_numpy())
            return Homes(np.where(hashes.is_null(), self._going.hashes.size, found))

        return self.answer.kept("homes", make, self.answer.marks)

    def _lists(self, rank: str) -> Iterator[Listed]:
        """The sessions that lie in one cell alone, as far as they may be the first."""
        state, cells = self.opened.state, self.answer.cells
        all_types = self.answer.types is None

        def of(rows: pl.DataFrame) -> Listed:
            return Listed.of(rows, rows.select("session", "session_id"))

        def of_cell(cell: str) -> Listed:
            return of(state.first(cell, rank, all_types=False))

        def of_window() -> Listed:
            rows = (state.first(cell, rank, all_types=all_types) for cell in cells)
            return of(of_all_types(rows, rank) if all_types else by_id(rows))

        if all_types or rank == "id":
            yield self.answer.kept(f"first {rank} {all_types}", of_window)
        else:
            for cell in cells:
                yield state.kept.get((state.key, "first", cell, rank), partial(of_cell, cell))
