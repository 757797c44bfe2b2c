"""Tables of PostgreSQL servers: connect one, watch it being read, pause it, take it away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from engine import Fault, InvalidRequest, VitrineError
from engine.ingest.normalise import FIELDS
from engine.ingest.sources import Source, with_password
from engine.scope import BRAND_FIELD, WORKSPACE_FIELD
from pages.ui import session, text
from pages.ui.scope import explore_button, pick_target

LABELS: Final = {
    "url": "URL",
    "password": "Password",
    "table": "Table",
    "name": "Name",
    WORKSPACE_FIELD: "Workspace",
    BRAND_FIELD: "Brand",
}
GOOD: Final = "good"
"""Beside what is wrong, by field, what is well."""
WORTH_A_BAR: Final = 3
"""Seconds after which a run that only reads news shows its progress."""


def connect_card() -> None:
    """One card: what a source needs, and what is wrong with it beside the control."""
    with (
        st.container(key="card_connect"),
        st.expander("**Connect a PostgreSQL table**", key="connect", type="compact"),
    ):
        st.caption(
            "A table or view with the columns of agent\\_events; event\\_id, event\\_type and"
            " created\\_at suffice. A role that may only read it is enough. It is copied once and"
            " then followed; an index on (created\\_at, event\\_id) makes that quick."
        )
        form = f"source_{session.source_form()}"
        workspace, brand = pick_target(True, form)
        _say(form, WORKSPACE_FIELD, BRAND_FIELD)
        # Outside a form, a password that is left by the Tab key would not be sent.
        with st.form(f"form_{form}", border=False):
            source = _asked(form, workspace, brand)
            _say(form, "")
            with st.container(horizontal=True):
                test = st.form_submit_button("Test the connection", icon=":material/cable:")
                connect = st.form_submit_button(
                    "Connect and follow", type="primary", icon=":material/sync:"
                )
        if test or connect:
            session.say_of(form, {})
            with st.spinner("Asking the server …"), _told(form):
                if test:
                    session.say_of(form, {GOOD: _look(source())})
                else:
                    _connect(source())
            st.rerun()
        if good := session.said_of(form).get(GOOD):
            st.success(text.for_markdown(good), icon=":material/check_circle:")


def _asked(form: str, workspace: str, brand: str | None) -> Callable[[], Source]:
    """The controls; and the source they say, which may be malformed."""
    wide, narrow = st.columns([2, 1])
    with wide:
        url = _text(form, "url", "postgresql://reader@db.example.com:5432/shop")
    with narrow:
        password = _text(form, "password", "unless in PGPASSFILE", secret=True)
    left, middle, right = st.columns(3)
    with left:
        table = _text(form, "table", "agent_events or schema.table")
    with middle:
        name = _text(form, "name", "shop")
    with right:
        of = st.text_input(
            "Only rows whose workspace_id is",
            key=f"of_{form}",
            placeholder="all rows",
            help="For a table that holds the events of several shops.",
        )

    def source() -> Source:
        schema, _, last = table.rpartition(".")
        return Source(
            name,
            workspace,
            with_password(url, password) if url and password else url,
            last,
            table_schema=schema or "public",
            brand_id=brand,
            source_workspace_id=of or None,
        )

    return source


def _text(form: str, field: str, placeholder: str, *, secret: bool = False) -> str:
    """A control and, under it, what is wrong with what it says."""
    typed = st.text_input(
        LABELS[field],
        key=f"{field}_{form}",
        placeholder=placeholder,
        type="password" if secret else "default",
        autocomplete="new-password" if secret else "off",
    )
    _say(form, field)
    return typed if secret else typed.strip()


def _say(form: str, *fields: str) -> None:
    said = session.said_of(form)
    for field in fields:
        if field in said:
            st.error(text.for_markdown(said[field]), icon=":material/error:")


@contextmanager
def _told(form: str) -> Iterator[None]:
    """Keep what is wrong by the field it is in."""
    try:
        yield
    except VitrineError as error:
        said: dict[str, str] = {}
        for fault in error.faults:
            message = fault.message
            if message.startswith(("is ", "has ")):
                message = f"{LABELS.get(fault.field, fault.field)} {message}"
            said.setdefault(fault.field if fault.field in LABELS else "", message)
        session.say_of(form, said or {"": error.message})


def _look(source: Source) -> str:
    expected, columns = _seen(source)
    missing = [name for name in FIELDS if name not in columns]
    without = f" It has no {', '.join(missing)}: these stay empty." if missing else ""
    return f"{source.table} can be read. It has about {expected:,} rows.{without}"


def _connect(source: Source) -> None:
    _seen(source)
    session.follower().connect(source)
    session.next_source_form()


def _seen(source: Source) -> tuple[int, list[str]]:
    """About how many rows there are, and with which columns."""
    if not session.identity().may_bring(source.workspace_id, source.brand_id):
        message = f"{source.workspace_id} and this brand are not open to you; choose your own."
        raise InvalidRequest([Fault(WORKSPACE_FIELD, message)])
    expected, columns = session.follower().look(source)
    if source.brand_id is None and "brand_id" not in columns:
        message = "The table has no column brand_id: choose a brand, which all its events get."
        raise InvalidRequest([Fault(BRAND_FIELD, message)])
    return expected, columns


def source_cards() -> None:
    """A card for each source."""
    for source in session.my_sources():
        with st.container(key=f"card_source_{source.name}", gap="small"):
            heading, buttons = st.columns([1, 1], vertical_alignment="center")
            heading.markdown(f"### {text.for_markdown(source.name)}")
            with (
                buttons,
                st.container(horizontal=True, horizontal_alignment="right", gap="small"),
            ):
                _buttons(source)
            brand = f"brand {source.brand_id}" if source.brand_id else "the brand of each row"
            rows = source.source_workspace_id
            only = "" if rows is None else f", only rows of {rows}"
            into = f"{source.table} of {source.address}{only} → {source.workspace_id}, {brand}"
            st.caption(text.for_markdown(into))
            _status(source.name, source.complete_at is None)
            _say(source.name, "")


def _buttons(source: Source) -> None:
    """Always as many: what appears or goes would push the others aside."""
    name, workspace = source.name, source.workspace_id
    brands = session.identity().brands.get(workspace, frozenset())
    brand = source.brand_id or min(brands, default="")
    explore_button(
        workspace, brand, f"explore_{name}", "Explore", main=False, disabled=brand not in brands
    )
    follower = session.follower()
    if source.followed:
        _button("Pause", name, ":material/pause:", follower.pause)
    else:
        _button("Resume", name, ":material/play_arrow:", follower.resume)
    with st.popover("More", key=f"more_{name}"):
        with st.form(f"new_{name}", border=False, clear_on_submit=True):
            password = st.text_input(
                "New password", type="password", key=f"pw_{name}", autocomplete="new-password"
            )
            _say(f"new_{name}", *LABELS, "")
            given = st.form_submit_button("Use it")
        if given and password:
            session.say_of(f"new_{name}", {})
            with st.spinner("Asking the server …"), _told(f"new_{name}"):
                follower.give_password(name, password)
            st.rerun()
        st.caption("Removed, a source is forgotten and no longer read. Its events stay.")
        _button("Remove", name, ":material/delete:", follower.remove)


def _button(label: str, name: str, icon: str, step: Callable[[str], object]) -> None:
    key = f"{label.lower()}_{name}"
    st.button(label, key=key, icon=icon, on_click=_act, args=(step, name))


def _act(step: Callable[[str], object], name: str) -> None:
    """Of a source that is still the visitor's: it may have ended since the button was drawn."""
    if session.my_source(name) is None:
        return
    session.say_of(name, {})
    with _told(name):
        step(name)


