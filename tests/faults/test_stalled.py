"""Bodies that stop half way are closed within ten seconds, and others are answered meanwhile."""

import json
import socket
import time
from contextlib import ExitStack

from tests.faults.server import AGGREGATE, ask, serving
from tests.faults.server import TOKEN as BEARER
from tests.faults.sizes import record, size

STALLED = size(100, 1_000)
WITHIN = 10.0
"""Seconds from the last byte to the close."""
WAYS = ("no body", "half a body", "a chunk and no more", "a body that is too large")


def head(way: str) -> bytes:
    """What is sent, and nothing after it."""
    length = {"no body": "Content-Length: 500", "half a body": "Content-Length: 500"}
    lines = [
        f"POST {AGGREGATE} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {BEARER}",
        "X-Active-Brand: 11111111-1111-4111-8111-111111111111",
        "Content-Type: application/json",
        length.get(way, "Transfer-Encoding: chunked"),
        "",
        "",
    ]
    part = {
        "no body": b"",
        "half a body": b'{"event_types": null',
        "a chunk and no more": b'4\r\n{"a"\r\n',
        "a body that is too large": b"11000\r\n" + b" " * 0x11000 + b"\r\n",
    }
    return "\r\n".join(lines).encode() + part[way]


def test_stalled_bodies_are_closed(tmp_path):
    with serving(tmp_path, tmp_path / "log") as port, ExitStack() as stack:
        began, stalled = time.monotonic(), []
        for i in range(STALLED):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            stack.callback(connection.close)
            connection.sendall(head(WAYS[i % len(WAYS)]))
            stalled.append((WAYS[i % len(WAYS)], connection, time.monotonic()))
        opened = time.monotonic() - began
        healthy = [spent(port) for _ in range(50)]
        closed = [(way, *until_closed(connection, sent)) for way, connection, sent in stalled]
        assert spent(port) < 1
    slowest = max(seconds for _, seconds, _ in closed)
    statuses = {way: {status for name, _, status in closed if name == way} for way in WAYS}
    assert slowest <= WITHIN, slowest
    assert max(healthy) < 2
    for way in WAYS:
        # Of a caller in demo mode, whose brand has no events: refused, or not read whole.
        assert statuses[way] <= {400, 403, 413}, statuses
    record(
        "Stalled bodies",
        f"{STALLED:,} of {len(WAYS)} kinds, opened in {opened:.1f} s, each closed at most"
        f" {slowest:.1f} s after its last byte; others were answered in at most"
        f" {max(healthy) * 1000:.0f} ms meanwhile.",
    )


def spent(port: int) -> float:
    began = time.perf_counter()
    assert ask(port, "GET", "/healthz").status == 200
    return time.perf_counter() - began


def until_closed(connection: socket.socket, sent: float) -> tuple[float, int]:
    """How long after its last byte it was closed, and the status it was given."""
    text = b""
    try:
        while part := connection.recv(65_536):
            text += part
    except ConnectionResetError:
        pass
    head, _, body = text.partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    assert "error" in json.loads(body)
    return time.monotonic() - sent, status
