"""Charts of an answer as SVG: no script draws them, and nothing is fetched for them."""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.request import AggregateRequest
from engine.result import Result

BARS: Final = 25
WIDTH, HEIGHT, ROW = 760, 220, 26
LEFT, RIGHT = 230, 110
MARGIN: Final = 26
STEPS: Final = {"day": timedelta(days=1), "hour": timedelta(hours=1)}
NOT_A_LETTER: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+"
)
"""What is no letter and may turn, hide or break the text around it."""


def harmless(text: str, width: int = 80) -> str:
    """A name on one line, as HTML."""
    line = NOT_A_LETTER.sub(" ", text)
    line = line if len(line) <= width else line[: width - 1] + "…"
    return html.escape(line.strip()) or "(none)"


def number(value: float, secondary: int, request: AggregateRequest) -> str:
    """As people read it; a dash for a sum or average of nothing."""
    if request.is_numeric and secondary == 0:
        return "—"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"


def chart(request: AggregateRequest, result: Result) -> str:
    """An SVG or, for one number, a paragraph; empty where there is nothing to draw."""
    if not result.rows:
        return ""
    if request.group_by == "none":
        row = result.rows[0]
        return f'<p class="number">{number(row.value, row.secondary, request)}</p>'
    if request.is_time:
        return _line(*_series(request, result))
    return _bars(request, result)


def _bars(request: AggregateRequest, result: Result) -> str:
    rows = result.rows[:BARS]
    most = max((abs(row.value) for row in rows), default=0) or 1
    parts = []
    for place, row in enumerate(rows):
        y, length = place * ROW, abs(row.value) / most * (WIDTH - LEFT - RIGHT)
        sign = ' class="minus"' if row.value < 0 else ""
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{harmless(row.key, 32)}</text>'
            f'<rect x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="{ROW - 8}" rx="3"{sign}/>'
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 17}">'
            f"{number(row.value, row.secondary, request)}</text>"
        )
    return _svg(len(rows) * ROW, "".join(parts))


def _series(request: AggregateRequest, result: Result) -> tuple[list[datetime], list[float | None]]:
    """Every bucket of the window: 0 where a count or sum has no row, None where an average has
    nothing. When the limit cut it, it begins with the oldest row that is left."""
    step = STEPS[request.group_by]
    rows = {datetime.fromisoformat(row.key).replace(tzinfo=UTC): row for row in result.rows}
    midnight = result.window_start.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + step * ((result.window_start - midnight) // step)
    at = min(rows) if result.truncated else start
    empty = None if request.aggregation == "avg" else 0.0
    times: list[datetime] = []
    values: list[float | None] = []
    while at < result.window_end:
        row = rows.get(at)
        nothing = row is None or (request.aggregation == "avg" and row.secondary == 0)
        times.append(at)
        values.append(empty if row is None or nothing else row.value)
        at += step
    return times, values


def _line(times: Sequence[datetime], values: Sequence[float | None]) -> str:
    """The edges are buckets that the window may cover in part: a copy says so beside it."""
    there = [value for value in values if value is not None] or [0.0]
    low, high = min(0.0, *there), max(0.0, *there)
    span, inner = (high - low) or 1, HEIGHT - 2 * MARGIN
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)

    def point(place: int, value: float) -> str:
        return f"{MARGIN + place * step:.1f},{MARGIN + (high - value) / span * inner:.1f}"

    pieces: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(point(place, value))
    lines = "".join(
        f'<polyline points="{" ".join(piece)}"/>' if len(piece) > 1 else _dot(piece[0])
        for piece in pieces
        if piece
    )
    form = "%Y-%m-%d %H:%M" if times[-1] - times[0] < timedelta(days=3) else "%Y-%m-%d"
    zero = point(0, 0).split(",")[1]
    return _svg(
        HEIGHT,
        f'<path class="axis" d="M{MARGIN} {zero}H{WIDTH - MARGIN}"/>{lines}'
        f'<text x="{MARGIN}" y="16">{_short(high)}</text>'
        f'<text x="{MARGIN}" y="{HEIGHT - 6}">{times[0]:{form}}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 6}" text-anchor="end">{times[-1]:{form}}</text>',
    )


def _dot(place: str) -> str:
    x, y = place.split(",")
    return f'<circle cx="{x}" cy="{y}" r="3"/>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def _svg(height: int, inner: str) -> str:
    """The table beside it says the same to those who do not see it."""
    return (
        f'<div class="chart"><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-hidden="true"'
        f' xmlns="http://www.w3.org/2000/svg">{inner}</svg></div>'
    )
