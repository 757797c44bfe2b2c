"""Bars beside each other: lying for names, standing for times and for a few names."""

import math
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from pages.ui import text, theme
from pages.ui.charts.drawing import BARE, GREY, HEIGHT, Chart, Drawing, room_for
from pages.ui.charts.lines import goal_line, hovers, previous, time_axes
from pages.ui.kinds import ADDITIVE
from pages.ui.numbers import written
from pages.ui.words import both, say

BAR_HEIGHT: Final = 26
DIGITS: Final = 6
"""Of a sum, after the point: what is beyond them comes from subtracting."""
LONGEST: Final = 4
"""So many times the longest bar, and the bar of all others would leave nothing to see of the rest;
the line under the chart says what they come to.
"""
ROOM: Final = 0.22
"""Before the longest bar below zero, for its number, as a share of all there is."""
LEAST: Final = 24
"""Pixels that bars are left with in a narrow card: names and numbers keep their room."""
EDGE: Final = 0.01
"""A goal beyond all bars is still within sight."""


def bars(drawing: Drawing) -> Chart:
    return _lying(
        drawing, [text.for_plotly(row.key) for row in drawing.result.rows[: drawing.most]]
    )


def ranking(drawing: Drawing) -> Chart:
    """Numbered; what is not shown is one grey bar, where rows are parts of a whole."""
    rows = drawing.result.rows[: drawing.most]
    names = [f"{i}. {text.for_plotly(row.key)}" for i, row in enumerate(rows, 1)]
    others = rest(drawing, drawing.most)
    if others is not None and abs(others[1]) > LONGEST * max(abs(row.value) for row in rows):
        others = None
    return _lying(drawing, names, rest=others)


def rest(drawing: Drawing, shown: int) -> tuple[str, float] | None:
    """What all rows but the first `shown` come to, with a name; None where there are none."""
    more = drawing.result.total_groups - min(shown, len(drawing.result.rows))
    if more <= 0 or drawing.total is None or drawing.request.aggregation not in ADDITIVE:
        return None
    first = (-row.value for row in drawing.result.rows[:shown])
    value = round(math.fsum((drawing.total, *first)), DIGITS)
    return both("{n} other", "{n} others", more, n=written(more)), value


def columns(drawing: Drawing) -> Chart:
    """Over time, or of the first rows."""
    if drawing.request.is_time:
        return _columns_of_time(drawing)
    rows = drawing.result.rows[: drawing.most]
    values = [row.value for row in rows]
    standing = go.Bar(
        x=list(range(len(rows))),
        y=values,
        customdata=list(range(len(rows))),
        hovertext=_hovers(drawing),
        hoverinfo="text",
    )
    names = [text.for_plotly(row.key, 20) for row in rows]
    layout = {
        "height": HEIGHT,
        "barcornerradius": 4,
        "xaxis": {"tickvals": list(range(len(rows))), "ticktext": names},
        "yaxis": {"rangemode": "tozero", **drawing.ticks(values)},
        **goal_line(drawing, "y"),
    }
    return Chart([standing, *_strokes(drawing, "y")], layout)


def _columns_of_time(drawing: Drawing) -> Chart:
    points = drawing.buckets
    standing = go.Bar(
        x=[point.start for point in points],
        y=[point.value for point in points],
        marker={
            "color": theme.accent(),
            "pattern": {"shape": ["/" if point.share < 1 else "" for point in points]},
        },
        customdata=list(range(len(points))),
        hovertext=hovers(drawing),
        hoverinfo="text",
    )
    return Chart([standing, *previous(drawing)], time_axes(drawing))


def _hovers(drawing: Drawing) -> list[str]:
    return [
        drawing.hover(
            text.for_plotly(row.key, 80),
            row.value,
            row.secondary,
            f"{say('Before')}: {drawing.label(drawing.values_before[row.key])}"
            if row.key in drawing.values_before
            else "",
        )
        for row in drawing.result.rows[: drawing.most]
    ]


