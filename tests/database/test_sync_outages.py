"""Servers that refuse, freeze or die while a source is read, and several that read at once."""

import os
import signal
import socket
import threading
import time
from contextlib import closing

import psycopg
import pytest

from engine.database.connect import open_database
from engine.errors import Unavailable
from engine.ingest.sources import Sources
from engine.ingest.sync import Sync
from engine.ingest.vault import Vault
from tests.database.shop import NOW, SECRET, Shop, counts, event
from tests.ingest.files import lake
from tests.postgres import PASSWORD


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_servers_that_cannot_be_reached(shop):
    sync = shop.sync()
    wrong = f"wrong-{PASSWORD}"
    with pytest.raises(Unavailable, match=r"password authentication failed.* Check the serv"):
        sync.add(shop.source(url=shop.server.url(password=wrong)))
    url = f"postgresql://me:{PASSWORD}@127.0.0.1:{closed_port()}/shop"
    with pytest.raises(Unavailable, match=r"postgresql://me@127.0.0.1:\d+/shop .*refused"):
        sync.add(shop.source(url=url))
    with pytest.raises(Unavailable, match='database "nowhere" does not exist'):
        sync.add(shop.source(url=shop.server.url(database="nowhere")))


def test_a_server_that_accepts_and_says_nothing(shop):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://me@127.0.0.1:{port}/shop?connect_timeout=2"
        began = time.monotonic()
        with pytest.raises(Unavailable, match="timeout"):
            shop.sync().add(shop.source(url=url))
        assert time.monotonic() - began < 4


def backend(shop):
    """The process that serves our statement, as soon as there is one."""
    query = (
        "select pid from pg_stat_activity where application_name = 'vitrine'"
        " and state = 'active' and (query like 'copy%' or query like 'explain%')"
    )
    with shop.server.connect() as connection:
        for _ in range(200):
            if row := connection.execute(query).fetchone():
                return row[0]
            time.sleep(0.05)
    raise AssertionError("no statement came")


def holding(shop):
    """The table is locked, so that a statement waits for as long as the connection is open."""
    connection = psycopg.connect(shop.server.url())
    connection.execute(f"lock table {shop.schema}.agent_events in access exclusive mode")
    return closing(connection)


def test_a_slow_answer_ends(shop):
    shop.create().insert(event(0))
    sync = shop.added(patience=1)
    with holding(shop), pytest.raises(Unavailable, match=r"statement timeout.*With an index on"):
        sync.run("shop")
    assert "statement timeout" in sync.sources.get("shop").last_error
    assert counts(sync.run("shop")) == (1, 1, 0)


def test_a_frozen_server_is_left(shop, monkeypatch):
    """Its own timeout cannot come: we hang up, and the cursor stays."""
    monkeypatch.setattr("engine.ingest.source_table.GRACE", 1)
    shop.create().insert(event(0))
    sync = shop.added(patience=1)
    assert counts(sync.run("shop")) == (1, 1, 0)
    before = sync.sources.get("shop")
    failed = []

    def run():
        try:
            sync.run("shop")
        except Unavailable as error:
            failed.append(error)

    with holding(shop):
        thread = threading.Thread(target=run)
        thread.start()
        pid = backend(shop)
        os.kill(pid, signal.SIGSTOP)
        try:
            thread.join(10)
            assert failed
        finally:
            os.kill(pid, signal.SIGCONT)
    thread.join()
    assert "cannot be read now" in str(failed[0])
    after = sync.sources.get("shop")
    assert (after.cursor_created_at, after.events) == (before.cursor_created_at, 1)


def test_stopping_while_the_server_works(shop):
    shop.create().insert(event(0))
    sync = shop.added()
    found = []
    with holding(shop):
        thread = threading.Thread(target=lambda: found.append(sync.run("shop")))
        thread.start()
        backend(shop)
        shop.stop.set()
        thread.join(5)
    assert (found[0].read, found[0].complete) == (0, False)
    shop.stop.clear()
    assert counts(sync.run("shop")) == (1, 1, 0)


def test_a_server_killed_in_the_middle(shop):
    """What was read until then is stored: one chunk may have come while another was stored."""
    shop.create().insert(*(event(i, i) for i in range(5000)))
    sync = shop.added()

    def kill(rows):
        if rows == 2000:
            shop.server.stop("immediate")

    try:
        with pytest.raises(Unavailable, match="cannot be read now"):
            sync.run("shop", kill)
        with pytest.raises(Unavailable, match="refused"):
            sync.run("shop")
        stored = len(shop.ids())
        assert stored == sync.sources.get("shop").events
        assert stored in (2000, 3000)
    finally:
        shop.server.start()
    assert sync.run("shop").stored == 5000 - stored
    assert len(set(shop.ids())) == len(shop.ids()) == 5000


def test_one_run_at_a_time(shop):
    shop.create().insert(*(event(i, i) for i in range(3000)))
    shop.added()
    at_once, most, results = [], [], []

    def busy(_):
        most.append(len(at_once))

    def run():
        database = open_database(str(shop.database.url))
        sync = Sync(database, lake(shop.home), lambda: NOW, chunk=500, vault=Vault(SECRET))
        read = sync._read

        def counted(*arguments):
            at_once.append(1)
            try:
                return read(*arguments)
            finally:
                at_once.pop()

        sync._read = counted
        results.append(sync.run("shop", busy))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert sum(result.stored for result in results) == len(set(shop.ids())) == 3000
    assert Sources(shop.database).get("shop").events == 3000
