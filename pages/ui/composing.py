"""What a drawing is made of: the answer, and the answers that stand beside it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from engine import AggregateRequest, Result
from pages.ui import kinds
from pages.ui.charts.drawing import Drawing
from pages.ui.series import buckets
from pages.ui.view import View

PREVIOUS: Final = "previous"
TOTAL: Final = "total"
BEFORE: Final = "before"
TREND: Final = "trend"
Asked = tuple[AggregateRequest, datetime]
"""A request and the end of its window."""
TREND_LIMIT: Final = 366


def wanted(
    request: AggregateRequest, result: Result, view: View, *, trend: bool = False
) -> dict[str, Asked]:
    """What has to be asked beside an answer; view fits the request.

    trend: a number that is nothing but a number gets the days it is made of.
    """
    found: dict[str, Asked] = {}
    if view.compare:
        found[PREVIOUS] = request, result.window_start
    grouped = request.group_by != "none"
    if grouped and _is_asked(view) and not _adds_up(request, result):
        found[TOTAL] = ungrouped(request), result.generated_at
    if view.widget_type == "counter":
        if grouped and view.compare:
            found[BEFORE] = ungrouped(request), result.window_start
        if trend and not grouped and request.time_window_days > 1:
            by_day = replace(request, group_by="day", limit=TREND_LIMIT)
            found[TREND] = by_day, result.generated_at
    return found


def compose(
    body: Mapping[str, Any],
    request: AggregateRequest,
    result: Result,
    view: View,
    beside: Mapping[str, Result],
) -> Drawing:
    """beside: the answers to what is `wanted`, by its names."""
    previous = beside.get(PREVIOUS)
    return Drawing(
        request,
        result,
        view,
        previous=previous,
        total=_whole(request, result, beside.get(TOTAL)),
        before_total=_number_before(request, previous, beside.get(BEFORE)),
        trend=_trend(request, result, beside.get(TREND)),
        steps=tuple(body["event_types"] or ()),
    )


def ungrouped(request: AggregateRequest) -> AggregateRequest:
    """The same request for all events at once."""
    return replace(request, group_by="none")


def _is_asked(view: View) -> bool:
    return (
        view.widget_type in ("counter", "top_n")
        or view.number_format == "percent"
        or view.look == "donut"
    )


def _adds_up(request: AggregateRequest, result: Result) -> bool:
    return request.aggregation in kinds.ADDITIVE and not result.truncated


def _whole(request: AggregateRequest, result: Result, total: Result | None) -> float | None:
    """The value of all rows together; None where nobody asks for it."""
    if request.group_by == "none":
        return _number(request, result)
    if _adds_up(request, result):
        return math.fsum(row.value for row in result.rows)
    return None if total is None else _number(ungrouped(request), total)


def _number_before(
    request: AggregateRequest, previous: Result | None, before: Result | None
) -> float | None:
    found = previous if request.group_by == "none" else before
    return None if found is None else _number(ungrouped(request), found)


def _number(request: AggregateRequest, result: Result) -> float | None:
    row = result.rows[0]
    return None if request.is_numeric and row.secondary == 0 else row.value


def _trend(
    request: AggregateRequest, result: Result, trend: Result | None
) -> tuple[float | None, ...]:
    """Whole buckets: without its hatching, one that is covered in part would look like a fall."""
    if request.is_time:
        return _whole_buckets(request, result)
    by_day = replace(request, group_by="day", limit=TREND_LIMIT)
    return () if trend is None else _whole_buckets(by_day, trend)


def _whole_buckets(request: AggregateRequest, result: Result) -> tuple[float | None, ...]:
    found = buckets(request, result) if result.rows else []
    whole = [bucket for bucket in found if bucket.share >= 1]
    return tuple(bucket.value for bucket in (whole if len(whole) > 1 else found))
