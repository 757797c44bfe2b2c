"""Bring a file: upload, look, say where to, watch, read the report."""

from pathlib import Path
from typing import Any, Final

import polars as pl
import streamlit as st

from engine import Fault, InvalidRequest
from engine.ingest.imports import Import, rejected_csv, target_faults
from engine.ingest.load import Loaded
from engine.ingest.refuse import sample
from engine.scope import WORKSPACE_FIELD
from pages.ui import columns, session, text
from pages.ui.scope import explore_button, pick_target
from pages.ui.tables import counts, names, numbers, table

KINDS: Final = ["csv", "ndjson", "jsonl", "parquet", "xlsx"]
STATES: Final = {
    "queued": "waits for another import",
    "running": "is read",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}


def import_card() -> None:
    """One card: the uploader, and what the upload needs before it is imported."""
    with st.container(key="card_import"):
        st.markdown("### Import a file")
        number = session.upload_number()
        upload = st.file_uploader(
            "A CSV, NDJSON, Parquet or XLSX file, up to 2 GiB. A CSV has a header, NDJSON one JSON"
            " object per line.",
            type=KINDS,
            key=f"upload_{number}",
        )
        if upload is None:
            session.forget_upload()
            return
        path, seen = session.keep_upload(upload, _look)
        if isinstance(seen, str):
            st.error(text.for_markdown(seen), icon=":material/error:")
            return
        _ask(path, seen, number)


def _look(path: Path) -> Any:
    """The first rows, or why the file cannot be imported."""
    try:
        return sample(path)
    except InvalidRequest as error:
        return error.message


def _ask(path: Path, seen: pl.DataFrame, number: int) -> None:
    where, what = st.container(), st.container()
    with what:
        mapping = columns.mapping_controls(seen, number)
    with where:
        workspace, brand = pick_target("brand_id" in mapping.fields, str(number))
    faults = [*target_faults(workspace, brand), *mapping.faults()]
    if not session.identity().may_bring(workspace, brand):
        message = f"{workspace} and this brand are not open to you for events; choose your own."
        faults.append(Fault(WORKSPACE_FIELD, message))
    if brand is None and "brand_id" not in mapping.fields:
        st.warning("No column is brand\\_id: choose a brand, or events are in no brand's answers.")
    for fault in faults:
        st.error(text.for_markdown(fault.message), icon=":material/error:")
    if not any(fault.field == "event_type" for fault in faults):
        columns.show_preview(seen, mapping, brand)
    pressed = st.button(
        "Import", type="primary", icon=":material/upload:", disabled=bool(faults), key="import"
    )
    # A browser can send the press of a button that it may not.
    if pressed and not faults:
        who = session.identity().subject
        session.remember_import(session.imports().start(path, workspace, brand, mapping, who))
        st.rerun()


def running_card() -> None:
    """The imports that are under way, while there are some."""
    if any(not job.finished.is_set() for job in session.my_imports()):
        with st.container(key="card_running"):
            _watch()


@st.fragment(run_every=0.4)
def _watch() -> None:
    jobs = [job for job in session.my_imports() if not job.finished.is_set()]
    if not jobs:
        st.rerun()
    for job in reversed(jobs):
        bar, cancel = st.columns([5, 1], vertical_alignment="bottom")
        bar.progress(job.share, text=text.for_markdown(_said(job)))
        cancel.button(
            "Cancel",
            key=f"cancel_{job.id}",
            on_click=_cancel,
            args=(job,),
            disabled=job.storing or job.cancelled,
            help="Nothing of the file will be stored.",
        )


def _cancel(job: Import) -> None:
    job.cancel()


def _said(job: Import) -> str:
    if job.cancelled:
        return f"{job.name} stops"
    if job.state == "queued":
        return f"{job.name} waits for another import into {job.workspace}"
    if job.storing:
        return f"{job.name}: {job.rows:,} rows read, now being stored"
    if not job.total:
        return f"{job.name}: looking at its {text.size(job.bytes)}"
    read = f"{text.size(job.bytes_read)} of {text.size(job.bytes)}"
    return f"{job.name}: {job.rows:,} of about {job.total:,} rows read, {read}"


