"""The API alone over a home of its own, as a process that can be killed, and requests to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.faults.waiting import BRANDS, WORKSPACE

ROOT: Final = Path(__file__).parents[2]
TOKEN: Final = "faults"
HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}
EVENTS: Final = f"/api/workspace/{WORKSPACE}/events"
AGGREGATE: Final = f"/api/workspace/{WORKSPACE}/dashboards/aggregate"
GONE: Final = (OSError, http.client.HTTPException)
"""What a client sees of a server that is not there or dies."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


def environment(home: Path, **more: str) -> dict[str, str]:
    ours = {"VITRINE_HOME": str(home), "VITRINE_DEMO_TOKEN": TOKEN, "VITRINE_DEMO_EVENTS": "0"}
    return os.environ | ours | more


def uvicorn(port: int, level: str = "warning") -> list[str]:
    command = [sys.executable, "-m", "uvicorn", "engine.http.app:app", "--port", str(port)]
    return [*command, "--log-level", level]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    home: Path, log: Path, before: Iterable[str] = (), level: str = "warning", **more: str
) -> Iterator[int]:
    """The port of a server; `before` are words to put before its command. level: of its log."""
    port = free_port()
    with log.open("ab") as output:
        server = subprocess.Popen(
            [*before, *uvicorn(port, level)],
            cwd=ROOT,
            env=environment(home, **more),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        if wait_for_answer(port, 20) is None:
            raise AssertionError(f"the server did not start:\n{log.read_text()}")
        yield port
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait_for_answer(port: int, seconds: float) -> float | None:
    """How long it took to the first answer; None when there was none in time."""
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        try:
            if ask(port, "GET", "/healthz").status == 200:
                return time.perf_counter() - began
        except GONE:
            time.sleep(0.01)
    return None


def ask(
    port: int, method: str, path: str, body: bytes = b"", timeout: float = 15, **headers: str
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, HEADERS | headers)
        response = connection.getresponse()
        content = response.read()
        lower = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, lower, json.loads(content))
    finally:
        connection.close()


def post(port: int, events: list[dict[str, Any]]) -> Answer:
    lines = "".join(json.dumps(event) + "\n" for event in events).encode()
    return ask(port, "POST", EVENTS, lines, **{"Content-Type": "application/x-ndjson"})


def totals(port: int) -> tuple[int, float]:
    """Events and their amounts, of both brands, as the endpoint tells them."""
    count = sum(_total(port, brand, "count") for brand in BRANDS)
    return int(count), sum(_total(port, brand, "sum") for brand in BRANDS)


def _total(port: int, brand: str, aggregation: str) -> float:
    body = {
        "event_types": None,
        "group_by": "none",
        "aggregation": aggregation,
        "value_field": "amount",
        "time_window_days": 365,
    }
    headers = {"Content-Type": "application/json", "X-Active-Brand": brand}
    answer = ask(port, "POST", AGGREGATE, json.dumps(body).encode(), **headers)
    if answer.status == 403:  # a brand that has no events yet
        return 0
    assert answer.status == 200, answer
    return sum(float(row["value"]) for row in answer.body["rows"])
