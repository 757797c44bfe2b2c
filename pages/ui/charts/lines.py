"""Values over time; buckets that the window covers in part are hollow, dotted and hatched."""

from typing import Any, Final

import plotly.graph_objects as go

from pages.ui import session, theme
from pages.ui.charts.drawing import GREY, HEIGHT, Chart, Drawing
from pages.ui.series import Bucket
from pages.ui.words import say

MARKED: Final = 62
"""Lines of more points show no markers."""
WHEN: Final = {"day": "%Y-%m-%d", "hour": "%Y-%m-%d %H:00"}
AROUND: Final = {"r": 24, "b": 46}
"""Pixels that labels like those of TICKS take: two lines, and half of one that ends the axis."""
TICKS: Final = {
    "en": ("%H:00\n%d %b", "%d %b\n%Y", "%b\n%Y"),
    # Plotly knows English months; numbers read well in Portuguese.
    "pt": ("%H:00\n%d/%m", "%d/%m\n%Y", "%m/%Y"),
}


def line(drawing: Drawing) -> Chart:
    return _over_time(drawing, filled=False)


def area(drawing: Drawing) -> Chart:
    return _over_time(drawing, filled=True)


def time_axes(drawing: Drawing) -> dict[str, Any]:
    """The layout: axes with room for the previous window, and the goal."""
    hours, days, months = TICKS[session.language()]
    values = [bucket.value for bucket in [*drawing.buckets, *drawing.before]]
    return {
        "height": HEIGHT,
        "margin": AROUND,
        "xaxis": {
            "tickformatstops": [
                {"dtickrange": [None, 86_400_000 - 1], "value": hours},
                {"dtickrange": [86_400_000, "M1"], "value": days},
                {"dtickrange": ["M1", None], "value": months},
            ],
        },
        "yaxis": {
            "rangemode": "normal" if drawing.request.aggregation == "avg" else "tozero",
            **drawing.ticks(values),
        },
        **goal_line(drawing, "y"),
    }


def goal_line(drawing: Drawing, axis: str) -> dict[str, Any]:
    """What a layout has of a goal on the axis of values, x or y; nothing without a goal."""
    goal = drawing.view.goal
    if goal is None:
        return {}
    across = "y" if axis == "x" else "x"
    there = {f"{axis}ref": axis, f"{across}ref": f"{across} domain"}
    ends = {f"{axis}0": goal, f"{axis}1": goal, f"{across}0": 0, f"{across}1": 1}
    beside = (
        {"x": 0, "xanchor": "left", "y": goal, "yanchor": "bottom"}
        if axis == "y"
        else {"x": goal, "xanchor": "left", "y": 1, "yanchor": "top"}
    )
    line = {"dash": "dash", "width": 1.5, "color": "#d97706"}
    name = {
        "text": f"{say('Goal')} {drawing.label(goal)}",
        "font": {"color": "#b45309" if theme.look() == "light" else "#fbbf24"},
        "bgcolor": theme.card(),
        "showarrow": False,
    }
    return {
        "shapes": [{"type": "line", "line": line, **there, **ends}],
        "annotations": [name | there | beside],
    }


def hovers(drawing: Drawing) -> list[str]:
    form = WHEN[drawing.request.group_by]
    before = {bucket.start: bucket.value for bucket in drawing.before}
    return [
        drawing.hover(
            bucket.start.strftime(form),
            bucket.value,
            bucket.secondary,
            drawing.share(bucket),
            f"{say('Before')}: {drawing.label(before[bucket.start])}"
            if bucket.start in before
            else "",
        )
        for bucket in drawing.buckets
    ]


def previous(drawing: Drawing) -> list[go.Scatter]:
    """The line of the previous window, where there is one."""
    if not drawing.before:
        return []
    return [
        go.Scatter(
            x=[bucket.start for bucket in drawing.before],
            y=[bucket.value for bucket in drawing.before],
            mode="lines",
            line={"width": 1.5, "dash": "dot", "color": GREY},
            hoverinfo="skip",
            connectgaps=False,
        )
    ]


def _over_time(drawing: Drawing, *, filled: bool) -> Chart:
    """The first trace has a marker for every bucket, to point at and to click."""
    points = drawing.buckets
    many = len(points) > MARKED
    partial = [point.share < 1 for point in points]
    first, last = theme.accent(), theme.accent(opacity=0.14)
    markers = go.Scatter(
        x=[point.start for point in points],
        y=[point.value for point in points],
        mode="markers",
        marker={
            "size": [9 if p else 6 for p in partial],
            "symbol": ["circle-open" if p else "circle" for p in partial],
            "opacity": [1 if p or not many else 0 for p in partial],
            "color": first,
            "line": {"width": 0},
        },
        cliponaxis=False,
        customdata=list(range(len(points))),
        hovertext=hovers(drawing),
        hoverinfo="text",
        # What is not chosen stays as it is.
        unselected={"marker": {"opacity": None}},
    )
    fill = {"fill": "tozeroy", "fillcolor": last} if filled else {}
    hatch = {"shape": "/", "size": 6, "solidity": 0.2, "fgcolor": first}
    dotted = {"width": 1.6, "dash": "dot", "color": first}
    traces = [
        markers,
        _stretch(_whole(points), {"width": 2.2, "color": first}, **fill),
        *(_stretch(edge, dotted, fill="tozeroy", fillpattern=hatch) for edge in _edges(points)),
        *previous(drawing),
    ]
    return Chart(traces, {"hovermode": "x" if many else "closest", **time_axes(drawing)})


def _stretch(points: list[Bucket], look: dict[str, Any], **more: Any) -> go.Scatter:
    return go.Scatter(
        x=[point.start for point in points],
        y=[point.value for point in points],
        mode="lines",
        line=look,
        hoverinfo="skip",
        connectgaps=False,
        cliponaxis=False,
        **more,
    )


def _whole(points: list[Bucket]) -> list[Bucket]:
    return [point for point in points if point.share >= 1]


def _edges(points: list[Bucket]) -> list[list[Bucket]]:
    """From a partial bucket to its whole neighbour, at either end."""
    ends = [points[:2]] if points[0].share < 1 else []
    if len(points) > 2 and points[-1].share < 1:
        ends.append(points[-2:])
    return ends
