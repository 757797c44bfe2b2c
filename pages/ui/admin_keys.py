"""API keys: made, shown once, revoked."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from engine.scope import Identity, Role
from engine.workspaces.keys import Key
from pages.ui import session, text, told, visitor
from pages.ui.words import say

FORM = "make_key"
SHOWN = "new_key"
DAYS: Final = {"30": 30, "90": 90, "365": 365, "never": None}


def show(who: Identity, workspace: str) -> None:
    told.show(FORM)
    made = session.said_of(SHOWN).get("key")
    session.say_of(SHOWN, {})
    if made is not None:
        st.info(say("Copy the key now: nobody can see it again."), icon=":material/key:")
        st.code(made, language=None)
    for key in visitor.people().keys.of(who, workspace):
        _key(workspace, key)
    mine = who.role(workspace)
    with st.form(FORM):
        st.markdown(f"#### {say('Make a key')}")
        st.text_input(say("Name"), key="key_name", help=say("What it is for."))
        roles = [role.value for role in reversed(Role) if mine is not None and mine.reaches(role)]
        st.selectbox(say("Role"), roles, key="key_role")
        brands = ["", *sorted(who.brands.get(workspace, ()))]
        st.selectbox(
            say("Brand"), brands, key="key_brand", format_func=lambda b: b or say("all of them")
        )
        st.selectbox(say("Expires"), list(DAYS), index=1, key="key_days", format_func=_days)
        st.form_submit_button(
            say("Make"), type="primary", on_click=told.change, args=(FORM, lambda: _make(workspace))
        )


def _days(option: str) -> str:
    return say("never") if DAYS[option] is None else say("in {n} days", n=option)


def _make(workspace: str) -> None:
    _, made = visitor.people().keys.make(
        session.identity(),
        workspace,
        session.control("key_name") or "",
        Role(session.control("key_role")),
        session.control("key_brand") or None,
        DAYS[session.control("key_days")],
        visitor.address(),
    )
    session.say_of(SHOWN, {"key": made})


def _key(workspace: str, key: Key) -> None:
    with st.container(
        key=f"card_key_{key.id}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        name = text.for_markdown(text.plain(key.name))
        st.markdown(f"**{name}** `{key.begins}…` :small[{text.for_markdown(_said(key))}]")
        if key.revoked_at is None:
            st.button(
                say("Revoke"),
                key=f"revoke_{key.id}",
                on_click=told.change,
                args=(FORM, lambda: _revoke(workspace, key)),
            )


def _said(key: Key) -> str:
    parts = [key.role.value, *([] if key.brand_id is None else [key.brand_id])]
    if key.revoked_at is not None:
        parts.append(say("revoked"))
    elif not key.is_good(datetime.now(UTC)):
        parts.append(say("expired"))
    elif key.expires_at is not None:
        parts.append(say("until {day}", day=f"{key.expires_at:%Y-%m-%d}"))
    used = say("never used") if key.used_at is None else f"{key.used_at:%Y-%m-%d %H:%M} UTC"
    return " · ".join([*parts, used if key.used_at is None else say("last used {at}", at=used)])


def _revoke(workspace: str, key: Key) -> None:
    visitor.people().keys.revoke(session.identity(), workspace, key.id, visitor.address())
