"""Whatever is wrong with a request, the answer is the right status in the one envelope."""

from concurrent.futures import Future
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api import wire
from tests.api.shop import served
from tests.api.wire import BODY, BRAND, CATALOG, HEADERS, NEVER_SEEN, OTHER_BRAND, envelope

AUTH = {"Authorization": HEADERS["Authorization"]}
FIELDS = ("event_types", "group_by", "aggregation", "time_window_days")


def post(client: TestClient, content: Any, headers: Any = HEADERS) -> Any:
    return client.post(wire.address(), content=content, headers=headers)


def test_everything_wrong_at_once(client: TestClient) -> None:
    body = {
        "event_types": ["Bad Type"],
        "group_by": "week",
        "aggregation": "median",
        "value_field": "weight",
        "time_window_days": 366,
        "limit": 0,
        "brand_id": BRAND,
    }
    headers = {**AUTH, "X-Active-Brand": "no", "X-Active-Catalog": "neither"}
    answer = client.post(wire.address("WS_A"), json=body, headers=headers)
    scope = ("workspaceId", "X-Active-Brand", "X-Active-Catalog")
    envelope(answer, 400, "VALIDATION_ERROR", *scope, *body)


@pytest.mark.parametrize(
    ("headers", "query", "fields"),
    [
        ([], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", "")], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", "ws_one")], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", BRAND + "\n")], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", f"{{{BRAND}}}")], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", BRAND.replace("-", ""))], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", BRAND), ("X-Active-Brand", OTHER_BRAND)], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", BRAND), ("X-Active-Brand", BRAND)], "", ["X-Active-Brand"]),
        ([("X-Active-Brand", BRAND)], f"brand_id={OTHER_BRAND}", ["X-Active-Brand"]),
        ([("X-Active-Brand", BRAND)], "brand_id=", ["X-Active-Brand"]),
        ([("X-Active-Brand", b"\xff\xfe\xe4")], "", ["X-Active-Brand"]),
        ([], "brand_id=no", ["brand_id"]),
        ([], f"brand_id={BRAND}&brand_id={OTHER_BRAND}", ["brand_id"]),
        ([], f"brand_id={BRAND}%0A", ["brand_id"]),
        ([], "brand_id=%ff%00%F0%9F%98%80", ["brand_id"]),
        ([("X-Active-Brand", BRAND), ("X-Active-Catalog", "")], "", ["X-Active-Catalog"]),
        (
            [("X-Active-Brand", BRAND), *[("X-Active-Catalog", CATALOG)] * 2],
            "",
            ["X-Active-Catalog"],
        ),
    ],
)
def test_scope(client: TestClient, headers: Any, query: str, fields: list[str]) -> None:
    answer = client.post(f"{wire.address()}?{query}", json=BODY, headers=[*AUTH.items(), *headers])
    envelope(answer, 400, "VALIDATION_ERROR", *fields)


@pytest.mark.parametrize(
    "space",
    ["ws_a%0A", "%0Aws_a", "WS_a", "ws_", "ws_ä", "ws_a%00", "%ff", "ws_a b", "ws_" + "a" * 126],
)
def test_workspace(client: TestClient, space: str) -> None:
    answer = client.post(wire.address(space), json=BODY, headers=HEADERS)
    envelope(answer, 400, "VALIDATION_ERROR", "workspaceId")


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/%0A",
        "/api/nothing",
        "/api/workspace/..%2fws_a/dashboards/aggregate",
        "/api/workspace/ws_a%2fb/dashboards/aggregate",
        "/api/workspace//dashboards/aggregate",
        "/api/workspace/ws_one/dashboards/aggregate%0A",
        "/api/workspace/ws_one/dashboards/aggregate//",
        "/api/workspace/ws_one/dashboards/aggregate%0A/",
        "/api/workspace/ws_one%0A/dashboards/other",
        "/api/healthz",
        "/api/%c3%28/%ff",
        "/api/openapi.json/x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_paths(client: TestClient, path: str, method: str) -> None:
    answer = client.request(method, path, headers=HEADERS)
    envelope(answer, 404, "NOT_FOUND")
    wire.check_headers(answer)


