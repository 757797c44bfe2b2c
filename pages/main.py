"""The frame of every page: look, sign-in, navigation, and the wait for the demo shop."""

import streamlit as st

from engine.workspaces import permissions
from engine.workspaces.permissions import SHARED_PATH
from pages.ui import door, session, shared, text, theme, visitor
from pages.ui.words import say

st.set_page_config(
    page_title="Vitrine", page_icon=theme.ICON, layout="wide", initial_sidebar_state="collapsed"
)
st.logo(theme.LOGO, size="large")
theme.apply(session.language())
who = visitor.visitor()


def offered(page: str) -> theme.Visibility:
    """Whether the navigation shows a page; its address leads to it all the same, and is guarded."""
    return "visible" if who is not None and permissions.opens(who, page) else "hidden"


page = st.navigation(
    [
        st.Page(
            "dashboards.py",
            title=say("Dashboards"),
            icon=":material/dashboard:",
            url_path="dashboards",
            visibility=offered("dashboards"),
        ),
        st.Page("explore.py", title=say("Explore"), icon=":material/query_stats:", default=True),
        st.Page(
            "dashboard.py",
            title=say("Dashboard"),
            icon=":material/dashboard:",
            url_path="dashboard",
            visibility="hidden",
        ),
        st.Page(
            "data.py",
            title=say("Data"),
            icon=":material/database:",
            url_path="data",
            visibility=offered("data"),
        ),
        st.Page(
            "admin.py",
            title=say("Admin"),
            icon=":material/group:",
            url_path="admin",
            visibility=offered("admin"),
        ),
        st.Page(
            "shared.py", title=say("Shared"), url_path=SHARED_PATH.strip("/"), visibility="hidden"
        ),
    ],
    position="hidden" if who is None or shared.is_here() else "top",
)
if page.url_path == SHARED_PATH.strip("/"):
    # Its link says what it shows, not who is signed in.
    page.run()
    st.stop()
if not visitor.in_demo():
    who = door.enter(page.url_path or "explore")
    door.watch(who)
    door.account_menu(who)
elif session.demo_error():
    why = say("The demo shop could not be made: {why}", why=session.demo_error())
    st.error(text.for_markdown(why))
if session.ready():
    page.run()
else:
    session.wait_for_demo(
        say("Setting up a demo shop"), say("A year of events, made on this computer …")
    )
