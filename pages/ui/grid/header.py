"""What stands over a dashboard: its name, how fresh it is, and what all of it is asked."""

import html
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from engine import Scope
from pages.ui import known, session, text
from pages.ui.controls import askable
from pages.ui.grid.asked import MINUTES, OWN, RANGE, RANGES, REFRESH, TYPE, WALL, Asked
from pages.ui.numbers import written
from pages.ui.scope import choose_scope, language_switch
from pages.ui.words import both, say

TICK: Final = 15
"""Seconds after which the age of the numbers is said anew."""
TYPES: Final = 100
"""As many event types are offered."""
ONLY: Final = "dashboard_only"


def title(name: str, description: str | None) -> None:
    told = f"<h2 class='dashboard-name'>{html.escape(text.plain(name, 120))}</h2>"
    if description:
        told += f"<p class='quiet'>{html.escape(text.plain(description, 300))}</p>"
    st.html(told)


def tools(asked: Asked) -> Scope | None:
    """The controls of the whole dashboard; the scope first, for they need it."""
    ranges(RANGE)
    scope = choose_scope("Dashboard")
    language_switch()
    if scope is not None:
        _more(asked, scope)
    return scope


def ranges(key: str) -> None:
    st.segmented_control(
        say("Time range"),
        (*RANGES, OWN),
        format_func=_range_label,
        required=True,
        key=key,
        label_visibility="collapsed",
        on_change=session.forget_notices,
    )


def _range_label(days: int) -> str:
    return say("Own") if days == OWN else say("{days} d", days=days)


def _more(asked: Asked, scope: Scope) -> None:
    with st.popover(say("View"), icon=":material/tune:", key="dashboard_view"):
        session.put_controls({ONLY: asked.event_type})
        st.selectbox(
            say("Only events of this type"),
            _types(scope, asked),
            index=None,
            placeholder=say("All event types"),
            format_func=text.plain,
            key=ONLY,
            on_change=lambda: session.set_control(TYPE, session.control(ONLY)),
        )
        st.segmented_control(
            say("Refresh"),
            (0, *MINUTES),
            format_func=lambda n: say("{n} min", n=n) if n else say("Off"),
            required=True,
            key=REFRESH,
            on_change=session.forget_notices,
        )
        st.button(
            say("Fill the screen"),
            key="to_wall",
            icon=":material/fullscreen:",
            on_click=session.set_control,
            args=(WALL, True),
        )


def _types(scope: Scope, asked: Asked) -> list[str]:
    found = list(askable("event_types", known.inventory(scope).event_types))[:TYPES]
    return found if asked.event_type in (None, *found) else [str(asked.event_type), *found]


def chips(asked: Asked) -> None:
    """What narrows all widgets, to be taken away with a click."""
    if asked.event_type is not None:
        name = text.for_markdown(asked.event_type)
        st.button(
            say("Only {name}", name=name),
            key="only_type",
            icon=":material/close:",
            help=say("Show all event types again"),
            on_click=session.set_control,
            args=(TYPE, None),
        )


@st.fragment(run_every=TICK)
def freshness(dashboard: str, widgets: int, scope: Scope) -> None:
    parts = [updated(dashboard)]
    parts.append(both("{n} widget", "{n} widgets", widgets, n=written(widgets)))
    parts.append(say("brand {brand}", brand=scope.brand_id[:8]))
    quietly(parts)


def updated(dashboard: str) -> str:
    """How old the oldest number is; empty before there are any."""
    at = session.answered_at(dashboard)
    if at is None:
        return ""
    seconds = max((datetime.now(UTC) - at).total_seconds(), 0)
    return say("Updated {age}", age=text.age(seconds))


def quietly(parts: list[str]) -> None:
    said = html.escape(" · ".join(part for part in parts if part))
    st.html(f"<p class='quiet fresh'>{said}</p>")


def wall_exit() -> None:
    st.button(
        say("Leave full screen"),
        key="from_wall",
        icon=":material/fullscreen_exit:",
        type="tertiary",
        on_click=session.set_control,
        args=(WALL, False),
    )
