"""A disk that is full or fails: told as such, nothing lost, over when it is over."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.server import Answer, post, serving, totals
from tests.faults.sizes import record, size
from tests.faults.waiting import BRANDS, ids_in_lake

ROUNDS = size(2, 20)
BATCH = 200

SHIM = r"""
/* Writing below FAILING_HOME fails with EIO while FAILING_FLAG exists. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(int file) {
    const char *flag = getenv("FAILING_FLAG"), *home = getenv("FAILING_HOME");
    char link[64], path[4096];
    if (!flag || !home || access(flag, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, home, strlen(home)) == 0;
}

#define WRAPPED(result, name, parameters, arguments)                                  \
    result name parameters {                                                          \
        static result (*real) parameters;                                             \
        if (!real) real = (result (*) parameters)dlsym(RTLD_NEXT, #name);             \
        if (fails(file)) { errno = EIO; return -1; }                                  \
        return real arguments;                                                        \
    }

WRAPPED(int, fsync, (int file), (file))
WRAPPED(int, fdatasync, (int file), (file))
#ifndef SYNC_ONLY
WRAPPED(ssize_t, write, (int file, const void *from, size_t bytes), (file, from, bytes))
WRAPPED(ssize_t, writev, (int file, const struct iovec *from, int parts), (file, from, parts))
WRAPPED(ssize_t, pwrite, (int file, const void *from, size_t bytes, off_t at),
        (file, from, bytes, at))
WRAPPED(ssize_t, pwrite64, (int file, const void *from, size_t bytes, off64_t at),
        (file, from, bytes, at))
#endif
"""


class Sender:
    """Sends batches of new events, and remembers which were acknowledged."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.acknowledged: set[str] = set()
        self.refused: list[list[dict[str, Any]]] = []
        self._sent = 0
        self._time = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    def send(self, batch: list[dict[str, Any]] | None = None) -> Answer:
        batch = batch or self._batch()
        answer = post(self.port, batch)
        if answer.status == 200:
            assert answer.body["rejected"] == []
            self.acknowledged |= {event["event_id"] for event in batch}
        else:
            assert_unavailable(answer)
            self.refused.append(batch)
        return answer

    def send_until(self, status: int, seconds: float = 20) -> None:
        deadline = time.perf_counter() + seconds
        while (answer := self.send()).status != status:
            assert time.perf_counter() < deadline, answer

    def send_refused_again(self) -> None:
        batches, self.refused = self.refused, []
        for batch in batches:
            self.send(batch)

    def _batch(self) -> list[dict[str, Any]]:
        first, self._sent = self._sent, self._sent + BATCH
        return [
            {
                "event_id": f"e{i}",
                "event_type": "agent_purchase",
                "created_at": self._time,
                "brand_id": BRANDS[i % 2],
                "amount": 1,
            }
            for i in range(first, self._sent)
        ]


def assert_unavailable(answer: Answer) -> None:
    assert answer.status == 503, answer
    assert int(answer.headers["retry-after"]) >= 1
    error = answer.body["error"]
    assert (error["code"], error["details"]) == ("UNAVAILABLE", [])
    assert error["request_id"].startswith("req_")
    assert "vitrine" not in error["message"], "a path of the server is told"


def assert_all_in_the_lake(home: Path, sender: Sender, seconds: float = 20) -> None:
    deadline = time.perf_counter() + seconds
    found: Counter[str] = Counter()
    while found.keys() != sender.acknowledged and time.perf_counter() < deadline:
        time.sleep(0.3)
        found = Counter(ids_in_lake(home))
    assert found == dict.fromkeys(sender.acknowledged, 1)
    assert totals(sender.port) == (len(found), len(found))


def through_bad_times(
    home: Path, log: Path, spoil: Callable[[], None], heal: Callable[[], None], **more: str
) -> str:
    """Refusals while it lasts, and afterwards the same server goes on by itself."""
    refusals = 0
    with serving(home, log, **more) as port:
        sender = Sender(port)
        for _ in range(ROUNDS):
            sender.send_until(200)
            spoil()  # while the last batch is on its way to the lake
            sender.send_until(503)
            for _ in range(5):
                sender.send()
            time.sleep(1.2)  # the keeper fails too
            refusals += len(sender.refused)
            heal()
            sender.send_until(200)
            sender.send_refused_again()
            assert_all_in_the_lake(home, sender)
    return (
        f"{ROUNDS} times; {refusals} requests were refused with 503 and Retry-After,"
        f" {len(sender.acknowledged):,} events acknowledged, all in the lake once, without a"
        " restart."
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={12 + 4 * ROUNDS}m", "tmpfs", str(disk)]
    run = subprocess.run(mount, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"no small disk can be mounted here: {run.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    ballast = small_disk / "ballast"

    def fill() -> None:
        with ballast.open("ab", buffering=0) as file:
            for step in (1 << 20, 4096, 1):
                try:
                    while file.write(bytes(step)):
                        pass
                except OSError:
                    continue

    text = through_bad_times(small_disk / "home", tmp_path / "log", fill, ballast.unlink)
    record("A full disk", text)


@pytest.mark.parametrize("calls", ["writes", "syncs"])
def test_io_errors(tmp_path: Path, calls: str) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("a C compiler is missing; CI installs it")
        pytest.skip("a C compiler is not installed")
    source, shim, flag = (tmp_path / name for name in ("shim.c", "shim.so", "flag"))
    source.write_text(SHIM)
    only = ["-DSYNC_ONLY"] if calls == "syncs" else []
    command = [compiler, "-shared", "-fPIC", "-O1", *only, "-o", str(shim), str(source), "-ldl"]
    subprocess.run(command, check=True)
    home = tmp_path / "home"
    environment = {
        "LD_PRELOAD": str(shim),
        "FAILING_FLAG": str(flag),
        "FAILING_HOME": str(home),
    }
    text = through_bad_times(home, tmp_path / "log", flag.touch, flag.unlink, **environment)
    record(f"I/O errors of {calls}", text)
