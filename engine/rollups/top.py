"""Requests by session: the first sessions of a window, from the lists of its cells.

A list holds sessions that lie in its cell alone, with their final values. Sessions that go on
elsewhere, and those of the events that are read, are added up one by one. A list that is full may
leave out a session that comes after all it holds, so it answers for at most as many rows as it has
left.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.plan import Plan
from engine.request import AggregateRequest
from engine.rollups.answer import Answer
from engine.rollups.cells import TOTAL, numbers, total
from engine.rollups.state import Opened, Unanswerable
from engine.rollups.visits import ALL_TYPES, LISTED, rank_of

RANKS: Final = {"count": "events", "count_distinct": "first", "sum": "sum", "avg": "avg"}
UNKNOWN: Final = -1
"""The code of a type that no event has."""
FOUND: Final = pl.Schema(
    {"session": pl.UInt64(), "session_id": pl.String(), "total": TOTAL, "numbers": pl.Int64()}
)


@dataclass(frozen=True)
class Top:
    """The partials of a request by session: of the first rows only, and how many there are."""

    plan: Plan
    opened: Opened

    @property
    def request(self) -> AggregateRequest:
        return self.plan.request

    def partials(self) -> tuple[pl.DataFrame, int]:
        """key, events, sessions or key, total, numbers of the first rows; how many rows there are.

        Raises Unanswerable when the lists may leave out a row.
        """
        answer = Answer(self.plan, self.opened)
        by_seen, sessions = (
            frame.collect() for frame in (answer.partials().lazy(), answer.sessions())
        )
        others = self._others(answer)
        found = (
            self._numbers(answer, others)
            if self.request.is_numeric
            else self._counted(answer, others)
        )
        missing = by_seen.filter(pl.col("key") == 0).with_columns(key=pl.lit(""))
        groups = missing.height + int(sessions.filter(pl.col("key") == 1)["sessions"].sum())
        return pl.concat([found.select(missing.columns), missing]), groups

    def _counted(self, answer: Answer, others: pl.DataFrame) -> pl.DataFrame:
        listed = self._listed(answer, RANKS[self.request.aggregation], others)
        return pl.concat([listed, others]).select(
            key="session_id", events="numbers", sessions=pl.lit(1, pl.Int64)
        )

    def _numbers(self, answer: Answer, others: pl.DataFrame) -> pl.DataFrame:
        """Sessions with a number come first; when they are few, those without follow."""
        rank = rank_of(RANKS[self.request.aggregation], self.request.value_field)
        held = others.filter(pl.col("numbers") > 0)
        found = pl.concat([self._listed(answer, rank, others), held])
        if found.height < self.request.limit:
            without = self._listed(answer, "first", pl.concat([others, found]))
            none = pl.concat([without, others.filter(pl.col("numbers") == 0)])
            found = pl.concat(
                [found, none.with_columns(total=pl.lit(0, TOTAL), numbers=pl.lit(0, pl.Int64))]
            )
        return found.select("total", "numbers", key="session_id")

    def _listed(self, answer: Answer, rank: str, but: pl.DataFrame) -> pl.DataFrame:
        """FOUND: who is on the lists of the cells, but for some sessions."""
        top = self.opened.state.top(answer.cells, rank, self._type(answer))
        listed = top.join(but, on="session", how="anti")
        left = listed.group_by("cell").agg(left=pl.len())
        full = top.group_by("cell").len().filter(pl.col("len") >= LISTED)
        rows = full.join(left, on="cell", how="left")["left"].fill_null(0)
        if any(row < self.request.limit for row in rows):
            raise Unanswerable("limit_beyond_lists")
        return listed.select(pl.col(name).cast(dtype) for name, dtype in FOUND.items())

    def _others(self, answer: Answer) -> pl.DataFrame:
        """FOUND: the sessions that are not on a list, with all they have in the window."""
        field = self.request.value_field
        measured = [] if field is None else [field]
        read = answer.read("session", *measured).drop("key")
        resumed = self.opened.resumed_events(("type", *measured), answer.days_read, answer.spans)
        events = pl.concat([read, answer.of_types(resumed.lazy()).select("session", *measured)])
        visits = answer.of_types(self.opened.state.visits(answer.cells).lazy())
        if field is None:
            totals = pl.lit(None, TOTAL), pl.lit(None, TOTAL)
            counts = pl.lit(1, pl.Int64), pl.col("events")
        else:
            totals = pl.col(field), pl.col(total(field))
            counts = pl.col(field).is_not_null(), pl.col(numbers(field))
        sums = pl.concat(
            rows.select("session", total=total_.cast(TOTAL), numbers=count.cast(pl.Int64))
            for rows, total_, count in zip((events, visits), totals, counts, strict=True)
        ).drop_nulls("session")
        together = sums.group_by("session").agg(pl.col("total").sum(), pl.col("numbers").sum())
        named = together.join(self._names(answer), on="session").select(FOUND.names())
        return named.collect(engine="streaming")

    def _names(self, answer: Answer) -> pl.LazyFrame:
        """session, session_id of all that are not on a list."""
        visits = self.opened.state.visits(answer.cells).select("session", "session_id")
        parts = [visits, *(self.opened.ids(day) for day in answer.days_read)]
        return pl.concat(part.lazy() for part in parts).unique()

    def _type(self, answer: Answer) -> int:
        """The code of the one type asked for, as in `top`."""
        if answer.types is None:
            return ALL_TYPES
        return int(answer.types[0]) if answer.types.len() else UNKNOWN
