"""From a plan over rollups to partials: folded cells, and the events of the days that are cut.

Distinct sessions: those that lie in one cell are added up. The rest are few and are listed: those
that go on over cells, those of a cell that go on in a day that is not rolled up, and those of the
events that are read. Whoever is on the list is counted once.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from engine.execute import Partials
from engine.plan import Plan, Segment
from engine.request import AggregateRequest
from engine.rollups.arrays import Floats, Ints, Places, decimals, doubles, padded
from engine.rollups.cells import BUCKETS, NONE, columns_of, key_of
from engine.rollups.coded import LAST_BIT, TYPE, bit_of, mask_of
from engine.rollups.dictionary import CODE
from engine.rollups.edges import EPOCH, Edges, Read
from engine.rollups.folded import Folded, Sums
from engine.rollups.kept import T
from engine.rollups.state import NO_PAIRS, Opened, Span, Unanswerable

ONE_DAY: Final = timedelta(1)
RAW_KEYS: Final = {"day": pl.Date, "hour": pl.Int64}
"""What a scan gives for time; the keys of other dimensions stay codes."""


@dataclass(frozen=True)
class Answer:
    """What rollups, and the events beside them, say to a plan."""

    plan: Plan
    opened: Opened

    def partials(self) -> Partials:
        """Of the rows that may be within the limit. Keys are codes, of time its buckets."""
        there = np.flatnonzero(self.events)
        if self.request.group_by == NONE:
            there = np.flatnonzero(self.codes == 0)
        if self.request.is_numeric:
            return self._with_numbers(there)
        value = self.events if self.request.aggregation == "count" else self.sessions
        first = self._first(there, there, value)
        rows = {"events": self.events[first], "sessions": self.sessions[first]}
        together = int(self.sessions.sum())
        return Partials(self._frame(first, **rows), there.size, self.text, together)

    def _with_numbers(self, there: Places) -> Partials:
        totals, numbers = self.sums
        means = self.request.aggregation == "avg"
        value = doubles(totals) / (np.maximum(numbers, 1) if means else 1)
        first = self._first(there, there[numbers[there] > 0], value)
        frame = self._frame(first, total=decimals(totals[first]), numbers=numbers[first])
        return Partials(frame, there.size, self.text)

    @property
    def text(self) -> Callable[[pl.Series], pl.Series] | None:
        """How keys become text; None where they do as after a scan."""
        name = TYPE if self.by_type else self.request.group_by
        if name == NONE:
            return _all
        return None if name in BUCKETS else self.opened.known[name].decode

    def _first(self, there: Places, used: Places, value: Floats | Ints) -> Places:
        """Of the places that are `there`, those whose rows may be within the limit.

        used: those that come before all others.
        """
        limit = self.request.limit
        if self.request.is_time:
            return there[np.argsort(self.codes[there])[-limit:]]
        if used.size <= limit:
            return there
        values = value[used]
        best: Places = used[values >= np.partition(values, -limit)[-limit]]
        return best

    def _frame(self, first: Places, **rows: Ints | pl.Series) -> pl.DataFrame:
        key = pl.Series(self.codes[first]).cast(RAW_KEYS.get(self.request.group_by, CODE))
        return pl.DataFrame({"key": key, **rows})

    # By place: what there is of each key

    @property
    def codes(self) -> Places:
        return self.edges.codes

    @cached_property
    def events(self) -> Ints:
        folded = self.folded.events_of(self.types)
        return padded(folded, self.codes.size) + self.edges.events(self.rows_read)

    @cached_property
    def sessions(self) -> Ints:
        """Distinct ones."""
        self.opened.check_hashes(self.days_read)
        folded = self.folded.sessions_of(self.mask)
        return padded(folded, self.codes.size) + self.edges.sessions(self.rows_read, self.mask)

    @cached_property
    def sums(self) -> tuple[Ints, Ints]:
        """The sum of the measure asked for, in millionths, and how many numbers it holds."""
        measure = str(self.request.value_field)
        held = self.kept(measure, lambda: self._sums_of_cells(measure))
        totals, numbers = self.folded.sums_of(held, self.types)
        more_totals, more_numbers = self.edges.sums(self.rows_read, self.read(measure))
        size = self.codes.size
        return padded(totals, size) + more_totals, padded(numbers, size) + more_numbers

    @cached_property
    def rows_read(self) -> Places:
        """Those of the events in Edges that the request is about."""
        return self.edges.rows(self.plan.start, self.plan.end, self.types)

    # What the sums are taken from: it holds until midnight moves the window, or events come

    @cached_property
    def folded(self) -> Folded:
        return self.kept("folded", self._folded)

    @cached_property
    def edges(self) -> Edges:
        return self.kept("edges", self._edges, self.marks)

    def read(self, measure: str) -> Read:
        """The numbers of the events in Edges."""
        return self.kept(
            f"read {measure}",
            lambda: Read.of(self.events_read(measure)[measure], self.edges),
            self.marks,
        )

    def kept(self, name: str, make: Callable[[], T], of: Hashable = None) -> T:
        of_window = self.dimension, self.by_type, self.spans, self.days_read
        key = self.opened.state.key, "answer", name, *of_window
        return self.opened.state.kept.get(key, make, of)

    def _folded(self) -> Folded:
        state = self.opened.state
        counts = state.counts(self.dimension, self.cells)
        if self.by_type:
            counts = counts.with_columns(key="type")
        return Folded.of(counts, self._by_type(state.sessions(self.dimension, self.cells)))

    def _sums_of_cells(self, measure: str) -> Sums:
        return Sums.of(self.opened.state.numbers(self.dimension, self.cells, measure), self.folded)

    def _edges(self) -> Edges:
        key = pl.col("type") if self.by_type else key_of(self.dimension)
        events = self.events_read("session").with_columns(key=key)
        going_on = resumed = NO_PAIRS
        if self.dimension not in BUCKETS:
            going_on = self._by_type(self.opened.state.going_on(self.dimension, self.cells))
            resumed = self._by_type(self.opened.resumed(self.dimension, self.days_read, self.spans))
        return Edges.of(events, going_on, resumed, self.folded.codes)

    def _by_type(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with a mask, as they are; split by type, a row for each type in it.

        Types that share a bit are left out: see `mask`.
        """
        if not self.by_type:
            return rows
        codes = self.opened.known[TYPE].codes.head(LAST_BIT)
        bits = pl.DataFrame({"key": codes, "bit": bit_of(codes)})
        each = rows.drop("key").join(bits, how="cross").filter(pl.col("mask") & pl.col("bit") != 0)
        return each.with_columns(mask="bit").drop("bit")

    def events_read(self, *columns: str) -> pl.DataFrame:
        """`at`, `type` and columns of CODED, of the days that no rollup answers for as a whole."""
        names = list(dict.fromkeys(("at", "type", *columns_of(self.dimension), *columns)))
        parts = [self.opened.coded(day, names) for day in self.days_read]
        return pl.concat([self.opened.state.coded(date.min, names), *parts])

    # What the request asks for, in the words of the tables

    @property
    def request(self) -> AggregateRequest:
        return self.plan.request

    @property
    def by_type(self) -> bool:
        return self.request.group_by == TYPE

    @property
    def dimension(self) -> str:
        """Every table tells types apart; they need no dimension of their own."""
        return NONE if self.by_type else self.request.group_by

    @cached_property
    def types(self) -> tuple[int, ...] | None:
        """The codes of the types asked for, sorted; None for all."""
        if self.request.event_types is None:
            return None
        self.opened.load(self.days_read)
        return tuple(self.opened.known[TYPE].find(self.request.event_types))

    @cached_property
    def mask(self) -> int | None:
        """The mask of the types; None for all. Raises Unanswerable when they share a bit."""
        self.opened.load(self.days_read)
        known = len(self.opened.known[TYPE]) - 1
        last = known if self.types is None else max(self.types, default=0)
        if (self.by_type or self.types is not None) and last > LAST_BIT:
            raise Unanswerable("types_need_bitmap")
        return None if self.types is None else mask_of(self.types)

    # Where it is read from

    @cached_property
    def cells(self) -> tuple[str, ...]:
        """The rolled-up months and days of the plan that have events."""
        return tuple(cell for cell in self._planned() if cell in self.opened.manifest.cells)

    def _planned(self) -> Iterator[str]:
        for segment in self.plan.of("months"):
            yield from (str(day)[:7] for day in _days(segment) if day.day == 1)
        for segment in self.plan.of("days"):
            yield from map(str, _days(segment))

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where the plan reads what is rolled up."""
        return tuple(
            Span((segment.start - EPOCH).days, (segment.end - EPOCH).days, source == "months")
            for source in ("months", "days")
            for segment in self.plan.of(source)
        )

    @cached_property
    def days_read(self) -> tuple[date, ...]:
        """The days whose events are read."""
        return tuple(segment.start.date() for segment in self.plan.of("events"))

    @cached_property
    def marks(self) -> tuple[int, ...]:
        """Others whenever events have come to a day that is read."""
        return self.opened.marks(self.days_read)


def _days(segment: Segment) -> Iterator[date]:
    first = segment.start.date()
    return (first + ONE_DAY * i for i in range((segment.end - segment.start).days))


def _all(keys: pl.Series) -> pl.Series:
    return pl.Series(["all"] * keys.len(), dtype=pl.String)
