"""What only a real server shows: sockets, raw paths, connections that stall."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from engine.http import aggregate
from engine.http.body import read
from engine.http.loopback import LoopbackOnly
from engine.request import parse
from engine.scope import Scope
from engine.snippets import write
from tests.api import wire
from tests.api.shop import open_shops, served

VALID = "\n".join(f"{name}: {value}" for name, value in wire.HEADERS.items())


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    patch = pytest.MonkeyPatch()
    patch.setattr(aggregate, "read", lambda request, limit: read(request, limit, seconds=0.3))
    listener = socket.create_server(("127.0.0.1", 0))
    app = LoopbackOnly(served(open_shops()))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    patch.undo()


def ask(port: int, text: str, body: bytes = b"", host: str = "localhost") -> tuple[int, Any]:
    """Send this, read until the server closes the connection: the status and the JSON."""
    head = text.replace("\n", "\r\n") + f"\r\nHost: {host}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(head.encode("latin-1") + body)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    start, _, content = received.partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(content) if content.startswith(b"{") else content


def post(path: str, length: int) -> str:
    return f"POST {path} HTTP/1.1\nContent-Length: {length}\n{VALID}"


def test_an_answer(port: int) -> None:
    body = json.dumps(wire.BODY).encode()
    status, answer = ask(port, post(wire.address(), len(body)) + "\nConnection: close", body)
    assert status == 200
    assert len(answer["rows"]) == 3


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/workspace/ws_a%0A/dashboards/aggregate", 400),
        ("/api/workspace/..%2f/dashboards/aggregate", 404),
        ("/api/workspace/../dashboards/aggregate", 400),
        ("/api/workspace/%ff%00/dashboards/aggregate?brand_id=%ff&brand_id=%00", 400),
        ("/api%0A", 404),
        ("/api/%0A/x", 404),
    ],
)
def test_paths_of_junk(port: int, path: str, expected: int) -> None:
    status, answer = ask(port, post(path, 2) + "\nConnection: close", b"{}")
    assert status == expected
    assert (set(answer) == {"error"}) == (path != "/api%0A")


def test_stalled_bodies_are_closed(port: int) -> None:
    for stalled in (b"", b"{"):
        status, answer = ask(port, post(wire.address(), 100), stalled)
        assert (status, answer["error"]["details"][0]["field"]) == (400, "body")


def test_refusals_do_not_wait_for_stalled_bodies(port: int) -> None:
    nobody = f"POST {wire.address()} HTTP/1.1\nContent-Length: 100"
    assert ask(port, nobody, b"{")[0] == 401
    assert ask(port, post("/api/nothing", 100), b"{")[0] == 404
    assert ask(port, post(wire.address(), 70_000), b"{")[0] == 413


def test_other_hosts_are_refused(port: int) -> None:
    status, answer = ask(port, post(wire.address(), 100), b"{", host="evil.example")
    assert (status, answer["error"]["code"]) == (403, "AUTH_003")
    upgrade = "GET /api/x HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n" + (
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    )
    assert ask(port, upgrade, host="evil.example")[0] == 403
    assert ask(port, upgrade)[0] == 403


@pytest.mark.parametrize("catalog", [None, wire.CATALOG])
def test_commands_and_programs_run_as_they_are(port: int, catalog: str | None) -> None:
    """Six requests, as cURL and as Python: the rows have the bytes of the engine's own."""
    scope, engine = Scope(wire.SPACE, wire.BRAND, catalog), open_shops()
    asked: tuple[tuple[str, str, str | None], ...] = (
        ("none", "count", None),
        ("event_type", "count_distinct", None),
        ("hour", "sum", "amount"),
        ("product_id", "avg", "amount"),
        ("session", "count", None),
        ("metadata.emoji", "count", None),
    )
    for i, (group_by, aggregation, value_field) in enumerate(asked):
        body = {
            "event_types": ["agent_view", "agent_atc"] if i % 2 else None,
            "group_by": group_by,
            "aggregation": aggregation,
            "value_field": value_field,
            "time_window_days": 5 + i,
            "limit": 7,
        }
        origin = f"http://127.0.0.1:{port}"
        expected = engine.aggregate(body, scope).json.partition(b',"generated_at":')[0]
        assert expected.startswith(b'{"rows":[{"key":')
        for kind, program in (("curl", ["bash"]), ("python", [sys.executable, "-"])):
            text = write(kind, parse(body), scope, origin, wire.TOKEN).encode()
            run = subprocess.run(program, input=text, capture_output=True, check=False)
            assert (run.returncode, run.stderr) == (0, b"")
            assert run.stdout.partition(b',"generated_at":')[0] == expected
