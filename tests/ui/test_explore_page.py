"""The explore page without a browser: what the address asks for is what the rows say."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from streamlit.testing.v1 import AppTest

from engine import Scope, process
from engine.contract import FIELDS
from engine.request import examine, from_query, parse
from engine.snippets import KINDS, read, write
from pages.ui import text
from tests.contract_cases import CASES, Case
from tests.ui.explore import (
    SCOPE,
    address_of,
    asked,
    opened,
    rows_of,
)

pytestmark = pytest.mark.usefixtures("demo_shop")

REQUESTS = [
    {"group_by": group_by, "aggregation": aggregation, "time_window_days": days, "limit": limit}
    | ({"value_field": "amount"} if aggregation in ("sum", "avg") else {})
    for group_by, days, limit in [
        ("none", 30, 100),
        ("event_type", 90, 100),
        ("session", 7, 20),
        ("day", 30, 100),
        ("hour", 3, 1000),
        ("product_id", 365, 50),
        ("metadata.country", 365, 5),
    ]
    for aggregation in ("count", "count_distinct", "sum", "avg")
]


@pytest.mark.parametrize("body", REQUESTS, ids=lambda b: f"{b['group_by']}-{b['aggregation']}")
def test_the_rows_are_those_of_the_engine(body: dict[str, Any]) -> None:
    page = opened(**body)
    result = process().engine.aggregate(body | {"event_types": None}, SCOPE)
    numeric = body["aggregation"] in ("sum", "avg")
    assert rows_of(page) == [
        (text.plain(key), None if numeric and secondary == 0 else value, secondary)
        for key, value, secondary in result.rows
    ]


def test_types_and_catalog_narrow() -> None:
    catalog = next(iter(process().engine.inventory(SCOPE).catalogs))
    types = ["agent_view", "agent_purchase"]
    page = opened(group_by="event_type", event_types=types, catalog=catalog)
    body = {"event_types": types, "group_by": "event_type", "aggregation": "count"}
    scope = Scope(SCOPE.workspace_id, SCOPE.brand_id, catalog)
    result = process().engine.aggregate(body | {"time_window_days": 30}, scope)
    assert rows_of(page) == [tuple(row) for row in result.rows]
    assert len(result.rows) == 2


def speakable(case: Case) -> bool:
    """Whether an address can say the body: it has no types but text."""
    if not isinstance(case.body, dict) or set(case.body) - {field.name for field in FIELDS}:
        return False
    parameters = {
        name: [str(v) for v in value] if isinstance(value, list) else [str(value)]
        for name, value in asked(case.body).items()
    }
    if "\\ud" in json.dumps(case.body):  # half a character has no place in an address
        return False
    written = FIELDS_INITIAL | case.body
    return from_query(parameters) == written | {"event_types": written["event_types"] or None}


FIELDS_INITIAL = {field.name: field.initial for field in FIELDS}
SPOKEN = [case for case in CASES if speakable(case)]


def test_addresses_can_say_most_cases() -> None:
    assert len(SPOKEN) > 40


@pytest.mark.parametrize("case", SPOKEN, ids=lambda case: case.name)
def test_the_page_reads_an_address_as_the_contract_says(case: Case) -> None:
    page = opened("JSON", **asked(case.body))
    _, faults = examine(case.body)
    said = [warning.value for warning in page.warning]
    # What the link leaves out is said beside its control, which has nothing to show in its place.
    bad = {fault.field: FIELDS_INITIAL[fault.field] for fault in faults}
    _, left = examine(FIELDS_INITIAL | asked(case.body) | bad)
    assert [error.value for error in page.error] == [
        text.for_markdown(fault.message) for fault in left
    ]
    named = [fault for fault in faults if fault.field in asked(case.body)]
    assert len(said) == len(named)
    for fault, warning in zip(named, said, strict=True):
        assert text.for_markdown(fault.message) in warning
    if case.valid:
        assert parse(case.body).to_dict() == parse(_shown_request(page)).to_dict()


def _shown_request(page: AppTest) -> Any:
    return json.loads(page.code[0].value)


def test_a_brand_that_is_not_open_is_named() -> None:
    page = opened(brand="33333333-3333-4333-8333-333333333333")
    assert "33333333" in page.warning[0].value
    assert len(rows_of(page)) > 0


def test_changing_a_control_takes_the_notice_away() -> None:
    page = opened(limit="0")
    assert len(page.warning) == 1
    page.selectbox(key="aggregation").set_value("count_distinct").run()
    assert not page.warning


def test_an_empty_answer_says_what_to_do() -> None:
    page = opened(event_types=["never_seen"])
    assert "Try a longer time window" in page.info[0].value


@pytest.mark.parametrize("kind", ["cURL", "Python"])
def test_programs_hold_the_same_request(kind: str) -> None:
    page = opened(kind, group_by="event_type", aggregation="avg", value_field="price")
    program = page.code[0].value
    assert SCOPE.brand_id in program
    assert process().token in program
    assert read(program)["value_field"] == "price"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_pasted_is_asked(kind: str) -> None:
    body = {"event_types": ["agent_view"], "group_by": "metadata.country", "aggregation": "avg"}
    wanted = parse(body | {"value_field": "price", "time_window_days": 9, "limit": 7})
    page = opened("Paste")
    page.text_area(key="paste").set_value(write(kind, wanted, SCOPE, "http://127.0.0.1", "t"))
    page.button(key="use").click().run()
    assert address_of(page) == {
        "event_types": ["agent_view"],
        "group_by": ["metadata.country"],
        "aggregation": ["avg"],
        "value_field": ["price"],
        "time_window_days": ["9"],
        "limit": ["7"],
    }


def test_what_is_pasted_and_wrong_is_said() -> None:
    page = opened("Paste")
    page.text_area(key="paste").set_value('{"group_by": "week"}')
    page.button(key="use").click().run()
    said = [error.value for error in page.error]
    assert any("week" in message for message in said)
    assert len(said) == 4
    assert address_of(page) == {}


def test_addresses_stay_short() -> None:
    longest = urlencode(asked(REQUESTS[-1]), doseq=True)
    assert len(longest) < 500
