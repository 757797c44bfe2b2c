"""No event is acknowledged before its commit is on the disk, as the kernel saw it."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.server import ROOT, post, serving
from tests.faults.sizes import record, size
from tests.faults.waiting import BRANDS, WORKSPACE

REQUESTS = size(10, 200)
CALLS = "write,pwrite64,writev,sendto,sendmsg,fsync,fdatasync,unlink,unlinkat"
CALL = re.compile(r"(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>.*)")

COMMIT = re.compile(r"[jJdDH]*JH?d+DUH")
"""Of SQLite: the journal is written (j) and synced (J), then the database (d, D), then the journal
is unlinked (U), which is the commit, and that is synced in its folder (H)."""


@pytest.fixture
def strace() -> str:
    path = shutil.which("strace")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("strace is missing; CI installs it")
        pytest.skip("strace is not installed")
    return path


def test_the_commit_is_on_disk_before_the_answer(tmp_path: Path, strace: str) -> None:
    home, trace = tmp_path / "home", tmp_path / "trace"
    home.mkdir()
    tracing = [strace, "-f", "-y", "-qq", "-s", "24", "-e", f"trace={CALLS}", "-o", str(trace)]
    with (home / f"vitrine.db.inbox.{WORKSPACE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the keeper waits, so that only answers write
        with serving(home, tmp_path / "log", before=tracing) as port:
            for number in range(REQUESTS):
                batch = [
                    {"event_id": f"{number}-{i}", "event_type": "a", "brand_id": BRANDS[0]}
                    for i in range(1 + number * 37 % 200)
                ]
                assert post(port, batch).body["stored"] == len(batch)
    between = "".join(steps(trace.read_text().splitlines(), home / "vitrine.db")).split("A")
    commits = between[-REQUESTS - 1 : -1]
    wrong = [commit for commit in commits if not COMMIT.fullmatch(commit)]
    assert (len(commits), wrong) == (REQUESTS, [])
    record(
        "No acknowledgement before the commit is on disk",
        f"{REQUESTS:,} of {REQUESTS:,} answers came after journal, database and folder were synced,"
        " in that order, as strace saw it.",
    )


def steps(lines: list[str], database: Path) -> Iterator[str]:
    """A letter for each call that matters; a sync counts when it returns, all else when it begins.

    A is the beginning of an answer. With -y strace tells which file a descriptor is.
    """
    journal = f"{database}-journal"
    syncing: dict[str, str] = {}
    for line in lines:
        match = CALL.match(line)
        if match is None:
            continue
        thread, call, arguments, resumed = match.groups()
        if resumed in ("fsync", "fdatasync"):
            yield syncing.pop(thread, "") if line.endswith(" = 0") else ""
        elif call in ("fsync", "fdatasync"):
            files = {f"<{journal}>": "J", f"<{database}>": "D", f"<{database.parent}>": "H"}
            letter = next((files[file] for file in files if file in arguments), "")
            if "unfinished" in arguments:
                syncing[thread] = letter
            else:
                yield letter if line.endswith(" = 0") else ""
        elif call in ("unlink", "unlinkat") and f'"{journal}"' in arguments:
            yield "U"
        elif call and '"HTTP/1.1 ' in arguments:
            yield "A"
        elif call and "write" in call:
            yield (
                "j" if f"<{journal}>" in arguments else "d" if f"<{database}>" in arguments else ""
            )


MOVE = """
import os, sys
from pathlib import Path
from tests.faults.waiting import WORKSPACE, events, inbox

for batch in (range(30), range(60)):
    full = inbox(Path(sys.argv[1]))
    full.accept(WORKSPACE, events(batch))
    os.write(1, b"moving")
    full.move(WORKSPACE)
    os.write(1, b"moved")
"""


def test_the_lake_is_on_disk_before_the_inbox_forgets(tmp_path: Path, strace: str) -> None:
    """Else a power cut soon after could take what the inbox no longer has."""
    home, trace = tmp_path / "home", tmp_path / "trace"
    tracing = [strace, "-f", "-y", "-qq", "-s", "24", "-e", f"trace={CALLS}", "-o", str(trace)]
    subprocess.run(
        [*tracing, sys.executable, "-c", MOVE, str(home)],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    moves = trace.read_text().split('"moving"')[1:]
    assert len(moves) == 2
    for move in moves:
        before, forgets, _ = move.partition(f"{home}/vitrine.db-journal")
        assert forgets
        written = re.findall(rf"write\w*\(\d+<({home}/lake/[^>]*/[^>]*?)(?:#\d+)?>", before)
        synced = re.findall(r"sync\(\d+<([^>]*)>\)? +(?:= 0|<unfinished)", before)
        folders = {str(Path(file).parent) for file in written}
        assert len(written) >= 9  # two months and a commit for each of three tables
        assert ({*written} | folders) - {*synced} == set()
