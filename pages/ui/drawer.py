"""Build or edit one widget of a dashboard, in a drawer at the right."""

import html
from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from engine import FIELDS, AggregateRequest, Scope, VitrineError
from engine.request import examine
from engine.workspaces.parse import TITLE_LENGTH
from engine.workspaces.widget import REQUEST_NAMES, TITLE
from pages.ui import (
    address,
    answer,
    controls,
    known,
    session,
    text,
    toolbar,
    view,
)
from pages.ui.draw import draw
from pages.ui.grid.answers import view_of
from pages.ui.grid.cards import quiet
from pages.ui.panel import Panel
from pages.ui.places import raw_widget
from pages.ui.view import View
from pages.ui.words import say

PANEL: Final = Panel("drawer_")
TYPED: Final = "typed"
"""Whether somebody typed a title; until then it follows the request."""
WIDTH: Final = 500
ROOM: Final = 270
"""Pixels of the preview."""
Done = Callable[[Mapping[str, Any]], None]


def open(widget: Mapping[str, Any] | None, scope: Scope, on_done: Done) -> None:
    """Show the drawer in this run of the page: for a new widget, or for this raw one.

    on_done: gets the raw widget, with the id and position that it had; then the page runs again. A
    new one has no id and lies at x 0, y 0 in the usual size of its type: whoever adds it finds its
    place.
    """
    begin(widget)
    name = say("New widget") if widget is None else say("Edit the widget")
    icon = ":material/add_chart:" if widget is None else ":material/edit:"
    st.dialog(name, width=WIDTH, position="right", icon=icon)(inside)(widget, scope, on_done)


def begin(widget: Mapping[str, Any] | None) -> None:
    """Let the controls say what the widget says, or the usual."""
    config = {} if widget is None else dict(widget["config"])
    values = {field.name: config.get(field.name, field.initial) for field in FIELDS}
    values["event_types"] = list(values["event_types"] or [])
    seen = View() if widget is None else view_of(widget)
    request, _ = examine(_body(config))
    title = str(config.get(TITLE, ""))
    typed = bool(title) and (request is None or title != text.title(request))
    PANEL.put(values | view.to_controls(seen) | {TITLE: title, TYPED: typed})


def _body(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: config[name] for name in REQUEST_NAMES if name in config}


def inside(widget: Mapping[str, Any] | None, scope: Scope, on_done: Done) -> None:
    """What is in the drawer."""
    session.recheck(scope)
    address.understand(panel=PANEL)
    body, seen = address.body(panel=PANEL), address.seen(PANEL)
    request, faults = examine(body)
    if request is not None:
        toolbar.type_control(request, seen, PANEL)
        seen = address.seen(PANEL)
    _title_control(request)
    offer = controls.Offer(known.inventory(scope), known.details(scope))
    with st.container(key="drawer_controls", gap="small"):
        controls.request_controls(offer, body, faults, panel=PANEL)
    if request is not None:
        with st.expander(say("Display"), icon=":material/tune:"):
            toolbar.display_controls(request, seen.fit(request), PANEL)
        _preview(body, request, seen, scope)
    else:
        st.info(say("Correct what is marked, and the chart is here."), icon=":material/edit:")
    _foot(widget, body, request, seen, on_done)


def _title_control(request: AggregateRequest | None) -> None:
    """Proposed from the request until somebody types one; emptied, it is proposed again."""
    if request is not None and not PANEL.says(TYPED):
        PANEL.put({TITLE: text.title(request)})
    st.text_input(
        say("Title"),
        key=PANEL.key(TITLE),
        max_chars=TITLE_LENGTH,
        help=say("Until you type one, it says what is asked."),
        on_change=_type_title,
    )


def _type_title() -> None:
    PANEL.put({TYPED: bool(str(PANEL.says(TITLE) or "").strip())})


def _preview(body: dict[str, Any], request: AggregateRequest, seen: View, scope: Scope) -> None:
    """Drawn as Explore draws it."""
    with st.container(key="card_preview", gap="small"):
        try:
            result = session.engine().aggregate(request, scope)
            fitted = seen.fit(request)
            drawing = answer.composed(body, request, result, scope, fitted, trend=True)
            st.html(f"<h3 class='widget-title'>{html.escape(_title(request))}</h3>")
            with st.container(height=ROOM, border=False, key="body_preview"):
                if result.rows:
                    draw(drawing, "preview", lambda _: None, ROOM)
                else:
                    quiet(say("No events match."))
        except VitrineError as error:
            st.error(text.for_markdown(error.message), icon=":material/error:")


def _foot(
    widget: Mapping[str, Any] | None,
    body: dict[str, Any],
    request: AggregateRequest | None,
    seen: View,
    on_done: Done,
) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", key="drawer_foot"):
        if st.button(say("Cancel"), key=PANEL.key("cancel")):
            st.rerun()
        done = st.button(
            say("Add to the dashboard") if widget is None else say("Apply"),
            type="primary",
            key=PANEL.key("done"),
            disabled=request is None,
        )
    if done and request is not None:
        on_done(_made(widget, body, request, seen.fit(request)))
        st.rerun()


def _title(request: AggregateRequest) -> str:
    return str(PANEL.says(TITLE) or "").strip() or text.title(request)


def _made(
    widget: Mapping[str, Any] | None, body: dict[str, Any], request: AggregateRequest, fitted: View
) -> dict[str, Any]:
    """The raw widget that the drawer says; what else its config had is kept."""
    made = raw_widget(_title(request), body, fitted)
    if widget is None:
        return made
    before = {
        name: value
        for name, value in widget["config"].items()
        if name not in (TITLE, *REQUEST_NAMES, *view.NAMES)
    }
    return {**widget, "widget_type": made["widget_type"], "config": made["config"] | before}
