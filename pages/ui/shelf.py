"""The dashboards of a brand as cards or rows, each with its star and its menu."""

import html
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal

import streamlit as st

from engine import Scope, VitrineError
from engine.workspaces.parse import NAME_LENGTH
from engine.workspaces.widget import Listed
from pages.ui import portable, preview, revisions, session, text, visitor
from pages.ui.faults import beside, faults_of
from pages.ui.numbers import written
from pages.ui.words import both, say

PAGE: Final = "dashboard.py"
MORE: Final = 24
"""As many are shown at first, and more with each press."""
SHOWN: Final = "shelf_shown"
ACTIONS: Final = {
    "rename": ":material/edit:",
    "duplicate": ":material/content_copy:",
    "revisions": ":material/history:",
    "export": ":material/download:",
    "remove": ":material/delete:",
}
ACTION_NAMES: Final = {
    "rename": "Rename",
    "duplicate": "Duplicate",
    "revisions": "Revisions",
    "export": "Export",
    "remove": "Move to the trash",
}
OF_READERS: Final = ("revisions", "export")
"""What those may do as well who may not save."""
Look = Literal["cards", "rows"]
LOOKS: Final[dict[Look, str]] = {
    "cards": ":material/grid_view:",
    "rows": ":material/view_list:",
}
LOOK_NAMES: Final = {"cards": "Cards", "rows": "Rows"}


def in_order(dashboards: Iterable[Listed]) -> list[Listed]:
    """Favourites first, then what this person opened last, then what was changed last."""

    def newest(one: Listed) -> tuple[bool, float, float]:
        opened = 0.0 if one.opened_at is None else one.opened_at.timestamp()
        return one.favourite, opened, one.updated_at.timestamp()

    return sorted(dashboards, key=newest, reverse=True)


def matching(dashboards: Iterable[Listed], words: str) -> list[Listed]:
    """Those whose name, slug or description has every word, whatever its accents and case."""
    wanted = _plain(words).split()
    return [
        one
        for one in dashboards
        if all(word in _plain(f"{one.name} {one.slug} {one.description or ''}") for word in wanted)
    ]


def _plain(words: str) -> str:
    apart = unicodedata.normalize("NFKD", words)
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


def look_control() -> Look:
    return st.segmented_control(
        say("Look"),
        list(LOOKS),
        default="cards",
        required=True,
        format_func=lambda name: f"{LOOKS[name]} {say(LOOK_NAMES[name])}",
        key="shelf_look",
        label_visibility="collapsed",
    )


def shelf(dashboards: Sequence[Listed], look: Look, scope: Scope) -> None:
    limit = int(session.control(SHOWN, MORE))
    shown = dashboards[:limit]
    if look == "cards":
        with st.grid(4, min_column_width=260, gap="medium", key="shelf"):
            for one in shown:
                _card(one, scope)
    else:
        with st.container(key="card_shelf", gap=None):
            for one in shown:
                _row(one, scope)
    if len(dashboards) > limit:
        more = {SHOWN: limit + MORE}
        st.button(say("Show more"), key="more", on_click=session.put_controls, args=(more,))


def link(id: str, name: str, scope: Scope, icon: str | None = None) -> None:
    """Leads to a dashboard; the address is whole, so that it can be opened in another tab."""
    st.page_link(PAGE, label=text.for_markdown(name), query_params=address(id, scope), icon=icon)


def address(id: str, scope: Scope) -> dict[str, str]:
    return {"workspace": scope.workspace_id, "brand": scope.brand_id, "dashboard": id}


def _card(one: Listed, scope: Scope) -> None:
    with st.container(key=f"card_dashboard_{one.id}", gap="xsmall", height="stretch"):
        st.html(preview.small(_widgets(one, scope)))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            with st.container(key=f"shelf_name_{one.id}"):
                link(one.id, one.name, scope)
            _star(one)
            _menu(one, scope)
        st.caption(text.for_markdown(one.description or say("No description")))
        st.html(f"<p class='facts'>{_facts(one)}</p>")


