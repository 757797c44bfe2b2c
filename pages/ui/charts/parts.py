"""Parts of a whole as a donut, steps of a way as a funnel."""

import math
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from engine import Row
from pages.ui import text, theme
from pages.ui.charts.bars import rest
from pages.ui.charts.drawing import BARE, HEIGHT, Chart, Drawing, room_for
from pages.ui.numbers import written

PARTS: Final = 9
STEPS: Final = 12
HOLE: Final = 0.62
DEGREES: Final = 3
"""Between two points of a slice that can be pointed at and clicked."""


def donut(drawing: Drawing) -> Chart:
    """The largest parts and one for all others; values below zero have no part of it."""
    places = [i for i, row in enumerate(drawing.result.rows[:PARTS]) if row.value > 0]
    rows = [drawing.result.rows[i] for i in places]
    other = rest(drawing, PARTS)
    names = [text.for_plotly(row.key) for row in rows]
    values: list[float] = [row.value for row in rows]
    if other is not None and other[1] > 0:
        names.append(other[0])
        values.append(other[1])
    whole = sum(values)
    hovers = [
        f"<b>{name}</b><br>{drawing.label(value)}<br>{written(value, 'percent', whole)}"
        for name, value in zip(names, values, strict=True)
    ]
    ring = go.Pie(
        # Slices of one name would become one: invisible spaces keep them apart.
        labels=[name + "\u200b" * i for i, name in enumerate(names)],
        values=values,
        hovertext=hovers,
        hoverinfo="text",
        texttemplate="%{percent:.0%}",
        textposition="inside",
        hole=HOLE,
        sort=False,
        direction="clockwise",
        marker={"line": {"width": 2, "color": "rgba(0,0,0,0)"}},
    )
    axis = {"range": [-1, 1], "visible": False, "constrain": "domain"}
    layout = {
        "height": HEIGHT + 40,
        "uniformtext": {"minsize": 10, "mode": "hide"},
        "legend": {
            "orientation": "h",
            "x": 0.5,
            "xanchor": "center",
            "y": -0.02,
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "xaxis": axis,
        "yaxis": axis | {"scaleanchor": "x"},
        "hoverdistance": 30,
        "annotations": _whole(drawing),
    }
    return Chart([ring, _clickable(values, hovers, places)], layout)


def _whole(drawing: Drawing) -> list[dict[str, Any]]:
    """The number in the middle, where it is known."""
    if drawing.total is None:
        return []
    return [
        {
            "text": f"<b>{drawing.label(drawing.total)}</b>",
            "xref": "paper",
            "yref": "paper",
            "x": 0.5,
            "y": 0.5,
            "showarrow": False,
            "font": {"size": 22, "color": theme.ink()},
        }
    ]


def _clickable(values: Sequence[float], hovers: Sequence[str], places: Sequence[int]) -> go.Scatter:
    """Unseen points on the ring, for Plotly selects points but no slices; the style sheet lets the
    mouse through to them. The slice of all others, the last, is no row.
    """
    whole, begin = sum(values), 0.0
    angles: list[float] = []
    of: list[int] = []
    for i, value in enumerate(values):
        width = math.tau * value / whole
        count = math.ceil(width / math.radians(DEGREES))
        angles += [begin + width * (n + 0.5) / count for n in range(count)]
        of += [i] * count
        begin += width
    middle = (1 + HOLE) / 2
    return go.Scatter(
        x=[middle * math.sin(angle) for angle in angles],
        y=[middle * math.cos(angle) for angle in angles],
        mode="markers",
        marker={"opacity": 0},
        customdata=[places[i] if i < len(places) else None for i in of],
        hovertext=[hovers[i] for i in of],
        hoverinfo="text",
        showlegend=False,
    )


def funnel(drawing: Drawing) -> Chart:
    """From the largest step to the smallest, or in the order in which types were chosen."""
    rows = _steps(drawing)[:STEPS]
    begins = rows and (not _is_way(drawing) or rows[0].key == drawing.steps[0])
    first = rows[0].value if begins else 0
    places = {row.key: i for i, row in enumerate(drawing.result.rows)}
    labels = [
        f"{drawing.label(row.value, row.secondary)}"
        + (f" · {written(row.value, 'percent', first)}" if first else "")
        for row in rows
    ]
    way = go.Funnel(
        x=[row.value for row in rows],
        y=list(range(len(rows))),
        text=labels,
        textinfo="text",
        customdata=[places.get(row.key) for row in rows],
        textposition=["inside" if row.value >= first / 3 else "outside" for row in rows],
        insidetextfont={"color": "#ffffff" if theme.look() == "light" else "#0a0f1e"},
        hovertext=[
            drawing.hover(text.for_plotly(row.key, 80), row.value, row.secondary) for row in rows
        ],
        hoverinfo="text",
        connector={"visible": True},
        cliponaxis=False,
    )
    layout = {
        "height": max(HEIGHT // 2, 70 + 48 * len(rows)),
        # A number outside begins at the middle.
        "margin": {"r": max(16, room_for(labels) // 2)},
        "yaxis": {
            "range": [len(rows) - 0.5, -0.5],
            "tickvals": list(range(len(rows))),
            "ticktext": [text.for_plotly(row.key) for row in rows],
            **BARE,
        },
    }
    return Chart([way], layout)


def _is_way(drawing: Drawing) -> bool:
    return drawing.request.group_by == "event_type" and len(drawing.steps) > 1


def _steps(drawing: Drawing) -> list[Row]:
    """Of types that were chosen, also those without events; what the limit cut is not known."""
    rows = {row.key: row for row in drawing.result.rows}
    if not _is_way(drawing):
        return list(rows.values())
    missing = None if drawing.result.truncated else Row("", 0, 0)
    steps = ((name, rows.get(name, missing)) for name in dict.fromkeys(drawing.steps))
    return [Row(name, row.value, row.secondary) for name, row in steps if row is not None]
