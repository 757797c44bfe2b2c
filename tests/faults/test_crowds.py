"""Ten times too many requests of one workspace are refused at once, and harm nobody else."""

import asyncio
import json
import shutil
import time
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from benchmarks.load import QUIET_RATE, Answered, arrivals, mixed, overload, p99, sustained, warm_up
from benchmarks.usage import memory
from engine.demo.shop import months
from engine.demo.words import BRANDS
from engine.scope import Scope
from engine.stores.lake import LakeStore
from tests.browser.server import running
from tests.faults import sizes
from tests.faults.sizes import record, size

T = TypeVar("T")

CROWDED: Final = Scope("ws_crowded", BRANDS[0])
QUIET: Final = Scope("ws_quiet", BRANDS[1])
EVENTS: Final = size(50_000, 2_000_000)
SECONDS: Final = size(5, 300)
EXCESS: Final = 10
RECOVERED: Final = 5
"""Seconds after which it has to be over."""
OK, UNAVAILABLE = 200, 503


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_a_crowd_harms_nobody_else(tmp_path: Path) -> None:
    store = LakeStore(tmp_path / "lake")
    for scope in (CROWDED, QUIET):
        store.write(
            scope.workspace_id,
            scope.brand_id,
            months(scope.brand_id, datetime.now(UTC), rows=EVENTS),
        )
    with running(tmp_path, events=0) as (address, process):
        _await_warm(address)
        _run(warm_up(address, CROWDED, QUIET))
        can = sustained(address, CROWDED, islice(mixed(1), 20_000), 8, min(SECONDS, 15)).per_second
        alone = _run(arrivals(address, QUIET, mixed(3), QUIET_RATE, SECONDS))
        before = memory(process, "VmRSS")
        crowd, asked, quiet = _run(overload(address, CROWDED, QUIET, EXCESS * can, SECONDS))
        after = memory(process, "VmRSS")
        afterwards = _run(arrivals(address, CROWDED, mixed(7), QUIET_RATE, 2 * RECOVERED))
    recovered = afterwards[round(QUIET_RATE * RECOVERED) :]
    refused = [one for one in asked if one.status == UNAVAILABLE]
    assert _statuses(alone) == _statuses(quiet) == _statuses(recovered) == {OK}
    assert crowd.refused > crowd.requests / 2
    assert crowd.failed == crowd.refused, "refused, and nothing worse"
    assert refused
    assert _statuses(asked) <= {OK, UNAVAILABLE}
    record(
        "Ten times too many requests",
        f"{crowd.requests:,} in {SECONDS} s, {EXCESS * can:,.0f} a second wanted:"
        f" {crowd.refused:,} refused, 99 % within {p99(refused):.1f} ms. A quiet workspace's p99"
        f" {p99(quiet):.1f} ms, alone {p99(alone):.1f}. Memory {before:,.0f} MiB before,"
        f" {after:,.0f} after. {RECOVERED} s later all were answered again.",
    )
    if sizes.FULL:
        assert p99(refused) <= 100
        assert p99(quiet) <= 3 * p99(alone)
        assert after <= before * 1.2


def _run(work: Coroutine[Any, Any, T]) -> T:
    with ThreadPoolExecutor(1) as thread:  # this one may have an event loop: a browser's
        return thread.submit(asyncio.run, work).result()


def _statuses(answers: list[Answered]) -> set[int]:
    return {answer.status for answer in answers}


def _await_warm(address: str) -> None:
    for _ in range(1200):
        with urllib.request.urlopen(f"{address}/readyz") as answer:
            if json.load(answer)["warm"]:
                return
        time.sleep(0.1)
    raise AssertionError("it has not become warm within two minutes")
