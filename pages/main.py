"""The frame of every page: look, navigation, and the wait for the demo shop."""

import streamlit as st

from pages.ui import session, text, theme

st.set_page_config(
    page_title="Vitrine", page_icon=theme.ICON, layout="wide", initial_sidebar_state="collapsed"
)
st.logo(theme.LOGO, size="large")
theme.apply()
page = st.navigation(
    [
        st.Page("explore.py", title="Explore", icon=":material/query_stats:", default=True),
        st.Page("data.py", title="Data", icon=":material/database:", url_path="data"),
    ],
    position="top",
)
if session.demo_error():
    st.error(text.for_markdown(f"The demo shop could not be made: {session.demo_error()}"))
if session.ready():
    page.run()
else:
    session.wait_for_demo()
