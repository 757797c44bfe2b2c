"""The contract's case table at the endpoint: the same fields at fault, the same normal request."""

import pytest
from msgspec.structs import asdict
from starlette.testclient import TestClient

from engine.engine import Engine
from engine.scope import Scope
from tests.api import wire
from tests.api.wire import BRAND, HEADERS, SPACE
from tests.contract_cases import CASES, NOT_JSON, Case

LIMIT = 64 * 1024
JSON = {**HEADERS, "Content-Type": "application/json"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_endpoint_reads_every_case(client: TestClient, engine: Engine, case: Case) -> None:
    answer = client.post(wire.address(), content=case.json, headers=JSON)
    if case.valid:
        assert answer.status_code == 200
        assert answer.json()["rows"] == [
            asdict(row) for row in engine.aggregate(case.normal, Scope(SPACE, BRAND)).rows
        ]
    else:
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "VALIDATION_ERROR"
        assert tuple(detail["field"] for detail in error["details"]) == case.faults


@pytest.mark.parametrize("body", [b for _, b in NOT_JSON], ids=[name for name, _ in NOT_JSON])
def test_the_endpoint_names_what_is_no_json(client: TestClient, body: bytes) -> None:
    answer = client.post(wire.address(), content=body, headers=JSON)
    if len(body) > LIMIT:
        assert answer.status_code == 413
        return
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["body"]
