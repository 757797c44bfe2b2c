"""Hours of the day by days of the week: what a usual hour brings."""

from collections import defaultdict
from typing import Final

import plotly.graph_objects as go

from pages.ui import theme
from pages.ui.charts.drawing import BARE, HEIGHT, Chart, Drawing, room_for
from pages.ui.words import say

BAR: Final = 40
"""Pixels that the scale beside the chart takes, without its labels."""
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def heatmap(drawing: Drawing) -> Chart:
    """The mean of the hours of each place; averages weigh as much as the numbers in them."""
    means = hours_of_week(drawing)
    days = [say(day) for day in WEEKDAYS]
    cells = [[means.get((day, hour)) for hour in range(24)] for day in range(7)]
    hover = [
        [f"<b>{days[day]} {hour:02}:00</b><br>{drawing.label(value)}" for hour, value in row]
        for day, row in enumerate(enumerate(line) for line in cells)
    ]
    values = [value for line in cells for value in line if value is not None] or [0]
    scale = drawing.ticks(values)
    week = go.Heatmap(
        z=cells,
        x=list(range(24)),
        y=list(range(7)),
        hovertext=hover,
        hoverinfo="text",
        hoverongaps=False,
        xgap=2,
        ygap=2,
        colorscale=[[0, theme.accent(opacity=0.06)], [1, theme.accent(opacity=1)]],
        colorbar={"thickness": 10, "outlinewidth": 0, **scale},
    )
    hours = list(range(0, 24, 3))
    layout = {
        "height": HEIGHT,
        "margin": {"b": 32, "r": BAR + room_for(scale["ticktext"])},
        "xaxis": {"tickvals": hours, "ticktext": [f"{hour:02}" for hour in hours]},
        "yaxis": {
            "tickvals": list(range(7)),
            "ticktext": days,
            "range": [6.5, -0.5],
            **BARE,
        },
    }
    return Chart([week], layout)


def hours_of_week(drawing: Drawing) -> dict[tuple[int, int], float]:
    """(weekday from Monday, hour) -> value of a whole hour there, where the window has any."""
    total: dict[tuple[int, int], float] = defaultdict(float)
    weight: dict[tuple[int, int], float] = defaultdict(float)
    average = drawing.request.aggregation == "avg"
    for bucket in drawing.buckets:
        if bucket.value is not None:
            place = (bucket.start.weekday(), bucket.start.hour)
            total[place] += bucket.value * (bucket.secondary if average else 1)
            weight[place] += bucket.secondary if average else bucket.share
    return {place: total[place] / weight[place] for place in total if weight[place] > 0}
