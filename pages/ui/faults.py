"""What is wrong with a form, each fault under the control that it is about."""

from collections.abc import Mapping

import streamlit as st

from engine import VitrineError
from pages.ui import text


def faults_of(error: VitrineError) -> dict[str, str]:
    """What is wrong, by the field that it is said beside; "" is the whole."""
    return {fault.field: fault.message for fault in error.faults} or {"": error.message}


def beside(said: Mapping[str, str], field: str) -> None:
    """What is wrong with a field, under its control."""
    if field in said:
        st.error(text.for_markdown(said[field]), icon=":material/error:")
