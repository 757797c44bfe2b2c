"""The handles of edit mode: drag, resize and keys over the live cells of the grid."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from pages.ui import session, text
from pages.ui.grid.place import Widget, place_of, title_of
from pages.ui.words import say

HERE: Final = Path(__file__).parent
KEY: Final = "arrange"
# The library alone: what never changes is sent to a browser once.
_LIBRARY: Final = st.components.v2.component(
    "gridstack",
    js=(HERE / "vendor/gridstack-all.js").read_text() + "\nexport default function () {}\n",
)
_HANDLES: Final = st.components.v2.component(
    "arrange",
    html="<div class='arrange grid-stack'></div>\n"
    "<div class='arrange-said' aria-live='polite'></div>",
    css=(HERE / "vendor/gridstack.min.css").read_text() + (HERE / "arrange.css").read_text(),
    js=(HERE / "arrange.js").read_text(),
    isolate_styles=False,
)


def arrange(
    widgets: Sequence[Widget],
    serial: int,
    moved: Callable[[Sequence[Mapping[str, Any]], int], None],
    undo: Callable[[], None],
    redo: Callable[[], None],
) -> None:
    """Handles over the cells of these widgets, in the container that holds the grid.

    moved: is told the id, x, y, w and h of every widget once something was let go, and the serial
    number of that; serial: the last one that the widgets know of.
    """

    def let_go() -> None:
        told = session.control(KEY, {}).get("moved")
        if told:
            moved(told["places"], int(told["serial"]))

    _LIBRARY(key="gridstack")
    _HANDLES(
        key=KEY,
        data={
            "serial": serial,
            "widgets": [
                {"id": widget["id"], "title": text.plain(title_of(widget)), **place_of(widget)}
                for widget in widgets
            ],
            "words": {
                "keys": say("Arrow keys move it, with Shift they change its size."),
                "at": say("Column {x}, row {y}, {w} wide, {h} high", **AS_THEY_ARE),
            },
        },
        on_moved_change=let_go,
        on_undo_change=undo,
        on_redo_change=redo,
    )


AS_THEY_ARE: Final = {side: "{" + side + "}" for side in "xywh"}
