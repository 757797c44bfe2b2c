"""A minute has only so many requests, for each caller."""

import math
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.engine import Engine
from engine.settings import Settings
from engine.workspaces.rate import RateLimit
from tests.api import wire
from tests.api.shop import served
from tests.api.wire import BODY, HEADERS, envelope


@pytest.fixture
def client(engine: Engine) -> Any:
    with TestClient(served(engine, Settings(Path(), rate_limit_per_minute=3))) as client:
        yield client


def post(client: TestClient, headers: Any = HEADERS) -> Any:
    return client.post(wire.address(), json=BODY, headers=headers)


def numbers(answer: Any) -> tuple[int, ...]:
    return tuple(int(answer.headers[f"X-RateLimit-{n}"]) for n in ("Limit", "Remaining", "Reset"))


def test_a_caller_is_stopped_after_the_limit(client: TestClient) -> None:
    began = time.time()
    answers = [post(client) for _ in range(5)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    assert [numbers(a)[:2] for a in answers] == [(3, 2), (3, 1), (3, 0), (3, 0), (3, 0)]
    resets = {numbers(a)[2] for a in answers}
    assert len(resets) == 1
    assert began + 60 <= resets.pop() <= math.ceil(time.time() + 60)
    envelope(answers[-1], 429, "RATE_001")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61


def test_the_minute_ends(client: TestClient, monkeypatch: Any) -> None:
    for _ in range(4):
        refused = post(client)
    after = numbers(refused)[2] + 0.5
    monkeypatch.setattr("time.time", lambda: after)
    answer = post(client)
    assert answer.status_code == 200
    assert numbers(answer) == (3, 2, math.ceil(after + 60))


def test_whose_minute_has_ended_is_forgotten(monkeypatch: Any) -> None:
    rate, now = RateLimit(3), 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    for name in "abc":
        rate.take("subject", name)
    now += 61
    rate.take("subject", "d")
    assert list(rate._windows) == [("subject", "d")]


def test_failing_sign_ins_are_limited_and_hinder_nobody_else(client: TestClient) -> None:
    wrong = {**HEADERS, "Authorization": "Bearer guess"}
    assert [post(client, wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert [post(client, {}).status_code for _ in range(2)] == [429, 429]
    assert post(client).status_code == 200


def test_addresses_are_counted_apart(engine: Engine) -> None:
    app = served(engine, Settings(Path(), rate_limit_per_minute=1))
    for host in ("10.0.0.1", "10.0.0.2"):
        with TestClient(app, client=(host, 1)) as client:
            assert [client.get("/api/x").status_code for _ in range(2)] == [404, 429]


def test_every_answer_of_the_api_counts(client: TestClient) -> None:
    for path in ("/api/openapi.json", "/api/nothing", wire.address()):
        wire.check_headers(client.get(path))
    envelope(client.get("/api/openapi.json"), 429, "RATE_001")
    assert client.get("/healthz").status_code == 200
