"""What a chart is drawn from, and what all of them say of a value."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from plotly.basedatatypes import BaseTraceType

from engine import AggregateRequest, Result
from pages.ui import text
from pages.ui.numbers import signed, written
from pages.ui.series import STEPS, Bucket, buckets
from pages.ui.view import View
from pages.ui.words import say

HEIGHT: Final = 380
BARS: Final = 25
"""As many rows are drawn where there is room; the table has all."""
GREY: Final = "#94a3b8"
BARE: Final = {"showgrid": False, "zeroline": False}
"""An axis without lines."""
NARROW: Final = frozenset("fijlrtI1.,:;'|!()[] ")
WIDE: Final = frozenset("mwMW@%…—")


class Chart(NamedTuple):
    """The traces of a chart, and its layout as Plotly names it.

    A go.Figure is made of them once: each change of one takes several times as long as to make it.
    """

    traces: list[BaseTraceType]
    layout: dict[str, Any]


@dataclass(frozen=True)
class Drawing:
    """view fits the request. previous is the window before, total the value of all rows together,
    before_total that of the window before; trend leads to a number through its window.

    steps: event types in the order in which they were chosen. most: so many bars have room.
    """

    request: AggregateRequest
    result: Result
    view: View
    previous: Result | None = None
    total: float | None = None
    before_total: float | None = None
    trend: Sequence[float | None] = ()
    steps: Sequence[str] = ()
    most: int = BARS

    @cached_property
    def buckets(self) -> list[Bucket]:
        return buckets(self.request, self.result)

    @cached_property
    def before(self) -> list[Bucket]:
        """The buckets of the previous window, moved to where they are compared."""
        if self.previous is None:
            return []
        days = STEPS["day"] * self.request.time_window_days
        moved = (b._replace(start=b.start + days) for b in buckets(self.request, self.previous))
        shown = {bucket.start for bucket in self.buckets}
        return [bucket for bucket in moved if bucket.start in shown]

    @cached_property
    def values_before(self) -> dict[str, float]:
        """Values of the previous window by key, where there were any."""
        rows = () if self.previous is None else self.previous.rows
        return {row.key: row.value for row in rows if self.is_something(row.secondary)}

    @property
    def keys(self) -> list[str]:
        """The keys of what is drawn, in its order."""
        if self.request.is_time:
            return [time_key(self.request, bucket) for bucket in self.buckets]
        return [row.key for row in self.result.rows]

    def is_something(self, secondary: int) -> bool:
        """Whether there is a value: not for a sum or average of nothing."""
        return not self.request.is_numeric or secondary > 0

    def label(self, value: float | None, secondary: int = 1) -> str:
        there = value if self.is_something(secondary) else None
        form = self.view.number_format
        return written(there, form, self.total if self.request.aggregation != "avg" else None)

    def change(self, key: str, value: float) -> str:
        """What became of a value since the previous window; empty where it cannot be said."""
        before = self.values_before.get(key)
        return signed((value - before) / abs(before)) if before else ""

    def hover(self, name: str, value: float | None, secondary: int, *more: str) -> str:
        """name and more are harmless already."""
        request = self.request
        lines = [
            f"<b>{name}</b>",
            f"{text.for_plotly(text.value_name(request))}: {self.label(value, secondary)}",
            f"{text.for_plotly(text.secondary_name(request))}: {written(secondary)}",
            *more,
        ]
        return "<br>".join(line for line in lines if line)

    def share(self, bucket: Bucket) -> str:
        """How much of a bucket lies in the window; empty for all of it."""
        if bucket.share >= 1:
            return ""
        return say("partial: {share} of it", share=written(bucket.share, "percent"))

    def ticks(self, values: Sequence[float | None]) -> dict[str, Any]:
        """Settings of a value axis whose labels are in the viewer's language and format."""
        there = [value for value in values if value is not None] or [0]
        goal = [] if self.view.goal is None else [self.view.goal]
        zero = [] if self.request.aggregation == "avg" and self.view.look == "line" else [0]
        places = nice(min(*there, *goal, *zero, math.inf), max(*there, *goal, *zero, -math.inf))
        form = self.view.number_format if self.view.number_format != "plain" else "compact"
        whole = self.total if self.request.aggregation != "avg" else None
        return {"tickvals": places, "ticktext": [written(place, form, whole) for place in places]}


def time_key(request: AggregateRequest, bucket: Bucket) -> str:
    form = "%Y-%m-%d" if request.group_by == "day" else "%Y-%m-%dT%H:00:00Z"
    return bucket.start.strftime(form)


def nice(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from low to high, about `most` of them."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 9) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def width(label: str) -> float:
    """About the pixels that a label of a chart takes, rather a few too many."""
    return sum(map(_width, html.unescape(label)))


def _width(letter: str) -> float:
    if letter in NARROW:
        return 3.9
    if letter in WIDE or letter > "\u2e7f":
        return 10.5
    return 6.3 if letter.islower() else 7.2


def room_for(labels: Sequence[str]) -> int:
    """Pixels that the longest of them takes beside a chart, with a little space around it."""
    return 12 + round(max(map(width, labels), default=0))
