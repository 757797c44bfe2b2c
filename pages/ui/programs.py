"""The request as text for programs, and a text that was pasted as the request."""

import streamlit as st

from engine import AggregateRequest, InvalidRequest, Scope, parse
from engine.snippets import read, write
from pages.ui import address, session, text
from pages.ui.words import say

PASTE = "paste"
KINDS = {"JSON": "json", "cURL": "bash", "Python": "python", "SQL": "sql"}


def program(kind: str, request: AggregateRequest, scope: Scope) -> None:
    """The request as one of KINDS, a click to copy."""
    origin = "/".join((st.context.url or "http://127.0.0.1:8501").split("/")[:3])
    written = write(kind.lower(), request, scope, origin, session.token())
    st.code(written, language=KINDS[kind], wrap_lines=kind == "cURL")


def paste() -> None:
    st.text_area(
        say("Paste JSON, cURL, Python or SQL"),
        key=PASTE,
        height=160,
        help=say("The controls then ask what it asks."),
    )
    icon = ":material/content_paste_go:"
    if st.button(say("Use it"), key="use", type="primary", on_click=_use, icon=icon):
        st.rerun()
    for said in session.said_of(PASTE).values():
        st.error(text.for_markdown(said))


def _use() -> None:
    try:
        request = parse(read(session.control(PASTE) or ""))
    except InvalidRequest as error:
        faults = enumerate(error.faults)
        session.say_of(PASTE, {str(i): f"{fault.field}: {fault.message}" for i, fault in faults})
        return
    session.say_of(PASTE, {})
    address.set_body(request.to_dict())
