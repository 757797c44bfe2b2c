"""The server reads followed sources by itself: again and again, by one run at a time."""

import logging
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.database.connect import Busy, open_database
from engine.errors import InvalidRequest, NotFound, Unavailable
from engine.ingest import follower as following
from engine.ingest.follower import Follower
from engine.ingest.sources import Source
from engine.ingest.sync import Sync
from engine.ingest.vault import Vault
from tests.database.shop import COLUMNS, SECOND, SECRET, Shop, event
from tests.ingest.files import WORKSPACE, lake
from tests.postgres import PASSWORD

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


class Clock:
    def __init__(self):
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def follower_of(shop, clock):
    """As in another process."""
    database = open_database(str(shop.database.url))
    return Follower(database, lake(shop.home), clock, Vault(SECRET))


@pytest.fixture
def follower(shop, clock):
    follower = follower_of(shop, clock)
    yield follower
    follower.stop()


def rounds(follower):
    """One round, and the end of what it started."""
    follower.round()
    runs = follower._present()
    for run in runs.values():
        run.thread.join(30)
    return sorted(runs)


def until(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come")


def test_what_is_followed_is_read_when_it_is_due(shop, follower, clock):
    shop.create().insert(event(0))
    follower.connect(shop.source())
    shop.sync().add(shop.source("by_command"))
    assert rounds(follower) == ["shop"]
    source = follower.sources.get("shop")
    assert (source.events, source.rows_read, source.reading_since) == (1, 1, None)
    assert source.complete_at == source.last_run_at == clock.now
    assert source.due_at == clock.now + timedelta(seconds=5)
    assert source.behind(clock.now + 3 * SECOND) == 3 * SECOND
    shop.insert(event(1, 1))
    clock.now += 4 * SECOND
    assert rounds(follower) == []
    clock.now += SECOND
    assert rounds(follower) == ["shop"]
    assert shop.ids() == ["e00000", "e00001"]
    follower.pause("shop")
    clock.now += timedelta(days=1)
    assert rounds(follower) == []
    follower.resume("shop")
    assert rounds(follower) == ["shop"]


def test_connecting_looks_first(shop, follower):
    with pytest.raises(InvalidRequest, match="does not exist"):
        follower.connect(shop.source())
    with pytest.raises(InvalidRequest, match="ws_demo is made anew every day"):
        follower.connect(Source("demo", "ws_demo", shop.server.url(), "agent_events"))
    assert follower.sources.all() == []
    shop.create().insert(*(event(i) for i in range(500)))
    shop.execute("analyze agent_events")
    expected, columns = follower.look(shop.source())
    assert (expected, set(columns)) == (500, set(COLUMNS) - {"workspace_id"})


def test_a_person_does_not_wait_for_long(shop, follower, monkeypatch):
    monkeypatch.setattr(following, "ATTENTION", 1)
    shop.create()
    with shop.server.connect() as connection:
        connection.execute("begin")
        connection.execute(f"lock table {shop.schema}.agent_events in access exclusive mode")
        began = time.monotonic()
        with pytest.raises(Unavailable, match="statement timeout"):
            follower.look(shop.source())
        assert time.monotonic() - began < 5


def test_a_database_that_fails_is_asked_again(shop, follower, monkeypatch, caplog):
    monkeypatch.setattr(following, "LOOK_AFTER_ERROR", 0.01)
    shop.create().insert(event(0))
    follower.connect(shop.source())
    every, left = follower.sources.all, iter(range(3))
    monkeypatch.setattr(follower.sources, "all", lambda: 1 / 0 if next(left, 9) < 9 else every())
    follower.start()
    until(lambda: follower.sources.get("shop").complete_at)
    assert caplog.text.count("it will be tried again") == 3


def test_failures_are_kept_and_tried_again_later(shop, follower, clock, caplog):
    shop.create().insert(event(0))
    follower.connect(shop.source())
    shop.execute("alter table agent_events rename to gone")
    for _ in range(2):
        assert rounds(follower) == ["shop"]
        source = follower.sources.get("shop")
        assert "does not exist" in source.last_error
        assert source.due_at == clock.now + timedelta(seconds=30)
        assert (source.complete_at, source.behind(clock.now)) == (None, None)
        clock.now += 30 * SECOND
    assert [r.levelno for r in caplog.records if r.name == "vitrine.follower"] == [logging.WARNING]
    shop.execute("alter table gone rename to agent_events")
    assert rounds(follower) == ["shop"]
    assert (follower.sources.get("shop").last_error, shop.ids()) == (None, ["e00000"])
    assert PASSWORD not in caplog.text


def test_a_failure_of_another_kind_ends_one_run_only(shop, follower, clock, monkeypatch, caplog):
    shop.create().insert(event(0))
    follower.connect(shop.source())
    with monkeypatch.context() as patch:
        patch.setattr(Sync, "_store", lambda *_: 1 / 0)
        assert rounds(follower) == ["shop"]
    assert "division by zero" in follower.sources.get("shop").last_error
    assert "division by zero" in caplog.text
    assert PASSWORD not in caplog.text
    clock.now += 30 * SECOND
    assert rounds(follower) == ["shop"]
    assert shop.ids() == ["e00000"]


class Slow:
    """Runs that wait between chunks until they are let go."""

    def __init__(self, monkeypatch):
        self.inside = []
        self.go = threading.Event()
        store = Sync._store
        monkeypatch.setattr(Sync.__init__, "__defaults__", (300, 100, None, None))

        def slow(*arguments):
            stored = store(*arguments)
            self.inside.append(arguments[1].name)
            assert self.go.wait(30)
            return stored

        monkeypatch.setattr(Sync, "_store", slow)


def test_progress_pause_and_going_on(shop, follower, clock, monkeypatch):
    shop.create().insert(*(event(i, i) for i in range(1000)))
    shop.execute("analyze agent_events")
    follower.connect(shop.source())
    slow = Slow(monkeypatch)
    follower.round()
    until(lambda: slow.inside)
    source = follower.sources.get("shop")
    assert (source.reading_since, source.rows_expected) == (clock.now, 1000)
    other = follower_of(shop, clock)
    assert follower.is_reading(source)
    assert other.is_reading(source)
    follower.pause("shop")
    follower.round()
    slow.go.set()
    until(lambda: not follower.is_reading(source))
    source = follower.sources.get("shop")
    assert (source.events, source.rows_read, source.last_error) == (100, 100, None)
    assert (source.complete_at, source.reading_since) == (None, None)
    assert source.behind(clock.now) == clock.now - source.cursor_created_at
    follower.resume("shop")
    clock.now += 5 * SECOND
    assert rounds(follower) == ["shop"]
    source = follower.sources.get("shop")
    assert (source.events, len(set(shop.ids()))) == (1000, 1000)
    assert source.behind(clock.now) == timedelta(0)


def test_never_two_runs_of_one_source(shop, follower, clock, monkeypatch):
    shop.create().insert(event(0))
    follower.connect(shop.source())
    slow = Slow(monkeypatch)
    follower.round()
    until(lambda: slow.inside)
    other = follower_of(shop, clock)
    for _ in range(3):
        follower.round()
        rounds(other)
    assert slow.inside == ["shop"]
    with pytest.raises(Unavailable, match="shop is still being read; try again soon, or stop"):
        other.remove("shop")
    with pytest.raises(Busy):
        shop.sync().run("shop", wait=False)
    other.resume("shop")
    slow.go.set()
    rounds(follower)
    assert follower.sources.get("shop").events == 1


def test_so_many_at_once_and_the_longest_waiting_first(shop, follower, clock, monkeypatch):
    shop.create().insert(event(0))
    slow = Slow(monkeypatch)
    for name in "abcde":
        follower.connect(shop.source(name))
    with shop.database.begin() as connection:
        connection.exec_driver_sql("update sources set last_run_at = 2 where name in ('a', 'b')")
        connection.exec_driver_sql("update sources set last_run_at = 1 where name = 'b'")
    for _ in range(2):
        follower.round()
        assert sorted(follower._present()) == ["c", "d", "e"]
    slow.go.set()
    rounds(follower)
    slow.go.clear()
    monkeypatch.setattr(following, "AT_ONCE", 1)
    follower.round()
    assert list(follower._present()) == ["b"]
    slow.go.set()


def test_removing_ends_the_run_and_keeps_the_events(shop, follower, monkeypatch):
    shop.create().insert(*(event(i, i) for i in range(300)))
    follower.connect(shop.source())
    slow = Slow(monkeypatch)
    follower.round()
    until(lambda: slow.inside)
    threading.Timer(0.2, slow.go.set).start()
    follower.remove("shop")
    assert follower.sources.all() == []
    assert len(shop.ids()) == 100
    with pytest.raises(NotFound):
        follower.remove("shop")


def test_starting_and_stopping(shop, clock):
    shop.create().insert(event(0))
    follower = follower_of(shop, clock)
    follower.start()
    follower.connect(shop.source())
    until(lambda: follower.sources.get("shop").complete_at)
    follower.stop()
    assert shop.ids() == ["e00000"]
    assert not [t for t in threading.enumerate() if t.name.startswith(("follower", "sync "))]


KILLED = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from engine.database.connect import open_database
from engine.ingest.sync import Sync
from engine.ingest.vault import Vault
from engine.stores.lake import LakeStore
home, secret = Path(sys.argv[1]), sys.argv[2]
database = open_database(f"sqlite:///{home / 'vitrine.db'}")
sync = Sync(
    database, LakeStore(home / "lake"), lambda: datetime.now(UTC), chunk=100, vault=Vault(secret)
)
sync.run("shop", lambda rows: os.kill(os.getpid(), 9) if rows == 200 else None)
"""


def test_a_killed_reader_is_not_taken_for_one_that_reads(shop, follower, clock):
    shop.create().insert(*(event(i, i) for i in range(1000)))
    follower.connect(shop.source())
    command = [sys.executable, "-c", KILLED, str(shop.home), SECRET]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
    source = follower.sources.get("shop")
    assert (source.rows_read, source.reading_since is None) == (200, False)
    assert not follower.is_reading(source)
    assert rounds(follower) == ["shop"]
    assert len(shop.ids()) == len(set(shop.ids())) == 1000


def test_what_is_wrong_is_said_of_the_field_it_is_in(shop, follower):
    """For a form: the fault's field names the control."""
    shop.create()

    def faults(**values):
        with pytest.raises((InvalidRequest, Unavailable)) as raised:
            follower.look(shop.source(**values))
        assert PASSWORD not in str(raised.value)
        return [(fault.field, fault.message) for fault in raised.value.faults]

    [(field, message)] = faults(url=shop.server.url(password=f"{PASSWORD}x"))
    assert field == "password"
    assert "answers: FATAL: password authentication failed" in message
    [(field, message)] = faults(url=f"postgresql://me:{PASSWORD}@127.0.0.1:1/d")
    assert field == "url"
    assert message.startswith("postgresql://me@127.0.0.1:1/d cannot be reached: Connection refused")
    [(field, message)] = faults(url=f"postgresql://me:{PASSWORD}@nowhere.invalid/d")
    assert (field, "nowhere.invalid/d cannot be reached" in message) == ("url", True)
    [(field, message)] = faults(url=shop.server.url(database="nowhere"))
    assert (field, 'database "nowhere" does not exist' in message) == ("url", True)
    [(field, message)] = faults(table_name="other")
    assert (field, "other of postgresql://postgres@127.0.0.1" in message) == ("table", True)
    [(field, message)] = faults(table_schema="other")
    assert (field, "does not exist" in message) == ("table", True)
    [(field, message)] = faults(source_workspace_id="x", name="a", table_name="other")
    assert field == "table"
    assert WORKSPACE not in message


def test_rejected_rows_are_counted_once(shop, follower, clock):
    """However often they are read again, in the overlap or by a whole run."""
    shop.create(brand_id="text").insert(
        event(0, 1, brand_id=None),
        event(1, brand_id="x"),
        event(2, 2, brand_id="x"),
        event(3, created_at=None),
    )
    follower.connect(shop.source())
    rounds(follower)
    source = follower.sources.get("shop")
    assert (source.events, source.rejected, source.without_brand) == (1, 3, 1)
    assert source.rejected_reason.endswith("brand_id: x is not a UUID")
    clock.now += 5 * SECOND
    shop.insert(event(4, 3, brand_id="y"), event(5, 4))
    rounds(follower)
    shop.sync().run("shop", whole=True)
    source = follower.sources.get("shop")
    assert (source.events, source.rejected, source.without_brand) == (2, 4, 1)
    assert source.rows_read == 6
