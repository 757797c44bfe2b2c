"""The door of every page: who is not signed in is asked to, and then sees what was asked for."""

import json
from collections.abc import Callable
from typing import Final

import streamlit as st

from engine.errors import InvalidRequest, VitrineError
from engine.scope import Identity
from engine.workspaces import permissions
from pages.ui import form, provider, session, text, visitor
from pages.ui.words import say

SET_UP: Final = "set_up"
INVITATION: Final = "invitation"
CAME_TO_NOTHING: Final = "sign_in"
"""In the address after a way in that came to nothing; its value says which."""
UNFINISHED: Final = "unfinished"
HOME: Final = "'/'"
HERE: Final = "window.location.pathname + window.location.search"
BEFORE: Final = "window.sessionStorage.vitrine_place"
"""Where the tab was before it went to a sign-in provider, who sends everybody to the first page."""
WATCHED: Final = 3.0
"""Seconds after which an open page notices that its session has ended or its rights
changed."""


def enter(page: str) -> Identity:
    """Who looks at the page (its url_path); stops here for who may not."""
    who = visitor.visitor()
    if who is None:
        _ask()
        st.stop()
    if not permissions.opens(who, page):
        _refuse(who)
        st.stop()
    return who


def go(address: str) -> None:
    """Send the browser to an address of this server."""
    where = json.dumps(address).replace("<", "\\u003c")
    _run(f"window.location.replace({where})")


def complete(ticket: str, back: str = HERE) -> None:
    """Send the browser through the route that sets the cookie, and back to a place, an expression
    of JavaScript."""
    _run(f"window.location.replace('/sign-in?ticket={ticket}&next=' + encodeURIComponent({back}))")


def _run(script: str) -> None:
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


@st.fragment(run_every=WATCHED)
def watch(who: Identity) -> None:
    """An open page asks for itself: who drew it may be signed out, or open to other things."""
    if visitor.visitor() != who:
        st.rerun()


def _ask() -> None:
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle, st.container(key="card_sign_in"):
        asked = session.link_parameters()
        if SET_UP in asked:
            _set_up(asked[SET_UP][0])
        elif INVITATION in asked:
            _invited(asked[INVITATION][0])
        else:
            _sign_in(asked.get(CAME_TO_NOTHING, [""])[0])


def _sign_in(nothing: str) -> None:
    """nothing: which way in came to nothing just before, or "" for none."""
    if _by_provider():
        return
    done = form.draw()
    if done.ticket is not None:
        complete(done.ticket, HOME if nothing else HERE)
    elif done.error is not None:
        _tell(done.error)
    elif nothing:
        st.warning(_why(nothing), icon=":material/login:")
    if provider.is_set():
        provider.draw()
        if not nothing:
            _run(f"{BEFORE} = {HERE}")


def _by_provider() -> bool:
    """Whether a provider sent somebody who is on the way in with that. Its word is believed once,
    a moment ago: what the browser keeps of it opens nothing later."""
    entry, claimed = visitor.people().entry, provider.arrived()
    if claimed is None or not entry.awaits(claimed):
        return False
    try:
        ticket = entry.by_provider(claimed, form.here())
    except VitrineError as error:
        _tell(error)
        provider.offer_another()
        return False
    complete(ticket, f"({BEFORE} || {HOME})")
    return True


def _why(nothing: str) -> str:
    if nothing == UNFINISHED:
        return say("The sign-in at the provider was not finished, or its answer was not accepted.")
    return say("That way in was used or has expired, or the browser keeps no cookies.")


def _set_up(token: str) -> None:
    """The first account of all."""
    entry = visitor.people().entry
    st.markdown(f"### {say('Make the first owner')}")
    if not entry.may_set_up(token):
        st.warning(say("This link was used or has expired. Start the server anew for another."))
        return
    with st.form("set_up", border=False):
        email = st.text_input(say("E-mail"), key="set_up_email", autocomplete="username")
        workspace = st.text_input(
            say("Workspace"), value="ws_shop", key="set_up_workspace", help=say("ws_ and a-z, 0-9")
        )
        password = _new_password("set_up_password")
        sent = st.form_submit_button(say("Make the account"), type="primary")
    if sent:
        _enter_by(lambda: entry.set_up(token, workspace, email, password, form.here()))


def _invited(token: str) -> None:
    """The first password of somebody who was added."""
    entry = visitor.people().entry
    account = entry.invited(token)
    st.markdown(f"### {say('Welcome')}")
    if account is None:
        st.warning(say("This invitation was used or has expired. Ask an admin for another."))
        return
    st.caption(text.for_markdown(account.label))
    with st.form("invited", border=False):
        password = _new_password("invited_password")
        sent = st.form_submit_button(say("Choose this password"), type="primary")
    if sent:
        _enter_by(lambda: entry.accept(token, password, form.here()))


def _new_password(key: str) -> str:
    return st.text_input(
        say("New password"),
        type="password",
        key=key,
        autocomplete="new-password",
        help=say("At least 10 characters."),
    )


def _enter_by(way: Callable[[], str]) -> None:
    try:
        ticket = way()
    except VitrineError as error:
        _tell(error)
    else:
        complete(ticket, HOME)


def _tell(error: VitrineError) -> None:
    """In the words of the rule that was broken."""
    told = [f"{fault.field}: {fault.message}" for fault in error.faults]
    said = told if isinstance(error, InvalidRequest) and told else [error.message]
    for line in said:
        st.error(text.for_markdown(line), icon=":material/error:")


def _refuse(who: Identity) -> None:
    if who.roles:
        st.error(say("Your role does not open this page. Ask an owner or admin."))
        return
    st.info(
        text.for_markdown(
            say(
                "You are signed in as {name}, but a member of no workspace. Ask an admin.",
                name=who.name,
            )
        )
    )


def account_menu(who: Identity) -> None:
    """Who is signed in, a new password, and the way out."""
    with (
        st.container(key="account", horizontal=True, horizontal_alignment="right"),
        st.popover(text.for_markdown(text.plain(who.name, 30)), icon=":material/account_circle:"),
    ):
        for workspace, role in sorted(who.roles.items()):
            st.caption(text.for_markdown(f"{workspace}: {role}"))
        if visitor.people().accounts.get(who.subject).has_password:
            _password(who)
        if st.button(say("Sign out"), icon=":material/logout:", key="sign_out"):
            leave()


def _password(who: Identity) -> None:
    with st.form("password", border=False, clear_on_submit=True):
        old = st.text_input(
            say("Present password"),
            type="password",
            key="old_password",
            autocomplete="current-password",
        )
        new = _new_password("new_password")
        sent = st.form_submit_button(say("Change password"))
    if sent:
        _change(who, old, new)


def _change(who: Identity, old: str, new: str) -> None:
    entry = visitor.people().entry
    try:
        ticket = entry.change_password(who.subject, old, new, form.here())
    except VitrineError as error:
        _tell(error)
    else:
        complete(ticket)


def leave() -> None:
    token = visitor.session_token()
    if token is not None:
        visitor.people().entry.leave(token, visitor.address())
    go("/sign-out")
