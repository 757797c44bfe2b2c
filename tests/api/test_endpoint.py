"""The endpoint answers what the engine answers, and says more about it in headers."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.engine import Engine
from engine.scope import Scope
from tests.api import wire
from tests.api.wire import BODY, BRAND, CATALOG, HEADERS, NEVER_SEEN, SPACE

BODIES = [
    BODY,
    BODY | {"group_by": "day"},
    BODY | {"group_by": "hour", "limit": 5},
    BODY | {"group_by": "none", "event_types": []},
    BODY | {"group_by": "session", "aggregation": "count_distinct"},
    BODY | {"group_by": "product_id", "aggregation": "avg", "value_field": "amount"},
    BODY | {"group_by": "metadata.emoji", "aggregation": "sum", "value_field": "amount"},
    BODY | {"group_by": "metadata.nowhere", "event_types": ["agent_view", "never_sent"]},
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("catalog", [None, CATALOG, NEVER_SEEN])
def test_it_equals_the_engine(
    client: TestClient, engine: Engine, body: dict[str, Any], catalog: str | None
) -> None:
    headers = HEADERS if catalog is None else {**HEADERS, "X-Active-Catalog": catalog}
    answer = client.post(wire.address(), json=body, headers=headers)
    assert answer.status_code == 200
    result = engine.aggregate(body, Scope(SPACE, BRAND, catalog))
    assert answer.json() == result.to_dict() | {"cache_hit": False}
    assert answer.headers["X-Total-Groups"] == str(result.total_groups)
    assert answer.headers["X-Truncated"] == ("true" if result.truncated else "false")


def test_headers(client: TestClient) -> None:
    body = BODY | {"group_by": "hour", "limit": 5}
    answer = client.post(wire.address(), json=body, headers=HEADERS)
    wire.check_headers(answer)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Total-Groups"] == "300"
    assert answer.headers["X-Truncated"] == "true"
    assert answer.headers["X-Window-Start"] == "2026-10-24T12:00:00Z"
    assert answer.headers["X-Window-End"] == "2026-11-23T12:00:00Z" == answer.json()["generated_at"]
    assert answer.headers["X-Data-Version"] == "0"
    timing, cache = answer.headers["Server-Timing"].split(", ")
    assert timing.startswith("engine;dur=")
    assert cache == 'cache;desc="miss"'


def test_the_second_answer_comes_from_the_cache(client: TestClient) -> None:
    first = client.post(wire.address(), json=BODY, headers=HEADERS)
    spelled_otherwise = BODY | {"event_types": [], "limit": 100.0, "value_field": "amount"}
    second = client.post(wire.address(), json=spelled_otherwise, headers=HEADERS)
    assert first.json()["cache_hit"] is False
    assert second.json() == first.json() | {"cache_hit": True}
    assert second.headers["Server-Timing"].endswith('cache;desc="hit"')
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_a_slash_at_the_end_is_the_same_path(client: TestClient) -> None:
    answer = client.post(wire.address() + "/", json=BODY, headers=HEADERS)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/vnd.vitrine+json",
        "application/problem+json; charset=utf8; version=1",
    ],
)
def test_content_types_of_json(client: TestClient, content_type: str | None) -> None:
    headers = HEADERS if content_type is None else {**HEADERS, "Content-Type": content_type}
    text = '{"event_types":null,"group_by":"day","aggregation":"count","time_window_days":30}'
    assert client.post(wire.address(), content=text, headers=headers).status_code == 200


def test_the_brand_may_stand_in_the_query(client: TestClient) -> None:
    auth = {"Authorization": HEADERS["Authorization"]}
    in_query = f"{wire.address()}?brand_id={BRAND.upper()}&unknown=1"
    assert client.post(in_query, json=BODY, headers=auth).status_code == 200
    assert client.post(in_query, json=BODY, headers=HEADERS).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_health(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 200
    assert method == "HEAD" or answer.json() == {"status": "ok"}
    wire.check_headers(answer, limited=False)