def _lying(drawing: Drawing, names: Sequence[str], rest: tuple[str, float] | None = None) -> Chart:
    rows = drawing.result.rows[: drawing.most]
    values = [row.value for row in rows]
    labels = [
        f"{drawing.label(row.value, row.secondary)} {drawing.change(row.key, row.value)}".strip()
        for row in rows
    ]
    before = [drawing.values_before.get(row.key, row.value) for row in rows]
    traces = [_bar(values, 0, _hovers(drawing), customdata=list(range(len(rows))))]
    names = list(names)
    if rest is not None:
        name, value = rest
        hover = f"<b>{name}</b><br>{drawing.label(value)}"
        look = {"color": GREY, "opacity": 0.55}
        traces.append(_bar([value], len(rows), [hover], marker=look))
        names, values = [*names, name], [*values, value]
        labels, before = [*labels, drawing.label(value)], [*before, value]
    layout = {
        "height": max(HEIGHT // 2, 60 + BAR_HEIGHT * len(names)),
        "barcornerradius": 4,
        "barmode": "overlay",
        # In pixels: of a narrow card, a share of the width is too little for a number.
        "margin": {"r": room_for(labels)},
        "minreducedwidth": LEAST,
        **_axes(drawing, names, [*values, *before]),
        **goal_line(drawing, "x"),
    }
    return Chart([*traces, _beside(values, before, labels), *_strokes(drawing, "x")], layout)


def _bar(values: list[float], first: int, hover: list[str], **look: Any) -> go.Bar:
    return go.Bar(
        x=values,
        y=list(range(first, first + len(values))),
        orientation="h",
        hovertext=hover,
        hoverinfo="text",
        **look,
    )


def _beside(values: list[float], before: list[float], labels: list[str]) -> go.Scatter:
    """Numbers at the end of their bars, clear of the strokes of the window before."""
    ends = [
        max(now, was, 0) if now >= 0 else min(now, was)
        for now, was in zip(values, before, strict=True)
    ]
    return go.Scatter(
        x=ends,
        y=list(range(len(ends))),
        mode="text",
        text=[f" {label} " for label in labels],
        textposition=["middle right" if now >= 0 else "middle left" for now in values],
        hoverinfo="skip",
        cliponaxis=False,
        # When a bar is chosen, the numbers of the others stay readable.
        unselected={"textfont": {"color": GREY}},
    )


def _axes(drawing: Drawing, names: list[str], values: list[float]) -> dict[str, Any]:
    marks = [] if drawing.view.goal is None else [drawing.view.goal]
    low, high = min(0, *values, *marks), max(0, *values, *marks)
    room = (high - low) * ROOM
    span = [low - room if low < 0 else 0, high * (1 + EDGE)]
    return {
        "xaxis": {"visible": False, "range": span if span[0] < span[1] else [0, 1]},
        # On a linear axis two keys that are cut to the same name keep a bar each.
        "yaxis": {
            "range": [len(names) - 0.4, -0.6],
            "tickvals": list(range(len(names))),
            "ticktext": names,
            **BARE,
        },
    }


def _strokes(drawing: Drawing, axis: str) -> list[go.Scatter]:
    """A stroke where each value was in the window before; axis, x or y, is that of the values."""
    rows = drawing.result.rows[: drawing.most]
    known = [(i, drawing.values_before.get(row.key)) for i, row in enumerate(rows)]
    before = [(i, value) for i, value in known if value is not None]
    if not before:
        return []
    places, values = [i for i, _ in before], [value for _, value in before]
    return [
        go.Scatter(
            x=values if axis == "x" else places,
            y=places if axis == "x" else values,
            mode="markers",
            marker={
                "symbol": "line-ns-open" if axis == "x" else "line-ew-open",
                "size": 16,
                "line": {"width": 2.5},
                "color": theme.ink(),
            },
            hoverinfo="skip",
            cliponaxis=False,
        )
    ]