def _row(one: Listed, scope: Scope) -> None:
    with st.container(
        key=f"row_dashboard_{one.id}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        _star(one)
        with st.container(key=f"shelf_name_{one.id}", gap=None, width=320):
            link(one.id, one.name, scope)
        with st.container(key=f"shelf_said_{one.id}", gap=None):
            st.caption(text.for_markdown(one.description or say("No description")))
        with st.container(key=f"shelf_facts_{one.id}", gap=None, width="content"):
            st.html(f"<p class='facts'>{_facts(one)}</p>")
        _menu(one, scope)


def _facts(one: Listed) -> str:
    count = both("{n} widget", "{n} widgets", one.widget_count, n=written(one.widget_count))
    age = text.age(max((datetime.now(UTC) - one.updated_at).total_seconds(), 0))
    changed = say("changed {age}", age=age)
    return html.escape(text.plain(" · ".join((count, changed, one.created_by)), 120))


def _star(one: Listed) -> None:
    said = say(
        "{name} is a favourite: let it be none" if one.favourite else "Make {name} a favourite",
        name=one.name,
    )
    kind = "favourite" if one.favourite else "other"
    with st.container(key=f"shelf_{kind}_{one.id}", width="content"):
        st.button(
            text.for_markdown(said),
            key=f"shelf_star_{one.id}",
            type="tertiary",
            icon=":material/star:",
            on_click=session.dashboards().favour,
            args=(session.identity().subject, one.id, not one.favourite),
        )


def _menu(one: Listed, scope: Scope) -> None:
    may_write = session.may_save(scope)
    chosen = st.menu_button(
        text.for_markdown(say("More for {name}", name=one.name)),
        [action for action in ACTIONS if may_write or action in OF_READERS],
        format_func=lambda action: f"{ACTIONS[action]} {say(ACTION_NAMES[action])}",
        key=f"shelf_menu_{one.id}",
        type="tertiary",
        icon=":material/more_vert:",
        on_click=_act,
        args=(one, scope),
    )
    if chosen == "rename":
        session.say_of("rename", {})
        session.put_controls({"rename_name": one.name, "rename_description": one.description or ""})
        st.dialog(say("Rename"), icon=ACTIONS["rename"])(_rename)(one, scope)
    elif chosen == "revisions":
        dashboards = session.dashboards()
        found = dashboards.get(scope.workspace_id, scope.brand_id, one.id)
        revisions.open(found, scope, lambda _: None)
    elif chosen == "export":
        portable.export(one.id, scope)


def _act(one: Listed, scope: Scope) -> None:
    """What needs no dialog is done before the page is drawn again."""
    by = session.identity().subject
    here = (scope.workspace_id, scope.brand_id, one.id)
    chosen = session.control(f"shelf_menu_{one.id}")
    try:
        if chosen == "duplicate":
            name = say("{title} (copy)", title=one.name)[:NAME_LENGTH]
            made = session.saving(scope).duplicate(*here, by, name)
            st.toast(text.for_markdown(say("{name} was made.", name=made.name)))
        elif chosen == "remove":
            session.saving(scope).delete(*here, by, address=visitor.address())
            st.toast(text.for_markdown(say("{name} is in the trash.", name=one.name)))
    except VitrineError as error:
        st.toast(text.for_markdown(error.message), icon=":material/error:")


def _rename(one: Listed, scope: Scope) -> None:
    said = session.said_of("rename")
    st.text_input(say("Name"), key="rename_name", max_chars=NAME_LENGTH)
    beside(said, "name")
    st.text_area(say("Description"), key="rename_description", height=100)
    beside(said, "description")
    beside(said, "")
    if st.button(say("Apply"), type="primary", key="rename_done"):
        asked = {
            "name": str(session.control("rename_name") or "").strip(),
            "description": str(session.control("rename_description") or "").strip() or None,
        }
        try:
            session.saving(scope).put(
                scope.workspace_id,
                scope.brand_id,
                one.id,
                session.identity().subject,
                asked,
                version=one.version,
            )
        except VitrineError as error:
            session.say_of("rename", faults_of(error))
            st.rerun(scope="fragment")
        session.say_of("rename", {})
        st.rerun()


def _widgets(one: Listed, scope: Scope) -> Sequence[Mapping[str, Any]]:
    try:
        return _of_version(scope.workspace_id, scope.brand_id, one.id, one.version)
    except VitrineError:
        return ()


@lru_cache(maxsize=2_000)
def _of_version(workspace: str, brand: str, id: str, version: int) -> Sequence[Mapping[str, Any]]:
    """The raw widgets of a version, which never change again."""
    del version
    dashboard = session.dashboards().get(workspace, brand, id)
    return tuple(widget.to_raw() for widget in dashboard.widgets)
