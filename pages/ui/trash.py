"""What was deleted in the last 30 days: back with a press, or gone for ever with two."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from engine import Scope, VitrineError
from engine.workspaces.widget import Listed
from pages.ui import session, text, visitor
from pages.ui.faults import beside
from pages.ui.words import both, say


def trash(scope: Scope) -> None:
    deleted = session.dashboards().trash(scope.workspace_id, scope.brand_id)
    if not deleted:
        return
    title = say("Trash ({n})", n=len(deleted))
    with st.expander(title, icon=":material/delete:", key="trash", on_change="rerun") as bin:
        if bin.open:
            st.caption(say("Dashboards stay here for 30 days."))
            for one in deleted:
                _row(one, scope)
                beside(session.said_of(f"trashed_{one.id}"), "")


def _row(one: Listed, scope: Scope) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"trashed_{one.id}"):
        count = both("{n} widget", "{n} widgets", one.widget_count, n=one.widget_count)
        st.markdown(f"**{text.for_markdown(one.name)}** · {count}", width="stretch")
        if not session.may_save(scope):
            return
        st.button(
            say("Restore"),
            key=f"restore_{one.id}",
            icon=":material/restore_from_trash:",
            on_click=_restore,
            args=(one, scope),
        )
        if st.button(say("Delete for ever"), key=f"purge_{one.id}", type="tertiary"):
            name = text.for_markdown(say("Delete {name} for ever?", name=one.name))
            st.dialog(name, icon=":material/delete_forever:")(_purge)(one, scope)


def _purge(one: Listed, scope: Scope) -> None:
    st.markdown(say("Its widgets and all its revisions go with it. Nobody can bring it back."))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(say("Cancel"), key="purge_cancel"):
            st.rerun()
        if st.button(say("Delete for ever"), key="purge_done", type="primary"):
            with _said_of(one):
                session.saving(scope).purge(*_whose(one, scope))
            st.rerun()


def _restore(one: Listed, scope: Scope) -> None:
    with _said_of(one):
        session.saving(scope).restore(*_whose(one, scope))


def _whose(one: Listed, scope: Scope) -> tuple[str, str, str, str, str]:
    """Which dashboard, and who is at it from where."""
    by = session.identity().subject
    return scope.workspace_id, scope.brand_id, one.id, by, visitor.address()


@contextmanager
def _said_of(one: Listed) -> Iterator[None]:
    """What goes wrong is said of this dashboard."""
    said = {}
    try:
        yield
    except VitrineError as error:
        said = {"": error.message}
    session.say_of(f"trashed_{one.id}", said)
