"""One dashboard: its widgets on the grid, to look at and to arrange."""

from typing import Any

import streamlit as st

from engine import Scope, VitrineError
from engine.errors import NotFound
from engine.workspaces.widget import Dashboard
from pages.ui import door, drawer, session, sharing, text
from pages.ui.grid import asked as address
from pages.ui.grid import bar, cards, header
from pages.ui.grid.answers import answers
from pages.ui.grid.arrange import arrange
from pages.ui.grid.asked import TYPE, Asked
from pages.ui.grid.editing import Editing
from pages.ui.grid.enlarged import enlarge
from pages.ui.grid.menu import menu
from pages.ui.grid.place import Widget, in_order
from pages.ui.scope import show_notices
from pages.ui.words import say


def main() -> None:
    asked = address.read()
    st.html(cards.look(wall=asked.wall))
    with st.container(key="dashboard_head", horizontal=True, vertical_alignment="bottom"):
        name = st.container(key="dashboard_title", gap=None)
        with st.container(key="dashboard_tools", horizontal=True, horizontal_alignment="right"):
            scope = header.tools(asked)
            buttons = st.container(key="dashboard_actions", horizontal=True, width="content")
    show_notices()
    dashboard = None if scope is None else found(scope)
    if scope is None or dashboard is None:
        with name:
            header.title(say("Dashboard"), None)
        nothing_here(scope)
        return
    Page(dashboard, scope, asked).show(name, buttons)


def found(scope: Scope) -> Dashboard | None:
    id = session.dashboard_id()
    try:
        return session.dashboards().get(scope.workspace_id, scope.brand_id, id)
    except NotFound:
        return None


def nothing_here(scope: Scope | None) -> None:
    st.info(
        say(
            "There is no such dashboard in this brand. It may be another brand's, or somebody"
            " deleted it."
        ),
        icon=":material/dashboard:",
    )
    if scope is not None:
        bar.offer_copy(session.dashboard_id(), scope)
    if st.button(say("All dashboards"), type="primary", key="to_list"):
        st.switch_page("dashboards.py")


class Page:
    """The dashboard as it is saved, or as it is being edited."""

    def __init__(self, dashboard: Dashboard, scope: Scope, asked: Asked) -> None:
        self.dashboard = dashboard
        self.scope = scope
        self.asked = asked
        self.editing = Editing(dashboard, scope)
        self.may_write = session.dashboards().may_write(session.identity(), scope.workspace_id)
        draft = self.editing.draft if self.may_write and not asked.wall else None
        self.draft = draft
        self.state = draft.now if draft is not None else self.editing.saved_state

    def show(self, name: Any, buttons: Any) -> None:
        with name:
            header.title(self.state.name, self.state.description)
            fresh = st.container(key="fresh", horizontal=True, vertical_alignment="center")
        with buttons:
            self._buttons()
        if self.draft is not None:
            bar.bar(self.editing, self.draft)
        elif self.may_write and not self.asked.wall:
            bar.offer_draft(self.editing)
        if not self.state.widgets:
            self._empty()
        minutes = self.asked.refresh
        grid = st.fragment(self._grid, run_every=60 * minutes if minutes else None)
        grid()
        with fresh:
            header.freshness(self.dashboard.id, len(self.state.widgets), self.scope)
            sharing.badge(self.dashboard, self.scope)
            header.chips(self.asked)

    def _buttons(self) -> None:
        if self.asked.wall:
            header.wall_exit()
            return
        if self.draft is None:
            sharing.button(self.dashboard, self.scope, self.asked)
        if self.may_write and self.draft is None:
            label, icon = say("Edit"), ":material/edit:"
            if st.button(label, key="edit", icon=icon, type="primary"):
                bar.over(self.editing.begin)

    def _empty(self) -> None:
        with st.container(key="card_empty"):
            st.markdown(f"#### {say('Nothing is on this dashboard yet')}")
            st.markdown(say("A widget is a number, a chart or a table that answers one question."))
            if self.may_write and st.button(
                say("Add the first widget"), key="add_first", type="primary", icon=":material/add:"
            ):
                self.editing.begin()
                drawer.open(None, self.scope, self.editing.put_widget)

    def _grid(self) -> None:
        session.recheck(self.scope)
        if self._is_outdated():
            st.rerun()
        first = session.first_sight(self.dashboard.id)
        if first:
            session.dashboards().opened(session.identity().subject, self.dashboard.id)
        # While editing, cells keep their order: those that change places are not drawn anew.
        widgets = self.state.widgets if self.draft is not None else in_order(self.state.widgets)
        with st.container(key="stage"):
            frames = cards.frames(widgets, self._menu, waiting=first)
            answered = answers(widgets, self.asked, self.scope)
            session.keep_answered_at(self.dashboard.id, answered.oldest)
            pick = None if self.draft is not None else self._narrow
            for frame in frames:
                cards.fill(frame, answered, pick)
            if self.draft is not None and widgets:
                serial = session.moves_of(self.dashboard.id)
                arrange(widgets, serial, self.editing.move, self.editing.undo, self.editing.redo)

    def _narrow(self, event_type: str) -> None:
        """To what was clicked; a second click on it takes that back."""
        again = event_type == self.asked.event_type
        session.set_control(TYPE, None if again else event_type)

    def _is_outdated(self) -> bool:
        """Whether a click in the grid changed what stands outside of it."""
        chosen = session.control(TYPE) != self.asked.event_type
        return chosen or (self.draft is not None and self.editing.draft is not self.draft)

    def _menu(self, widget: Widget) -> None:
        if self.asked.wall:
            return
        edits: dict[str, Any] = {}
        if self.may_write:
            edits = {
                "change": (":material/edit:", say("Edit"), self._change),
                "double": (":material/content_copy:", say("Duplicate"), self._double),
            }
        if self.draft is None and sharing.may(self.scope):
            edits["share"] = (":material/share:", say("Share"), self._share)
        last: dict[str, Any] = {}
        if self.may_write:
            last = {"remove": (":material/delete:", say("Remove"), self._remove)}
        st.fragment(menu)(widget, self.asked, self.scope, self._enlarge, edits, last)

    def _change(self, widget: Widget) -> None:
        drawer.open(widget, self.scope, self.editing.put_widget)

    def _double(self, widget: Widget) -> None:
        bar.over(lambda: self.editing.duplicate(widget))

    def _share(self, widget: Widget) -> None:
        sharing.open(self.dashboard, self.scope, self.asked, widget)

    def _remove(self, widget: Widget) -> None:
        bar.over(lambda: self.editing.remove(widget))

    def _enlarge(self, widget: Widget) -> None:
        enlarge(widget, self.asked, self.scope)


door.enter("dashboard")
try:
    main()
except VitrineError as error:
    st.error(text.for_markdown(error.message), icon=":material/error:")
