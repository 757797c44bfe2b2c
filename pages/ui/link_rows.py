"""Share links in a list: what each shows, until when, when it was used, and the way to end it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import streamlit as st

from engine.workspaces.links import ShareLink, State
from pages.ui import session, text, told, visitor
from pages.ui.words import say

STATES: Final = {
    State.REVOKED: "It was ended",
    State.EXPIRED: "It is over",
    State.SHUT: "It opens nothing: what it showed is gone, or its maker may not share it any more",
}


def show(links: Sequence[ShareLink], form: str, name: Callable[[ShareLink], str]) -> None:
    """form: whose `told` says what came of it. name: of what a link shows, as it is."""
    makers = visitor.people().accounts.labels({link.created_by for link in links})
    for link in links:
        _row(link, form, name(link), makers.get(link.created_by, link.created_by))


def _row(link: ShareLink, form: str, name: str, maker: str) -> None:
    state = session.share_links().state(link)
    with st.container(
        key=f"card_link_{link.id}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        title = text.for_markdown(text.plain(name))
        facts = text.for_markdown(" · ".join(_facts(link, state, maker)))
        st.markdown(f"**{title}** `{link.begins}…`  \n:small[{facts}]", width="stretch")
        if state in (State.OPEN, State.SHUT):
            st.button(
                say("End it"),
                key=f"end_link_{link.id}",
                on_click=told.change,
                args=(form, lambda: _revoke(link)),
            )


def shown(link: ShareLink, titles: Mapping[str, str]) -> str:
    """What a link of a known dashboard shows. titles: of its widgets by id."""
    if link.is_whole:
        return say("All widgets")
    return titles.get(link.widget_ids[0]) or say("Untitled")


def _facts(link: ShareLink, state: State, maker: str) -> list[str]:
    if state is not State.OPEN:
        until = say(STATES[state])
    elif link.expires_at is None:
        until = say("without an end")
    else:
        until = say("until {day}", day=f"{link.expires_at:%Y-%m-%d %H:%M} UTC")
    used = (
        say("not used yet")
        if link.used_at is None
        else say("used last {at}", at=f"{link.used_at:%Y-%m-%d %H:%M} UTC")
    )
    may = [
        said
        for said, there in (
            (say("time range"), link.may_range),
            (say("downloads"), link.may_export),
            (", ".join(link.origins), bool(link.origins)),
        )
        if there
    ]
    by = say("by {who}", who=text.plain(maker, 40))
    return [until, used, *may, f"{link.created_at:%Y-%m-%d} {by}"]


def _revoke(link: ShareLink) -> str:
    session.share_links().revoke(
        session.identity(), link.scope.workspace_id, link.id, visitor.address()
    )
    return say("The link is closed everywhere.")
