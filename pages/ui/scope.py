"""The title of a page and, beside it, which events it speaks of."""

import streamlit as st

from engine import Scope
from pages.ui import session, text

ALL = "all"


def pick_scope(title: str) -> Scope | None:
    """Workspace, brand and catalog, kept in the address like everything else."""
    brands = session.identity().brands
    if not brands:
        return None
    turned = session.turned_to(title)
    heading, place = st.columns([1, 1], vertical_alignment="bottom")
    heading.markdown(f"## {title}")
    with (
        place,
        st.container(horizontal=True, horizontal_alignment="right"),
        st.popover("Brand and catalog", icon=":material/storefront:"),
    ):
        workspace = pick("Workspace", "workspace", sorted(brands), turned)
        brand = pick("Brand", "brand", sorted(brands[workspace]), turned)
        known = session.engine().inventory(Scope(workspace, brand)).catalogs
        catalog = pick("Catalog", "catalog", [ALL, *sorted(known)], turned)
    scope = Scope(workspace, brand, None if catalog == ALL else catalog)
    session.identity().check(scope)
    return scope


def pick(label: str, name: str, options: list[str], recall: bool) -> str:
    asked = session.link_parameters().get(name, options)[0]
    if asked not in options:
        session.say_of_link(
            f"The link asked for {name} {asked}, which does not exist or is not open to you."
            f" Showing {options[0]}."
        )
    if recall:
        session.recall(name, options)
    chosen = st.selectbox(
        label, options, key=name, bind="query-params", on_change=session.forget_notices
    )
    session.remember(name, chosen)
    return chosen


def show_notices() -> None:
    """What is wrong with the address, in a place of its own: what follows keeps its place."""
    with st.container(key="notices"):
        for notice in session.notices():
            st.warning(text.for_markdown(notice), icon=":material/link_off:")
