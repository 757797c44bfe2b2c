"""When requests come faster than they can be refused one by one."""

import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from engine.http.envelope import SECURITY
from engine.http.overload import GIVES_WAY, LATE, LOOKED, UNREAD, Lateness, Line, Overload
from engine.pool import Pool
from engine.workspaces.rate import RateLimit
from tests.api.wire import OTHER_SPACE, SPACE, address, envelope


class Full:
    """The line of one workspace, which has no place; nobody else computes."""

    def is_full(self, workspace: str) -> bool:
        return workspace == SPACE

    def let_compute(self, workspace: str, seconds: float) -> None:
        assert workspace == SPACE
        assert seconds <= GIVES_WAY


def client(
    lateness: Callable[[], float],
    clock: Callable[[], float] = time.monotonic,
    line: Line | None = None,
) -> TestClient:
    async def answer(request: Request) -> Any:
        return PlainTextResponse(request.url.path)

    layers = [Middleware(Overload, line or Full(), RateLimit(7), lateness, clock)]
    return TestClient(
        Starlette(routes=[Route("/{_:path}", answer, methods=["POST"])], middleware=layers)
    )


def test_late_and_full_is_refused_unread() -> None:
    refused = client(lambda: LATE * 2).post(address(SPACE), content=b"no JSON")
    envelope(refused, 503, "UNAVAILABLE")
    assert SPACE in refused.json()["error"]["message"]
    assert refused.headers["Retry-After"] == "1"
    assert {name: refused.headers[name] for name in SECURITY} == SECURITY
    assert refused.headers["X-RateLimit-Remaining"] == "6"


@pytest.mark.parametrize(
    ("late", "path"),
    [
        (LATE / 2, address(SPACE)),
        (LATE * 2, address(OTHER_SPACE)),
        (LATE * 2, f"{address(SPACE)}/export"),
        (LATE * 2, address(f"{SPACE}/x")),
        (LATE * 2, "/healthz"),
    ],
)
def test_everything_else_goes_on(late: float, path: str) -> None:
    assert client(lambda: late).post(path).text == path


def test_refusals_let_others_compute_and_then_go_on() -> None:
    now, stood = [1_000.0], []

    class Computing(Full):
        def let_compute(self, workspace: str, seconds: float) -> None:
            super().let_compute(workspace, seconds)
            stood.append(now[0])
            now[0] += 0.007

    asked = client(lambda: LATE * 2, lambda: now[0], Computing())
    for later in (0, 0.006, 0.002):
        now[0] += later
        assert asked.post(address(SPACE)).status_code == 503
    assert stood == pytest.approx([1_000, 1_000.015])


def test_refused_until_a_second_without_refusals() -> None:
    """What is no longer late because it refuses would be late again at once."""
    now, late = [1_000.0], [0.0]
    asked = client(lambda: late[0], lambda: now[0])

    def status(after: float) -> int:
        now[0] += after
        return asked.post(address(SPACE)).status_code

    assert status(0) == 200
    late[0] = LATE * 2
    assert status(0) == 503
    late[0] = 0.0
    assert [status(UNREAD * 0.9) for _ in range(5)] == [503] * 5
    assert asked.post(address(OTHER_SPACE)).status_code == 200
    assert [status(UNREAD * 1.1) for _ in range(2)] == [200] * 2


def test_lateness_is_that_of_the_loop() -> None:
    async def main() -> None:
        lateness = Lateness()
        assert lateness() == 0
        time.sleep(LOOKED + 0.2)
        assert lateness() >= 0.2
        await anyio.sleep(0)
        await anyio.sleep(0)
        assert lateness() >= 0.2, "the look was late as well"
        with anyio.fail_after(20):
            while lateness() >= 0.1:
                await anyio.sleep(LOOKED)

    anyio.run(main)


def test_another_loop_begins_anew() -> None:
    lateness = Lateness()

    async def main() -> None:
        assert lateness() == 0
        time.sleep(LOOKED + 0.1)

    anyio.run(main)
    anyio.run(main)


def test_a_pool_says_whether_it_would_refuse() -> None:
    pool = Pool(0, places=2, places_of_all=3)
    assert not pool.is_full("ws_a")
    for _ in range(2):
        pool.submit("ws_a", int)
    assert pool.is_full("ws_a")
    assert not pool.is_full("ws_b")
    pool.submit("ws_b", int)
    assert pool.is_full("ws_b"), "all places are taken, one of them by it"
    assert not pool.is_full("ws_c")
