"""The answer as a file."""

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
            for form, name in FILES.items():
                st.link_button(name, export_path(request, scope, form), type="tertiary")
