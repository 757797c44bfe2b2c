"""Two processes before one Redis: answers are shared, and Redis is never needed."""

from pathlib import Path
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from engine.bootstrap import Parts, build
from engine.http.app import standalone
from engine.settings import Settings
from tests import redis_server
from tests.api import wire
from tests.api.shop import events
from tests.api.wire import BODY, HEADERS, OTHER_BRAND
from tests.redis_server import Server

HERE: Final[Any] = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 1)}


@pytest.fixture
def own() -> Any:
    redis_server.require()
    server = Server()
    yield server
    server.thaw()
    server.end()


def process(home: Path, url: str) -> Parts:
    return build(Settings(home, demo_token=wire.TOKEN, redis_url=url))


def ask(parts: Parts, brand: str = wire.BRAND, **change: Any) -> Any:
    with TestClient(standalone(parts), **HERE) as client:
        headers = {**HEADERS, "X-Active-Brand": brand}
        answer = client.post(wire.address(), json={**BODY, **change}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def test_an_answer_is_shared_and_no_brand_sees_another_ones(tmp_path: Path) -> None:
    server = redis_server.server()
    with server.client() as client:
        client.flushall()
    one, two, three = (process(tmp_path, server.url) for _ in range(3))
    one.lake.write(wire.SPACE, wire.BRAND, [events("one", 30)])
    one.lake.write(wire.SPACE, OTHER_BRAND, [events("two", 60)])
    year = {"time_window_days": 365, "group_by": "product_id"}
    first, second = ask(one, **year), ask(two, **year)
    assert (first.json()["cache_hit"], second.json()["cache_hit"]) == (False, True)
    assert second.json() == first.json() | {"cache_hit": True}
    for name in ("X-Total-Groups", "X-Truncated", "X-Window-Start", "X-Window-End"):
        assert first.headers[name] == second.headers[name]
    other = ask(three, OTHER_BRAND, **year)
    assert not other.json()["cache_hit"]
    assert all(row["key"].startswith("two") for row in other.json()["rows"])
    one.lake.write(wire.SPACE, wire.BRAND, [events("new", 30)])
    assert not ask(two, **year).json()["cache_hit"]


@pytest.mark.parametrize("broken", ["dead", "frozen"])
def test_without_redis_answers_go_on(tmp_path: Path, own: Server, broken: str) -> None:
    one, two = (process(tmp_path, own.url) for _ in range(2))
    one.lake.write(wire.SPACE, wire.BRAND, [events("one", 30)])
    assert not ask(one, limit=1).json()["cache_hit"]
    own.freeze() if broken == "frozen" else own.kill()
    assert ask(one, limit=1).json()["cache_hit"]
    for limit in range(2, 30):
        assert not ask(one, limit=limit).json()["cache_hit"]
        assert not ask(two, limit=limit).json()["cache_hit"]
        assert ask(two, limit=limit).json()["cache_hit"]
