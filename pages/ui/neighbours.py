"""Answers to the requests beside this one, small, each one click away."""

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from engine import AggregateRequest, Result, Scope, VitrineError, parse
from engine.contract import METADATA
from pages.ui import address, session, spark, text
from pages.ui.numbers import compact
from pages.ui.series import buckets
from pages.ui.words import say

MOST: Final = 8
GROUPS: Final = ("day", "event_type", "product_id", "hour")
KEYS: Final = 3
"""Metadata keys that are tried, the most frequent first."""


def neighbours(request: AggregateRequest, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Bodies that differ from the request in one field; keys: metadata keys worth a look."""
    body = request.to_dict()
    found = list(_aggregations(body))
    by_key = [METADATA + key for key in keys[:KEYS]]
    groups = [group for group in (*GROUPS, *by_key) if group != request.group_by]
    found += [body | {"group_by": group, "limit": 100} for group in groups]
    return found[:MOST]


def _aggregations(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if body["aggregation"] != "count":
        yield {**body, "aggregation": "count", "value_field": None}
    if body["aggregation"] != "count_distinct":
        yield {**body, "aggregation": "count_distinct", "value_field": None}
    field = body["value_field"] or "amount"
    if body["aggregation"] != "sum":
        yield {**body, "aggregation": "sum", "value_field": field}
    if body["aggregation"] == "sum":
        yield {**body, "aggregation": "avg", "value_field": field}


@st.fragment
def neighbour_strip(request: AggregateRequest, keys: Sequence[str], scope: Scope) -> None:
    """Computed together, from one state of the events."""
    session.recheck(scope)
    bodies = neighbours(request, keys)
    try:
        answers = session.engine().batch(bodies, scope)
    except VitrineError as error:
        st.caption(text.for_markdown(error.message))
        return
    st.markdown(f"#### {say('One click away')}")
    with st.grid(4, min_column_width=150, gap="small", key="neighbours"):
        for i, (body, answer) in enumerate(zip(bodies, answers, strict=True)):
            with st.container(key=f"neighbour_{i}", gap="xsmall"):
                if isinstance(answer, Result):
                    _card(i, body, parse(body), answer)
                else:
                    st.caption(text.for_markdown(answer.message))


def _card(i: int, body: dict[str, Any], request: AggregateRequest, result: Result) -> None:
    if st.button(
        text.for_markdown(text.title(request)),
        key=f"go_{i}",
        type="tertiary",
        on_click=address.set_body,
        args=(body,),
    ):
        st.rerun()
    st.html(_small(request, result))


def _small(request: AggregateRequest, result: Result) -> str:
    rows = result.rows
    if not rows:
        return f"<div class='quiet'>{html.escape(say('No events'))}</div>"
    if request.group_by == "none":
        row = rows[0]
        nothing = request.is_numeric and row.secondary == 0
        return (
            f"<div class='number small'>{'—' if nothing else html.escape(compact(row.value))}</div>"
        )
    if request.is_time:
        return spark.line([bucket.value for bucket in buckets(request, result)], height=66)
    first = f"{text.plain(rows[0].key, 24)} {compact(rows[0].value)}"
    return spark.bars([row.value for row in rows], height=44) + (
        f"<div class='quiet'>{html.escape(first)}</div>"
    )
