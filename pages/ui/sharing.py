"""The dialog in which a dashboard or one of its widgets is shared, and the badge of what is."""

import html
import re
from typing import Any, Final

import streamlit as st

from engine import Scope, copy_path
from engine.workspaces import permissions
from engine.workspaces.links import PARAMETER
from engine.workspaces.permissions import SHARED_PATH
from engine.workspaces.widget import Dashboard
from pages.ui import link_rows, session, text, told, visitor
from pages.ui.grid.asked import Asked
from pages.ui.grid.place import Widget, title_of
from pages.ui.words import say

FORM: Final = "share"
MADE: Final = "new_share_link"
SPANS: Final = {"1": 1, "7": 7, "30": 30, "never": None}
USUAL: Final = "7"


def may(scope: Scope) -> bool:
    return permissions.allows(session.identity(), "links.make", scope.workspace_id)


def button(dashboard: Dashboard, scope: Scope, asked: Asked) -> None:
    if st.button(say("Share"), key="share", icon=":material/share:"):
        open(dashboard, scope, asked)


def badge(dashboard: Dashboard, scope: Scope) -> None:
    """For every member: others see this without a sign-in."""
    here = (scope.workspace_id, scope.brand_id, dashboard.id)
    if session.share_links().is_public(*here):
        st.badge(
            say("Public by link"),
            icon=":material/public:",
            color="orange",
            help=say("Whoever has one of its links sees it without signing in."),
        )


def open(dashboard: Dashboard, scope: Scope, asked: Asked, widget: Widget | None = None) -> None:
    """widget: the only one that is shared."""
    name = dashboard.name if widget is None else title_of(widget) or say("Untitled")
    title = say("Share {name}", name=text.for_markdown(text.plain(name, 60)))
    made = st.dialog(title, icon=":material/share:", width="medium")
    made(_dialog)(dashboard, scope, asked, widget)


def _dialog(dashboard: Dashboard, scope: Scope, asked: Asked, widget: Widget | None) -> None:
    session.recheck(scope)
    if may(scope):
        # What follows keeps its place, and with it what was typed.
        with st.container(key="share_said"):
            told.show(FORM)
            _made(dashboard)
        _form(dashboard, scope, widget)
        _links(dashboard, scope)
    if widget is None:
        _copy(dashboard, scope, asked)


def _links(dashboard: Dashboard, scope: Scope) -> None:
    links = session.share_links().of_dashboard(session.identity(), scope, dashboard.id)
    if links:
        st.markdown(f"#### {say('Links of this dashboard')}")
        titles = {one.id: one.title for one in dashboard.widgets}
        link_rows.show(links, FORM, lambda link: link_rows.shown(link, titles))


def _copy(dashboard: Dashboard, scope: Scope, asked: Asked) -> None:
    """The link to it is good for minutes: it is made when somebody looks at it."""
    st.markdown(f"#### {say('Frozen copy')}")
    st.caption(
        say(
            "One HTML file with these numbers as they are now, to send or to keep. It needs no"
            " server, and nothing takes it back."
        )
    )
    address = copy_path(scope, dashboard.id, asked.days or None, asked.event_type)
    st.link_button(say("Download the copy"), address, icon=":material/ac_unit:")


def _form(dashboard: Dashboard, scope: Scope, widget: Widget | None) -> None:
    what = (
        say("Whoever has the link sees these widgets without signing in, read-only.")
        if widget is None
        else say("Whoever has the link sees this widget without signing in, read-only.")
    )
    st.markdown(what)
    if scope.catalog_id is not None:
        st.caption(text.for_markdown(say("Only catalog {catalog}.", catalog=scope.catalog_id)))
    with st.form(FORM, border=False):
        st.segmented_control(
            say("Expires"),
            list(SPANS),
            default=USUAL,
            required=True,
            format_func=_span,
            key="share_days",
        )
        st.toggle(say("They may change the time range"), key="share_range")
        st.toggle(say("They may download the rows"), key="share_export")
        with st.expander(
            say("Show it inside another site"), icon=":material/iframe:", key="share_framed"
        ):
            st.text_area(
                say("Sites, one in a line"),
                key="share_origins",
                placeholder="https://intranet.example.com",
                help=say("Only these may frame it; without any, nobody may."),
                height=80,
            )
        st.form_submit_button(
            say("Make a link"),
            type="primary",
            icon=":material/add_link:",
            on_click=told.change,
            args=(FORM, lambda: _make(dashboard, scope, widget)),
        )


def _span(option: str) -> str:
    days = SPANS[option]
    if days is None:
        return say("never")
    return say("in 1 day") if days == 1 else say("in {n} days", n=days)


def _make(dashboard: Dashboard, scope: Scope, widget: Widget | None) -> None:
    link, token = session.share_links().make(
        session.identity(),
        scope,
        dashboard.id,
        None if widget is None else str(widget["id"]),
        days=SPANS[session.control("share_days", USUAL)],
        may_range=bool(session.control("share_range")),
        may_export=bool(session.control("share_export")),
        origins=re.findall(r"[^\s,]+", session.control("share_origins") or ""),
        address=visitor.address(),
    )
    framed = "yes" if link.origins else ""
    session.say_of(MADE, {"of": dashboard.id, "token": token, "framed": framed})


def _made(dashboard: Dashboard) -> None:
    """The address of a new link, which is shown until something else is done."""
    said: dict[str, Any] = session.said_of(MADE)
    session.say_of(MADE, {})
    if said.get("of") != dashboard.id:
        return
    address = f"{visitor.origin()}{SHARED_PATH}?{PARAMETER}={said['token']}"
    st.info(say("Copy the address now: nobody can see it again."), icon=":material/link:")
    st.code(address, language=None)
    if said["framed"]:
        st.code(
            f'<iframe src="{html.escape(address)}" title="Vitrine" width="100%" height="720"'
            ' style="border:0" referrerpolicy="no-referrer"></iframe>',
            language="html",
        )
