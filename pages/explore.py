"""Build one widget: six controls, their chart, its rows, and the same request for a program."""

import streamlit as st

from engine import Scope, VitrineError
from engine.request import examine
from pages.ui import (
    address,
    answer,
    behind,
    controls,
    door,
    known,
    neighbours,
    programs,
    rows,
    session,
    text,
)
from pages.ui.charts.drawing import Drawing
from pages.ui.draw import chart_name
from pages.ui.scope import pick_scope, show_notices
from pages.ui.words import say


def main() -> None:
    scope = pick_scope("Explore")
    show_notices()
    if scope is None:
        nothing_yet()
        return
    address.read()
    body, seen = address.body(), address.seen()
    request, faults = examine(body)
    address.write(body, seen)
    left, right = st.columns([1, 2.7], gap="medium")
    inventory = known.inventory(scope)
    with left, st.container(key="card_controls"):
        offer = controls.Offer(inventory, known.details(scope))
        controls.request_controls(offer, body, faults)
    with right:
        if request is None:
            st.info(say("Correct what is marked, and the chart is here."), icon=":material/edit:")
            return
        try:
            drawing = answer.answer_card(body, request, scope, seen)
        except VitrineError as error:
            st.error(text.for_markdown(error.message))
            return
        beneath(drawing, scope)
    neighbours.neighbour_strip(request, list(offer.keys), scope)


def nothing_yet() -> None:
    st.markdown(f"## {say('Explore')}")
    st.info(
        say(
            "There are no events yet. Import a file on the page Data, or load one with "
            "`python -m engine.ingest FILE --workspace ws_shop --brand UUID`."
        ),
        icon=":material/database:",
    )
    if st.button(say("Import a file"), type="primary", icon=":material/upload:"):
        st.switch_page("data.py")


@st.fragment
def beneath(drawing: Drawing, scope: Scope) -> None:
    """The events of a row, all rows, and the request for programs: what is open of it."""
    session.recheck(scope)
    chart = chart_name(drawing)
    behind.behind(drawing, scope, chart)
    tabs = st.tabs([say("Rows"), *programs.KINDS, say("Paste")], key="beneath", on_change="rerun")
    if tabs[0].open:
        with tabs[0]:
            rows.table(drawing, "rows")
            behind.row_picker(drawing, chart)
    for tab, kind in zip(tabs[1:], programs.KINDS, strict=False):
        if tab.open:
            with tab:
                programs.program(kind, drawing.request, scope)
    if tabs[-1].open:
        with tabs[-1]:
            programs.paste()


door.enter("explore")
main()
