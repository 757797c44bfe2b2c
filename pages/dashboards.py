"""The dashboards of a brand: find one, begin one, bring one back."""

import streamlit as st

from engine import Scope, VitrineError
from engine.workspaces.widget import Listed
from pages.ui import begin, door, incoming, session, shelf, text
from pages.ui.scope import pick_scope, show_notices
from pages.ui.trash import trash
from pages.ui.words import say


def main() -> None:
    scope = pick_scope("Dashboards")
    show_notices()
    if scope is None:
        nothing_yet()
        return
    dashboards = session.dashboards().list(
        scope.workspace_id, scope.brand_id, session.identity().subject
    )
    may_write = session.may_save(scope)
    if dashboards:
        show(dashboards, may_write, scope)
    else:
        st.info(said_of_none(may_write), icon=":material/dashboard_customize:")
        with st.container(horizontal=True):
            ways_in(may_write, scope)
    if may_write:
        begin.gallery(scope)
        incoming.import_dialog(scope)
    trash(scope)


def said_of_none(may_write: bool) -> str:
    if not may_write:
        return say("This brand has no dashboards yet. Somebody who may save them can make one.")
    return say(
        "This brand has no dashboards yet. Begin with a template below, with an empty one, or save"
        " a chart of Explore."
    )


def nothing_yet() -> None:
    st.markdown(f"## {say('Dashboards')}")
    st.info(
        say("There are no events yet. Import a file, and dashboards can show what is in it."),
        icon=":material/database:",
    )
    if st.button(say("Import a file"), type="primary", icon=":material/upload:"):
        st.switch_page("data.py")


def show(dashboards: list[Listed], may_write: bool, scope: Scope) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="shelf_toolbar"
    ):
        words = st.text_input(
            say("Search"),
            type="search",
            key="search",
            placeholder=say("Search by name or description"),
            label_visibility="collapsed",
            live=True,
        )
        look = shelf.look_control()
        ways_in(may_write, scope)
    found = shelf.matching(shelf.in_order(dashboards), words or "")
    if found:
        shelf.shelf(found, look, scope)
        return
    said = say("No dashboard has {words} in its name or description.", words=words)
    st.info(text.for_markdown(said), icon=":material/search_off:")
    st.button(say("Show all"), on_click=session.put_controls, args=({"search": ""},), key="all")


def ways_in(may_write: bool, scope: Scope) -> None:
    if may_write:
        st.button(
            say("Import"),
            key="import",
            icon=":material/upload_file:",
            on_click=incoming.ask_for_file,
        )
        st.button(
            say("New dashboard"),
            key="new",
            type="primary",
            icon=":material/add:",
            on_click=begin.start,
            args=(scope,),
        )


door.enter("dashboards")
try:
    main()
except VitrineError as error:
    st.error(text.for_markdown(error.message), icon=":material/error:")
