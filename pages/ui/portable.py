"""A dashboard as one small file."""

from typing import Final, Literal

import streamlit as st

from engine import Scope
from engine.workspaces import document
from pages.ui import session
from pages.ui.words import say

FORMATS: Final[dict[Literal["yaml", "json"], str]] = {
    "yaml": "application/yaml",
    "json": "application/json",
}


def export(id: str, scope: Scope) -> None:
    """Show the dialog in this run of the page."""
    st.dialog(say("Export"), width="medium", icon=":material/download:")(_export)(id, scope)


def _export(id: str, scope: Scope) -> None:
    session.recheck(scope)
    dashboard = session.dashboards().get(scope.workspace_id, scope.brand_id, id)
    form: Literal["yaml", "json"] = st.segmented_control(
        say("Format"),
        list(FORMATS),
        default="yaml",
        required=True,
        format_func=str.upper,
        key="export_format",
        label_visibility="collapsed",
    )
    written = document.write(dashboard, form)
    st.caption(say("What it asks and how it is drawn; no events. It can be kept in git."))
    # Such files are served without a cookie to whoever guesses what is in them; nobody's events
    # are.
    st.download_button(
        say("Download"),
        written,
        file_name=f"{dashboard.slug}.{form}",
        mime=FORMATS[form],
        on_click="ignore",
        type="primary",
        icon=":material/download:",
        key="export_download",
    )
    st.code(written, language=form)
