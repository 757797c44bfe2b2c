"""What can be done with one widget."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from engine import Scope, VitrineError, parse
from pages.ui import session, text
from pages.ui.downloads import links
from pages.ui.grid.answers import body_of
from pages.ui.grid.asked import Asked
from pages.ui.grid.place import Widget, title_of
from pages.ui.view import to_link
from pages.ui.words import say

FORMS: Final = ("csv", "xlsx", "png")
Act = Callable[[Widget], Any]


def menu(
    widget: Widget,
    asked: Asked,
    scope: Scope,
    enlarge: Act,
    edits: Mapping[str, tuple[str, str, Act]],
) -> None:
    """Unfolds when it is asked for. edits: key -> icon, label and what it does."""
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
        for key, (icon, label, act) in edits.items():
            if st.button(label, key=f"{key}_{widget['id']}", icon=icon, type="tertiary"):
                act(widget)
        if st.button(
            say("Full screen"),
            key=f"enlarge_{widget['id']}",
            icon=":material/open_in_full:",
            type="tertiary",
        ):
            enlarge(widget)
        _elsewhere(widget, asked, scope)


def _elsewhere(widget: Widget, asked: Asked, scope: Scope) -> None:
    """Explore it, or take it along as a file."""
    body = asked.body(body_of(widget))
    if body is None:
        return
    try:
        request = parse(body)
    except VitrineError:
        return
    if st.button(
        say("Explore"),
        key=f"explore_{widget['id']}",
        icon=":material/query_stats:",
        type="tertiary",
    ):
        session.remember_brand(scope.workspace_id, scope.brand_id)
        st.switch_page("explore.py", query_params=explore_link(widget, body))
    links(request, scope, FORMS)
