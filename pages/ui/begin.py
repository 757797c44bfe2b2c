"""A new dashboard: empty or from a template, with a name and a slug that follows it."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from engine import Scope, VitrineError
from engine.workspaces.parse import NAME_LENGTH
from engine.workspaces.slug import free_slug
from engine.workspaces.templates import TEMPLATES, template
from engine.workspaces.widget import TITLE
from pages.ui import preview, session, shelf, text
from pages.ui.faults import beside, faults_of
from pages.ui.panel import Panel
from pages.ui.words import both, say

PANEL: Final = Panel("new_")
EMPTY: Final = "empty"
FORM: Final = "new"


def translated(name: str) -> dict[str, Any]:
    """A template in the viewer's language: what it is named becomes the dashboard's own words."""
    raw = template(name)
    widgets = [
        {**widget, "config": widget["config"] | {TITLE: _own(widget["config"][TITLE])}}
        for widget in raw["widgets"]
    ]
    own = {part: _own(raw[part]) for part in ("name", "description")}
    return raw | own | {"widgets": widgets}


def _own(words: str) -> str:
    """Words of a template, whose translations stand with those of the pages."""
    return say(words)


def gallery(scope: Scope) -> None:
    """The templates, each one press away from a dashboard."""
    st.markdown(f"### {say('Begin with a template')}")
    with st.grid(5, min_column_width=200, gap="medium", key="gallery"):
        for name in TEMPLATES:
            raw = translated(name)
            with st.container(key=f"card_template_{name}", gap="xsmall", height="stretch"):
                st.html(preview.small(raw["widgets"]))
                st.markdown(f"**{text.for_markdown(raw['name'])}**")
                st.caption(text.for_markdown(raw["description"]))
                st.button(
                    say("Use it"),
                    key=f"use_{name}",
                    icon=":material/add:",
                    on_click=start,
                    args=(scope, name),
                )
    asked = session.control(PANEL.key("asked"))
    if asked is not None:
        PANEL.put({"asked": None})
        open(scope)


def start(scope: Scope, template_name: str = EMPTY) -> None:
    """Let the dialog be open in the next run, with this template chosen."""
    session.say_of(FORM, {})
    PANEL.put({"asked": True, "template": template_name, "named": False, "slugged": False})
    PANEL.put({"name": "", "slug": "", "description": ""})
    _propose(scope)


def open(scope: Scope) -> None:
    """Show the dialog in this run of the page."""
    st.dialog(say("New dashboard"), width="large", icon=":material/dashboard_customize:")(_dialog)(
        scope
    )


def _dialog(scope: Scope) -> None:
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.radio(
            say("Begin with"),
            (EMPTY, *TEMPLATES),
            key=PANEL.key("template"),
            format_func=lambda name: (
                say("Nothing") if name == EMPTY else _own(template(name)["name"])
            ),
            on_change=_propose,
            args=(scope,),
        )
        _fields(scope)
    with right:
        _preview(PANEL.says("template", EMPTY))
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(say("Cancel"), key=PANEL.key("cancel")):
            st.rerun()
        if st.button(say("Create"), key=PANEL.key("done"), type="primary"):
            _create(scope)


def _preview(name: str) -> None:
    if name == EMPTY:
        st.html(preview.whole(()))
        st.caption(say("An empty dashboard, to which you add widgets."))
        return
    raw = translated(name)
    count = len(raw["widgets"])
    st.html(preview.whole(raw["widgets"]))
    said = both("{n} widget", "{n} widgets", count, n=count)
    st.caption(text.for_markdown(f"{said} · {raw['description']}"))


def _fields(scope: Scope) -> None:
    said = session.said_of(FORM)
    st.text_input(
        say("Name"),
        key=PANEL.key("name"),
        max_chars=NAME_LENGTH,
        live=True,
        placeholder=say("Weekly sales"),
        on_change=_type_name,
        args=(scope,),
    )
    beside(said, "name")
    st.text_input(
        say("Slug"),
        key=PANEL.key("slug"),
        help=say("Its name in files and for programs; it never changes."),
        on_change=lambda: PANEL.put({"slugged": bool(PANEL.says("slug"))}),
    )
    beside(said, "slug")
    st.text_area(say("Description"), key=PANEL.key("description"), height=80)
    beside(said, "description")
    for field, message in said.items():
        if field not in ("name", "slug", "description"):
            st.error(text.for_markdown(f"{field}: {message}" if field else message))


def _propose(scope: Scope) -> None:
    """The template's name and description, until somebody typed others."""
    name = PANEL.says("template", EMPTY)
    if not PANEL.says("named"):
        raw: Mapping[str, Any] = {} if name == EMPTY else translated(name)
        PANEL.put({"name": raw.get("name", ""), "description": raw.get("description", "")})
    _propose_slug(scope)


def _type_name(scope: Scope) -> None:
    PANEL.put({"named": bool(PANEL.says("name"))})
    _propose_slug(scope)


def _propose_slug(scope: Scope) -> None:
    """It follows the name until somebody typed one."""
    name = str(PANEL.says("name") or "")
    if not PANEL.says("slugged"):
        PANEL.put({"slug": free_slug(name, taken(scope)) if name.strip() else ""})


def taken(scope: Scope) -> frozenset[str]:
    """The slugs of the brand."""
    there = session.dashboards().list(
        scope.workspace_id, scope.brand_id, session.identity().subject
    )
    return frozenset(one.slug for one in there)


def _create(scope: Scope) -> None:
    chosen = PANEL.says("template", EMPTY)
    asked = {
        "name": str(PANEL.says("name") or "").strip(),
        "slug": str(PANEL.says("slug") or "").strip(),
        "description": str(PANEL.says("description") or "").strip() or None,
        "widgets": [] if chosen == EMPTY else translated(chosen)["widgets"],
    }
    create(asked, scope, FORM)


def create(asked: Mapping[str, Any], scope: Scope, form: str) -> None:
    """Make a dashboard and go to it; what is wrong is said of the form, within its dialog."""
    try:
        made = session.saving(scope).create(
            scope.workspace_id, scope.brand_id, session.identity().subject, asked
        )
    except VitrineError as error:
        session.say_of(form, conflicts(error))
        st.rerun(scope="fragment")
    session.say_of(form, {})
    # Streamlit brings along what controls are bound to, the brand, and refuses to be told it.
    st.switch_page(shelf.PAGE, query_params={"dashboard": made.id})


def conflicts(error: VitrineError) -> dict[str, str]:
    """Faults by field; a name that is taken is that of the slug."""
    taken_slug = error.code == "CONFLICT" and "slug" in error.message
    return {"slug": error.message} if taken_slug else faults_of(error)
