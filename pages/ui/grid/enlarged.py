"""One widget over the whole window, with its table."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from engine import Scope, VitrineError
from pages.ui import rows, session, text
from pages.ui.answer import receipt
from pages.ui.charts.drawing import BARS
from pages.ui.draw import draw
from pages.ui.grid.answers import answers
from pages.ui.grid.asked import Asked
from pages.ui.grid.place import Widget, title_of
from pages.ui.words import say


def enlarge(
    widget: Widget, asked: Asked, scope: Scope, recheck: Callable[[], object] | None = None
) -> None:
    """recheck: whether it may still be looked at, where that is not up to who is signed in."""
    title = text.for_markdown(title_of(widget)) if title_of(widget) else say("Untitled")
    # A dialog is made for its title, which is the widget's.
    st.dialog(title, width="large")(_inside)(widget, asked, scope, recheck)


def _inside(
    widget: Widget, asked: Asked, scope: Scope, recheck: Callable[[], object] | None = None
) -> None:
    if recheck is None:
        session.recheck(scope)
    else:
        recheck()
    drawing = answers([widget], asked, scope).drawings[widget["id"]]
    if isinstance(drawing, VitrineError):
        st.error(text.for_markdown(drawing.message))
    elif drawing is None:
        st.info(say("This widget is about other event types than the chosen one."))
    elif not drawing.result.rows:
        st.info(say("No events match."), icon=":material/search_off:")
    else:
        drawing = replace(drawing, most=BARS)
        with st.container(key="enlarged"):
            draw(drawing, f"enlarged_{widget['id']}", lambda _: None)
        st.caption("  \n".join(text.for_markdown(line) for line in receipt(drawing) if line))
        if drawing.view.widget_type != "table":
            rows.table(drawing, f"rows_{widget['id']}")
