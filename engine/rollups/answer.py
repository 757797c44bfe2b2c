"""From a plan over rollups to partials: folded cells, and the events of the days that are cut.

Distinct sessions: those that lie in one cell are added up. The rest are few and are listed: those
that go on over cells, those of a cell that go on in a day that is not rolled up, and those of the
events that are read. Whoever is on the list is counted once.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final

import polars as pl

from engine.plan import Plan, Segment
from engine.request import AggregateRequest
from engine.rollups.cells import BUCKETS, NONE, TOTAL, columns_of, key_of
from engine.rollups.coded import LAST_BIT, TYPE, bit_of, mask_of
from engine.rollups.dictionary import CODE
from engine.rollups.state import Opened, Span, Unanswerable

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ONE_DAY: Final = timedelta(1)
RAW_KEYS: Final = {"day": pl.Date, "hour": pl.Int64}
"""What a scan gives for time; the keys of other dimensions stay codes."""


@dataclass(frozen=True)
class Answer:
    """What rollups, and the events beside them, say to a plan."""

    plan: Plan
    opened: Opened

    def partials(self) -> pl.DataFrame:
        """key, events, sessions or key, total, numbers. Keys are codes, of time its buckets."""
        frame = self.numbers() if self.request.is_numeric else self.counted()
        if self.request.group_by == NONE and frame.is_empty():
            return frame.clear(1).fill_null(0)
        return frame.with_columns(pl.col("key").cast(RAW_KEYS.get(self.request.group_by, CODE)))

    def text(self) -> pl.Expr | None:
        """How a key becomes text; None where it does as after a scan."""
        name = TYPE if self.by_type else self.request.group_by
        if name == NONE:
            return pl.lit("all").alias("key")
        if name in BUCKETS:
            return None
        return pl.col("key").map_batches(self.opened.known[name].decode, return_dtype=pl.String)

    def counted(self) -> pl.DataFrame:
        """key, events, sessions."""
        seen = self.read("session").group_by("key", "session").agg(events=pl.len().cast(pl.Int64))
        pairs = seen.collect()
        sessions = pl.col("session").count().cast(pl.Int64)
        read = pairs.group_by("key").agg(pl.col("events").sum(), sessions=sessions)
        parts = [read, self.kept("counts", self._counts_of_cells)]
        self.opened.check_hashes(self.days_read)
        if self.dimension not in BUCKETS:
            parts += self._elsewhere(pairs.select("key", "session"))
        return _added(parts)

    def numbers(self) -> pl.DataFrame:
        """key, total, numbers."""
        measure = str(self.request.value_field)
        number = pl.col(measure)
        events = self.read(measure).group_by("key")
        read = events.agg(total=number.sum().cast(TOTAL), numbers=number.count().cast(pl.Int64))
        cells = self.kept(measure, lambda: self._numbers_of_cells(measure))
        return _added([read.collect(), cells])

    def _elsewhere(self, pairs: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """key, events, sessions to be added for sessions that lie in more than one place.

        pairs: key and session of the events that are read, which are counted already.
        """
        several = self.kept("several", self._of_several_cells)
        resumed = self.opened.resumed(self.dimension, self.days_read, self.spans)
        if resumed.height:
            resumed = self.of_mask(resumed).select("key", "session").collect()
            several = pl.concat([several, resumed]).unique()
            yield _each(resumed, -1)
        yield _each(several, 1)
        yield _each(pairs.join(several, on=["key", "session"], how="semi"), -1)

    def _counts_of_cells(self) -> pl.DataFrame:
        """key, events, sessions: those sessions that lie in one cell alone."""
        counts = self.opened.state.counts(self.dimension, self.cells)
        sessions = self.opened.state.sessions(self.dimension, self.cells)
        none = pl.lit(0, pl.Int64)
        parts = [
            self.of_types(counts.lazy()).select(self.key, "events", sessions=none),
            self.of_mask(sessions).select("key", events=none, sessions="sessions"),
        ]
        return _added(pl.collect_all(parts))

    def _of_several_cells(self) -> pl.DataFrame:
        """key, session: each session that may lie in several cells, once."""
        going_on = self.opened.state.going_on(self.dimension, self.cells)
        return self.of_mask(going_on).select("key", "session").unique().collect()

    def _numbers_of_cells(self, measure: str) -> pl.DataFrame:
        """key, total, numbers; also of keys that have no number."""
        held = self.opened.state.numbers(self.dimension, self.cells, measure)
        return _added([self.of_types(held.lazy()).select(self.key, "total", "numbers").collect()])

    def kept(self, name: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """What the cells say to the types asked for: it holds until midnight moves the window."""
        of = self.dimension, self.by_type, self.cells, self.types
        return self.opened.state.kept.get((self.opened.state.key, "answer", name, *of), make)

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

    @property
    def key(self) -> pl.Expr:
        return pl.col("type").alias("key") if self.by_type else pl.col("key")

    @cached_property
    def types(self) -> tuple[int, ...] | None:
        """The codes of the types asked for, sorted; None for all."""
        if self.request.event_types is None:
            return None
        self.opened.load(self.days_read)
        return tuple(self.opened.known[TYPE].find(self.request.event_types).sort())

    def of_types(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows if self.types is None else rows.filter(pl.col("type").is_in(self.types))

    def of_mask(self, rows: pl.DataFrame) -> pl.LazyFrame:
        """Rows of sessions that did one of the types; split by type, a row for each they did."""
        self.opened.load(self.days_read)
        known = self.opened.known[TYPE]
        last = len(known) - 1 if self.types is None else max(self.types, default=0)
        if (self.by_type or self.types is not None) and last > LAST_BIT:
            raise Unanswerable("types_need_bitmap")
        if self.by_type:
            codes = known.codes if self.types is None else pl.Series(self.types, dtype=CODE)
            bits = pl.DataFrame({"key": codes, "bit": bit_of(codes)})
            each = rows.lazy().drop("key").join(bits.lazy(), how="cross")
            return each.filter(pl.col("mask") & pl.col("bit") != 0)
        if self.types is None:
            return rows.lazy()
        return rows.lazy().filter(pl.col("mask") & pl.lit(mask_of(self.types), pl.UInt64) != 0)

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

    def read(self, *columns: str) -> pl.LazyFrame:
        """key and columns of the events that no rollup answers for."""
        names = list(dict.fromkeys(("at", "type", *columns_of(self.dimension), *columns)))
        parts = [self.opened.coded(date.min, names).lazy()]
        for segment in self.plan.of("events"):
            coded = self.opened.coded(segment.start.date(), names).lazy()
            start, end = (
                (at - EPOCH) // timedelta(microseconds=1) for at in (segment.start, segment.end)
            )
            parts.append(coded.filter(pl.col("at") >= start, pl.col("at") < end))
        key = pl.col("type") if self.by_type else key_of(self.dimension)
        events = self.of_types(pl.concat(parts)).with_columns(key.alias("key"))
        return events.select("key", *columns)


def _days(segment: Segment) -> Iterator[date]:
    first = segment.start.date()
    return (first + ONE_DAY * i for i in range((segment.end - segment.start).days))


def _added(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts).group_by("key").agg(pl.all().sum())


def _each(pairs: pl.DataFrame, sessions: int) -> pl.DataFrame:
    return pairs.select("key", events=pl.lit(0, pl.Int64), sessions=pl.lit(sessions, pl.Int64))