@pytest.mark.parametrize(
    "method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"]
)
def test_unknown_methods(client: TestClient, method: str) -> None:
    answer = client.request(method, wire.address())
    envelope(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "POST"
    assert client.head(wire.address()).status_code == 405
    document = client.post("/api/openapi.json")
    envelope(document, 405, "METHOD_NOT_ALLOWED")
    assert document.headers["Allow"] == "GET, HEAD"
    envelope(client.post("/healthz"), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=",
        "+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_content_types_of_something_else(client: TestClient, content_type: str) -> None:
    answer = post(client, b"{}", {**HEADERS, "Content-Type": content_type})
    envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"nonsense",
        b"{'a': 1}",
        b"\xef\xbb\xbf{}",
        b'{"event_types": "\xff"}',
        "{}".encode("utf-16"),
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"limit": NaN}',
        b'{"limit": Infinity}',
        b'{"limit": -Infinity}',
        b'{"limit": ' + b"9" * 5_000 + b"}",
        b'{"limit": 1, "limit": 1}',
        b'{"limit": {"a": 1, "a": 2}}',
        b"null",
        b"[]",
        b'"text"',
        b"1e999",
    ],
)
def test_bodies_that_are_no_object(client: TestClient, text: bytes) -> None:
    envelope(post(client, text), 400, "VALIDATION_ERROR", "body")


@pytest.mark.parametrize(
    ("member", "fields"),
    [
        ('"time_window_days": 30.0', []),
        ('"time_window_days": 3e1', []),
        ('"time_window_days": true', ["time_window_days"]),
        ('"time_window_days": "30"', ["time_window_days"]),
        ('"time_window_days": 30.5', ["time_window_days"]),
        ('"time_window_days": 1e999', ["time_window_days"]),
        (f'"time_window_days": {"9" * 4000}', ["time_window_days"]),
        ('"time_window_days": 30, "limit": -1e999', ["limit"]),
        ('"time_window_days": 30, "value_field": "\\ud800"', ["value_field"]),
        ('"time_window_days": 30, "\\ud800": 1', ['"\\ud800"']),
        ('"time_window_days": 30, "event_types": ["\\udfff"]', ["event_types"]),
        ('"time_window_days": 30, "group_by": "day\\n"', ["group_by"]),
    ],
)
def test_values(client: TestClient, member: str, fields: list[str]) -> None:
    defaults = {"event_types": "null", "group_by": '"day"', "aggregation": '"count"'}
    rest = [f'"{name}": {text}' for name, text in defaults.items() if f'"{name}"' not in member]
    answer = post(client, "{" + ", ".join([member, *rest]) + "}")
    if fields:
        envelope(answer, 400, "VALIDATION_ERROR", *fields)
    else:
        assert answer.status_code == 200


def test_an_empty_object(client: TestClient) -> None:
    envelope(post(client, b"{}"), 400, "VALIDATION_ERROR", *FIELDS)


def test_a_foreign_brand_hides_what_is_wrong_with_the_body(client: TestClient) -> None:
    for brand in (NEVER_SEEN, OTHER_BRAND):
        answer = post(client, b"nonsense", {**AUTH, "X-Active-Brand": brand})
        envelope(answer, 403, "AUTH_004")


class Broken:
    """An engine whose every answer is an error."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def brands(self) -> dict[str, list[str]]:
        return {wire.SPACE: [BRAND]}

    def start_now(self, *_: Any) -> None:
        return None

    def start(self, *_: Any) -> Any:
        raise self.error


class Panic(BaseException):
    """As native libraries raise it."""


@pytest.mark.parametrize("error", [ZeroDivisionError("secret 1"), Panic("secret 2")])
def test_the_last_resort(caplog: Any, error: BaseException) -> None:
    with TestClient(served(Broken(error))) as client:
        inside = envelope(client.post(wire.address(), json=BODY, headers=HEADERS), 500, "INTERNAL")
    assert "secret" not in str(inside)
    [record] = caplog.records
    assert inside["request_id"] in record.getMessage()
    assert record.exc_info[1] is error


def test_a_store_that_cannot_be_read(caplog: Any) -> None:
    with TestClient(served(Broken(OSError("/secret/path")))) as client:
        answer = client.post(wire.address(), json=BODY, headers=HEADERS)
    assert "secret" not in envelope(answer, 503, "UNAVAILABLE")["message"]
    assert len(caplog.records) == 1


class Failed(Broken):
    """The computation fails, not the look into the store."""

    def start(self, *_: Any) -> Any:
        flight: Future[Any] = Future()
        flight.set_exception(self.error)
        return flight


def test_a_store_that_takes_too_long_is_no_long_computation(caplog: Any) -> None:
    with TestClient(served(Failed(TimeoutError("of a store")))) as client:
        answer = client.post(wire.address(), json=BODY, headers=HEADERS)
    assert "cannot be read" in envelope(answer, 503, "UNAVAILABLE")["message"]
