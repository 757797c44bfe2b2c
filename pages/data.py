"""What there is: events, their types and metadata keys, how fresh; and how more gets in."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from engine import Choice, Details, Inventory, Scope
from pages.ui import door, imports, session, sources, text
from pages.ui.scope import pick_scope, show_notices
from pages.ui.tables import counts, names, shares, table

HELP: Final = {
    "On disk": "All files of the brand, with old versions that are kept for an hour.",
    "Waiting": "Accepted events of the whole workspace that are not yet in answers.",
}


def main() -> None:
    scope = pick_scope("Data")
    show_notices()
    if scope is None:
        st.markdown("## Data")
        st.info(
            "There are no events yet. Drop a file below: a spreadsheet saved as CSV will do. You"
            " see what becomes of its columns before anything is stored. Or connect a table of a"
            " PostgreSQL server, which is then followed.",
            icon=":material/database:",
        )
    else:
        inventory = session.engine().inventory(scope)
        details = session.engine().details(scope)
        show_facts(scope, inventory, details)
    imports.running_card()
    imports.report_card()
    sources.source_cards()
    imports.import_card()
    sources.connect_card()
    if scope is not None:
        show_contents(inventory, details)
        with st.expander("How answers are computed", icon=":material/speed:"):
            show_rollups(session.engine().rolled_up(scope))
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
        "On disk": (text.size(size), f"{files:,} file{'' if files == 1 else 's'} of the brand"),
        "Waiting": (f"{waiting:,}", "in the inbox"),
    }
    with st.grid(6, min_column_width=150, gap="small"):
        for label, (value, note) in facts.items():
            with st.container(key=f"card_fact_{label.lower().replace(' ', '_')}", gap="xsmall"):
                st.metric(label, value, help=HELP.get(label))
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
    types = inventory.event_types
    table(
        "types",
        names("Event type", types),
        counts("Events", types.values()),
        shares("Share", (count / inventory.events for count in types.values())),
    )


def show_keys(details: Details) -> None:
    keys = details.keys.values()
    samples = (" · ".join(text.plain(sample, 40) for sample in key.samples) for key in keys)
    table(
        "keys",
        names("Key", details.keys),
        counts("Events", (key.events for key in keys)),
        counts("Values", (key.values for key in keys)),
        names("Most frequent", samples, 130, large=True),
    )


def show_rollups(choice: Choice | None) -> None:
    """What is answered without reading events, and why the rest is not."""
    if choice is None:
        st.caption("Not made yet: every answer is computed from the events.")
        return
    st.caption(f"Days before {choice.upto} are rolled up; later ones are read from the events.")
    table(
        "rollups",
        names("Dimension", choice.refused),
        names(
            "Answered from",
            (f"events: {why}" if why else "rollups" for why in choice.refused.values()),
            130,
            large=True,
        ),
    )


door.enter("data")
main()
