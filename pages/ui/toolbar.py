"""How the answer is drawn: type, look, number format, goal, comparison."""

from typing import Final

import streamlit as st

from engine import AggregateRequest, Scope
from pages.ui import kinds, session, text
from pages.ui.downloads import downloads
from pages.ui.numbers import FORMATS
from pages.ui.panel import EXPLORE, Panel
from pages.ui.view import View
from pages.ui.words import say

TYPE_NAMES: Final = {
    kinds.AUTOMATIC: (":material/auto_awesome:", "Auto"),
    "counter": (":material/123:", "Counter"),
    "time_series": (":material/show_chart:", "Time series"),
    "breakdown_bar": (":material/bar_chart:", "Bars"),
    "funnel": (":material/filter_alt:", "Funnel"),
    "top_n": (":material/format_list_numbered:", "Top N"),
    "table": (":material/table:", "Table"),
}
LOOK_NAMES: Final = {
    "line": "Line",
    "area": "Area",
    "columns": "Columns",
    "heatmap": "Hours of the week",
    "bars": "Bars",
    "donut": "Donut",
}
SHOWN: Final = "shown_look"
"""The control of the look, which always shows one."""
FORMAT_NAMES: Final = {"plain": "1,234.5", "compact": "1.2K", "percent": "%"}
"""Not in words; other formats are the names of currencies."""


def view_controls(request: AggregateRequest, seen: View, scope: Scope) -> None:
    """Draw them; what they say is in the session before they are drawn."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="toolbar"):
        type_control(request, seen)
        with st.popover(say("Display"), icon=":material/tune:"):
            display_controls(request, seen.fit(request))
        downloads(request, scope)


def type_control(request: AggregateRequest, seen: View, panel: Panel = EXPLORE) -> None:
    types = (kinds.AUTOMATIC, *kinds.fitting(request))
    if seen.widget_type not in types:
        panel.put({"widget_type": kinds.AUTOMATIC})
    st.segmented_control(
        say("Chart type"),
        types,
        format_func=_type_label,
        required=True,
        key=panel.key("widget_type"),
        label_visibility="collapsed",
        on_change=session.forget_notices,
    )


def display_controls(request: AggregateRequest, fitted: View, panel: Panel = EXPLORE) -> None:
    looks = kinds.looks(request, fitted.widget_type)
    if len(looks) > 1:
        panel.put({SHOWN: fitted.look})
        st.segmented_control(
            say("Look"),
            looks,
            format_func=lambda look: say(LOOK_NAMES[look]),
            required=True,
            key=panel.key(SHOWN),
            on_change=_choose_look,
            args=(looks[0], panel),
        )
    st.selectbox(
        say("Number format"),
        FORMATS,
        format_func=lambda form: FORMAT_NAMES.get(form, form),
        key=panel.key("number_format"),
        help=say("Percent: of the total; an average as a share of 1."),
        on_change=session.forget_notices,
    )
    st.toggle(
        say("Compare with the window before"),
        key=panel.key("compare"),
        help=say("The same span of time, up to where this window begins."),
        on_change=session.forget_notices,
    )
    st.number_input(
        say("Goal"),
        value=None,
        key=panel.key("goal"),
        placeholder=say("None"),
        help=say("A line at this value."),
        on_change=session.forget_notices,
    )


def _choose_look(usual: str, panel: Panel) -> None:
    """The usual look is none that was chosen: another type may have another one."""
    look = panel.says(SHOWN)
    panel.set("look", None if look == usual else look)


def _type_label(widget_type: str) -> str:
    icon, name = TYPE_NAMES[widget_type]
    return f"{icon} {say(name)}"


def view_notices() -> None:
    """What the address says of the view and may not."""
    for name in View.__dataclass_fields__:
        for notice in session.notices(name):
            st.warning(text.for_markdown(notice), icon=":material/link_off:")
