"""The chart a request asks for by its shape."""

from typing import Final

import plotly.graph_objects as go

from engine import AggregateRequest, Result
from pages.ui import text, theme
from pages.ui.series import Bucket, buckets

BARS: Final = 25
BAR_HEIGHT: Final = 26
HEIGHT: Final = 380
CLEAR: Final = "rgba(0,0,0,0)"
CONFIG: Final = {"displayModeBar": False, "displaylogo": False, "locale": "en"}


def chart(request: AggregateRequest, result: Result) -> go.Figure:
    """none: a number; day and hour: a time series; everything else: bars, the largest first."""
    if request.group_by == "none":
        figure = _counter(request, result)
    elif request.is_time:
        figure = _time_series(request, buckets(request, result))
    else:
        figure = _bars(request, result)
    return figure.update_layout(
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        showlegend=False,
        hoverlabel={"align": "left"},
        bargap=0.28,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
    )


def describe(request: AggregateRequest, result: Result) -> str:
    """The chart in a sentence, for those who do not see it."""
    rows = len(result.rows)
    largest = max(result.rows, key=lambda row: row.value, default=None)
    said = f"{text.title(request)}, last {request.time_window_days} days: {rows} rows"
    if largest is None:
        return said
    value = text.number(largest.value, largest.secondary, numeric=request.is_numeric)
    return f"{said}, the largest is {text.plain(largest.key)} with {value}."


def _counter(request: AggregateRequest, result: Result) -> go.Figure:
    row = result.rows[0]
    if request.is_numeric and row.secondary == 0:
        figure = go.Figure()
        return figure.add_annotation(text="—", showarrow=False, font_size=72).update_layout(
            xaxis_visible=False, yaxis_visible=False, height=HEIGHT // 2
        )
    whole = row.value == int(row.value)
    number = {"valueformat": ",.0f" if whole else ",.2f", "font": {"size": 72}}
    return go.Figure(go.Indicator(mode="number", value=row.value, number=number)).update_layout(
        height=HEIGHT // 2
    )


def _time_series(request: AggregateRequest, points: list[Bucket]) -> go.Figure:
    """A line over whole buckets; those the window covers in part are hollow and dotted."""
    name = text.value_name(request)
    form = "%Y-%m-%d" if request.group_by == "day" else "%Y-%m-%d %H:00"
    hover = [
        f"<b>{p.start.strftime(form)}</b><br>{name}: "
        + text.number(p.value)
        + f"<br>{text.secondary_name(request)}: {p.secondary:,}"
        + (f"<br>partial: {p.share:.0%} of the {request.group_by}" if p.share < 1 else "")
        for p in points
    ]
    times = [p.start for p in points]
    values = [p.value for p in points]
    partial = [p.share < 1 for p in points]
    line = go.Scatter(
        x=times,
        y=values,
        mode="lines+markers",
        marker={
            "size": [8 if p else 5 if len(points) <= 62 else 0 for p in partial],
            "symbol": ["circle-open" if p else "circle" for p in partial],
        },
        line={"width": 2.2},
        cliponaxis=False,
        hovertext=hover,
        hoverinfo="text",
        connectgaps=False,
    )
    figure = go.Figure(line)
    if request.aggregation != "avg":
        figure.update_traces(fill="tozeroy", fillcolor=theme.accent(opacity=0.12))
    figure.update_layout(height=HEIGHT, hovermode="x" if len(points) > 62 else "closest")
    figure.update_xaxes(showgrid=False, tickformatstops=TICKS)
    return figure.update_yaxes(
        rangemode="normal" if request.aggregation == "avg" else "tozero", tickformat="~s"
    )


TICKS: Final = [
    {"dtickrange": [None, 86_400_000 - 1], "value": "%H:00\n%d %b"},
    {"dtickrange": [86_400_000, "M1"], "value": "%d %b\n%Y"},
    {"dtickrange": ["M1", None], "value": "%b\n%Y"},
]


def _bars(request: AggregateRequest, result: Result) -> go.Figure:
    rows = result.rows[:BARS]
    values = [row.value for row in rows]
    labels = [text.number(r.value, r.secondary, numeric=request.is_numeric) for r in rows]
    hover = [
        f"<b>{text.for_plotly(row.key, 80)}</b><br>{text.value_name(request)}: {label}"
        f"<br>{text.secondary_name(request)}: {row.secondary:,}"
        for row, label in zip(rows, labels, strict=True)
    ]
    places = list(range(len(rows)))
    figure = go.Figure(
        go.Bar(
            x=values,
            y=places,
            orientation="h",
            text=labels,
            textposition="outside",
            cliponaxis=False,
            hovertext=hover,
            hoverinfo="text",
        )
    )
    figure.update_layout(height=max(HEIGHT // 2, 60 + BAR_HEIGHT * len(rows)), barcornerradius=4)
    room = 1.18  # beside the longest bar, for its number
    span = [min(0, *values) * room, max(0, *values) * room]
    figure.update_xaxes(tickformat="~s", automargin=True, range=span if any(span) else [0, 1])
    return figure.update_yaxes(
        tickvals=places,
        ticktext=[text.for_plotly(row.key, 32) for row in rows],
        autorange="reversed",
        automargin=True,
        showgrid=False,
    )
