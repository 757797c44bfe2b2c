"""The inbox over both databases: what was accepted reaches the lake, each event once."""

import threading
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import select, text

from engine.database.connect import open_database
from engine.database.tables import inbox_ids
from engine.errors import Unavailable
from engine.ingest import inbox as module
from engine.ingest.inbox import MEMORY, Inbox
from engine.ingest.normalise import normalise
from tests.ingest.files import ARRIVAL, BRAND, OTHER_BRAND, WORKSPACE, ids, lake, row
from tests.postgres import server

OTHER = "ws_other"


class Clock:
    def __init__(self):
        self.now = ARRIVAL

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'vitrine.db'}")
    else:
        engine = open_database(server().url(database=server().new("database")))
    yield engine
    engine.dispose()


@pytest.fixture
def inbox(database, tmp_path, clock):
    return Inbox(database, lake(tmp_path), clock)


def events(*rows, arrival=ARRIVAL):
    return normalise(pl.DataFrame(rows).with_row_index("row"), arrival, "test", None).events


def named(*names, **columns):
    return events(*(row(name, **columns) for name in names))


def accepted(inbox, frame, workspace=WORKSPACE):
    done = inbox.accept(workspace, frame)
    return done.stored, done.duplicates


def count(database, table):
    with database.begin() as connection:
        return connection.execute(text(f"select count(*) from {table}")).scalar()


def test_what_is_accepted_waits_and_is_moved(inbox, tmp_path, database):
    assert accepted(inbox, named("1", "2")) == (2, 0)
    assert accepted(inbox, named("3", brand_id=OTHER_BRAND)) == (1, 0)
    assert accepted(inbox, named("1"), OTHER) == (1, 0)
    assert inbox.waiting() == {WORKSPACE: 3, OTHER: 1}
    assert ids(tmp_path) == []
    assert inbox.move(WORKSPACE) == 3
    assert inbox.waiting() == {OTHER: 1}
    assert (ids(tmp_path), ids(tmp_path, OTHER_BRAND)) == (["1", "2"], ["3"])
    assert ids(tmp_path, workspace=OTHER) == []
    assert (inbox.move(OTHER), inbox.move(OTHER), inbox.move("ws_none")) == (1, 0, 0)
    assert count(database, "inbox_batches") == 0


def test_events_come_out_as_they_went_in(inbox, tmp_path):
    frame = events(
        row(
            "1",
            amount="12.345678",
            metadata='{"é": "a\\u0000b", "n": [1]}',
            session_id="\U0001f600",
        ),
        row("2", catalog_id=OTHER_BRAND, created_at="2026-11-22T23:59:59.999999Z"),
    )
    accepted(inbox, frame)
    inbox.move(WORKSPACE)
    found = lake(tmp_path).open(WORKSPACE, BRAND).all_events().collect().sort("event_id")
    assert found.rows() == frame.select(found.columns).sort("event_id").rows()


def test_duplicates_before_and_after_moving(inbox):
    assert accepted(inbox, named("1", "1", "2")) == (2, 1)
    assert accepted(inbox, named("2", "3")) == (1, 1)
    inbox.move(WORKSPACE)
    assert accepted(inbox, named("1", "2", "3", "4")) == (1, 3)
    assert accepted(inbox, named("1", created_at="2026-11-22T05:00Z")) == (1, 0)
    assert accepted(inbox, named("4")) == (0, 1)
    assert inbox.waiting() == {WORKSPACE: 2}


ODD = (
    '"',
    "\\",
    "\\u0041",
    "\x01\x7f",
    "a\nb",
    "é\U0001f600",
    "007",
    "1e5",
    "null",
    " ",
    "x" * 256,
    "%s:a",
)


def test_odd_ids_and_times(inbox, database, tmp_path):
    """They go to the database as JSON."""
    times = ("0001-01-01T00:00:00Z", "9999-12-30T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z")
    frame = events(*(row(name, created_at=time) for name in ODD for time in times))
    assert accepted(inbox, frame) == (len(ODD) * len(times), 0)
    with database.begin() as connection:
        kept = connection.execute(select(inbox_ids.c.event_id, inbox_ids.c.created_at)).all()
    micros = frame["created_at"].dt.epoch("us")
    assert sorted(map(tuple, kept)) == sorted(zip(frame["event_id"], micros, strict=True))
    new = row("new", created_at=times[0])
    mixed = events(*(row(name, created_at=time) for name in ODD for time in times), new)
    assert accepted(inbox, mixed) == (1, len(frame))
    inbox.move(WORKSPACE)
    assert accepted(inbox, mixed) == (0, len(mixed))
    assert sorted(set(ids(tmp_path))) == sorted({*ODD, "new"})