def report_card() -> None:
    """What became of the file this visitor imported last."""
    job = session.remembered_import()
    if job is None or not job.finished.is_set():
        return
    with st.container(key="card_report"):
        st.markdown(f"### {text.for_markdown(job.name)}")
        if job.state == "cancelled":
            st.info("Cancelled. Nothing of it is stored.", icon=":material/cancel:")
        elif job.loaded is None:
            reason = job.error or "It failed."
            st.error(text.for_markdown(reason + " Nothing of it is stored."))
        else:
            _report(job, job.loaded)


def _report(job: Import, loaded: Loaded) -> None:
    rejected = loaded.rejected["row"].n_unique()
    facts = {
        "Rows read": loaded.read,
        "Stored": loaded.stored,
        "Duplicates": loaded.duplicates,
        "Rejected": rejected,
        "Numbers rounded": loaded.rounded,
    }
    with st.grid(5, min_column_width=110):
        for label, count in facts.items():
            st.metric(label, f"{count:,}")
    where = f"brand {job.brand}" if job.brand else "the brands of its column brand_id"
    st.caption(
        text.for_markdown(
            f"Into {job.workspace}, {where}, in {job.seconds:.1f} s. A number is rounded to 6"
            " digits after the point; a duplicate is an event that is stored already."
        )
    )
    if loaded.without_brand:
        st.warning(
            f"{loaded.without_brand:,} events have no brand and are in no brand's answers."
            " Import the file again into a brand of another workspace."
        )
    if rejected:
        _reasons(job.id, job.name, loaded.rejected)
    if loaded.read > rejected and _is_open(job):
        _ways_on(job)


def _is_open(job: Import) -> bool:
    brands = session.identity().brands.get(job.workspace, frozenset())
    return job.brand in brands if job.brand else bool(brands)


def _ways_on(job: Import) -> None:
    brand = job.brand or min(session.identity().brands[job.workspace])
    with st.container(horizontal=True, vertical_alignment="center"):
        explore_button(job.workspace, brand, "explore_it")
        st.button(
            "Show it on this page",
            key="show_it",
            on_click=session.show_brand,
            args=(job.workspace, brand),
        )


def _reasons(number: str, name: str, rejected: pl.DataFrame) -> None:
    reasons = rejected.group_by("field", maintain_order=True).agg(
        pl.col("row").n_unique().alias("rows"),
        pl.col("row").first().alias("first"),
        pl.col("message").first(),
    )
    st.markdown("**Why rows were rejected**")
    table(
        "reasons",
        names("Field", reasons["field"].cast(pl.String)),
        counts("Rows", reasons["rows"]),
        counts("First row", reasons["first"]),
        names("What it says of that row", reasons["message"], 200, large=True),
    )
    st.download_button(
        "Rejected rows as CSV",
        rejected_csv(rejected),
        file_name=f"{Path(name).stem}-rejected.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"rejected_{number}",
    )


def earlier_card() -> None:
    """Imports since this process started."""
    jobs = session.my_imports()
    if len(jobs) < 2:
        return
    with st.container(key="card_earlier"):
        st.markdown("### Imports since the start")
        rejected = (job.loaded.rejected["row"].n_unique() if job.loaded else 0 for job in jobs)
        table(
            "earlier",
            names("File", (job.name for job in jobs)),
            names("Workspace", (job.workspace for job in jobs)),
            names("State", (STATES[job.state] for job in jobs)),
            counts("Rows read", (job.rows for job in jobs)),
            counts("Stored", (job.loaded.stored if job.loaded else 0 for job in jobs)),
            counts("Duplicates", (job.loaded.duplicates if job.loaded else 0 for job in jobs)),
            counts("Rejected", rejected),
            numbers("Seconds", (job.seconds for job in jobs)),
        )
