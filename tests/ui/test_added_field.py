"""A field that is added to the table of fields: control, address, API and OpenAPI follow."""

from dataclasses import make_dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from engine import request as requests
from engine.contract import json_schema
from engine.request import AggregateRequest, examine, from_query, parse
from pages.ui import text
from tests.api import wire
from tests.api.shop import open_shops, served
from tests.ui.wider import SHARE, WIDER

PAGE: Final = str(Path(__file__).with_name("controls_page.py"))
Wider = make_dataclass("Wider", [(SHARE.name, int, 100)], bases=(AggregateRequest,), frozen=True)


@pytest.fixture(autouse=True)
def _wider(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (parse, examine, from_query, json_schema):
        monkeypatch.setattr(function, "__defaults__", (WIDER,))
    monkeypatch.setattr(requests, "AggregateRequest", Wider)


def opened(**link: str) -> AppTest:
    test = AppTest.from_file(PAGE)
    for name, value in link.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def test_the_control_has_its_bounds_label_and_help() -> None:
    control = opened().number_input(key=SHARE.name)
    assert (control.min, control.max, control.value) == (1, 100, 100)
    assert control.label == SHARE.label
    assert control.help == text.for_markdown(SHARE.help)


def test_all_controls_say_what_the_table_says() -> None:
    test = opened(aggregation="sum")
    drawn: list[Any] = [*test.number_input, *test.selectbox, *test.multiselect, *test.slider]
    found = {control.key: control for control in drawn}
    assert set(found) == {field.name for field in WIDER}
    for field in WIDER:
        control = found[field.name]
        assert control.label == field.label
        assert control.help == text.for_markdown(field.help)
        if field.minimum is not None:
            assert (control.min, control.max) == (field.minimum, field.maximum)
    assert found["event_types"].proto.max_selections == 50


def test_the_address_says_it_and_is_read() -> None:
    test = opened(share_percent="40")
    control = test.number_input(key=SHARE.name)
    assert control.value == 40
    control.set_value(30).run()
    assert test.query_params[SHARE.name] in ("30", ["30"])


def test_a_bad_value_in_the_address_is_named_by_its_rule() -> None:
    test = opened(share_percent="101")
    assert test.number_input(key=SHARE.name).value == 100
    assert text.for_markdown(SHARE.rule) in test.warning[0].value


def test_the_endpoint_reads_it_and_its_document_describes_it() -> None:
    client = TestClient(served(open_shops()))

    def status(**fields: Any) -> int:
        body = wire.BODY | fields
        answer = client.post(wire.address(), json=body, headers=wire.HEADERS)
        code: int = answer.status_code
        return code

    assert status() == 200
    assert status(share_percent=40) == 200
    assert status(share_percent=101) == 400
    assert status(shares=40) == 400
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    described = schemas["AggregateRequest"]["properties"][SHARE.name]
    assert described == SHARE.json_schema()
    assert described["maximum"] == 100
