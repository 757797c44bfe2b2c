"""The page behind a share link. Nothing here asks who is signed in: the token of the address alone
says what is shown, and is asked again at every step and every other second."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import streamlit as st

from engine.errors import Unavailable, VitrineError
from engine.workspaces.links import PARAMETER, Shared
from engine.workspaces.permissions import SHARED_EXPORT_PATH, SHARED_PATH
from engine.workspaces.widget import COLS
from pages.ui import session, text, visitor
from pages.ui.downloads import FILES
from pages.ui.grid import cards, header
from pages.ui.grid.answers import answers
from pages.ui.grid.asked import OWN, RANGES, Asked
from pages.ui.grid.enlarged import enlarge
from pages.ui.grid.menu import folded
from pages.ui.grid.place import Widget
from pages.ui.scope import language_switch
from pages.ui.words import say

RANGE: Final = "shared_range"
WATCHED: Final = 2.0
"""Seconds after which an open page notices that its link has ended."""
RETRIED: Final = 10
REFRESHED: Final = 300
"""Seconds after which its numbers are asked for anew."""
AGE_SAID: Final = 15
FORMS: Final = ("csv", "xlsx", "png")
ALONE: Final = 4
"""Rows that a widget by itself is high."""
CSS: Final = (Path(__file__).parent / "shared.css").read_text()


def is_here() -> bool:
    """Whether the browser says that it is at a share link."""
    return urlsplit(st.context.url or "").path.rstrip("/").endswith(SHARED_PATH)


def show() -> None:
    st.html(cards.look(wall=False) + f"<style>{CSS}</style>")
    try:
        found = session.share_links().open(session.share_token(), visitor.address())
    except VitrineError as error:
        _closed(say("This cannot be shown now"), error.message)
        if isinstance(error, Unavailable):
            _retry()
        return
    if found is None:
        _closed(
            say("This link shows nothing"),
            say("It has ended, or its address is not complete. Ask who gave it to you."),
        )
        return
    _watch(found.link.id, found.dashboard.version)
    Page(found).show()


def _closed(title: str, why: str) -> None:
    """The same for every link that opens nothing."""
    with st.container(key="card_closed"):
        st.markdown(f"### :material/link_off: {title}")
        st.markdown(text.for_markdown(why))


def still(link: str) -> Shared:
    """What the link shows now. The whole page runs again, and says so, when it is another one or
    none, or when that cannot be found out."""
    try:
        found = session.share_links().resolve(session.share_token())
    except VitrineError:
        found = None
    if found is None or found.link.id != link:
        st.rerun()
    return found


@st.fragment(run_every=RETRIED)
def _retry() -> None:
    """The database may be back: nobody has to load a page on a wall anew."""
    try:
        session.share_links().resolve(session.share_token())
    except VitrineError:
        return
    st.rerun()


@st.fragment(run_every=WATCHED)
def _watch(link: str, version: int) -> None:
    """Also for what was taken off the dashboard since: nobody looks at it any longer."""
    if still(link).dashboard.version != version:
        st.rerun()


class Page:
    def __init__(self, found: Shared) -> None:
        self.link = found.link
        self.dashboard = found.dashboard

    def show(self) -> None:
        with st.container(key="dashboard_head", horizontal=True, vertical_alignment="bottom"):
            with st.container(key="dashboard_title", gap=None):
                if self.link.is_whole:
                    header.title(self.dashboard.name, self.dashboard.description)
                fresh = st.container(key="fresh", horizontal=True)
            with st.container(key="dashboard_tools", horizontal=True, horizontal_alignment="right"):
                if self.link.may_range:
                    session.put_controls({RANGE: self._asked().days})
                    header.ranges(RANGE)
                language_switch()
        st.fragment(self._grid, run_every=REFRESHED)()
        with fresh:
            st.fragment(self._fresh, run_every=AGE_SAID)()

    def _asked(self) -> Asked:
        """A browser may send what it likes, also of a control that is not there."""
        days = session.control(RANGE, OWN) if self.link.may_range else OWN
        return Asked(days=days if days in RANGES else OWN)

    def _fresh(self) -> None:
        parts = [header.updated(self.link.id), say("read-only")]
        if self.link.expires_at is not None:
            day = f"{self.link.expires_at:%Y-%m-%d %H:%M} UTC"
            parts.append(say("until {day}", day=day))
        header.quietly(parts)

    def _grid(self) -> None:
        found = still(self.link.id)
        widgets = _widgets(found)
        asked = self._asked()
        with st.container(key="stage"):
            first = session.first_sight(self.link.id)
            frames = cards.frames(widgets, self._menu, waiting=first)
            answered = answers(widgets, asked, found.scope)
            session.keep_answered_at(self.link.id, answered.oldest)
            for frame in frames:
                cards.fill(frame, answered, None)
        if not widgets:
            st.info(say("Nothing is on this dashboard yet"), icon=":material/dashboard:")

    def _menu(self, widget: Widget) -> None:
        st.fragment(_menu)(widget, self._asked(), self.link.id)


def _menu(widget: Widget, asked: Asked, link: str) -> None:
    """Look closer, and take along what may be."""
    found, key = still(link), widget["id"]
    if found.widget(key) is None:
        st.rerun()
    with folded(widget) as unfolded:
        if unfolded.open:
            with st.container(key=f"acts_{key}", gap=None):
                st.button(
                    say("Full screen"),
                    key=f"enlarge_{key}",
                    icon=":material/open_in_full:",
                    type="tertiary",
                    on_click=session.put_controls,
                    args=({f"menu_{key}": False, f"chosen_{key}": True},),
                )
                for form in FORMS if found.link.may_export else ():
                    address = export_path(session.share_token(), key, form, asked.days)
                    st.link_button(FILES[form], address, type="tertiary")
    if session.control(f"chosen_{key}"):
        session.put_controls({f"chosen_{key}": None})
        enlarge(widget, asked, found.scope, partial(still, link))


def _widgets(found: Shared) -> list[dict[str, Any]]:
    """As the grid takes them; one by itself takes the whole width."""
    if found.link.is_whole:
        return [widget.to_raw() for widget in found.dashboard.widgets]
    return [
        replace(
            widget,
            position=replace(
                widget.position, x=0, y=0, w=COLS, h=max(ALONE, min(widget.position.h, 6))
            ),
        ).to_raw()
        for widget in found.dashboard.widgets
    ]


def export_path(token: str, widget: str, form: str, days: int) -> str:
    """Where the rows of a widget are as a file, for who has the token."""
    asked = {PARAMETER: token, "widget": widget, "format": form}
    if days != OWN:
        asked["time_window_days"] = str(days)
    return f"{SHARED_EXPORT_PATH}?{urlencode(asked)}"