@st.fragment(run_every=1.0)
def _status(name: str, first: bool) -> None:
    """How far it was read. first: the page was drawn before a run had read all there was."""
    source = session.my_source(name)
    if source is None or (first and source.complete_at is not None):
        st.rerun()
        return
    now = datetime.now(UTC)
    reading = session.follower().is_reading(source)
    _facts(source, reading, now)
    since = (now - (source.reading_since or now)).total_seconds()
    if reading and (source.complete_at is None or since >= WORTH_A_BAR):
        _progress(source, since)
    if source.last_error:
        st.error(text.for_markdown(source.last_error), icon=":material/error:")
    if source.rejected:
        said = f"{source.rejected:,} rows were rejected; one of them, {source.rejected_reason}"
        st.warning(text.for_markdown(said), icon=":material/rule:")
    if source.without_brand:
        said = f"{source.without_brand:,} events have no brand and are in no brand's answers."
        st.warning(said, icon=":material/rule:")


def _facts(source: Source, reading: bool, now: datetime) -> None:
    behind = source.behind(now)
    cursor = source.cursor_created_at
    last = source.last_run_at
    facts = {
        "Stored": (f"{source.events:,}", "events from here"),
        "Read up to": (
            "—" if cursor is None else f"{cursor:%Y-%m-%d}",
            "nothing yet" if cursor is None else _place(cursor, source.cursor_event_id),
        ),
        "Behind": (
            "—" if behind is None else text.span(behind.total_seconds()),
            "nothing read yet" if behind is None else "all older rows are here",
        ),
        "Last run": (
            "—" if last is None else text.age((now - last).total_seconds()),
            _outcome(source),
        ),
        "Next run": _next(source, reading, now),
    }
    with st.grid(5, min_column_width=140, gap="small"):
        for label, (value, note) in facts.items():
            with st.container(gap="xsmall"):
                st.metric(label, value)
                st.caption(text.for_markdown(note))


def _place(cursor: datetime, event_id: str | None) -> str:
    time = f"{cursor:%H:%M:%S} UTC"
    return time if event_id is None else f"{time}, {text.plain(event_id, 40)}"


def _outcome(source: Source) -> str:
    if source.last_run_at is None:
        return "none yet"
    return "failed" if source.last_error else f"{source.rows_read:,} rows read"


def _progress(source: Source, seconds: float) -> None:
    if source.reading_since is None or source.rows_expected is None:
        st.progress(0.0, text="Asking the server …")
        return
    read, expected = source.rows_read, max(source.rows_expected, source.rows_read)
    share = read / expected if expected else 1.0
    st.progress(share, text=f"{read:,} of about {expected:,} rows read, {text.span(seconds)}")


def _next(source: Source, reading: bool, now: datetime) -> tuple[str, str]:
    if reading:
        return "now", "under way"
    if not source.followed:
        return "—", "paused"
    wait = 0.0 if source.due_at is None else (source.due_at - now).total_seconds()
    return f"in {max(wait, 0):.0f} s", "after a failure" if source.last_error else "looks for news"
