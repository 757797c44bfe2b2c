"""Save what Explore shows as a widget of a dashboard."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from engine import AggregateRequest, Scope, VitrineError
from engine.workspaces.parse import NAME_LENGTH, TITLE_LENGTH
from engine.workspaces.slug import free_slug
from engine.workspaces.widget import Listed
from pages.ui import begin, session, shelf, text
from pages.ui.faults import beside
from pages.ui.grid.editing import Editing
from pages.ui.grid.place import Widget
from pages.ui.panel import Panel
from pages.ui.places import raw_widget, with_widget
from pages.ui.view import View
from pages.ui.words import say

PANEL: Final = Panel("keep_")
NEW: Final = ""
"""Stands for a dashboard that is yet to be made."""
FORM: Final = "keep"


def save_button(
    body: Mapping[str, Any], request: AggregateRequest, fitted: View, scope: Scope
) -> None:
    if not session.may_save(scope):
        return
    if st.button(
        say("Save to a dashboard"),
        key="keep",
        icon=":material/dashboard_customize:",
        on_click=session.say_of,
        args=(FORM, {}),
    ):
        last = PANEL.says("last")
        PANEL.put({"saved": None, "title": text.title(request), "name": "", "dashboard": last})
        st.dialog(say("Save to a dashboard"), icon=":material/dashboard_customize:")(_dialog)(
            body, fitted, scope
        )


def _dialog(body: Mapping[str, Any], fitted: View, scope: Scope) -> None:
    session.recheck(scope)
    saved: tuple[str, str, bool] | None = PANEL.says("saved")
    if saved is not None:
        _done(*saved, scope)
        return
    said = session.said_of(FORM)
    there = shelf.in_order(
        session.dashboards().list(scope.workspace_id, scope.brand_id, session.identity().subject)
    )
    names = labels(there)
    if PANEL.says("dashboard") not in names:
        PANEL.put({"dashboard": next(iter(names))})
    chosen = st.selectbox(
        say("Dashboard"),
        list(names),
        format_func=names.__getitem__,
        key=PANEL.key("dashboard"),
    )
    if chosen == NEW:
        st.text_input(
            say("Name of the new dashboard"),
            key=PANEL.key("name"),
            max_chars=NAME_LENGTH,
            placeholder=say("Weekly sales"),
        )
        beside(said, "name")
    st.text_input(say("Title of the widget"), key=PANEL.key("title"), max_chars=TITLE_LENGTH)
    for field, message in said.items():
        if field != "name":
            st.error(text.for_markdown(f"{field}: {message}" if field else message))
    if st.button(say("Save"), type="primary", key=PANEL.key("done")):
        widget = raw_widget(str(PANEL.says("title") or "").strip(), body, fitted)
        try:
            saved = _saved(chosen, widget, scope)
            PANEL.put({"saved": saved, "last": saved[0]})
            session.say_of(FORM, {})
        except VitrineError as error:
            session.say_of(FORM, begin.conflicts(error))
        st.rerun(scope="fragment")


def labels(there: Sequence[Listed]) -> dict[str, str]:
    """What dashboards are picked by, by id. Streamlit knows options by their labels: those of one
    name are told apart by their slugs.
    """
    new = say("A new dashboard")
    names = Counter([new, *(text.plain(one.name) for one in there)])
    found = {}
    for one in there:
        name = text.plain(one.name)
        found[one.id] = name if names[name] == 1 else f"{name} · {one.slug}"
    return found | {NEW: new}


def _saved(id: str, widget: Widget, scope: Scope) -> tuple[str, str, bool]:
    """Id and name of the dashboard on which the widget now is, and whether it is only among edits
    of it that are not saved. Raises VitrineError.
    """
    dashboards, by = session.saving(scope), session.identity().subject
    if id == NEW:
        name = str(PANEL.says("name") or "").strip()
        slug = free_slug(name, begin.taken(scope))
        asked = {"name": name, "slug": slug, "widgets": [widget]}
        made = dashboards.create(scope.workspace_id, scope.brand_id, by, asked)
        return made.id, made.name, False
    found = dashboards.get(scope.workspace_id, scope.brand_id, id)
    editing = Editing(found, scope)
    if editing.draft is not None:
        # Saved beside the edits it would make them those of an older version.
        editing.put_widget(widget)
        return found.id, found.name, True
    asked = {"widgets": with_widget(found, widget)}
    # Whoever saves in between is not overwritten: their version is another one.
    dashboards.put(scope.workspace_id, scope.brand_id, id, by, asked, version=found.version)
    return found.id, found.name, False


def _done(id: str, name: str, is_edit: bool, scope: Scope) -> None:
    if is_edit:
        told = say("The widget is among your edits of {name}, which are not saved yet.", name=name)
    else:
        told = say("The widget is on {name}.", name=name)
    st.success(text.for_markdown(told), icon=":material/check_circle:")
    open_it = say("Open {name}", name=name)
    shelf.link(id, open_it, scope, icon=":material/arrow_forward:")
