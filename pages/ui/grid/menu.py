"""What can be done with one widget."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from engine import FIELDS, Scope, VitrineError, parse
from pages.ui import session, text
from pages.ui.downloads import links
from pages.ui.grid.answers import body_of, view_of
from pages.ui.grid.asked import Asked
from pages.ui.grid.place import Widget, title_of
from pages.ui.view import to_link
from pages.ui.words import say

FORMS: Final = ("csv", "xlsx", "png")
Act = Callable[[Widget], Any]
Acts = Mapping[str, tuple[str, str, Act]]
"""Key -> icon, label and what it does."""


def menu(
    widget: Widget, asked: Asked, scope: Scope, enlarge: Act, edits: Acts, removal: Acts
) -> None:
    """Unfolds when it is asked for; what changes the dashboard is at its ends."""
    name = say("Menu of {title}", title=text.for_markdown(title_of(widget)))
    with st.popover(
        f":material/more_horiz: {name}",
        type="tertiary",
        key=f"menu_{widget['id']}",
        on_change="rerun",
        wrap=False,
    ) as unfolded:
        if not unfolded.open:
            return
        larger = {"enlarge": (":material/open_in_full:", say("Full screen"), enlarge)}
        with st.container(key=f"acts_{widget['id']}", gap=None):
            _buttons(widget, edits)
            _buttons(widget, larger)
            _elsewhere(widget, asked, scope)
            _buttons(widget, removal)


def _buttons(widget: Widget, acts: Acts) -> None:
    for name, (icon, label, act) in acts.items():
        if st.button(label, key=f"{name}_{widget['id']}", icon=icon, type="tertiary"):
            act(widget)


def _elsewhere(widget: Widget, asked: Asked, scope: Scope) -> None:
    """Explore it, or take it along as a file."""
    body = asked.body(body_of(widget))
    if body is None:
        return
    try:
        request = parse(body)
    except VitrineError:
        return

    def explore(_: Widget) -> None:
        session.remember_brand(scope.workspace_id, scope.brand_id)
        link = explore_link(widget, body)
        if scope.catalog_id is not None:
            link["catalog"] = scope.catalog_id
        st.switch_page("explore.py", query_params=link)

    _buttons(widget, {"explore": (":material/query_stats:", say("Explore"), explore)})
    links(request, scope, FORMS)


def explore_link(widget: Widget, body: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """The parameters with which the page Explore shows the same."""
    said: dict[str, str | list[str]] = dict(to_link(view_of(widget)))
    for field in FIELDS:
        value = body[field.name]
        if value is not None and value != field.initial:
            said[field.name] = [str(v) for v in value] if isinstance(value, list) else str(value)
    return said
