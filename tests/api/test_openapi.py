"""The document is served to everybody, and says what the endpoint does."""

from typing import Any

import jsonschema_rs
import pytest
from starlette.testclient import TestClient

from engine.contract import json_schema
from engine.http.openapi import AGGREGATE_PATH, document
from tests.api import wire
from tests.api.wire import BODY, HEADERS


def schema(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(document()["components"]["schemas"][name])


def test_it_is_open_to_everybody(client: TestClient) -> None:
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    wire.check_headers(answer)
    assert answer.json() == document()
    assert client.head("/api/openapi.json/").status_code == 200


def test_the_body_is_the_table_of_fields() -> None:
    assert document()["components"]["schemas"]["AggregateRequest"] == json_schema()


def test_every_status_and_header_is_listed(client: TestClient) -> None:
    statuses = {"200", *(str(status) for status in wire.CODES if status != 500)}
    for path in document()["paths"].values():
        (operation,) = path.values()
        assert set(operation["responses"]) == statuses
    responses = document()["paths"][AGGREGATE_PATH]["post"]["responses"]
    answers = [
        client.post(wire.address(), json=BODY, headers=HEADERS),
        client.post(wire.address(), json={}, headers=HEADERS),
        client.post(wire.address()),
        client.get(wire.address()),
    ]
    known = {*(name.lower() for name in wire.SECURITY), "content-type", "content-length"}
    for answer in answers:
        listed = responses[str(answer.status_code)]["headers"]
        assert {name.lower() for name in listed} == set(answer.headers) - known
        schema("Result" if answer.status_code == 200 else "Error").validate(answer.json())


@pytest.mark.parametrize("name", ["AggregateRequest", "Result", "Stored", "Error"])
def test_schemas_are_schemas(name: str) -> None:
    jsonschema_rs.meta.validate(document()["components"]["schemas"][name])
