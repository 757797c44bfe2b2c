"""Who looks at the page and what it remembers: the only module that touches st.session_state."""

from collections.abc import Mapping

import streamlit as st

from engine import Engine, Identity, process
from engine.scope import demo_identity

NOTICES = "_notices"
CHANGED = "_changed"


def engine() -> Engine:
    return process().engine


def token() -> str:
    """The bearer token with which a program may ask what this page asks."""
    return process().token


def identity() -> Identity:
    """Demo mode knows one person: whoever reached the loopback address."""
    return demo_identity(engine().brands())


def ready() -> bool:
    return process().demo.ready


def demo_error() -> str | None:
    """Why there is no demo shop."""
    return process().demo.error


@st.fragment(run_every=0.3)
def wait_for_demo() -> None:
    """A progress bar until the demo shop is there."""
    if ready():
        st.rerun()
    st.subheader("Setting up a demo shop")
    st.progress(process().demo.progress, text="A year of events, made on this computer …")


def link_parameters() -> Mapping[str, list[str]]:
    """The parameters of the address the page was opened with."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def say_of_link(text: str) -> None:
    """Keep what is wrong with the address; once a control was changed, nothing is."""
    said = st.session_state.setdefault(NOTICES, [])
    if text not in said and not st.session_state.get(CHANGED):
        said.append(text)


def notices() -> list[str]:
    return list(st.session_state.get(NOTICES, []))


def forget_notices() -> None:
    st.session_state[NOTICES] = []
    st.session_state[CHANGED] = True


def set_control(name: str, value: object) -> None:
    """Give a control another value; to be called before it is drawn, as callbacks are."""
    st.session_state[name] = value
    forget_notices()
