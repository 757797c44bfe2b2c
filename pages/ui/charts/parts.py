"""Parts of a whole as a donut, steps of a way as a funnel."""

from typing import Final

import plotly.graph_objects as go

from engine import Row
from pages.ui import text, theme
from pages.ui.charts.bars import rest
from pages.ui.charts.drawing import HEIGHT, Drawing, room_for
from pages.ui.numbers import written

PARTS: Final = 9
STEPS: Final = 12


def donut(drawing: Drawing) -> go.Figure:
    """The largest parts and one for all others; values below zero have no part of it."""
    rows = [row for row in drawing.result.rows[:PARTS] if row.value > 0]
    other = rest(drawing, PARTS)
    names = [text.for_plotly(row.key) for row in rows]
    values: list[float] = [row.value for row in rows]
    if other is not None and other[1] > 0:
        names.append(other[0])
        values.append(other[1])
    whole = sum(values)
    figure = go.Figure(
        go.Pie(
            # Slices of one name would become one: invisible spaces keep them apart.
            labels=[name + "\u200b" * i for i, name in enumerate(names)],
            values=values,
            hovertext=[
                f"<b>{name}</b><br>{drawing.label(value)}<br>{written(value, 'percent', whole)}"
                for name, value in zip(names, values, strict=True)
            ],
            hoverinfo="text",
            texttemplate="%{percent:.0%}",
            textposition="inside",
            hole=0.62,
            sort=False,
            direction="clockwise",
            marker={"line": {"width": 2, "color": "rgba(0,0,0,0)"}},
        )
    )
    figure.update_layout(height=HEIGHT + 40, uniformtext={"minsize": 10, "mode": "hide"})
    figure.update_layout(legend={"orientation": "h", "x": 0.5, "xanchor": "center", "y": -0.02})
    if drawing.total is not None:
        figure.add_annotation(
            text=f"<b>{drawing.label(drawing.total)}</b>",
            showarrow=False,
            font={"size": 22, "color": theme.ink()},
        )
    return figure


def funnel(drawing: Drawing) -> go.Figure:
    """From the largest step to the smallest, or in the order in which types were chosen."""
    rows = _steps(drawing)[:STEPS]
    begins = rows and (not _is_way(drawing) or rows[0].key == drawing.steps[0])
    first = rows[0].value if begins else 0
    labels = [
        f"{drawing.label(row.value, row.secondary)}"
        + (f" · {written(row.value, 'percent', first)}" if first else "")
        for row in rows
    ]
    figure = go.Figure(
        go.Funnel(
            x=[row.value for row in rows],
            y=list(range(len(rows))),
            text=labels,
            textinfo="text",
            textposition=["inside" if row.value >= first / 3 else "outside" for row in rows],
            insidetextfont={"color": "#ffffff" if theme.look() == "light" else "#0a0f1e"},
            hovertext=[
                drawing.hover(text.for_plotly(row.key, 80), row.value, row.secondary)
                for row in rows
            ],
            hoverinfo="text",
            connector={"visible": True},
            cliponaxis=False,
        )
    )
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.5],
        tickvals=list(range(len(rows))),
        ticktext=[text.for_plotly(row.key) for row in rows],
        showgrid=False,
    )
    # A number outside begins at the middle.
    return figure.update_layout(
        height=max(HEIGHT // 2, 70 + 48 * len(rows)), margin_r=max(16, room_for(labels) // 2)
    )


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
