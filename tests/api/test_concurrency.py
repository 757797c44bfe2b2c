"""Slow work never stops the others, and the same work is done once."""

import json
import threading
import time
from datetime import datetime
from typing import Any

import anyio
import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from engine.caches.memory import MemoryAnswers
from engine.engine import Engine
from engine.errors import Unavailable
from engine.http.admission import FRESH, REMEMBERED, Admission, caller
from engine.http.auth import DemoAuthenticator
from engine.http.envelope import Envelope
from engine.scope import Identity, Scope
from engine.stores.memory import MemorySnapshot, MemoryStore
from engine.workspaces.rate import RateLimit
from tests.api import wire
from tests.api.shop import NOW, served, two_shops


async def receive() -> Any:
    return {"type": "http.request", "body": json.dumps(wire.BODY).encode()}


class Slow(MemoryStore):
    """A store that is stuck in one of its methods until it is let go."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self._snapshots = two_shops()._snapshots
        self.method = method
        self.reached = threading.Event()
        self.let_go = threading.Event()

    def brands(self) -> Any:
        return self.after("brands", super().brands)

    def snapshot(self, scope: Scope) -> Any:
        return self.after("snapshot", super().snapshot, scope)

    def glance(self, scope: Scope) -> Any:
        return None

    def after(self, method: str, work: Any, *args: Any) -> Any:
        if method == self.method:
            self.reached.set()
            assert self.let_go.wait(10)
        return work(*args)


@pytest.mark.parametrize("method", ["brands", "snapshot"])
def test_a_slow_store_leaves_the_event_loop_free(method: str) -> None:
    slow = Slow(method)
    app = served(Engine(slow, clock=lambda: NOW))
    answers = []

    async def ask() -> None:
        answers.append(await wire.raw(app, receive))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)
            with anyio.fail_after(10):
                while not slow.reached.is_set():
                    await anyio.sleep(0.001)
            for path in ("/healthz", "/api/openapi.json"):
                nobody = [(b"host", b"localhost")]
                with anyio.fail_after(5):
                    answer = await wire.raw(app, receive, path, nobody, method="GET")
                assert answer.status_code == 200
            assert answers == []
            slow.let_go.set()

    anyio.run(main)
    assert [answer.status_code for answer in answers] == [200] * 5


class Door:
    """Lets in whom the demo lets in, but takes its time; it may be told to fail."""

    def __init__(self, engine: Engine) -> None:
        self._inner = DemoAuthenticator(wire.TOKEN, engine)
        self.asked = 0
        self.fails = False

    def identify(self, authorization: str | None) -> Identity:
        self.asked += 1
        time.sleep(0.1)
        if self.fails:
            raise Unavailable("The people cannot be read now.")
        return self._inner.identify(authorization)


def test_a_crowd_is_recognised_by_one_look() -> None:
    """Whose token is remembered for a second only, so that they all come with it at once."""
    engine = Engine(two_shops(), clock=lambda: NOW)
    door = Door(engine)
    app = served(engine, auth=door)

    async def crowd() -> list[int]:
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await wire.raw(app, receive))

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(ask)
            await anyio.sleep(0.05)
            with anyio.move_on_after(0.01):
                await wire.raw(app, receive)  # who leaves takes nobody along
        return [answer.status_code for answer in answers]

    door.fails = True
    assert anyio.run(crowd) == [503] * 100
    door.fails = False
    assert anyio.run(crowd) == [200] * 100, "a failure is not remembered"
    assert door.asked == 2


def test_who_was_known_a_moment_ago_does_not_wait_but_not_for_long() -> None:
    engine = Engine(two_shops(), clock=lambda: NOW)
    door, now = Door(engine), [0.0]
    remembered = MemoryAnswers(REMEMBERED, timer=lambda: now[0])

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(caller(Request(scope)).subject)(scope, receive, send)

    app = Envelope(Admission(answer, door, RateLimit(99), remembered=remembered))

    async def status(at: float) -> int:
        now[0] = at
        return (await wire.raw(app, receive)).status_code

    async def main() -> None:
        assert await status(0) == 200
        assert await status(FRESH * 0.9) == 200
        assert door.asked == 1
        door.fails = True
        assert [await status(FRESH * 1.1) for _ in range(9)] == [200] * 9
        while door.asked < 2:
            await anyio.sleep(0.001)
        await anyio.sleep(0.2)
        assert await status(REMEMBERED) == 503
        assert door.asked == 3

    anyio.run(main)


class Counting(MemorySnapshot):
    scans: int = 0

    def scan(self, start: datetime, end: datetime, keys: frozenset[str]) -> pl.LazyFrame:
        threading.Event().wait(0.1)
        Counting.scans += 1
        return super().scan(start, end, keys)


def test_identical_requests_are_computed_once(monkeypatch: Any) -> None:
    monkeypatch.setattr("engine.stores.memory.MemorySnapshot", Counting)
    app: Starlette = served(Engine(two_shops(), clock=lambda: NOW))
    answers = []

    async def ask() -> None:
        answers.append(await wire.raw(app, receive))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(ask)

    anyio.run(main)
    assert Counting.scans == 1
    assert {answer.status_code for answer in answers} == {200}
    assert len({json.dumps(answer.json()["rows"]) for answer in answers}) == 1
    assert not all(answer.json()["cache_hit"] for answer in answers)
