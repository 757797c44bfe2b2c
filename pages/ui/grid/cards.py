"""The cards of a dashboard: frames first, then what is in them."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

from engine import VitrineError
from pages.ui import answer, session, text
from pages.ui.charts import DRAW
from pages.ui.charts.drawing import Drawing
from pages.ui.draw import draw
from pages.ui.grid.answers import Answered
from pages.ui.grid.asked import may_narrow
from pages.ui.grid.place import Widget, room, styles, title_of
from pages.ui.words import say

HERE: Final = Path(__file__).parent
CSS: Final = (HERE / "grid.css").read_text()
WALL: Final = (HERE / "wall.css").read_text()


@dataclass(frozen=True)
class Frame:
    """A card whose title is drawn; `slot` makes the container of what is in it."""

    widget: Widget
    slot: Callable[[], Any]


def frames(
    widgets: Sequence[Widget], menu: Callable[[Widget], None] | None, *, waiting: bool
) -> list[Frame]:
    """Cards in the order of the widgets; waiting: nothing is in them yet, which shows."""
    st.html(styles(widgets))
    found = []
    with st.container(key="grid"):
        for widget in widgets:
            with st.container(key=f"cell_{widget['id']}"):
                _head(widget, menu)
                found.append(Frame(widget, _slot(widget, waiting)))
    return found


def _head(widget: Widget, menu: Callable[[Widget], None] | None) -> None:
    with st.container(key=f"head_{widget['id']}", horizontal=True, gap="xsmall"):
        title = text.plain(title_of(widget)) if title_of(widget) else say("Untitled")
        st.html(f"<h3 class='widget-title'>{html.escape(title)}</h3>")
        if menu is not None:
            menu(widget)


def _slot(widget: Widget, waiting: bool) -> Callable[[], Any]:
    """Both kinds leave what is drawn in the same place, so that it is not drawn anew later."""
    key = f"body_{widget['id']}"
    if waiting:
        skeleton = st.skeleton(room(widget))
        return lambda: skeleton.container(key=key, gap=None)
    body = st.container(key=key, gap=None)
    return lambda: body


def fill(frame: Frame, answered: Answered, pick: Callable[[str], Any] | None) -> None:
    """What is in a card; its error, when it has none."""
    widget = frame.widget
    with frame.slot():
        drawing = answered.drawings.get(widget["id"])
        if isinstance(drawing, VitrineError):
            trouble(drawing.message)
        elif drawing is None:
            quiet(say("This widget is about other event types than the chosen one."))
        elif not drawing.result.rows:
            quiet(say("No events match."))
        else:
            draw(drawing, widget["id"], _picker(drawing, widget, pick), room(widget))
            if drawing.view.look in DRAW and drawing.request.is_time and drawing.result.truncated:
                said = html.escape(text.plain(answer.cut(drawing)))
                st.html(f"<p class='cut quiet'>{said}</p>")


def _picker(
    drawing: Drawing, widget: Widget, pick: Callable[[str], Any] | None
) -> Callable[[str | None], None]:
    """A click on an event type narrows the dashboard to it; other clicks are for nothing."""

    def picked(key: str | None) -> None:
        session.unpick(widget["id"])
        by_type = drawing.request.group_by == "event_type"
        if pick is not None and key is not None and by_type and may_narrow(key):
            pick(key)

    return picked


def trouble(message: str) -> None:
    told = f"<div class='trouble' role='alert'>{html.escape(text.plain(message, 400))}</div>"
    st.html(told)


def quiet(message: str) -> None:
    st.html(f"<div class='nothing'>{html.escape(message)}</div>")


def look(*, wall: bool) -> str:
    """The styles of the page; on a wall there is nothing but the dashboard."""
    return f"<style>{CSS}{WALL if wall else ''}</style>"
