"""The document is served to everybody, and says what the endpoint does."""

from typing import Any

import jsonschema_rs
import pytest
from starlette.testclient import TestClient

from engine.contract import json_schema
from engine.http.openapi import document
from engine.workspaces.permissions import AGGREGATE_PATH
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


OF_SOME = {"post": {409}, "put": {412}, "delete": {412}}
"""Statuses that only dashboards have."""
SUCCESS = {"createDashboard": "201", "deleteDashboard": "204"}


def test_every_status_and_header_is_listed(client: TestClient) -> None:
    everywhere = {str(status) for status in wire.CODES if status not in (409, 412, 500)}
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            own = OF_SOME.get(method, set()) if "ashboard" in operation["operationId"] else set()
            success = SUCCESS.get(operation["operationId"], "200")
            listed = everywhere | {str(status) for status in own} | {success}
            assert set(operation["responses"]) == listed, (path, method)
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


@pytest.mark.parametrize("name", document()["components"]["schemas"])
def test_schemas_are_schemas(name: str) -> None:
    jsonschema_rs.meta.validate(document()["components"]["schemas"][name])
