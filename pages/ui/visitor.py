"""Who looks at the page: demo mode's one person, or whose session the browser's cookie names."""

from collections.abc import Mapping

import streamlit as st

from engine import Identity, process
from engine.scope import demo_identity
from engine.workspaces.browser import SESSION, VISIT, token_in
from engine.workspaces.entry import Visit
from engine.workspaces.people import People


def in_demo() -> bool:
    return process().demo_mode.is_on()


def people() -> People:
    return process().people


def visitor() -> Identity | None:
    """None: nobody is signed in here, or not any more."""
    if in_demo():
        return demo_identity(process().engine.brands())
    token = session_token()
    return None if token is None else people().access.of_session(token)


def session_token() -> str | None:
    return token_in(_cookies(), SESSION, _is_secure())


def visit() -> Visit | None:
    """This browser, as a sign-in needs it; None where it keeps no cookies."""
    token = token_in(_cookies(), VISIT, _is_secure())
    return None if token is None else Visit(token, address())


def address() -> str:
    """The network address of the browser; Streamlit says None for this machine."""
    return st.context.ip_address or "127.0.0.1"


def origin() -> str:
    """How browsers reach this server: as the settings say, else as this one did."""
    return process().settings.public_url or "/".join((st.context.url or "").split("/")[:3])


def _is_secure() -> bool:
    return process().settings.public_url.startswith("https://")


def _cookies() -> Mapping[str, str]:
    """As they were when the page was opened: scripts of the page do not see them."""
    return st.context.cookies
