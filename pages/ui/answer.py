"""The answer to a request in its card: title, chart, and what has to be said of the numbers."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from engine import AggregateRequest, Result, Scope, VitrineError
from pages.ui import charts, kinds, rows, session, text, toolbar
from pages.ui.account import adds_up, explain, newer
from pages.ui.charts.bars import BARS
from pages.ui.charts.drawing import Drawing
from pages.ui.counter import counter
from pages.ui.numbers import written
from pages.ui.view import View
from pages.ui.words import both, say

THINGS: Final = {
    "none": "rows",
    "event_type": "event types",
    "session": "sessions",
    "day": "days",
    "hour": "hours",
    "product_id": "products",
}
PARTIAL: Final = {
    "day": ("{share} of the first day", "{share} of the last day"),
    "hour": ("{share} of the first hour", "{share} of the last hour"),
}
PREVIOUS: Final = {
    "line": "The dashed line is the window before.",
    "area": "The dashed line is the window before.",
    "columns": "The dashed line is the window before.",
    "bars": "The marks are the window before.",
    "ranking": "The marks are the window before.",
}
"""How a look shows what it is compared with."""


def answer_card(
    body: dict[str, Any], request: AggregateRequest, scope: Scope, seen: View
) -> Drawing:
    """Ask, and draw. Raises VitrineError."""
    with st.container(key="card_chart", gap="small"):
        toolbar.view_controls(body, request, seen, scope)
        toolbar.view_notices()
        result = session.engine().aggregate(request, scope)
        drawing = compose(body, request, result, scope, seen.fit(request))
        types = ", ".join(request.event_types) if request.event_types else say("all event types")
        st.markdown(f"### {text.for_markdown(text.title(request))}")
        window = both(
            "{types} · last {days} day · UTC",
            "{types} · last {days} days · UTC",
            request.time_window_days,
            types=types if len(types) < 200 else types[:200] + "…",
            days=request.time_window_days,
        )
        st.caption(text.for_markdown(window))
        draw(drawing, scope)
        say_all(receipt(drawing))
        accounted(drawing, scope)
    return drawing


def say_all(lines: list[str]) -> None:
    st.caption("  \n".join(text.for_markdown(line) for line in lines if line))


@st.fragment
def accounted(drawing: Drawing, scope: Scope) -> None:
    """Whether it adds up, and how it was computed."""
    end = drawing.result.generated_at
    try:
        account = session.engine().account(drawing.request, scope, as_of=end)
    except VitrineError as error:
        say_all([error.message])
        return
    grouped = drawing.request.group_by != "none"
    say_all([adds_up(drawing, account) if grouped else "", newer(drawing, account)])
    title, icon = say("How was this computed?"), ":material/receipt_long:"
    with st.expander(title, icon=icon, key="computed", on_change="rerun") as more:
        if more.open:
            explain(drawing, account, scope.catalog_id)


def compose(
    body: dict[str, Any], request: AggregateRequest, result: Result, scope: Scope, fitted: View
) -> Drawing:
    engine = session.engine()
    previous = None
    if fitted.compare:
        previous = engine.aggregate(request, scope, as_of=result.window_start)
    return Drawing(
        request,
        result,
        fitted,
        previous=previous,
        total=whole(request, result, scope, fitted),
        steps=tuple(body["event_types"] or ()),
    )


def whole(request: AggregateRequest, result: Result, scope: Scope, seen: View) -> float | None:
    """The value of all rows together; None where nobody asks for it."""
    if request.group_by == "none":
        row = result.rows[0]
        return None if request.is_numeric and row.secondary == 0 else row.value
    if request.aggregation in kinds.ADDITIVE and not result.truncated:
        return math.fsum(row.value for row in result.rows)
    asked = seen.widget_type in ("counter", "top_n") or seen.number_format == "percent"
    if not asked and seen.look != "donut":
        return None
    everything = ungrouped(request)
    return whole(
        everything,
        session.engine().aggregate(everything, scope, as_of=result.generated_at),
        scope,
        seen,
    )


def ungrouped(request: AggregateRequest) -> AggregateRequest:
    """The same request for all events at once."""
    return replace(request, group_by="none")


def draw(drawing: Drawing, scope: Scope) -> None:
    seen = drawing.view
    if not drawing.result.rows:
        empty(drawing.request)
    elif seen.widget_type == "counter":
        counter(drawing, before(drawing, scope))
    elif seen.widget_type == "table":
        rows.table(drawing, "answer_table")
    else:
        chart(drawing)


def chart(drawing: Drawing) -> None:
    selectable = drawing.view.look in CLICKABLE
    name, key = chart_name(drawing), session.chart_key()

    def picked() -> None:
        points = session.control(key, {}).get("selection", {}).get("points", [])
        places = [point["point_index"] for point in points if point.get("curve_number") == 0]
        keys = drawing.keys
        found = keys[places[0]] if places and places[0] < len(keys) else None
        session.pick(name, None if found is None else (found,))

    st.plotly_chart(
        charts.figure(drawing),
        key=key,
        config=charts.CONFIG,
        alt=charts.describe(drawing),
        on_select=picked if selectable else "ignore",
        selection_mode="points",
    )


CLICKABLE: Final = ("line", "area", "columns", "bars", "ranking")


def chart_name(drawing: Drawing) -> str:
    return repr((drawing.request, drawing.view.look))


def before(drawing: Drawing, scope: Scope) -> float | None:
    if not drawing.view.compare:
        return None
    everything = ungrouped(drawing.request)
    ended = drawing.result.window_start
    result = session.engine().aggregate(everything, scope, as_of=ended)
    return whole(everything, result, scope, drawing.view)


def empty(request: AggregateRequest) -> None:
    """What to do next when nothing matched."""
    st.info(
        say("No events match. Try a longer time window, or fewer event types."),
        icon=":material/search_off:",
    )
    wider = next((days for days in (30, 90, 365) if days > request.time_window_days), None)
    with st.container(horizontal=True, key="empty"):
        if wider is not None:
            st.button(
                say("Look at {days} days", days=wider),
                on_click=session.set_control,
                args=("time_window_days", wider),
            )
        if request.event_types is not None:
            st.button(
                say("All event types"), on_click=session.set_control, args=("event_types", [])
            )


def receipt(drawing: Drawing) -> list[str]:
    """What is shown of how much; the window and its edges; when this was computed, from what."""
    request, result = drawing.request, drawing.result
    lines = [_cut(drawing), _window(drawing)]
    age = (datetime.now(UTC) - result.generated_at).total_seconds()
    computed = say(
        "Computed {age}, in {ms} ms",
        age=text.age(max(age, 0)),
        ms=written(result.milliseconds // 1),
    )
    kept = [say("kept for a minute")] if result.cache_hit else []
    version = say("data {version}", version=result.data_version)
    lines.append(" · ".join([computed, *kept, version]))
    if drawing.previous is not None and drawing.view.look in PREVIOUS:
        lines.append(say(PREVIOUS[drawing.view.look]))
    if drawing.view.look == "heatmap":
        lines.append(say("Each field is the mean of its hours in the window."))
    if request.is_numeric and any(row.secondary == 0 for row in result.rows):
        lines.append(say("— stands where there is no number to add up or average."))
    return lines


def _cut(drawing: Drawing) -> str:
    request, result = drawing.request, drawing.result
    things = request.metadata_key or say(THINGS[request.group_by])
    if request.metadata_key:
        things = say("values of {key}", key=things)
    if not result.truncated:
        all_of_them = say("All {all} {things}", all=written(result.total_groups), things=things)
        return all_of_them if result.total_groups > 1 else ""
    said = say(
        "{shown} of {all} {things}: the latest"
        if request.is_time
        else "{shown} of {all} {things}: the largest",
        shown=written(len(result.rows)),
        all=written(result.total_groups),
        things=things,
    )
    return f"{said} ({say('limit {limit}', limit=written(request.limit))})"


def _window(drawing: Drawing) -> str:
    result = drawing.result
    start, end = (f"{t:%Y-%m-%d %H:%M:%S}" for t in (result.window_start, result.window_end))
    said = [say("{start} to {end} UTC", start=start, end=end)]
    if drawing.request.is_time and drawing.result.rows:
        ends = zip(
            PARTIAL[drawing.request.group_by],
            (drawing.buckets[0], drawing.buckets[-1]),
            strict=True,
        )
        covered = [
            say(message, share=written(bucket.share, "percent"))
            for message, bucket in ends
            if bucket.share < 1
        ]
        if covered:
            said.append(say("covers {parts}", parts=say(" and ").join(covered)))
    cut = not drawing.request.is_time and drawing.view.look in ("bars", "columns", "ranking")
    if cut and len(result.rows) > BARS:
        said.append(say("the first {n} in the chart", n=BARS))
    return " · ".join(said)
