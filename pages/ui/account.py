"""Whether an answer adds up, and how it came about."""

from decimal import Decimal
from typing import Final

import streamlit as st

from engine import Account
from pages.ui import text
from pages.ui.charts.drawing import Drawing
from pages.ui.numbers import written
from pages.ui.tables import counts, names, table
from pages.ui.words import say

SOURCES: Final = {
    "scan": "events of the lake",
    "cluster": "events of the lake, on the cluster",
    "events": "events of one day, kept in memory",
    "days": "rollups of days",
    "months": "rollups of months",
}
WHEN: Final = "%Y-%m-%d %H:%M"


def adds_up(drawing: Drawing, account: Account) -> str:
    """shown + other = total, in one line; what does not add up says why."""
    request = drawing.request
    shown, other, total = (
        written(float(value) if isinstance(value, Decimal) else value)
        for value in (account.shown, account.other, account.total)
    )
    sums = say("{shown} shown + {other} not shown = {total}", shown=shown, other=other, total=total)
    if request.aggregation == "count_distinct":
        return say(
            "{sums} by group, of {distinct} distinct sessions: {overlap} times a session is in one"
            " more group.",
            sums=sums,
            distinct=written(account.distinct),
            overlap=written(account.overlap),
        )
    if request.aggregation == "avg":
        mean = float(account.total) / account.numbers if account.numbers else None
        return say(
            "Averages do not add up; their numbers do: {sums}, of {numbers} numbers, {mean} on"
            " average.",
            sums=sums,
            numbers=written(account.numbers),
            mean=written(mean),
        )
    return say("It adds up: {sums} ({name}).", sums=sums, name=text.value_name(request).lower())


def explain(drawing: Drawing, account: Account, catalog: str | None) -> None:
    """What was counted, step by step; where it was read; what could not answer, and why."""
    request = drawing.request
    steps = {say("Events of the brand in the window"): account.brand_events}
    if catalog is not None:
        steps[say("of catalog {catalog}", catalog=catalog)] = account.catalog_events
    if request.event_types is not None:
        types = ", ".join(request.event_types)
        steps[say("of the types {types}", types=types)] = account.type_events
    if account.numbers is not None:
        steps[say("with a number in {field}", field=request.value_field)] = account.numbers
        steps[say("skipped, for they have none")] = account.skipped or 0
    steps[say("Rows that these make")] = account.groups
    steps[say("Rows that are shown")] = account.shown_groups
    table("account_steps", names(say("What"), steps, 160), counts(say("How many"), steps.values()))
    table(
        "account_sources",
        names(say("Read from"), (say(SOURCES[part.source]) for part in account.segments)),
        names(say("From"), (part.start.strftime(WHEN) for part in account.segments)),
        names(say("To"), (part.end.strftime(WHEN) for part in account.segments)),
    )
    for refused in account.refused:
        why = f"{refused.source}: {refused.reason} {refused.detail}".strip()
        st.caption(text.for_markdown(f"{say('Not used')}: {why}"))


def newer(drawing: Drawing, account: Account) -> str:
    """Said when events came in between an answer and its account."""
    if account.data_version == drawing.result.data_version:
        return ""
    return say("Events have come in since; these numbers have them already.")
