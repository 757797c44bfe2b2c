"""A server and commands over a lake in an object store, and what happens while it is away."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.stores import lake as lake_module
from engine.stores.lake import LakeStore
from tests.faults.server import AGGREGATE, ROOT, Answer, ask, environment, post, serving, totals
from tests.faults.waiting import BRANDS, WORKSPACE
from tests.objects import BUCKETS, SECRETS, Bucket, moto, s3, started

SMALL_FILES = 3
WITHIN = 15.0
"""Seconds in which a request is refused while the store does not answer: two looks, and some."""


@pytest.fixture(params=BUCKETS)
def bucket(request: pytest.FixtureRequest) -> Bucket:
    return BUCKETS[request.param]()


def made(first: int, last: int) -> list[dict[str, Any]]:
    """Events of both brands, two customers and two months, each with an amount of 1."""
    now = datetime.now(UTC)
    return [
        {
            "event_id": f"e{i}",
            "event_type": "agent_purchase",
            "created_at": (now - timedelta(hours=1, days=30 * (i % 2))).isoformat(),
            "brand_id": BRANDS[i % 2],
            "customer_id": f"c{i // 2 % 2}",
            "amount": 1,
            "metadata": {"country": "DE"},
        }
        for i in range(first, last)
    ]


def command(module: str, home: Path, more: dict[str, str], *arguments: str) -> str:
    """What a command says; it does not fail."""
    run = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--workspace", WORKSPACE],
        cwd=ROOT,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def wait_for(port: int, events: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while totals(port) != (events, events):
        assert time.monotonic() < deadline, (totals(port), events)
        time.sleep(0.1)


def test_load_post_compact_delete(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "SMALL_FILES", SMALL_FILES)
    home, log = tmp_path / "home", tmp_path / "log"
    more = {**bucket.options, "VITRINE_LAKE": bucket.url}
    file = tmp_path / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in made(0, 100)))
    assert "100 stored, 0 duplicates" in command("engine.ingest", home, more, str(file))
    assert "0 stored, 100 duplicates" in command("engine.ingest", home, more, str(file))
    with serving(home, log, **more) as port:
        assert totals(port) == (100, 100)
        answer = post(port, made(90, 110))
        assert (answer.body["stored"], answer.body["duplicates"]) == (10, 10)
        wait_for(port, 110)
        for i in range(SMALL_FILES):
            assert post(port, made(110 + 4 * i, 114 + 4 * i)).body["stored"] == 4
            wait_for(port, 114 + 4 * i)
        everything = 110 + 4 * SMALL_FILES
        lake = LakeStore(bucket.place(home))
        before = len(lake.open(WORKSPACE, BRANDS[0]).files)
        for table in lake.tables():
            lake.tidy(*table)
        assert len(lake.open(WORKSPACE, BRANDS[0]).files) < before
        assert totals(port) == (everything, everything)
        said = command("engine.ingest.delete", home, more, "--customer", "c1")
        gone = int(said.split()[0])
        assert gone == sum(event["customer_id"] == "c1" for event in made(0, everything))
        assert totals(port) == (everything - gone, everything - gone)
        assert post(port, made(0, 1)).body["duplicates"] == 1
        command("engine.ingest.delete", home, more, "--everything")
        time.sleep(lake.place.listing_lasts)
        assert totals(port) == (0, 0)
    assert not (home / "lake").exists()
    assert lake.tables() == []
    assert [secret for secret in SECRETS if secret in log.read_text()] == []


def test_a_command_says_what_is_wrong_with_the_lake(tmp_path: Path) -> None:
    bucket = s3()
    more = {**bucket.options, "VITRINE_LAKE": "s3://no-such-bucket/x"}
    for module, arguments in {
        "engine.ingest": ["events.csv", "--workspace", WORKSPACE],
        "engine.ingest.delete": ["--everything", "--workspace", WORKSPACE],
        "engine.ingest.sync": ["list"],
    }.items():
        run = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment(tmp_path, **more),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 2
        assert run.stderr.startswith("VITRINE_LAKE is s3://no-such-bucket/x, but the lake cannot")
        assert "404 Not Found (NoSuchBucket)" in run.stderr
        assert len(run.stderr.splitlines()) == 1


@pytest.fixture
def own_server() -> Iterator[tuple[int, Callable[[int], None]]]:
    """The port of an S3 server of this test's own, and how to send it a signal."""
    port, process = started(moto)
    yield port, lambda number: os.kill(process, number)
    os.kill(process, signal.SIGCONT)


def test_while_the_store_does_not_answer(
    tmp_path: Path, own_server: tuple[int, Callable[[int], None]]
) -> None:
    """Requests are refused soon, the process answers, and all goes on by itself."""
    store, send = own_server
    bucket = s3(store)
    home, log = tmp_path / "home", tmp_path / "log"
    more = {**bucket.options, "VITRINE_LAKE": bucket.url}
    with serving(home, log, **more) as port:
        assert post(port, made(0, 10)).body["stored"] == 10
        wait_for(port, 10)
        send(signal.SIGSTOP)
        time.sleep(LakeStore(bucket.place(home)).place.listing_lasts)
        for refused in (lambda: post(port, made(10, 20)), lambda: aggregate(port)):
            began = time.monotonic()
            answer = refused()
            assert time.monotonic() - began < WITHIN
            assert answer.status == 503, answer
            assert int(answer.headers["retry-after"]) >= 1
            told = json.dumps(answer.body)
            assert answer.body["error"]["code"] == "UNAVAILABLE"
            assert bucket.url not in told
            assert str(store) not in told
        began = time.monotonic()
        assert ask(port, "GET", "/healthz").status == 200
        assert time.monotonic() - began < 1
        send(signal.SIGCONT)
        deadline = time.monotonic() + 30
        while (answer := post(port, made(10, 20))).status == 503:
            assert time.monotonic() < deadline
        assert answer.body["stored"] + answer.body["duplicates"] == 10
        wait_for(port, 20)
    assert [secret for secret in SECRETS if secret in log.read_text()] == []


def aggregate(port: int) -> Answer:
    body = {
        "event_types": None,
        "group_by": "day",
        "aggregation": "count",
        "time_window_days": 60,
    }
    headers = {"Content-Type": "application/json", "X-Active-Brand": BRANDS[0]}
    return ask(port, "POST", AGGREGATE, json.dumps(body).encode(), timeout=60, **headers)
