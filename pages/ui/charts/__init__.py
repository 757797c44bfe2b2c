"""The chart of an answer, as its type and look say."""

from typing import Any, Final

import plotly.graph_objects as go
import plotly.io as pio

from pages.ui import text, theme
from pages.ui.charts import bars, heat, lines, parts
from pages.ui.charts.drawing import BARE, Chart, Drawing, room_for
from pages.ui.numbers import separators
from pages.ui.words import both, say

__all__ = ["CONFIG", "DRAW", "Drawing", "describe", "figure", "filling"]

CONFIG: Final = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False}
CLEAR: Final = "rgba(0,0,0,0)"
FONT: Final = "Inter, sans-serif"
MARGIN: Final = {"l": 8, "r": 16, "t": 8, "b": 8, "pad": 8}
AXIS: Final = {
    "automargin": True,
    "fixedrange": True,
    "ticks": "",
    # To look for labels that stick out takes a browser a tenth of a second a dashboard.
    "ticklabeloverflow": "allow",
}
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

# The page hands each chart to Plotly twice. What it takes for the same is drawn once: equal
# layouts are, but not two copies of a template, nor, without a datarevision, two of the data.
pio.templates.default = None


def figure(drawing: Drawing) -> go.Figure:
    """drawing.view.look must be one of DRAW. What can be clicked has its place among drawing.keys
    as customdata.
    """
    return go.Figure(*_drawn(drawing))


def filling(drawing: Drawing, room: int) -> go.Figure:
    """The same for a chart that fills what it is in, which is room pixels high."""
    traces, layout = _drawn(drawing)
    return go.Figure(traces, layout | {"height": room})


def _drawn(drawing: Drawing) -> Chart:
    traces, layout = DRAW[drawing.view.look](drawing)
    line = theme.border()
    return Chart(
        traces,
        layout
        | _look()
        | {
            "datarevision": 1,
            "xaxis": AXIS | BARE | layout.get("xaxis", {}),
            "yaxis": AXIS | {"gridcolor": line, "zerolinecolor": line} | layout.get("yaxis", {}),
            "margin": MARGIN | _left(layout) | layout.get("margin", {}),
            "showlegend": drawing.view.look == "donut",
            "separators": separators(),
            "bargap": 0.28,
            "dragmode": False,
            "clickmode": "event+select",
        },
    )


def _look() -> dict[str, Any]:
    """What all charts have of the viewer's theme."""
    font = {"family": FONT, "size": 11}
    return {
        "font": font | {"color": theme.quiet()},
        "colorway": theme.palette(),
        "hoverlabel": {
            "align": "left",
            "bgcolor": theme.card(),
            "bordercolor": theme.border(),
            "font": font | {"color": theme.ink()},
        },
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
    }


def _left(layout: dict[str, Any]) -> dict[str, int]:
    """Room for the labels of the axis there: Plotly would find it, too, and draw all again."""
    labels = layout["yaxis"].get("ticktext")
    return {"l": MARGIN["l"] + room_for(labels)} if labels else {}


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
