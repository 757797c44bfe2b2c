"""Which events a page speaks of, beside its title; and where new ones go."""

import html
from typing import Final, Literal
from urllib.parse import urlencode

import streamlit as st

from engine import Scope
from engine.demo.words import WORKSPACE as DEMO_WORKSPACE
from pages.ui import known, session, text
from pages.ui.session import LANGUAGE
from pages.ui.words import LANGUAGES, say

ALL = "all"
OF_COLUMN: Final = "column"


def pick_scope(title: str) -> Scope | None:
    """Workspace, brand and catalog, kept in the address like everything else."""
    if not session.identity().brands:
        return None
    heading, place = st.columns([1, 1], vertical_alignment="bottom")
    heading.markdown(f"## {say(title)}")
    with place, st.container(horizontal=True, horizontal_alignment="right"):
        language_switch()
        return choose_scope(title)


def choose_scope(page: str) -> Scope | None:
    """Behind a button. page: a name, to know when the visitor came from another one."""
    brands = session.identity().brands
    if not brands:
        return None
    turned = session.turned_to(page)
    with st.popover(say("Brand and catalog"), icon=":material/storefront:", key="of_brand"):
        workspace = pick(say("Workspace"), "workspace", sorted(brands), turned)
        brand = pick(say("Brand"), "brand", sorted(brands[workspace]), turned)
        # Streamlit hands on what a browser says, also what it was not offered.
        session.identity().check(Scope(workspace, brand))
        catalogs = known.inventory(Scope(workspace, brand)).catalogs
        catalog = pick(say("Catalog"), "catalog", [ALL, *sorted(catalogs)], turned)
    return Scope(workspace, brand, None if catalog == ALL else catalog)


def language_switch() -> None:
    """Links to the same address in each language.

    The page is loaded anew: controls are known to the browser by the labels of their options.
    """
    title = session.language().upper()
    with st.popover(title, icon=":material/language:", key="language", on_change="rerun") as menu:
        if menu.open:
            address = dict(session.link_parameters())
            links = (
                f"<a href='?{html.escape(urlencode(address | {LANGUAGE: code}, doseq=True))}'"
                f" target='_self' hreflang='{code}' lang='{code}'>{name}</a>"
                for code, name in LANGUAGES.items()
            )
            st.html(f"<nav class='languages'>{''.join(links)}</nav>")


def pick(label: str, name: str, options: list[str], recall: bool) -> str:
    asked = session.link_parameters().get(name, options)[0]
    if asked not in options:
        session.say_of_link(
            say(
                "The link asked for {name} {asked}, which does not exist or is not open to you."
                " Showing {shown}.",
                name=name,
                asked=asked,
                shown=options[0],
            )
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


def pick_target(has_brands: bool, form: str) -> tuple[str, str | None]:
    """The workspace, and the brand of all rows or None for that of each row."""
    brands = session.identity().brands
    mine = [name for name in sorted(brands) if name != DEMO_WORKSPACE]
    left, right = st.columns(2)
    workspace = left.selectbox(
        "Workspace",
        mine or ["ws_shop"],
        accept_new_options=True,
        key=f"target_{form}",
        help="Choose one, or type the id of a new one: ws_ and then a-z or 0-9.",
    )
    ready = sorted(brands.get(workspace or "", []))
    new = session.new_brand()
    labels = {OF_COLUMN: "From the column brand_id", new: f"A new brand: {new}"}
    brand = right.selectbox(
        "Brand",
        [*([OF_COLUMN] if has_brands else []), *ready, new],
        format_func=lambda option: labels.get(option, option),
        accept_new_options=True,
        key=f"brand_{form}_{has_brands}_{workspace}",
        help="Choose one, or type the UUID of a new one.",
    )
    return (workspace or "").strip(), None if brand == OF_COLUMN else (brand or "").strip()


def explore_button(
    workspace: str,
    brand: str,
    key: str,
    label: str = "Explore it",
    *,
    main: bool = True,
    disabled: bool = False,
) -> None:
    """Leads to this brand's events; `main` where that is what most people want next."""
    look: Literal["primary", "secondary"] = "primary" if main else "secondary"
    if st.button(label, type=look, icon=":material/query_stats:", key=key, disabled=disabled):
        session.remember_brand(workspace, brand)
        # Without parameters Streamlit refuses to leave those that controls are bound to.
        st.switch_page("explore.py", query_params={})
