"""One drawing on a page: a number, a table or a chart, whatever page it is on."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from pages.ui import charts, rows, session
from pages.ui.charts.drawing import Drawing
from pages.ui.counter import counter

CLICKABLE: Final = ("line", "area", "columns", "bars", "ranking", "donut", "funnel")


def draw(
    drawing: Drawing,
    name: str,
    on_pick: Callable[[str | None], None] | None = None,
    room: int | None = None,
) -> None:
    """The result has rows. name: what tells this drawing from others of the session.

    on_pick: is told the key of what was clicked; without it, the session remembers it. room: the
    height in pixels of the card that it fills; without one, it is as high as it likes.
    """
    seen = drawing.view
    if seen.widget_type == "counter":
        counter(drawing)
    elif seen.widget_type == "table":
        rows.table(drawing, f"answer_table_{name}", room)
    else:
        chart(drawing, name, on_pick, room)


def chart(
    drawing: Drawing,
    name: str,
    on_pick: Callable[[str | None], None] | None = None,
    room: int | None = None,
) -> None:
    key = session.chart_key(name)

    def picked() -> None:
        points = session.control(key, {}).get("selection", {}).get("points", [])
        place = next((p["customdata"] for p in points if p.get("customdata") is not None), None)
        keys = drawing.keys
        found = keys[place] if place is not None and place < len(keys) else None
        if on_pick is not None:
            on_pick(found)
        else:
            session.pick(chart_name(drawing), None if found is None else (found,))

    st.plotly_chart(
        charts.figure(drawing) if room is None else charts.filling(drawing, room),
        theme=None,
        key=key,
        config=charts.CONFIG,
        alt=charts.describe(drawing),
        on_select=picked if drawing.view.look in CLICKABLE else "ignore",
        selection_mode="points",
        height="content" if room is None else "stretch",
    )


def chart_name(drawing: Drawing) -> str:
    return repr((drawing.request, drawing.view.look))
