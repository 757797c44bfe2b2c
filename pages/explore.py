"""Build one widget: six controls, their chart, its rows, and the same request for a program."""

import json
from typing import Any

import polars as pl
import streamlit as st

from engine import AggregateRequest, Result, Scope, VitrineError
from engine.contract import FIELDS
from engine.request import examine, from_query
from engine.result import iso
from pages.ui import charts, controls, session, text
from pages.ui.scope import pick_scope, show_notices


def main() -> None:
    scope = pick_scope("Explore")
    if scope is None:
        st.info(
            "There are no events yet. Import a file on the page Data, or load one with "
            "`python -m engine.ingest FILE --workspace ws_shop --brand UUID`."
        )
        return
    asked = valid_of_link()
    left, right = st.columns([1, 2.7], gap="medium")
    with left, st.container(key="card_controls"):
        body = controls.request_controls(session.engine().inventory(scope), asked)
    request, faults = examine(body)
    with right:
        if request is None:
            for fault in faults:
                st.error(text.for_markdown(f"{fault.field}: {fault.message}"))
            return
        try:
            result = session.engine().aggregate(request, scope)
        except VitrineError as error:
            st.error(text.for_markdown(error.message))
            return
        show(request, result, scope)


def valid_of_link() -> dict[str, Any]:
    """What the address asks for; what is wrong with it is said until a control is changed."""
    link = session.link_parameters()
    raw = from_query(link)
    _, faults = examine(raw)
    bad = [fault for fault in faults if fault.field in link]
    for fault in bad:
        session.say_of_link(
            f"The link asked for {fault.field} = {', '.join(link[fault.field])}. {fault.message}"
            " The control below shows what is used in its place."
        )
    show_notices()
    initial = {field.name: field.initial for field in FIELDS}
    return raw | {fault.field: initial[fault.field] for fault in bad}


def show(request: AggregateRequest, result: Result, scope: Scope) -> None:
    with st.container(key="card_chart", gap="small"):
        types = ", ".join(request.event_types) if request.event_types else "all event types"
        st.markdown(f"### {text.for_markdown(text.title(request))}")
        st.caption(text.for_markdown(f"{types} · last {request.time_window_days} × 24 h · UTC"))
        if not result.rows:
            st.info(
                "No events match. Try a longer time window, or fewer event types.",
                icon=":material/search_off:",
            )
        else:
            st.plotly_chart(
                charts.chart(request, result),
                key="chart",
                config=charts.CONFIG,
                alt=charts.describe(request, result),
            )
        st.caption(provenance(request, result))
    rows_tab, json_tab, curl_tab = st.tabs(["Rows", "JSON", "cURL"])
    with rows_tab:
        show_rows(request, result)
    json_tab.code(json.dumps(request.to_dict(), indent=2), language="json")
    curl_tab.code(curl(request, scope), language="bash", wrap_lines=True)


def provenance(request: AggregateRequest, result: Result) -> str:
    """How many of how many rows, which window, when, from what, in what time."""
    shown_rows = f"{len(result.rows):,} of {result.total_groups:,} rows"
    which = "the latest" if request.is_time else "the largest"
    parts = [
        f"{shown_rows}, {which} (limit {request.limit:,})" if result.truncated else shown_rows,
        f"{iso(result.window_start)} to {iso(result.window_end)}",
        f"computed in {result.milliseconds:,.0f} ms" + (", now cached" if result.cache_hit else ""),
        f"data {result.data_version}",
    ]
    if not request.is_time and len(result.rows) > charts.BARS:
        parts.insert(1, f"the first {charts.BARS} in the chart")
    return text.for_markdown(" · ".join(parts))


def show_rows(request: AggregateRequest, result: Result) -> None:
    name, value, secondary = (
        text.group_name(request),
        text.value_name(request),
        text.secondary_name(request),
    )
    used = [None if request.is_numeric and r.secondary == 0 else r.value for r in result.rows]
    frame = pl.DataFrame(
        {
            "key": [text.plain(row.key) for row in result.rows],
            "value": pl.Series(used, dtype=pl.Float64 if request.is_numeric else pl.Int64),
            "secondary": [row.secondary for row in result.rows],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "key": st.column_config.TextColumn(name),
            "value": st.column_config.NumberColumn(value, format="localized"),
            "secondary": st.column_config.NumberColumn(secondary, format="localized"),
        },
    )


def curl(request: AggregateRequest, scope: Scope) -> str:
    """A command that gets the same rows from the endpoint."""
    origin = "/".join((st.context.url or "http://127.0.0.1:8501").split("/")[:3])
    path = f"/api/workspace/{scope.workspace_id}/dashboards/aggregate"
    catalog = [f"  -H 'X-Active-Catalog: {scope.catalog_id}' \\"] if scope.catalog_id else []
    return "\n".join(
        [
            f"curl -s {origin}{path} \\",
            f"  -H 'Authorization: Bearer {session.token()}' \\",
            f"  -H 'X-Active-Brand: {scope.brand_id}' \\",
            *catalog,
            "  -H 'Content-Type: application/json' \\",
            f"  -d '{json.dumps(request.to_dict())}'",
        ]
    )


main()
