"""A crash on the way from the inbox to the lake, and a database that is lost or put back."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.ingest import inbox as inbox_module
from engine.ingest.inbox import Inbox
from engine.stores.lake import LakeStore
from tests.faults.waiting import WORKSPACE, assert_once, events, ids_in_lake, inbox

ALL = range(60)
TABLES = 3


class Crash(BaseException):
    pass


def crashing(work: Callable[..., Any], calls: int) -> Callable[..., Any]:
    """`work`, which ends in a crash after it was done so many times; 0 is before the first."""

    def wrapped(*arguments: Any) -> Any:
        nonlocal calls
        if calls == 0:
            raise Crash
        calls -= 1
        result = work(*arguments)
        if calls == 0:
            raise Crash
        return result

    return wrapped


@pytest.mark.parametrize(
    ("where", "name", "calls"),
    [
        *((LakeStore, "write", calls) for calls in range(TABLES + 1)),
        (Inbox, "_forget", 0),
        (Inbox, "_forget", 1),
    ],
)
def test_a_crash_between_any_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: type, name: str, calls: int
) -> None:
    accepted = inbox(tmp_path).accept(WORKSPACE, events(ALL))
    assert (accepted.stored, accepted.duplicates) == (len(ALL), 0)
    first = inbox(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(where, name, crashing(getattr(where, name), calls))
        with pytest.raises(Crash):
            first.move(WORKSPACE)
    again = inbox(tmp_path)
    assert again.accept(WORKSPACE, events(ALL)).stored == 0
    again.move(WORKSPACE)
    assert again.waiting() == {}
    assert_once(tmp_path, ALL)


KILLED = """
import os, signal, sys
from pathlib import Path
from engine.ingest.inbox import Inbox
from tests.faults.waiting import WORKSPACE, inbox

Inbox._forget = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
inbox(Path(sys.argv[1])).move(WORKSPACE)
"""


def test_killed_between_the_lake_and_the_inbox(tmp_path: Path) -> None:
    inbox(tmp_path).accept(WORKSPACE, events(ALL))
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert_once(tmp_path, ALL)
    again = inbox(tmp_path)
    assert again.waiting() == {WORKSPACE: len(ALL)}
    again.move(WORKSPACE)
    assert_once(tmp_path, ALL)


def test_a_lost_database(tmp_path: Path) -> None:
    first = inbox(tmp_path)
    first.accept(WORKSPACE, events(ALL))
    first.move(WORKSPACE)
    (tmp_path / "vitrine.db").unlink()
    fresh = inbox(tmp_path)
    more = range(30, 90)
    answer = fresh.accept(WORKSPACE, events(more))
    assert (answer.stored, answer.duplicates) == (30, 30)
    fresh.move(WORKSPACE)
    assert_once(tmp_path, range(90))


@pytest.mark.parametrize("moved_before_the_copy", [False, True])
def test_an_old_copy_of_the_database(tmp_path: Path, moved_before_the_copy: bool) -> None:
    """Its inbox holds what the lake has, and it does not know what came after it."""
    first = inbox(tmp_path)
    first.accept(WORKSPACE, events(range(30)))
    if moved_before_the_copy:
        first.move(WORKSPACE)
    shutil.copy(tmp_path / "vitrine.db", tmp_path / "old.db")
    first.move(WORKSPACE)
    first.accept(WORKSPACE, events(range(30, 60)))
    first.move(WORKSPACE)
    shutil.copy(tmp_path / "old.db", tmp_path / "vitrine.db")
    restored = inbox(tmp_path)
    answer = restored.accept(WORKSPACE, events(range(75)))
    assert (answer.stored, answer.duplicates) == (15, 60)
    restored.move(WORKSPACE)
    assert restored.waiting() == {}
    assert_once(tmp_path, range(75))


def test_a_long_queue(tmp_path: Path) -> None:
    """More batches than a statement should have parameters, left by a lake that was away long."""
    full = inbox(tmp_path)
    full.accept(WORKSPACE, events(range(1)))
    with full._database.begin() as connection:
        copy = "insert into inbox_batches (workspace_id, events, payload) select workspace_id,"
        for _ in range(12):
            connection.exec_driver_sql(f"{copy} events, payload from inbox_batches")
    assert full.move(WORKSPACE) == 2**12
    assert full.waiting() == {}
    assert ids_in_lake(tmp_path) == ["e0"]


def test_old_ids_are_forgotten_only_when_nothing_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with them gone the lake itself says what is a duplicate."""
    monkeypatch.setattr(inbox_module, "MEMORY", -inbox_module.MEMORY)
    first = inbox(tmp_path)
    first.accept(WORKSPACE, events(ALL))
    first.move(WORKSPACE)
    with first._database.begin() as connection:
        assert connection.exec_driver_sql("select count(*) from inbox_ids").scalar() == 0
    assert first.accept(WORKSPACE, events(ALL)).stored == 0
    first.move(WORKSPACE)
    assert_once(tmp_path, ALL)
