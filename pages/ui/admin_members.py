"""The members of a workspace: added, changed, removed, disabled."""

import html

import streamlit as st

from engine.scope import Identity, Role
from engine.workspaces.members import OF_WHOLE, Member
from pages.ui import session, text, told, visitor
from pages.ui.words import say

ADD = "add_member"


def show(who: Identity, workspace: str) -> None:
    told.show(ADD)
    _invitation()
    for member in visitor.people().members.of(who, workspace):
        _member(who, workspace, member)
    with st.form(ADD, clear_on_submit=False):
        st.markdown(f"#### {say('Add a member')}")
        st.text_input(say("E-mail"), key="member_email", autocomplete="off")
        st.selectbox(say("Role"), _roles(who, workspace), index=None, key="member_role")
        st.multiselect(
            say("Brands"),
            sorted(who.brands.get(workspace, ())),
            key="member_brands",
            placeholder=say("all of them"),
            help=say("An editor or viewer may be of some brands only."),
        )
        st.form_submit_button(
            say("Add"), type="primary", on_click=told.change, args=(ADD, lambda: _add(workspace))
        )


def _roles(who: Identity, workspace: str) -> list[str]:
    """Nobody gives away more than they have."""
    mine = who.role(workspace)
    return [role.value for role in Role if mine is not None and mine.reaches(role)]


def _add(workspace: str) -> str:
    brands = session.control("member_brands") or None
    role = Role(session.control("member_role") or Role.VIEWER)
    added = visitor.people().members.add(
        session.identity(),
        workspace,
        session.control("member_email") or "",
        role,
        brands,
        visitor.address(),
    )
    if added.invitation is not None:
        session.say_of("invitation", {"link": added.invitation})
    session.put_controls({"member_email": "", "member_brands": []})
    return say("{name} is a member.", name=added.member.email)


def _invitation() -> None:
    """The link is shown until something else is done."""
    link = session.said_of("invitation").get("link")
    session.say_of("invitation", {})
    if link is None:
        return
    origin = "/".join((st.context.url or "").split("/")[:3])
    st.info(
        say("Give them this link, with which they choose a password. It is good for 7 days, once."),
        icon=":material/mail:",
    )
    st.code(f"{origin}/?invitation={html.escape(link)}", language=None)


def _member(who: Identity, workspace: str, member: Member) -> None:
    key = f"member_{member.account_id}"
    with st.container(key=f"card_{key}", horizontal=True, vertical_alignment="center", gap="small"):
        notes = [
            say("invited") if member.invited else "",
            say("disabled") if member.disabled else "",
            "" if member.brands is None else say("brands: {n}", n=len(member.brands)),
        ]
        name = text.for_markdown(text.plain(member.email or member.name))
        st.markdown(f"**{name}** :small[{' · '.join(note for note in notes if note)}]")
        options = _roles(who, workspace)
        if member.account_id == who.subject or member.role.value not in options:
            st.markdown(member.role.value)
            return
        st.selectbox(
            text.for_markdown(say("Role of {name}", name=text.plain(member.email or member.name))),
            options,
            index=options.index(member.role.value),
            key=f"role_{key}",
            label_visibility="collapsed",
            on_change=told.change,
            args=(ADD, lambda: _change(workspace, member)),
            width=140,
        )
        with st.popover(say("More"), key=f"more_{key}"):
            _more(workspace, member, key)


def _more(workspace: str, member: Member, key: str) -> None:
    members = visitor.people().members

    def place() -> tuple[Identity, str, str, str]:
        """Asked for at the press: who drew the button may have lost their role since."""
        return session.identity(), workspace, member.account_id, visitor.address()

    def invite() -> None:
        session.say_of("invitation", {"link": members.invite(*place())})

    steps = [
        ("remove", say("Remove"), lambda: members.remove(*place()), True),
        ("disable", say("Disable"), lambda: members.disable(*place()), not member.disabled),
        ("enable", say("Let in again"), lambda: members.enable(*place()), member.disabled),
        ("invite", say("Invite again"), invite, member.invited),
    ]
    for name, label, step, is_offered in steps:
        if is_offered:
            st.button(label, key=f"{name}_{key}", on_click=told.change, args=(ADD, step))


def _change(workspace: str, member: Member) -> None:
    role = Role(session.control(f"role_member_{member.account_id}"))
    brands = None if role in OF_WHOLE else member.brands
    visitor.people().members.change(
        session.identity(), workspace, member.account_id, role, brands, visitor.address()
    )
