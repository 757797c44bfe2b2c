"""The drawer in which a widget is built."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from engine import Scope
from pages.ui.words import say


def open(
    widget: Mapping[str, Any] | None, scope: Scope, on_done: Callable[[Mapping[str, Any]], None]
) -> None:
    st.dialog(say("New widget"), position="right")(_inside)(widget, scope, on_done)


def _inside(
    widget: Mapping[str, Any] | None, scope: Scope, on_done: Callable[[Mapping[str, Any]], None]
) -> None:
    config = (
        dict(widget["config"])
        if widget
        else {
            "group_by": "day",
            "aggregation": "count",
            "event_types": None,
            "time_window_days": 30,
            "limit": 100,
        }
    )
    title = st.text_input("Title", str(config.get("title") or ""), key="drawer_title")
    if st.button("Use it", key="drawer_done", type="primary"):
        raw = dict(widget or {"widget_type": "time_series"})
        on_done({**raw, "config": {**config, "title": title}})
        st.rerun()
