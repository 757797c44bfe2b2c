"""The bar of edit mode, and the questions it asks."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from engine import Scope, VitrineError
from engine.errors import PreconditionFailed
from engine.workspaces.parse import DESCRIPTION_LENGTH, NAME_LENGTH
from engine.workspaces.widget import Dashboard
from pages.ui import drawer, revisions, session, text
from pages.ui.grid.draft import Draft
from pages.ui.grid.editing import KEPT, Editing, copied
from pages.ui.words import say


def bar(editing: Editing, draft: Draft) -> None:
    with st.container(key="edit_bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            say("Undo"),
            key="undo",
            icon=":material/undo:",
            disabled=not draft.past,
            on_click=editing.undo,
            help="Ctrl + Z",
        )
        st.button(
            say("Redo"),
            key="redo",
            icon=":material/redo:",
            disabled=not draft.future,
            on_click=editing.redo,
            help="Ctrl + Shift + Z",
        )
        if st.button(say("Add a widget"), key="add_widget", icon=":material/add:"):
            drawer.open(None, editing.scope, editing.put_widget)
        if st.button(say("Name"), key="rename", icon=":material/edit_note:"):
            name_it(editing)
        # One that is restored would take the place of what is not saved.
        if st.button(
            say("Revisions"),
            key="revisions",
            icon=":material/history:",
            disabled=draft.changed,
            help=say("Save or undo your changes first.") if draft.changed else None,
        ):
            revisions.open(editing.dashboard, editing.scope, lambda _: editing.end())
        st.caption(say("Changes are not saved yet.") if draft.changed else say("No changes yet."))
        with st.container(horizontal=True, horizontal_alignment="right", width="content"):
            _ends(editing, draft)
    for why in session.said_of(KEPT).values():
        only_here = say("Your changes are only in this tab, do not close it: {why}", why=why)
        st.warning(text.for_markdown(only_here), icon=":material/cloud_off:")


def _ends(editing: Editing, draft: Draft) -> None:
    """The ways out of edit mode."""
    if st.button(say("Done"), key="leave"):
        if draft.changed:
            ask_to_leave(editing)
        else:
            over(editing.end)
    if st.button(
        say("Save"),
        key="save",
        icon=":material/save:",
        type="primary",
        disabled=not draft.changed,
    ):
        save(editing)


def over(act: Callable[[], Any]) -> None:
    act()
    st.rerun()


def save(editing: Editing) -> None:
    """Never over what somebody else saved."""
    try:
        editing.save()
    except PreconditionFailed:
        ask_in_conflict(editing)
    except VitrineError as error:
        st.error("  \n".join(text.for_markdown(line) for line in told(error)))
    else:
        st.toast(say("Saved"), icon=":material/check:")
        st.rerun()


def told(error: VitrineError) -> list[str]:
    faults = [f"{fault.field}: {fault.message}" for fault in error.faults]
    return faults or [error.message]


def name_it(editing: Editing) -> None:
    st.dialog(say("Name and description"), icon=":material/edit_note:")(_name)(editing)


def _name(editing: Editing) -> None:
    now = editing.begin().now
    name = st.text_input(say("Name"), now.name, max_chars=NAME_LENGTH, key="new_name")
    described = st.text_area(
        say("Description"),
        now.description or "",
        max_chars=DESCRIPTION_LENGTH,
        key="new_description",
    )
    if st.button(say("Use it"), type="primary", disabled=not name.strip(), key="use_name"):
        over(lambda: editing.rename(name.strip(), described.strip() or None))


def ask_to_leave(editing: Editing) -> None:
    st.dialog(say("Your changes are not saved"), icon=":material/warning:")(_leave)(editing)


def _leave(editing: Editing) -> None:
    st.markdown(say("Save them, throw them away, or go on editing."))
    with st.container(horizontal=True):
        if st.button(say("Save"), type="primary", key="leave_saving"):
            try:
                editing.save()
            except PreconditionFailed:
                conflict(editing)
                return
            except VitrineError as error:
                st.error("  \n".join(text.for_markdown(line) for line in told(error)))
                return
            st.rerun()
        if st.button(say("Throw away"), key="leave_dropping"):
            over(editing.end)
        if st.button(say("Go on editing"), type="tertiary", key="leave_not"):
            st.rerun()


def ask_in_conflict(editing: Editing) -> None:
    st.dialog(say("Somebody else saved this dashboard"), icon=":material/group:")(conflict)(editing)


def conflict(editing: Editing) -> None:
    where = (editing.scope.workspace_id, editing.scope.brand_id, editing.id)
    last = session.dashboards().revisions(*where)[0]
    st.markdown(
        say(
            "{who} saved version {number} on {day} at {time} UTC, after you began. Nothing was"
            " overwritten: what you changed is still here.",
            who=text.for_markdown(last.by),
            number=last.number,
            day=f"{last.at:%Y-%m-%d}",
            time=f"{last.at:%H:%M}",
        )
    )
    with st.container(horizontal=True):
        link = dict(session.link_parameters())
        st.link_button(say("Look at theirs"), theirs(link), icon=":material/open_in_new:")
        copy_button(editing.save_copy)
        if st.button(say("Throw mine away"), key="drop_mine"):
            over(editing.end)


def offer_copy(id: str, scope: Scope) -> None:
    """Of edits whose dashboard somebody deleted in the meantime."""
    draft = session.draft_of(id)
    if draft is None or not draft.changed:
        return

    def save_copy() -> Dashboard:
        made = copied(draft, scope)
        session.keep_draft_of(id, None)
        return made

    st.markdown(say("What you changed and did not save is still here."))
    copy_button(save_copy)


def copy_button(save_copy: Callable[[], Dashboard]) -> None:
    if st.button(say("Save mine as a copy"), type="primary", key="save_copy"):
        try:
            show(save_copy())
        except VitrineError as error:
            st.error("  \n".join(text.for_markdown(line) for line in told(error)))


def theirs(link: dict[str, list[str]]) -> str:
    """The page as it is saved, in a tab of its own."""
    return "?" + urlencode(link, doseq=True)


def show(made: Dashboard) -> None:
    parameters = dict(session.link_parameters()) | {session.DASHBOARD: [made.id]}
    st.switch_page("dashboard.py", query_params=parameters)


def offer_draft(editing: Editing) -> None:
    """What an earlier visit did not save."""
    at = editing.left_behind()
    if at is None:
        return
    with st.container(key="left_behind", horizontal=True, vertical_alignment="center"):
        st.markdown(
            say("You have changes from {time} UTC that are not saved.", time=f"{at:%Y-%m-%d %H:%M}")
        )
        st.button(say("Continue"), key="go_on", type="primary", on_click=editing.go_on)
        st.button(say("Discard"), key="discard", on_click=editing.drop)
