"""Who looks at the page and what it remembers: the only module that touches st.session_state."""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import streamlit as st

from engine import Engine, Identity, Scope, process
from engine.ingest.follower import Follower
from engine.ingest.imports import Import, Imports
from engine.ingest.sources import Source
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.links import PARAMETER, ShareLinks
from pages.ui import visitor
from pages.ui.grid.draft import Draft

NOTICES = "_notices"
CHANGED = "_changed"
TOUCHED = "_touched"
ADDRESS = "_address"
LANGUAGE = "lang"
PICKED = "_picked"
CHARTS = "_drawn_"
UPLOAD = "_upload"
UPLOADS = "_uploads"
BRAND = "_new_brand"
IMPORT = "_import"
CHOSEN = "_chosen_"
FORM = "_source_form"
SAID = "_said_of_"
PAGE = "_page"
DRAFT = "_draft_of_"
MOVES = "_moves_of_"
SEEN = "_seen_"
ANSWERED = "_answered_"
DASHBOARD = "dashboard"


def engine() -> Engine:
    return process().engine


def dashboards() -> Dashboards:
    return process().dashboards


def share_links() -> ShareLinks:
    return process().share_links


def share_token() -> str:
    """The token of the share link that the address has; empty for none, and for several."""
    given = st.query_params.get_all(PARAMETER)
    return given[0] if len(given) == 1 else ""


def token() -> str:
    """The bearer token with which a program may ask what this page asks; outside demo mode a place
    for one's own API key."""
    return process().token if visitor.in_demo() else "sk_live_YOUR_KEY"


def identity() -> Identity:
    """Who is signed in; the page ends here for nobody."""
    who = visitor.visitor()
    if who is None:
        st.stop()
    return who


def recheck(scope: Scope) -> None:
    """For what runs by itself, long after its page was guarded. Where the brand is open no more,
    the whole page runs again, and says so."""
    who = visitor.visitor()
    if who is None or scope.brand_id not in who.brands.get(scope.workspace_id, ()):
        st.rerun()


def ready() -> bool:
    """Whether the demo shop is there, which only demo mode waits for."""
    return not visitor.in_demo() or process().demo.ready


def demo_error() -> str | None:
    """Why there is no demo shop."""
    return process().demo.error


@st.fragment(run_every=0.3)
def wait_for_demo(title: str, told: str) -> None:
    """A progress bar until the demo shop is there."""
    if ready():
        st.rerun()
    st.subheader(title)
    st.progress(process().demo.progress, text=told)


