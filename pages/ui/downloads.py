"""The answer as a file."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from engine import AggregateRequest, Scope, export_path
from pages.ui.words import say

FILES: Final = {
    "csv": "CSV",
    "xlsx": "Excel (XLSX)",
    "png": "PNG",
    "parquet": "Parquet",
}


def downloads(request: AggregateRequest, scope: Scope) -> None:
    """Links that are good for minutes: they are made when somebody looks at them."""
    title = say("Download")
    with st.popover(title, icon=":material/download:", key="download", on_change="rerun") as menu:
        if menu.open:
            links(request, scope, tuple(FILES))


def links(request: AggregateRequest, scope: Scope, forms: Sequence[str]) -> None:
    """One for each form; they are good for minutes."""
    for form in forms:
        st.link_button(FILES[form], export_path(request, scope, form), type="tertiary")
