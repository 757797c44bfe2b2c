"""A load that dies leaves nothing or everything of each brand; the next one completes it."""

import random
import signal
import subprocess
import sys
import time

import pytest

from tests.ingest.files import (
    BRAND,
    OTHER_BRAND,
    WORKSPACE,
    counts,
    ids,
    lake,
    loaded,
    row,
    write_csv,
)

BRANDS = (BRAND, OTHER_BRAND, None)
ROWS = 6000
KILLS = 8

LOAD = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from engine.ingest.load import load
from engine.stores.lake import LakeStore

home, file, workspace, writes = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])

class Dying(LakeStore):
    def adopt(self, workspace, brand, files):
        global writes
        if writes == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        writes -= 1
        super().adopt(workspace, brand, files)

class DyingBeforeCommit(LakeStore):
    def _delta(self, name):
        os.kill(os.getpid(), signal.SIGKILL)

    def adopt(self, workspace, brand, files):
        self.place.exists = lambda name: True
        super().adopt(workspace, brand, files)

lake = DyingBeforeCommit if len(sys.argv) > 5 else Dying

print("ready", flush=True)
sys.stdin.readline()
load(lake(home / "lake"), file, workspace, datetime.now(UTC))
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rows = (row(str(i), brand_id=BRANDS[i % 3]) for i in range(ROWS))
    return write_csv(tmp_path_factory.mktemp("crash") / "a.csv", *rows)


def waiting(home, path, writes=-1, *more):
    """A process that will load the file once it is told to `go`."""
    command = [sys.executable, "-c", LOAD, str(home), str(path), WORKSPACE, str(writes), *more]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, text=True, **pipes)


def go(process):
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def ended(process):
    """Its exit code."""
    process.communicate(timeout=60)
    return process.returncode


def assert_whole_or_nothing(home):
    """Read by a process that was not there; how many brands are whole."""
    found = [len(ids(home, brand)) for brand in BRANDS]
    assert set(found) <= {0, ROWS // 3}
    return sum(map(bool, found))


def assert_completes(home, path, whole):
    done = ROWS // 3 * whole
    assert counts(loaded(home, path)) == (ROWS, ROWS - done, done)
    for brand in BRANDS:
        assert len(set(ids(home, brand))) == len(ids(home, brand)) == ROWS // 3


@pytest.mark.parametrize("writes", [1, 2])
def test_dying_between_two_brands(tmp_path, path, writes):
    process = waiting(tmp_path, path, writes)
    go(process)
    assert ended(process) == -signal.SIGKILL
    assert assert_whole_or_nothing(tmp_path) == writes
    assert_completes(tmp_path, path, writes)


def test_dying_when_files_are_in_the_table_but_not_its_commit(tmp_path, path):
    process = waiting(tmp_path, path, -1, "before commit")
    go(process)
    assert ended(process) == -signal.SIGKILL
    assert list((tmp_path / "lake" / WORKSPACE).rglob("month=*/*.parquet"))
    assert assert_whole_or_nothing(tmp_path) == 0
    assert_completes(tmp_path, path, 0)


def test_killed_at_any_moment(tmp_path, path):
    """Moments of the later part of a load, which is when it writes."""
    homes = [tmp_path / str(i) for i in range(KILLS + 1)]
    processes = (waiting(home, path) for home in homes)
    first = next(processes)
    go(first)
    began = time.perf_counter()
    assert ended(first) == 0
    takes = time.perf_counter() - began
    rng = random.Random(5)
    # Each process starts while the one before it is killed and looked at.
    following = next(processes)
    for i, home in enumerate(homes[1:]):
        process, following = following, next(processes, None)
        go(process)
        time.sleep(takes * (0.3 + 0.7 * (i + rng.random()) / KILLS))
        process.kill()
        ended(process)
        assert_completes(home, path, assert_whole_or_nothing(home))


HOLD = """
import sys, time
from pathlib import Path
from engine.stores.lake import LakeStore
with LakeStore(Path(sys.argv[1]) / "lake").writing(sys.argv[2]):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_dead_writer_holds_nobody_up(tmp_path, path):
    """The lock of a workspace goes with the process that held it."""
    command = [sys.executable, "-c", HOLD, str(tmp_path), WORKSPACE]
    loader = waiting(tmp_path, path)
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "ready\n"
    go(loader)
    with pytest.raises(subprocess.TimeoutExpired):
        loader.wait(0.5)
    assert assert_whole_or_nothing(tmp_path) == 0
    holder.kill()
    holder.communicate()
    assert ended(loader) == 0
    assert assert_whole_or_nothing(tmp_path) == 3


def test_what_a_dead_writer_left_behind_is_no_table(tmp_path, path):
    """Folders without a commit, and a file that no commit names."""
    store = lake(tmp_path)
    folder = store.path(WORKSPACE, BRAND)
    (folder / "month=2026-11").mkdir(parents=True)
    (folder / "month=2026-11" / "part-0.parquet").write_bytes(b"PAR1 half of it")
    (folder / "_delta_log").mkdir()
    assert ids(tmp_path) == []
    assert_completes(tmp_path, path, 0)
