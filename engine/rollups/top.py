"""Requests by session: the first sessions of a window.

Of those that lie in one cell alone, a list of the first LISTED. Sessions that go on elsewhere, and
those of the events that are read, are added up one by one. So the list answers for as many rows as
it has, less those of sessions that go on.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.plan import Plan
from engine.request import AggregateRequest
from engine.rollups.answer import Answer
from engine.rollups.cells import TOTAL, numbers, total
from engine.rollups.state import Opened, Unanswerable
from engine.rollups.visits import LISTED

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
        counted = answer.counted()
        by_seen = answer.numbers() if self.request.is_numeric else counted
        others = self._others(answer)
        found = (
            self._numbers(answer, others)
            if self.request.is_numeric
            else self._counted(answer, others)
        )
        missing = by_seen.filter(pl.col("key") == 0).with_columns(key=pl.lit(""))
        groups = missing.height + int(counted.filter(pl.col("key") == 1)["sessions"].sum())
        return pl.concat([found.select(missing.columns), missing]), groups

    def _counted(self, answer: Answer, others: pl.DataFrame) -> pl.DataFrame:
        rank = "events" if self.request.aggregation == "count" else "id"
        listed = self._listed(answer, rank, others)
        return pl.concat([listed, others]).select(
            key="session_id", events="numbers", sessions=pl.lit(1, pl.Int64)
        )

    def _numbers(self, answer: Answer, others: pl.DataFrame) -> pl.DataFrame:
        """Sessions with a number come first; when they are few, those without follow."""
        rank = f"{self.request.value_field}.{self.request.aggregation}"
        held = others.filter(pl.col("numbers") > 0)
        found = pl.concat([self._listed(answer, rank, others), held])
        if found.height < self.request.limit:
            without = self._listed(answer, "id", pl.concat([others, found]))
            none = pl.concat([without, others.filter(pl.col("numbers") == 0)])
            found = pl.concat(
                [found, none.with_columns(total=pl.lit(0, TOTAL), numbers=pl.lit(0, pl.Int64))]
            )
        return found.select("total", "numbers", key="session_id")

    def _listed(self, answer: Answer, rank: str, but: pl.DataFrame) -> pl.DataFrame:
        """FOUND: who is on the lists of the cells, but for some sessions."""
        first = self.opened.state.first(answer.cells, rank, answer.types)
        listed = first.filter(~pl.col("session").is_in(but["session"].implode()))
        if first.height >= LISTED and listed.height < self.request.limit:
            raise Unanswerable("limit_beyond_lists")
        return listed.select(FOUND.names())

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
