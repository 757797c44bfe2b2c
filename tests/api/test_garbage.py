"""All requests stand still while the garbage collector looks: it has nothing to find, and is seldom
called.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvloop

from engine.bootstrap import build, running
from engine.engine import Engine
from engine.pool import Pool
from engine.settings import Settings
from tests.api import wire
from tests.api.shop import NOW, served, two_shops
from tests.api.wire import BODY

ASKED = 30
CONNECTIONS = 500
KEPT = 55
"""Objects that a server keeps of a connection's last request."""


@pytest.fixture
def no_garbage_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def _ask(app: Any, limits: range) -> set[int]:
    """Each limit is another question, so each is computed. The statuses of the answers."""

    async def ask(limit: int) -> int:
        async def receive() -> Any:
            return {"type": "http.request", "body": json.dumps(BODY | {"limit": limit}).encode()}

        return (await wire.raw(app, receive)).status_code

    async def main() -> set[int]:
        return {await ask(limit) for limit in limits}

    def serve() -> set[int]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())

    with ThreadPoolExecutor(1) as thread:  # this one may have an event loop: a browser's
        return thread.submit(serve).result(30)


class Slow(Pool):
    """Its work is never done at once."""

    def submit(self, workspace: str, work: Callable[[], Any]) -> "Future[Any]":
        def slowly() -> Any:
            time.sleep(0.01)
            return work()

        return super().submit(workspace, slowly)


@pytest.mark.parametrize(("places", "status"), [(9, 200), (0, 503)], ids=["answers", "refusals"])
def test_no_garbage(places: int, status: int, no_garbage_collector: None) -> None:
    pool = Slow(1 if places else 0, places=places)
    app = served(Engine(two_shops(), clock=lambda: NOW, runner=pool))
    assert _ask(app, range(1, 4)) == {status}
    gc.collect()
    once = _garbage(app, range(4, 5), status)
    often = _garbage(app, range(5, 5 + ASKED), status)
    assert often - once < ASKED


def _garbage(app: Any, limits: range, status: int) -> int:
    """How many objects the collector finds after these requests and an event loop's end."""
    assert _ask(app, limits) == {status}
    return gc.collect()


def test_many_connections_do_not_call_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of their requests takes the place of the one before; those that come together are more
    objects for a moment.
    """
    monkeypatch.setattr(gc, "freeze", lambda: None)
    before, switch = gc.get_threshold(), sys.getswitchinterval()
    called: list[Any] = []

    async def serve() -> None:
        with running(build(Settings(home=tmp_path))):
            kept = [[[] for _ in range(KEPT)] for _ in range(CONNECTIONS)]
            gc.collect()
            gc.callbacks.append(lambda *what: called.append(what))
            for _ in range(20):
                for first in range(0, CONNECTIONS, 100):
                    kept[first : first + 100] = [[[] for _ in range(KEPT)] for _ in range(100)]
            gc.callbacks.pop()

    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(anyio.run, serve).result(60)
    finally:
        gc.set_threshold(*before)
        sys.setswitchinterval(switch)
    assert not called
