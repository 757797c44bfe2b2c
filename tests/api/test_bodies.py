"""Bodies that are too large, too slow or cut off, and what becomes of their connection."""

from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.http.body import read
from tests.api import wire
from tests.api.wire import BRAND, HEADERS, envelope

VALID = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


@pytest.mark.parametrize("length", ["65537", "9" * 5_000])
def test_a_body_that_is_declared_too_large_is_not_read(app: Starlette, length: str) -> None:
    async def receive() -> Any:
        raise AssertionError("read")

    headers = [*VALID, (b"content-length", length.encode())]
    answer = anyio.run(wire.raw, app, receive, wire.address(), headers)
    envelope(answer, 413, "PAYLOAD_TOO_LARGE")
    assert answer.headers["Connection"] == "close"


def test_a_body_that_grows_too_large_is_not_read_whole(app: Starlette) -> None:
    asked = 0

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b" " * 1024, "more_body": True}

    answer = anyio.run(wire.raw, app, receive)
    envelope(answer, 413, "PAYLOAD_TOO_LARGE")
    assert answer.headers["Connection"] == "close"
    assert asked == 65


def test_the_largest_body(client: TestClient) -> None:
    padding = b" " * 65_536

    def post(content: Any) -> Any:
        return client.post(wire.address(), content=content, headers=HEADERS)

    envelope(post(padding), 400, "VALIDATION_ERROR", "body")
    envelope(post(padding + b" "), 413, "PAYLOAD_TOO_LARGE")
    envelope(post(iter([padding, b" "])), 413, "PAYLOAD_TOO_LARGE")


def test_a_body_that_never_ends_is_given_up(app: Starlette, monkeypatch: Any) -> None:
    monkeypatch.setattr("engine.http.aggregate.read", lambda r, limit: read(r, limit, 0.05))
    answer = anyio.run(wire.raw, app, anyio.sleep_forever)
    envelope(answer, 400, "VALIDATION_ERROR", "body")
    assert answer.headers["Connection"] == "close"


def test_a_refusal_does_not_wait_for_the_body(app: Starlette) -> None:
    nobody = [(b"x-active-brand", BRAND.encode())]
    answer = anyio.run(wire.raw, app, anyio.sleep_forever, wire.address(), nobody)
    envelope(answer, 401, "AUTH_001")
    assert answer.headers["Connection"] == "close"


def test_a_refusal_keeps_the_connection_when_the_body_is_here(app: Starlette) -> None:
    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    nobody = [(b"x-active-brand", BRAND.encode())]
    for headers in (nobody, VALID):
        answer = anyio.run(wire.raw, app, receive, wire.address(), headers)
        assert "Connection" not in answer.headers


def test_a_caller_who_leaves_in_the_middle(app: Starlette, caplog: Any) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    envelope(anyio.run(wire.raw, app, receive), 400, "VALIDATION_ERROR", "body")
    assert not caplog.records