def test_nothing_is_nothing(inbox, database):
    assert accepted(inbox, named("1").clear()) == (0, 0)
    assert (inbox.waiting(), count(database, "inbox_batches")) == ({}, 0)


def test_arrived_events_are_compared_with_the_last_day(inbox, clock, tmp_path):
    def arrives(hours):
        clock.now = ARRIVAL + timedelta(hours=hours)
        return accepted(inbox, events(row("a", created_at=None), arrival=clock.now))

    assert arrives(0) == (1, 0)
    assert arrives(13) == (0, 1)  # of another day by then
    inbox.move(WORKSPACE)
    assert arrives(23.9) == (0, 1)
    assert arrives(24.1) == (1, 0)
    inbox.move(WORKSPACE)
    assert ids(tmp_path) == ["a", "a"]


def test_eight_threads_that_retry(inbox, database, tmp_path, clock):
    """Everybody sends everything, while it is being moved: each event is stored by one of them."""
    batches = [named(*(f"{b}-{i}" for i in range(20))) for b in range(10)]
    stored, errors = [], []

    def send(seed):
        mine = Inbox(database, lake(tmp_path), clock)
        for frame in batches[seed:] + batches[:seed]:
            try:
                stored.append(mine.accept(WORKSPACE, frame.sample(fraction=1, shuffle=True)).stored)
            except Unavailable as error:
                errors.append(error)

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        inbox.move(WORKSPACE)
    for thread in threads:
        thread.join()
    inbox.move(WORKSPACE)
    assert (errors, sum(stored)) == ([], 200)
    assert len(ids(tmp_path)) == len(set(ids(tmp_path))) == 200
    assert inbox.waiting() == {}


def test_ids_are_forgotten_when_nothing_needs_them(inbox, database, clock):
    accepted(inbox, named("1"))
    inbox.move(WORKSPACE)
    assert count(database, "inbox_ids") == 1
    clock.now += MEMORY + timedelta(seconds=1)
    accepted(inbox, named("2"))
    inbox.move(WORKSPACE)
    assert count(database, "inbox_ids") == 1
    assert accepted(inbox, named("1", "2")) == (0, 2)


def test_dying_between_the_lake_and_the_delete(inbox, tmp_path, monkeypatch):
    accepted(inbox, named("1", "2"))

    def dying(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.Inbox, "_forget", dying)
        with pytest.raises(KeyboardInterrupt):
            inbox.move(WORKSPACE)
    assert (inbox.waiting(), ids(tmp_path)) == ({WORKSPACE: 2}, ["1", "2"])
    assert accepted(inbox, named("1")) == (0, 1)
    assert inbox.move(WORKSPACE) == 2
    assert (inbox.waiting(), ids(tmp_path)) == ({}, ["1", "2"])


def test_a_database_that_cannot_commit(inbox, database):
    with database.begin() as connection:
        connection.execute(text("alter table inbox_batches rename to gone"))
    with pytest.raises(Unavailable, match="Events cannot be stored now") as raised:
        accepted(inbox, named("canary-81"))
    assert "canary-81" not in str(raised.value)
    with database.begin() as connection:
        connection.execute(text("alter table gone rename to inbox_batches"))
    assert count(database, "inbox_ids") == 0
    assert accepted(inbox, named("canary-81")) == (1, 0)


def test_many_events_at_once(inbox, tmp_path):
    """More than fit into the parameters of one statement."""
    frame = named(*(str(i) for i in range(20_000)))
    assert accepted(inbox, frame) == (20_000, 0)
    assert accepted(inbox, frame) == (0, 20_000)
    arrived = events(*(row(str(i), created_at=None) for i in range(20_000)))
    assert accepted(inbox, arrived) == (0, 20_000)
    inbox.move(WORKSPACE)
    assert len(ids(tmp_path)) == 20_000
