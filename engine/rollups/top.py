"""Requests by session: the first sessions of a window.

Of those that lie in one cell alone, a list of the first LISTED. Sessions that go on elsewhere, and
those of the events that are read, are added up one by one. So the list answers for as many rows as
it has, less those of sessions that go on.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from engine.plan import Plan
from engine.request import AggregateRequest
from engine.rollups.answer import Answer
from engine.rollups.cells import TOTAL
from engine.rollups.state import Opened, Unanswerable
from engine.rollups.visits import LISTED, added_of, value_of

SUMS: Final = pl.Schema({"session": pl.UInt64(), "total": TOTAL, "numbers": pl.Int64()})
"""numbers: of events where no measure is asked for."""
FOUND: Final = pl.Schema({**SUMS, "session_id": pl.String()})


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

    def partials(self) -> tuple[pl.DataFrame, int]:
        """key, events, sessions or key, total, numbers of the first rows; how many rows there are.

        Raises Unanswerable when the lists may leave out a row.
        """
        counted = self.answer.counted()
        by_seen = self.answer.numbers() if self.request.is_numeric else counted
        going_on = self._going_on()
        if self.request.is_numeric:
            found = self._with_numbers(going_on).select("total", "numbers", key="session_id")
        else:
            rank = "events" if self.request.aggregation == "count" else "id"
            found = self._first(rank, going_on, going_on["session"]).select(
                key="session_id", events="numbers", sessions=pl.lit(1, pl.Int64)
            )
        missing = by_seen.filter(pl.col("key") == 0).with_columns(key=pl.lit(""))
        groups = missing.height + int(counted.filter(pl.col("key") == 1)["sessions"].sum())
        return pl.concat([found.select(missing.columns), missing]), groups

    def _with_numbers(self, going_on: pl.DataFrame) -> pl.DataFrame:
        """Sessions with a number come first; when they are few, those without follow."""
        rank = f"{self.request.value_field}.{self.request.aggregation}"
        held = pl.col("numbers") > 0
        found = self._first(rank, going_on.filter(held), going_on["session"])
        if found.height >= self.request.limit:
            return found
        but = pl.concat([going_on["session"], found["session"]])
        without = self._first("id", going_on.filter(~held), but)
        nothing = without.with_columns(total=pl.lit(0, TOTAL), numbers=pl.lit(0, pl.Int64))
        return pl.concat([found, nothing])

    def _first(self, rank: str, mine: pl.DataFrame, but: pl.Series) -> pl.DataFrame:
        """FOUND: the first of `mine`, SUMS, and of the lists of cells, but for some sessions."""
        first = self.opened.state.first(self.answer.cells, rank, self.answer.types)
        gone_on = but.filter(but.is_in(first["session"].implode()))
        listed = first.filter(~pl.col("session").is_in(gone_on.implode()))
        if first.height >= LISTED and listed.height < self.request.limit:
            raise Unanswerable("limit_beyond_lists")
        value = value_of(rank)
        values = pl.concat([listed.select(value), mine.select(value)])["value"]
        if values.len() > self.request.limit:
            mine = mine.filter(value >= values.top_k(self.request.limit).min())
        placed = mine.join(self._names, on="session").with_columns(value)
        best = placed.top_k(self.request.limit, by=["value", "place"], reverse=[False, True])
        return pl.concat(part.select(FOUND.names()) for part in (listed, best))

    def _going_on(self) -> pl.DataFrame:
        """SUMS: the sessions that lie in more than one place, with all they have in the window."""
        answer, measure = self.answer, self.request.value_field
        measured = [] if measure is None else [measure]
        read = answer.read("session", *measured).drop("key")
        resumed = self.opened.resumed_events(("type", *measured), answer.days_read, answer.spans)
        events = pl.concat([read, answer.of_types(resumed.lazy()).select("session", *measured)])
        if measure is None:
            total_, number = pl.lit(None, TOTAL), pl.lit(1, pl.Int64)
        else:
            total_, number = pl.col(measure).cast(TOTAL), pl.col(measure).is_not_null()
        sums = events.drop_nulls("session").select(
            "session", total=total_, numbers=number.cast(pl.Int64)
        )
        visits = answer.kept(f"visits {measure}", self._visits)
        together = pl.concat([sums, visits.lazy()]).group_by("session")
        return together.agg(pl.col("total").sum(), pl.col("numbers").sum()).collect()

    def _visits(self) -> pl.DataFrame:
        """SUMS: the sessions that go on over cells, and what they have there."""
        total_, count = added_of(self.request.value_field)
        visits = self.answer.of_types(self.opened.state.visits(self.answer.cells).lazy())
        return (
            visits.group_by("session")
            .agg(total=total_.cast(TOTAL).sum(), numbers=count.cast(pl.Int64).sum())
            .collect()
        )

    @cached_property
    def _names(self) -> pl.DataFrame:
        """session, session_id, place of all that are not on a list; place: the order of ids."""
        days = self.answer.days_read

        def make() -> pl.DataFrame:
            visits = self.opened.state.visits(self.answer.cells).select("session", "session_id")
            parts = [visits, *(self.opened.ids(day) for day in days)]
            ids = pl.concat(parts).unique("session").sort("session_id")
            return ids.with_row_index("place")

        key = "names", self.answer.cells, days, self.opened.marks(days)
        return self.opened.state.kept.get((self.opened.state.key, *key), make)
