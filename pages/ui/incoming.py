"""A dashboard from a file that an export made: looked at first, then it is there."""

from typing import Any, Final

import streamlit as st

from engine import Fault, InvalidRequest, Scope
from engine.workspaces import document
from engine.workspaces.slug import free_slug
from pages.ui import begin, preview, session, text
from pages.ui.faults import beside
from pages.ui.panel import Panel
from pages.ui.words import both, say

PANEL: Final = Panel("import_")
FORM: Final = "import"
MOST_NAMED: Final = 20
MEGABYTES: Final = 2


def ask_for_file() -> None:
    """Let the dialog be open in the next run, with nothing in it."""
    session.say_of(FORM, {})
    PANEL.put({"asked": True, "number": int(PANEL.says("number", 0)) + 1, "slug": "", "read": ""})


def import_dialog(scope: Scope) -> None:
    """Shown when it was asked for."""
    if PANEL.says("asked"):
        PANEL.put({"asked": None})
        st.dialog(say("Import a dashboard"), width="medium", icon=":material/upload_file:")(
            _import
        )(scope)


def _import(scope: Scope) -> None:
    uploaded = st.file_uploader(
        say("A file that an export made"),
        type=["yaml", "yml", "json"],
        key=PANEL.key(f"file_{PANEL.says('number', 0)}"),
        max_upload_size=MEGABYTES,
    )
    if uploaded is None:
        return
    try:
        raw = _read(uploaded.getvalue())
    except InvalidRequest as error:
        st.error(say("The file cannot be imported as it is:"), icon=":material/error:")
        lines = [
            f"- **{text.for_markdown(fault.field)}**: {text.for_markdown(fault.message)}"
            for fault in error.faults[:MOST_NAMED]
        ]
        more = len(error.faults) - MOST_NAMED
        lines += [f"- {say('{n} more', n=more)}"] if more > 0 else []
        st.markdown("\n".join(lines))
        return
    _confirm(raw, uploaded.file_id, scope)


def _read(content: bytes) -> dict[str, Any]:
    try:
        return document.read(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        rule = f"is not text in UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8."
        raise InvalidRequest([Fault("file", rule)]) from error


def _confirm(raw: dict[str, Any], file: str, scope: Scope) -> None:
    """What is in the file, and the slug that is free for it."""
    if PANEL.says("read") != file:
        PANEL.put({"read": file, "slug": _slug(raw, scope)})
    widgets = raw.get("widgets", [])
    st.html(preview.whole(widgets))
    count = both("{n} widget", "{n} widgets", len(widgets), n=len(widgets))
    st.markdown(f"**{text.for_markdown(str(raw.get('name', '')))}** · {count}")
    st.text_input(say("Slug"), key=PANEL.key("slug"))
    said = session.said_of(FORM)
    beside(said, "slug")
    for field in (field for field in said if field != "slug"):
        st.error(text.for_markdown(f"{field}: {said[field]}" if field else said[field]))
    if st.button(say("Import"), key=PANEL.key("done"), type="primary"):
        asked = raw | {"slug": str(PANEL.says("slug") or "").strip()}
        begin.create(asked, scope, FORM)


def _slug(raw: dict[str, Any], scope: Scope) -> str:
    wanted, there = str(raw.get("slug") or ""), begin.taken(scope)
    return wanted if wanted and wanted not in there else free_slug(wanted, there)
