"""The frame of every page: look, navigation, and the wait for the demo shop."""

import streamlit as st

from pages.ui import session, text, theme
from pages.ui.words import say

st.set_page_config(
    page_title="Vitrine", page_icon=theme.ICON, layout="wide", initial_sidebar_state="collapsed"
)
st.logo(theme.LOGO, size="large")
theme.apply(session.language())
page = st.navigation(
    [
        st.Page(
            "dashboards.py",
            title=say("Dashboards"),
            icon=":material/dashboard:",
            url_path="dashboards",
        ),
        st.Page("explore.py", title=say("Explore"), icon=":material/query_stats:", default=True),
        st.Page(
            "dashboard.py",
            title=say("Dashboard"),
            icon=":material/dashboard:",
            url_path="dashboard",
            visibility="hidden",
        ),
        st.Page("data.py", title=say("Data"), icon=":material/database:", url_path="data"),
    ],
    position="top",
)
if session.demo_error():
    why = say("The demo shop could not be made: {why}", why=session.demo_error())
    st.error(text.for_markdown(why))
if session.ready():
    page.run()
else:
    session.wait_for_demo(
        say("Setting up a demo shop"), say("A year of events, made on this computer …")
    )
