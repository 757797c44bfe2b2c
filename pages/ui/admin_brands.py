"""Names for the brands of a workspace."""

import streamlit as st

from engine.scope import Identity
from pages.ui import session, told, visitor
from pages.ui.tables import names, table
from pages.ui.words import say

FORM = "name_brand"


def show(who: Identity, workspace: str) -> None:
    told.show(FORM)
    named = {brand.id: brand.name for brand in visitor.people().places.brands(workspace)}
    every = sorted({*named, *who.brands.get(workspace, ())})
    table(
        "brands",
        names(say("Name"), (named.get(brand, "") for brand in every)),
        names(say("Brand"), every, large=True),
    )
    with st.form(FORM):
        st.markdown(f"#### {say('Name a brand')}")
        new = session.new_brand()
        st.selectbox(
            say("Brand"), [*every, new], key="brand_id", accept_new_options=True, index=None
        )
        st.text_input(say("Name"), key="brand_name")
        st.form_submit_button(
            say("Save"), type="primary", on_click=told.change, args=(FORM, lambda: _name(workspace))
        )


def _name(workspace: str) -> None:
    visitor.people().places.name_brand(
        session.identity(),
        workspace,
        session.control("brand_id") or "",
        session.control("brand_name") or "",
        visitor.address(),
    )