def link_parameters() -> Mapping[str, list[str]]:
    """The parameters of the address the page was opened with."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def say_of_link(text: str, field: str = "") -> None:
    """Keep what is wrong with the address, or with what it says of a control; once a control was
    changed, nothing is.
    """
    said = st.session_state.setdefault(NOTICES, {}).setdefault(field, [])
    if text not in said and not st.session_state.get(CHANGED):
        said.append(text)


def notices(field: str = "") -> list[str]:
    return list(st.session_state.get(NOTICES, {}).get(field, []))


def forget_notices() -> None:
    """A control was changed: it wins over the address."""
    st.session_state[NOTICES] = {}
    st.session_state[CHANGED] = True
    st.session_state[TOUCHED] = True


def set_control(name: str, value: object) -> None:
    """Give a control another value; to be called before it is drawn, as callbacks are."""
    st.session_state[name] = value
    forget_notices()


def set_controls(values: Mapping[str, object]) -> None:
    for name, value in values.items():
        set_control(name, value)


def control(name: str, initial: Any = None) -> Any:
    """What a control says, also before it is drawn."""
    return st.session_state.get(name, initial)


def address_is_news(names: Collection[str], first: str) -> bool:
    """Whether the address says something that did not come from the controls.

    names: the parameters in question; first: a control that has a value once the address was read.
    A browser that is a step behind its controls sends their old address along.
    """
    link = {name: said for name, said in link_parameters().items() if name in names}
    touched = st.session_state.pop(TOUCHED, False)
    if first in st.session_state and (touched or link == st.session_state.get(ADDRESS)):
        return False
    st.session_state[NOTICES] = {}
    st.session_state[CHANGED] = False
    return True


def put_controls(values: Mapping[str, object]) -> None:
    """Let controls that are not yet drawn begin with these values."""
    for name, value in values.items():
        st.session_state[name] = value


def write_address(said: Mapping[str, list[str]], names: Collection[str]) -> None:
    """Let the address say this of `names`."""
    link = {name: values for name, values in link_parameters().items() if name in names}
    for name in names:
        if name in said and link.get(name) != said[name]:
            st.query_params[name] = said[name]
        elif name not in said and name in link:
            del st.query_params[name]
    st.session_state[ADDRESS] = dict(said)


def language() -> str:
    """en or pt: what the address says or said, else what the browser asks for."""
    browser = "pt" if str(st.context.locale or "").lower().startswith("pt") else "en"
    asked = st.query_params.get(LANGUAGE)
    if asked in ("en", "pt"):
        st.session_state[CHOSEN + LANGUAGE] = asked
    chosen: str = st.session_state.get(CHOSEN + LANGUAGE, browser)
    return chosen


def pick(chart: str, picked: tuple[Any, ...] | None) -> None:
    """Keep which part of a chart was clicked, or that none is."""
    st.session_state[PICKED] = None if picked is None else (chart, *picked)


def unpick(chart: str) -> None:
    """Nothing is clicked any more; the chart is drawn anew, for the browser shows what it was."""
    st.session_state[PICKED] = None
    st.session_state[CHARTS + chart] = st.session_state.get(CHARTS + chart, 0) + 1


def chart_key(chart: str) -> str:
    return f"{chart}_{st.session_state.get(CHARTS + chart, 0)}"


def picked(chart: str) -> tuple[Any, ...] | None:
    """What was clicked in this chart; a click in another one is over."""
    kept = st.session_state.get(PICKED)
    return kept[1:] if kept and kept[0] == chart else None


def dashboard_id() -> str:
    """Which dashboard the address names; empty for none."""
    return st.query_params.get(DASHBOARD, "")


def draft_of(dashboard: str) -> Draft | None:
    """What is being edited of a dashboard; None while nothing is."""
    draft: Draft | None = st.session_state.get(DRAFT + dashboard)
    return draft


def keep_draft_of(dashboard: str, draft: Draft | None) -> None:
    st.session_state[DRAFT + dashboard] = draft


def moves_of(dashboard: str) -> int:
    """The number of the last move of its cards that was heard of."""
    return int(st.session_state.get(MOVES + dashboard, 0))


def keep_moves_of(dashboard: str, serial: int) -> None:
    st.session_state[MOVES + dashboard] = serial


def first_sight(dashboard: str) -> bool:
    """Whether it is drawn for the first time since the visitor came to its page."""
    seen = st.session_state.get(SEEN) == dashboard
    st.session_state[SEEN] = dashboard
    return not seen


def answered_at(dashboard: str) -> datetime | None:
    """When what is shown of a dashboard was computed."""
    at: datetime | None = st.session_state.get(ANSWERED + dashboard)
    return at


def keep_answered_at(dashboard: str, at: datetime | None) -> None:
    st.session_state[ANSWERED + dashboard] = at


def storage(scope: Scope) -> tuple[int, int]:
    """Files and bytes of the scope's brand."""
    stored = process().lake.storage(scope.workspace_id, scope.brand_id)
    return stored.files, stored.bytes


def waiting(workspace: str) -> int:
    """Accepted events of a workspace that are not yet in any answer."""
    return process().inbox.waiting().get(workspace, 0)


def imports() -> Imports:
    return process().imports


def my_imports() -> list[Import]:
    return imports().of(identity().subject)


