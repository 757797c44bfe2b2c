"""The lake is compacted again and again while others read it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.cache import Cache
from engine.engine import Engine
from engine.request import parse
from engine.scope import Scope
from engine.stores import lake as lake_module
from engine.stores.base import EVENTS
from engine.stores.columns import Columns
from engine.stores.lake import LakeStore
from tests.faults.server import ROOT
from tests.faults.sizes import record, size
from tests.faults.waiting import BRANDS, WORKSPACE

COMPACTIONS = size(40, 200)
SMALL_FILES = 4
ROWS = 50
PAUSE = 0.03
SCOPE = Scope(WORKSPACE, BRANDS[0])
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Reader(threading.Thread):
    """Asks for totals until it is told to stop; `floor` is what must be there by now."""

    def __init__(self, store: LakeStore, group_by: str) -> None:
        super().__init__(name=f"reader by {group_by}")
        self._engine = Engine(store, Cache(seconds=0), lambda: NOW)
        self._request = parse(
            {
                "event_types": None,
                "group_by": group_by,
                "aggregation": "count",
                "value_field": "amount",
                "time_window_days": 365,
            }
        )
        self.done = threading.Event()
        self.floor = self.last = self.reads = 0
        self.faults: list[str] = []

    def run(self) -> None:
        while not self.done.is_set() and not self.faults:
            self.read()
            time.sleep(PAUSE)

    def read(self) -> None:
        floor = max(self.floor, self.last)
        try:
            rows = self._engine.aggregate(self._request, SCOPE).rows
        except Exception as error:  # whatever it is, a reader was broken
            self.faults.append(repr(error))
            return
        total = int(sum(row.value for row in rows))
        if total < floor or total % ROWS:
            self.faults.append(f"{total} after {floor}")
        self.last = total
        self.reads += 1


def store_of(root: Path, megabytes: int) -> LakeStore:
    return LakeStore(root, Columns(megabytes << 20))


def batch(number: int) -> pl.DataFrame:
    """Of the last hundred days, so in four months."""
    age = timedelta(days=number * 7 % 100)
    rows = {
        "event_id": [f"{number}-{i}" for i in range(ROWS)],
        "event_type": ["agent_view"] * ROWS,
        "session_id": [f"s{i}" for i in range(ROWS)],
        "created_at": [NOW - age - timedelta(seconds=ROWS - i) for i in range(ROWS)],
    }
    schema = {name: EVENTS[name] for name in rows}
    return pl.concat([EVENTS.to_frame(), pl.DataFrame(rows, schema=schema)], how="diagonal")


OTHER = """
import sys
from pathlib import Path
from tests.faults.test_compactions import Reader, store_of

reader = Reader(store_of(Path(sys.argv[1]), 64), "day")
reader.start()
print("ready", flush=True)
sys.stdin.readline()
reader.done.set()
reader.join()
reader.read()
print(reader.reads, reader.last, reader.faults)
"""


@contextmanager
def another_process(root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", OTHER, str(root)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=ROOT, **pipes)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_compactions_under_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_module, "SMALL_FILES", SMALL_FILES)
    writer = LakeStore(tmp_path)
    # One store decodes columns into memory, the other has no room and reads the files each time.
    kinds = ((64, "none"), (0, "session"))
    readers = [Reader(store_of(tmp_path, megabytes), by) for megabytes, by in kinds]
    written = compactions = 0
    with another_process(tmp_path) as other:
        for reader in readers:
            reader.start()
        try:
            while compactions < COMPACTIONS and not any(reader.faults for reader in readers):
                writer.write(WORKSPACE, BRANDS[0], [batch(written)])
                written += 1
                for reader in readers:
                    reader.floor = written * ROWS
                before = len(writer.snapshot(SCOPE).files)
                writer.tidy(WORKSPACE, BRANDS[0])
                compactions += len(writer.snapshot(SCOPE).files) < before
        finally:
            for reader in readers:
                reader.done.set()
                reader.join()
        answer, _ = other.communicate("\n", timeout=60)
    for reader in readers:
        reader.read()
    assert [fault for reader in readers for fault in reader.faults] == []
    assert {reader.last for reader in readers} == {written * ROWS}
    reads, _, rest = answer.strip().partition(" ")
    assert rest == f"{written * ROWS} []"
    record(
        "Compactions under readers",
        f"{compactions:,} compactions between {written:,} commits, while 2 threads and another"
        f" process read {sum(r.reads for r in readers) + int(reads):,} totals: none went down, none"
        " missed a file or a committed event.",
    )
