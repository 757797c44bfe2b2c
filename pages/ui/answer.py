"""The answer to a request in its card: title, chart, and what has to be said of the numbers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from engine import AggregateRequest, Result, Scope, VitrineError
from pages.ui import session, text, toolbar
from pages.ui.account import adds_up, explain, newer
from pages.ui.charts.drawing import BARS, Drawing
from pages.ui.composing import compose, wanted
from pages.ui.draw import draw
from pages.ui.keep import save_button
from pages.ui.numbers import written
from pages.ui.view import View
from pages.ui.waiting import share_done
from pages.ui.words import both, say

NAME: Final = "chart"
"""Of the page's one chart, among those of other pages."""
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
        toolbar.view_controls(request, seen, scope)
        toolbar.view_notices()
        with share_done() as watch:
            result = session.engine().aggregate(request, scope, watch=watch)
        drawing = composed(body, request, result, scope, seen.fit(request))
        types = ", ".join(request.event_types) if request.event_types else say("all event types")
        with st.container(horizontal=True, vertical_alignment="center", key="answer_head"):
            st.markdown(f"### {text.for_markdown(text.title(request))}", width="stretch")
            save_button(body, request, seen.fit(request), scope)
        window = both(
            "{types} · last {days} day · UTC",
            "{types} · last {days} days · UTC",
            request.time_window_days,
            types=types if len(types) < 200 else types[:200] + "…",
            days=request.time_window_days,
        )
        st.caption(text.for_markdown(window))
        if result.rows:
            draw(drawing, NAME)
        else:
            empty(request)
        say_all(receipt(drawing))
        accounted(drawing, scope)
    return drawing


def composed(
    body: Mapping[str, Any],
    request: AggregateRequest,
    result: Result,
    scope: Scope,
    fitted: View,
    *,
    trend: bool = False,
) -> Drawing:
    """The drawing, with what is `wanted` beside the answer asked one by one."""
    engine = session.engine()
    beside = {
        name: engine.aggregate(asked, scope, as_of=end)
        for name, (asked, end) in wanted(request, result, fitted, trend=trend).items()
    }
    return compose(body, request, result, fitted, beside)


def say_all(lines: list[str]) -> None:
    st.caption("  \n".join(text.for_markdown(line) for line in lines if line))


@st.fragment
def accounted(drawing: Drawing, scope: Scope) -> None:
    """Whether it adds up, and how it was computed."""
    session.recheck(scope)
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
    lines = [cut(drawing), _window(drawing)]
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


def cut(drawing: Drawing) -> str:
    """How many rows of how many there are."""
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
    few = not drawing.request.is_time and drawing.view.look in ("bars", "columns", "ranking")
    if few and len(result.rows) > BARS:
        said.append(say("the first {n} in the chart", n=BARS))
    return " · ".join(said)
