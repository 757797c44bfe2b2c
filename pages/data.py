"""What there is: events, their types and metadata keys, how fresh; and how more gets in."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from engine import Details, Inventory, Scope
from pages.ui import imports, session, text
from pages.ui.scope import pick_scope, show_notices


def main() -> None:
    scope = pick_scope("Data")
    show_notices()
    if scope is None:
        st.markdown("## Data")
        st.info(
            "There are no events yet. Drop a file below: a spreadsheet saved as CSV will do. You"
            " see what becomes of its columns before anything is stored.",
            icon=":material/database:",
        )
    else:
        inventory = session.engine().inventory(scope)
        details = session.engine().details(scope)
        show_facts(scope, inventory, details)
    imports.running_card()
    imports.report_card()
    imports.import_card()
    if scope is not None:
        show_contents(inventory, details)
    imports.earlier_card()


def show_facts(scope: Scope, inventory: Inventory, details: Details) -> None:
    files, size = session.storage(scope)
    waiting = session.waiting(scope.workspace_id)
    first, last = inventory.first, inventory.last
    lag = "" if last is None else text.age((datetime.now(UTC) - last).total_seconds())
    types = len(inventory.event_types)
    facts = {
        "Events": (f"{inventory.events:,}", f"of {types:,} type{'' if types == 1 else 's'}"),
        "Sessions": (f"{details.sessions:,}", "different ids"),
        "First event": (day(first), hour(first)),
        "Last event": (day(last), lag or "none yet"),
        "On disk": (text.size(size), f"in {files:,} file{'' if files == 1 else 's'}"),
        "Waiting": (f"{waiting:,}", "not yet in answers"),
    }
    with st.grid(6, min_column_width=150, gap="small"):
        for label, (value, note) in facts.items():
            with st.container(key=f"card_fact_{label.lower().replace(' ', '_')}", gap="xsmall"):
                st.metric(label, value)
                st.caption(text.for_markdown(note))


def day(instant: datetime | None) -> str:
    return "—" if instant is None else f"{instant:%Y-%m-%d}"


def hour(instant: datetime | None) -> str:
    return "none yet" if instant is None else f"{instant:%H:%M} UTC"


def show_contents(inventory: Inventory, details: Details) -> None:
    left, right = st.columns([1, 1.6], gap="medium")
    with left, st.container(key="card_types"):
        st.markdown("### Event types")
        show_types(inventory)
    with right, st.container(key="card_keys"):
        st.markdown("### Metadata keys")
        if details.keys:
            show_keys(details)
        else:
            st.caption("No event has metadata. Columns that are no field of an event become keys.")


def show_types(inventory: Inventory) -> None:
    counts = inventory.event_types
    st.dataframe(
        pl.DataFrame(
            {
                "type": [text.plain(name) for name in counts],
                "events": list(counts.values()),
                "share": [count / inventory.events for count in counts.values()],
            }
        ),
        hide_index=True,
        key="types",
        column_config={
            "type": st.column_config.TextColumn("Event type"),
            "events": st.column_config.NumberColumn("Events", format="localized"),
            "share": st.column_config.ProgressColumn("Share", format="percent"),
        },
    )


def show_keys(details: Details) -> None:
    st.dataframe(
        pl.DataFrame(
            {
                "key": [text.plain(name) for name in details.keys],
                "events": [key.events for key in details.keys.values()],
                "values": [key.values for key in details.keys.values()],
                "samples": [
                    " · ".join(text.plain(sample, 40) for sample in key.samples)
                    for key in details.keys.values()
                ],
            }
        ),
        hide_index=True,
        key="keys",
        column_config={
            "key": st.column_config.TextColumn("Key"),
            "events": st.column_config.NumberColumn("Events", format="localized"),
            "values": st.column_config.NumberColumn("Values", format="localized"),
            "samples": st.column_config.TextColumn("Most frequent", width="large"),
        },
    )


main()
