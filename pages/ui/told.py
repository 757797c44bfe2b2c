"""What came of a change: said once, on the page as it is after it."""

from collections.abc import Callable

import streamlit as st

from engine.errors import VitrineError
from pages.ui import session, text


def change(form: str, step: Callable[[], str | None]) -> None:
    """Do a step and keep what it says, or what is wrong with it, for `show`; for callbacks."""
    try:
        session.say_of(form, {"done": step() or ""})
    except VitrineError as error:
        faults = {fault.field: f"{fault.field}: {fault.message}" for fault in error.faults}
        session.say_of(form, faults or {"": error.message})


def show(form: str) -> None:
    """Say it, and forget it."""
    said = session.said_of(form)
    session.say_of(form, {})
    for field, line in said.items():
        if field == "done" and line:
            st.success(text.for_markdown(line), icon=":material/check:")
        elif field != "done":
            st.error(text.for_markdown(line), icon=":material/error:")
