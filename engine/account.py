"""How an answer came about: what was counted, what was left out, and whether it adds up."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal
from typing import Final

import polars as pl

from engine.execute import Partials, groups, kept
from engine.plan import Plan, Refusal, Segment
from engine.request import AggregateRequest
from engine.scope import Scope

_WIDE: Final = Context(prec=50)
"""Sums have up to 38 digits; `-` would keep 28."""

Answer = Callable[[AggregateRequest, Scope], tuple[Plan, Partials]]
"""Plans and computes a request; the events and the clock are always the same ones."""


@dataclass(frozen=True)
class Account:
    """The numbers behind one answer, all of one state of the events and one window.

    brand_events: events of the brand in the window; catalog_events: of those, in the catalog;
    type_events: of those, of the types asked for, which is what was counted.

    numbers, skipped: how many of them had a number in value_field and how many had none; None
    unless the aggregation is sum or avg.

    total, shown, other: all groups together, those within the limit, and total - shown, exactly.
    They add up events for count, distinct sessions group by group for count_distinct, and for sum
    and avg the numbers themselves, as decimals of 6 digits: averages do not add up.

    distinct, overlap: distinct sessions over all groups, and how many times total counts one
    again; None unless the aggregation is count_distinct.

    segments: what the window was read from. refused: sources that could not answer, and why.
    """

    generated_at: datetime
    window_start: datetime
    data_version: str
    brand_events: int
    catalog_events: int
    type_events: int
    numbers: int | None
    skipped: int | None
    groups: int
    shown_groups: int
    total: int | Decimal
    shown: int | Decimal
    distinct: int | None
    segments: tuple[Segment, ...]
    refused: tuple[Refusal, ...]

    @property
    def other(self) -> int | Decimal:
        if isinstance(self.total, int):
            return self.total - int(self.shown)
        return _WIDE.subtract(self.total, Decimal(self.shown))

    @property
    def overlap(self) -> int | None:
        return None if self.distinct is None else int(self.total) - self.distinct


def take_account(request: AggregateRequest, scope: Scope, version: str, answer: Answer) -> Account:
    """The account of a request, from its answer and those of a few requests with one row."""
    brand, catalog, types = _counted(request, scope, answer)
    planned, partials = answer(request, scope)
    rows = kept(partials, request)
    total: int | Decimal = types
    shown: int | Decimal = 0
    numbers = distinct = None
    if request.is_numeric:
        one = answer(replace(request, group_by="none"), scope)
        numbers, total, shown = _one(one, "numbers"), _total(one[1].frame), _total(rows)
    elif request.aggregation == "count_distinct":
        distinct = _one(answer(replace(request, group_by="none"), scope), "sessions")
        # By session there may be partials of the first rows only; each session is one group.
        by_session = request.group_by == "session"
        total = distinct if by_session else _sessions(partials)
        shown = int(rows["sessions"].sum())
    else:
        shown = int(rows["events"].sum())
    return Account(
        generated_at=planned.end,
        window_start=planned.start,
        data_version=version,
        brand_events=brand,
        catalog_events=catalog,
        type_events=types,
        numbers=numbers,
        skipped=None if numbers is None else types - numbers,
        groups=groups(partials),
        shown_groups=rows.height,
        total=total,
        shown=shown,
        distinct=distinct,
        segments=planned.segments,
        refused=planned.refused,
    )


def _counted(request: AggregateRequest, scope: Scope, answer: Answer) -> tuple[int, int, int]:
    """Events of the brand in the window, of the catalog, and of the types asked for."""
    of_types = replace(request, group_by="none", aggregation="count", value_field=None)
    everything = replace(of_types, event_types=None)
    whole_brand = replace(scope, catalog_id=None)
    brand = _one(answer(everything, whole_brand), "events")
    catalog = brand if scope == whole_brand else _one(answer(everything, scope), "events")
    types = catalog if of_types == everything else _one(answer(of_types, scope), "events")
    return brand, catalog, types


def _one(answered: tuple[Plan, Partials], name: str) -> int:
    return int(answered[1].frame[name].sum())


def _sessions(partials: Partials) -> int:
    """Distinct sessions of all groups, each group's for itself."""
    if partials.sessions is not None:
        return partials.sessions
    return int(partials.frame["sessions"].sum())


def _total(rows: pl.DataFrame) -> Decimal:
    return Decimal(rows["total"].sum() or 0)
