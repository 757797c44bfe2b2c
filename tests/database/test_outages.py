"""A metadata database that freezes, and keepers that go on all the same."""

import os
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from engine.database import connect
from engine.database.connect import exclusive, open_database
from engine.errors import Unavailable
from engine.ingest.inbox import Inbox
from engine.ingest.keeper import Keeper
from tests.database.test_inbox import Clock, accepted, named
from tests.ingest.files import ARRIVAL, WORKSPACE, ids, lake
from tests.postgres import server

PATIENCE = 1.0


@pytest.fixture
def database(monkeypatch):
    monkeypatch.setattr(connect, "PATIENCE", PATIENCE)
    engine = open_database(server().url(database=server().new("database")) + "?connect_timeout=2")
    yield engine
    engine.dispose()


@contextmanager
def frozen(database):
    """The server takes connections and says nothing: the processes of this database and the one
    that starts others stand still."""
    postgres = server()
    main = int((postgres.folder / "data" / "postmaster.pid").read_text().split()[0])
    query = "select pid from pg_stat_activity where datname = %s"
    with postgres.connect() as connection:
        rows = connection.execute(query, [database.url.database]).fetchall()
    pids = [main, *(pid for (pid,) in rows)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_frozen_server_does_not_hold_its_callers(database, tmp_path):
    """Neither with connections that were open nor with new ones; and it heals."""
    inbox = Inbox(database, lake(tmp_path), Clock())
    assert accepted(inbox, named("1")) == (1, 0)
    with frozen(database):
        for _ in range(3):
            began = time.monotonic()
            with pytest.raises(Unavailable, match="Events cannot be stored now"):
                accepted(inbox, named("2"))
            assert time.monotonic() - began < PATIENCE + 2 + 2.5
    began = time.monotonic()
    assert accepted(inbox, named("1", "2")) == (1, 1)
    assert time.monotonic() - began < 10
    inbox.move(WORKSPACE)
    assert ids(tmp_path) == ["1", "2"]


def test_to_wait_for_a_lock_is_no_freeze(database):
    """Longer than a statement may take."""
    entered = threading.Event()

    def enter():
        with exclusive(database, "work"):
            entered.set()

    thread = threading.Thread(target=enter)
    with exclusive(database, "work"):
        thread.start()
        assert not entered.wait(2.5 * PATIENCE)
    thread.join(10)
    assert entered.is_set()


class Parts:
    """An inbox and a lake in one that count what a keeper does with them; some of it fails."""

    def __init__(self):
        self.moved, self.tidied = [], []
        self.left = {"ws_a": 5, "ws_bad": 1, "ws_c": 1}
        self.let_go = threading.Event()

    def waiting(self):
        return dict(self.left)

    def move_some(self, workspace):
        self.moved.append(workspace)
        if workspace == "ws_bad":
            raise OSError("disk")
        self.left[workspace] -= 1
        if not self.left[workspace]:
            del self.left[workspace]

    def tables(self):
        return [("ws_a", None), ("ws_bad", "b"), ("ws_c", None)]

    def tidy(self, workspace, brand):
        self.tidied.append((workspace, brand))
        if workspace == "ws_bad":
            raise OSError("disk")
        assert self.let_go.wait(20)


def test_each_workspace_has_its_turn():
    parts = Parts()
    keeper = Keeper(parts, parts)
    keeper.move()
    keeper.move()
    assert parts.moved == ["ws_a", "ws_bad", "ws_c", "ws_a", "ws_bad"]


def test_tables_are_tidied_when_it_is_time():
    parts, now = Parts(), [0.0]
    parts.let_go.set()
    keeper = Keeper(parts, parts, lambda: now[0])
    keeper.tidy()
    assert parts.tidied == []
    now[0] = 61.0
    keeper.tidy()
    keeper.tidy()
    assert parts.tidied == parts.tables()


def test_moving_does_not_wait_for_tidying(monkeypatch):
    monkeypatch.setattr("engine.ingest.keeper.PAUSE", 0.01)
    parts, now = Parts(), [0.0]
    keeper = Keeper(parts, parts, lambda: now[0])
    keeper.start()
    now[0] = 61.0
    deadline = time.monotonic() + 10
    while not (parts.tidied and parts.left.keys() == {"ws_bad"}):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(parts.tidied) == 1
    parts.let_go.set()
    keeper.stop()
    assert parts.tidied[0] == ("ws_a", None)


def test_what_a_dead_move_wrote_is_synced(tmp_path, monkeypatch):
    """It may be in the lake, and not on the disk, when the inbox forgets it."""
    database = open_database(f"sqlite:///{tmp_path / 'vitrine.db'}")
    inbox = Inbox(database, lake(tmp_path), lambda: ARRIVAL)
    synced = []
    monkeypatch.setattr(os, "sync", lambda: synced.append(inbox.waiting()))
    accepted(inbox, named("1", "2"))
    with monkeypatch.context() as patch:
        patch.setattr("engine.stores.place._sync", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            inbox.move(WORKSPACE)
    assert (ids(tmp_path), synced) == (["1", "2"], [])
    assert inbox.move(WORKSPACE) == 2
    assert synced == [{WORKSPACE: 2}]  # while the inbox still had them
    accepted(inbox, named("3"))
    inbox.move(WORKSPACE)
    assert (len(synced), inbox.waiting()) == (1, {})
    database.dispose()
