"""The server is killed at random, again and again, while clients send and send again."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.server import GONE, ROOT, environment, free_port, post, totals, uvicorn
from tests.faults.server import wait_for_answer as first_answer
from tests.faults.sizes import FULL, SEED, record, size
from tests.faults.waiting import BRANDS, ids_in_lake

KILLS = size(50, 1000)
COLD_EVERY = size(25, 10)
"""Of so many starts one is a new process, as an operator would start it; the rest are forks."""
CLIENTS = 3
WITHIN = 5.0
PATIENCE = 60.0
"""Seconds; a machine that runs other tests beside this one starts processes slowly."""


class Servers:
    """One server after the other over the same home; each is killed before the next starts."""

    def __init__(self, home: Path, log: Path) -> None:
        self._home = home
        self._log = log.open("ab")
        self._fork = self._start([sys.executable, "-m", "tests.faults.fork"], subprocess.PIPE)
        self._cold: subprocess.Popen[bytes] | None = None
        self._forked = 0
        self.port = 0

    def start(self, *, cold: bool) -> None:
        port = free_port()
        if cold:
            self._cold = self._start(uvicorn(port), None)
        else:
            assert self._fork.stdin is not None
            assert self._fork.stdout is not None
            self._fork.stdin.write(f"{port}\n".encode())
            self._fork.stdin.flush()
            self._forked = int(self._fork.stdout.readline())
        self.port = port

    def kill(self) -> None:
        if self._cold is not None:
            self._cold.kill()
            self._cold.wait()
            self._cold = None
        elif self._forked:
            os.kill(self._forked, signal.SIGKILL)
            self._forked = 0

    def close(self) -> None:
        self.kill()
        self._fork.communicate()
        self._log.close()

    def _start(self, command: list[str], pipe: int | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(self._home),
            stdin=pipe,
            stdout=pipe,
            stderr=self._log,
        )


class Client(threading.Thread):
    """Sends batches of new events, each until it is acknowledged, or, rarely, given up.

    Now and then it sends an old batch once more. `amounts` are those of acknowledged events.
    """

    def __init__(self, number: int, servers: Servers, stop: threading.Event) -> None:
        super().__init__(name=f"client {number}")
        self._rng = random.Random(SEED * 100 + number)
        self._servers = servers
        self._stop_sending = stop
        self._sent = 0
        self.number = number
        self.amounts: dict[str, int] = {}
        self.branded: set[str] = set()
        self.given_up: set[str] = set()
        self.attempts = 0
        self.faults: list[Any] = []

    def run(self) -> None:
        kept: list[dict[str, Any]] = []
        while not self._stop_sending.is_set() and not self.faults:
            again = bool(kept) and self._rng.random() < 0.1
            batch = kept if again else self._batch()
            if self._acknowledged(batch, again):
                self.amounts |= {event["event_id"]: int(event["amount"]) for event in batch}
                self.branded |= {e["event_id"] for e in batch if "brand_id" in e}
                kept = batch
            else:
                self.given_up |= {event["event_id"] for event in batch}
            time.sleep(0.01)

    def _batch(self) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        batch = []
        for _ in range(self._rng.choice((1, 20, 100))):
            self._sent += 1
            event: dict[str, Any] = {
                "event_id": f"{self.number}-{self._sent}",
                "event_type": "agent_purchase",
                "session_id": f"s{self._sent % 97}",
                "amount": self._rng.randrange(1, 1000),
                "metadata": {"country": "DE"},
            }
            if self._rng.random() < 0.8:
                age = timedelta(seconds=self._rng.randrange(1, 40 * 86400))
                event["created_at"] = (now - age).isoformat()
            brand = (*BRANDS, None)[self._rng.randrange(3)]
            batch.append(event | ({"brand_id": brand} if brand else {}))
        return batch

    def _acknowledged(self, batch: list[dict[str, Any]], again: bool) -> bool:
        while True:
            self.attempts += 1
            try:
                answer = post(self._servers.port, batch)
            except GONE as error:
                died = not isinstance(error, ConnectionRefusedError)
                if died and not again and self._rng.random() < 0.3:
                    return False  # and nobody knows whether it was stored
                time.sleep(0.02)
                continue
            if answer.status == 503:
                time.sleep(0.1)
                continue
            body = answer.body
            whole = answer.status == 200 and not body["rejected"]
            if not whole or body["stored"] + body["duplicates"] != len(batch):
                self.faults.append(answer)
            if again and body["stored"]:
                self.faults.append(("stored once more", answer))
            return whole


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(tmp_path / "home", tmp_path / "log")
    yield servers
    servers.close()


def test_kills_at_random(tmp_path: Path, servers: Servers) -> None:
    rng = random.Random(SEED)
    stop = threading.Event()
    clients = [Client(number, servers, stop) for number in range(CLIENTS)]
    waits: dict[bool, list[float]] = {False: [], True: []}
    began = time.perf_counter()
    servers.start(cold=True)
    for client in clients:
        client.start()
    try:
        for number in range(1, KILLS + 1):
            cold = number % COLD_EVERY == 1
            if number > 1:
                servers.start(cold=cold)
            if rng.random() < 0.1:  # before it has begun, or as it begins
                time.sleep(rng.uniform(0, 0.5))
            else:
                waited = first_answer(servers.port, PATIENCE)
                assert waited is not None, (tmp_path / "log").read_text()[-5000:]
                waits[cold].append(waited)
                time.sleep(rng.uniform(0, 1.3))
            servers.kill()
        servers.start(cold=False)
        assert first_answer(servers.port, PATIENCE) is not None
    finally:
        stop.set()
        for client in clients:
            client.join(30)
    takes = time.perf_counter() - began
    assert [fault for client in clients for fault in client.faults] == []
    acknowledged = {i: a for client in clients for i, a in client.amounts.items()}
    given_up = set().union(*(client.given_up for client in clients)) - acknowledged.keys()
    found = drained(tmp_path / "home", acknowledged.keys())
    lost = acknowledged.keys() - found.keys()
    doubled = [i for i, times in found.items() if times > 1]
    assert (lost, doubled, found.keys() - acknowledged.keys() - given_up) == (set(), [], set())
    branded = set().union(*(client.branded for client in clients))
    count, amount = totals(servers.port)
    if not given_up & found.keys():
        assert (count, amount) == (len(branded), sum(acknowledged[i] for i in branded))
    longest = {kind: max(times, default=0) for kind, times in waits.items()}
    kept = len(given_up & found.keys())
    record(
        "Killed at random under clients that send again",
        f"{KILLS:,} kills in {takes:.0f} s, {CLIENTS} clients,"
        f" {sum(c.attempts for c in clients):,} requests: {len(acknowledged):,} events"
        f" acknowledged, {len(lost)} lost, {len(doubled)} doubled; of {len(given_up):,} that were"
        f" given up {kept:,} are stored, once. First answer after a start: at most"
        f" {longest[True]:.1f} s ({len(waits[True])} new processes), {longest[False]:.1f} s"
        f" ({len(waits[False])} forks with the libraries already imported).",
    )
    assert max(longest.values()) < (WITHIN if FULL else PATIENCE)


def drained(home: Path, expected: Any) -> Counter[str]:
    """How often each event is in the lake once nothing comes to it any more."""
    deadline = time.perf_counter() + 20
    found = Counter(ids_in_lake(home))
    while time.perf_counter() < deadline and expected - found.keys():
        time.sleep(0.5)
        found = Counter(ids_in_lake(home))
    time.sleep(1.2)  # two more rounds of the keeper, for what was not acknowledged
    return Counter(ids_in_lake(home))