def follower() -> Follower:
    return process().follower


def my_sources() -> list[Source]:
    """Those whose events this visitor may bring."""
    may_bring = identity().may_bring
    sources = follower().sources.all()
    return [source for source in sources if may_bring(source.workspace_id, source.brand_id)]


def my_source(name: str) -> Source | None:
    return next((source for source in my_sources() if source.name == name), None)


def source_form() -> int:
    """Counts connected sources; a new number makes a new, empty form."""
    return int(st.session_state.get(FORM, 0))


def next_source_form() -> None:
    st.session_state[FORM] = source_form() + 1


def say_of(form: str, said: dict[str, str]) -> None:
    """Keep what is to be said of a form's fields; "" is the form itself."""
    st.session_state[SAID + form] = said


def said_of(form: str) -> dict[str, str]:
    return dict(st.session_state.get(SAID + form, {}))


def upload_number() -> int:
    """Counts uploads; a new number makes a new, empty uploader."""
    return int(st.session_state.get(UPLOADS, 0))


def keep_upload(file: Any, look: Callable[[Path], Any]) -> tuple[Path, Any]:
    """Where an upload lies, and what `look` sees in it; both are found out once."""
    kept = st.session_state.get(UPLOAD)
    if kept is None or kept[0] != file.file_id:
        forget_upload()
        stream: BinaryIO = file
        path = imports().keep(file.name, stream)
        kept = st.session_state[UPLOAD] = (file.file_id, path, look(path))
    return kept[1], kept[2]


def forget_upload() -> None:
    """The upload was taken back."""
    kept = st.session_state.pop(UPLOAD, None)
    if kept is not None:
        imports().drop(kept[1])


def new_brand() -> str:
    """A brand that does not exist yet, the same one until an import uses it."""
    made: str = st.session_state.setdefault(BRAND, str(uuid.uuid4()))
    return made


def remember_import(job: Import) -> None:
    """The upload is in an import's hands: empty the uploader, and show this import."""
    st.session_state[IMPORT] = job.id
    st.session_state[UPLOADS] = upload_number() + 1
    st.session_state.pop(UPLOAD, None)
    st.session_state.pop(BRAND, None)


def remembered_import() -> Import | None:
    """The import this visitor started last."""
    known = st.session_state.get(IMPORT)
    return next((job for job in my_imports() if job.id == known), None)


def remember(name: str, value: str) -> None:
    """Keep what a control says for the next page, which has one of the same name."""
    st.session_state[CHOSEN + name] = value


def turned_to(page: str) -> bool:
    """Whether the visitor came from another page. Streamlit brings what its controls said along,
    but not to the controls of this page: those of the same name start anew.
    """
    before = st.session_state.get(PAGE)
    if before != page:
        st.session_state.pop(SEEN, None)
    st.session_state[PAGE] = page
    return before not in (None, page)


def recall(name: str, options: list[str]) -> None:
    """Give a control what that of the page before said, unless the link says something."""
    last = st.session_state.get(CHOSEN + name)
    if name not in link_parameters() and last in options:
        st.session_state[name] = last


def remember_brand(workspace: str, brand: str) -> None:
    """Let the next page speak of this brand."""
    for name, value in (("workspace", workspace), ("brand", brand), ("catalog", "")):
        remember(name, value)


def show_brand(workspace: str, brand: str) -> None:
    """Let this page speak of this brand; to be called before it is drawn, as callbacks are."""
    set_control("workspace", workspace)
    set_control("brand", brand)


def may_save(scope: Scope) -> bool:
    """Whether this visitor may save dashboards there."""
    return dashboards().may_write(identity(), scope.workspace_id)


def saving(scope: Scope) -> Dashboards:
    """Dashboards, to change one of this brand. A role may have ended since the page was drawn:
    raises Forbidden.
    """
    who = identity()
    who.check(scope)
    dashboards().check_writer(who, scope.workspace_id)
    return dashboards()
