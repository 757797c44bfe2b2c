"""How far a long scan is, in the place of its answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.numbers import written
from pages.ui.words import say


@contextmanager
def share_done() -> Iterator[Callable[[float], None]]:
    """A bar that is there from the first word of a scan on the cluster until its answer."""
    places: list[DeltaGenerator] = []

    def show(share: float) -> None:
        if not places:
            places.append(st.empty())
        said = say("The cluster reads the events: {share} done", share=written(share, "percent"))
        places[0].progress(share, text=said)

    try:
        yield show
    finally:
        for place in places:
            place.empty()
