"""What can be done with one widget."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from engine import FIELDS, AggregateRequest, Scope, VitrineError, parse
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
    request = _request(widget, asked)
    middle: dict[str, tuple[str, str, Act]] = {
        "enlarge": (":material/open_in_full:", say("Full screen"), enlarge)
    }
    if request is not None:
        explore = partial(_explore, request, scope)
        middle["explore"] = (":material/query_stats:", say("Explore"), explore)
    with folded(widget) as unfolded:
        if unfolded.open:
            with st.container(key=f"acts_{widget['id']}", gap=None):
                _buttons(widget, {**edits, **middle})
                if request is not None:
                    links(request, scope, FORMS)
                _buttons(widget, removal)
    chosen = session.control(f"chosen_{widget['id']}")
    if chosen:
        session.put_controls({f"chosen_{widget['id']}": None})
        {**edits, **middle, **removal}[chosen][2](widget)


def folded(widget: Widget) -> PopoverContainer:
    """A menu that runs the page again when it is unfolded."""
    name = say("Menu of {title}", title=text.for_markdown(title_of(widget)))
    return st.popover(
        f":material/more_horiz: {name}",
        type="tertiary",
        key=f"menu_{widget['id']}",
        on_change="rerun",
        wrap=False,
    )


def _buttons(widget: Widget, acts: Acts) -> None:
    """A menu folds when something of it was chosen, and only then is that done."""
    for name, (icon, label, _) in acts.items():
        st.button(
            label,
            key=f"{name}_{widget['id']}",
            icon=icon,
            type="tertiary",
            on_click=session.put_controls,
            args=({f"menu_{widget['id']}": False, f"chosen_{widget['id']}": name},),
        )


def _request(widget: Widget, asked: Asked) -> AggregateRequest | None:
    """None for what cannot be asked."""
    body = asked.body(body_of(widget))
    try:
        return None if body is None else parse(body)
    except VitrineError:
        return None


def _explore(request: AggregateRequest, scope: Scope, widget: Widget) -> None:
    session.remember_brand(scope.workspace_id, scope.brand_id)
    link = explore_link(widget, request.to_dict())
    if scope.catalog_id is not None:
        link["catalog"] = scope.catalog_id
    st.switch_page("explore.py", query_params=link)


def explore_link(widget: Widget, body: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """The parameters with which the page Explore shows the same."""
    said: dict[str, str | list[str]] = dict(to_link(view_of(widget)))
    for field in FIELDS:
        value = body[field.name]
        if value is not None and value != field.initial:
            said[field.name] = [str(v) for v in value] if isinstance(value, list) else str(value)
    return said
