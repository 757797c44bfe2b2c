"""What is in the drawer, as a page; what it makes is kept in the session."""

import streamlit as st

from engine import Scope
from engine.demo.words import BRANDS, WORKSPACE
from pages.ui import drawer

widget = st.session_state.get("widget")
if "begun" not in st.session_state:
    st.session_state["begun"] = True
    drawer.begin(widget)


def keep(raw: object) -> None:
    st.session_state["made"] = raw


drawer.inside(widget, Scope(WORKSPACE, BRANDS[0]), keep)
