"""A crowd is let in within a few rounds of the event loop."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
import uvicorn
import uvloop
from starlette.responses import PlainTextResponse

from engine.http.accept import ENDS, accept_many

CROWD: Final = 4 * ENDS


async def _rounds(server: uvicorn.Server, listener: socket.socket) -> int:
    """How often the loop comes round until all who have connected are let in."""
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    # Nothing of this gives the loop a turn: they all wait in the kernel.
    crowd = [socket.create_connection(listener.getsockname()) for _ in range(CROWD)]
    rounds = 0
    while len(server.server_state.connections) < CROWD:
        await asyncio.sleep(0)
        rounds += 1
    for one in crowd:
        one.close()
    server.should_exit = True
    await serving
    return rounds


def _rounds_to_let_in(listener: socket.socket) -> int:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("here")(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))

    def serve() -> int:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_rounds(server, listener))

    with ThreadPoolExecutor(1) as thread:  # this one may have an event loop: a browser's
        return thread.submit(serve).result(30)


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=CROWD)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn.Server, "startup", uvicorn.Server.startup)


def test_a_crowd_is_let_in_at_once() -> None:
    assert _rounds_to_let_in(_listener()) > CROWD, "accept_many is needed no longer"
    accept_many()
    assert _rounds_to_let_in(_listener()) < CROWD / 10


def test_nobody_is_let_in_after_the_end() -> None:
    accept_many()
    listener = _listener()
    address = listener.getsockname()
    _rounds_to_let_in(listener)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
