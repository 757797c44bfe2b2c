"""The chart of an answer, as its type and look say."""

from typing import Final

import plotly.graph_objects as go

from pages.ui import text
from pages.ui.charts import bars, heat, lines, parts
from pages.ui.charts.drawing import Chart, Drawing
from pages.ui.numbers import separators
from pages.ui.words import both, say

__all__ = ["CONFIG", "DRAW", "Drawing", "describe", "figure", "filling"]

CONFIG: Final = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False}
CLEAR: Final = "rgba(0,0,0,0)"
MARGIN: Final = {"l": 8, "r": 16, "t": 8, "b": 8}
AXIS: Final = {"ticklabeloverflow": "allow"}
"""To look for labels that stick out takes a browser a tenth of a second a dashboard."""
DRAW: Final = {
    "line": lines.line,
    "area": lines.area,
    "heatmap": heat.heatmap,
    "bars": bars.bars,
    "columns": bars.columns,
    "ranking": bars.ranking,
    "donut": parts.donut,
    "funnel": parts.funnel,
}
"""Looks that Plotly draws; a counter and a table are no charts."""


def figure(drawing: Drawing) -> go.Figure:
    """drawing.view.look must be one of DRAW. What can be clicked has its place among drawing.keys
    as customdata.
    """
    return go.Figure(*_drawn(drawing))


def filling(drawing: Drawing) -> go.Figure:
    """The same for a chart that takes the height of what it is in."""
    traces, layout = _drawn(drawing)
    return go.Figure(traces, layout | {"height": None})


def _drawn(drawing: Drawing) -> Chart:
    traces, layout = DRAW[drawing.view.look](drawing)
    return Chart(
        traces,
        layout
        | {
            "xaxis": AXIS | layout.get("xaxis", {}),
            "yaxis": AXIS | layout.get("yaxis", {}),
            "margin": MARGIN | layout.get("margin", {}),
            "showlegend": drawing.view.look == "donut",
            "hoverlabel": {"align": "left"},
            "separators": separators(),
            "bargap": 0.28,
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "dragmode": False,
            "clickmode": "event+select",
        },
    )


def describe(drawing: Drawing) -> str:
    """The chart in a sentence, for those who do not see it."""
    request, rows = drawing.request, drawing.result.rows
    said = both(
        "{title}, last {days} days: {rows} row",
        "{title}, last {days} days: {rows} rows",
        len(rows),
        title=text.title(request),
        days=request.time_window_days,
        rows=len(rows),
    )
    largest = max(rows, key=lambda row: row.value, default=None)
    if largest is None:
        return said + "."
    key, value = text.plain(largest.key), drawing.label(largest.value, largest.secondary)
    return said + say(", the largest is {key} with {value}.", key=key, value=value)
