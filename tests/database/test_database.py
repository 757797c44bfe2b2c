"""The metadata database, on SQLite and on PostgreSQL: migrations, and one holder at a time."""

import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from engine.database.connect import MIGRATIONS, Busy, downgrade, exclusive, open_database, upgrade
from engine.database.tables import METADATA
from tests.postgres import server

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'vitrine.db'}"
    return server().url(database=server().new("database"))


@pytest.fixture
def database(url):
    engine = open_database(url)
    yield engine
    engine.dispose()


def differences(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, METADATA)


def revisions():
    return [r.revision for r in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


def test_migrations_lead_to_the_tables(database):
    assert differences(database) == []
    assert set(inspect(database).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_migrations_go_up_and_down(database):
    """One by one to nothing and back; each is undone entirely."""
    seen = []
    for revision in [*revisions()[-2::-1], "base"]:
        seen.append(sorted(inspect(database).get_table_names()))
        downgrade(database, revision)
    assert inspect(database).get_table_names() == ["alembic_version"]
    for tables, revision in zip(reversed(seen), revisions(), strict=True):
        upgrade(database, revision)
        assert sorted(inspect(database).get_table_names()) == tables
    assert differences(database) == []


def test_opening_again_keeps_what_is_there(database, url):
    names = "name, workspace_id, url, table_schema, table_name, overlap_seconds"
    with database.begin() as connection:
        connection.execute(
            text(f"insert into sources ({names}) values ('a', 'ws_a', 'u', 's', 't', 1)")
        )
    again = open_database(url)
    with again.begin() as connection:
        assert connection.execute(text("select count(*) from sources")).scalar() == 1
    again.dispose()


def test_many_may_open_an_empty_database_at_once(url):
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(open_database(url))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    assert differences(opened[0]) == []
    for engine in opened:
        engine.dispose()


def test_a_migration_that_fails_leaves_the_one_before(url, monkeypatch):
    """All of an upgrade is one transaction."""
    database = open_database(url)
    downgrade(database, "0001")
    with database.begin() as connection:
        connection.execute(text("create table sources (a integer)"))
    with pytest.raises(DBAPIError):
        upgrade(database)
    with database.begin() as connection:
        assert (
            connection.execute(text("select version_num from alembic_version")).scalar() == "0001"
        )
        connection.execute(text("drop table sources"))
    upgrade(database)
    assert differences(database) == []
    database.dispose()


def test_errors_do_not_repeat_values(database):
    with database.begin() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(text("insert into nowhere values (:value)"), {"value": "Kanarie-81"})
    assert "Kanarie-81" not in str(raised.value)


def test_exclusive_excludes_threads(database):
    inside, most, counted = [], [], []

    def work():
        for _ in range(5):
            with exclusive(database, "work"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.002)
                inside.pop()
            counted.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (set(most), len(counted)) == ({1}, 40)


def test_exclusive_lets_other_names_in_and_survives_errors(database):
    with exclusive(database, "a"), exclusive(database, "b"):
        pass
    with pytest.raises(ZeroDivisionError), exclusive(database, "a"):
        raise ZeroDivisionError
    with exclusive(database, "a"):
        pass


def test_exclusive_need_not_wait(database):
    entered = []
    with exclusive(database, "a"):
        with pytest.raises(Busy), exclusive(database, "a", wait=False):
            entered.append("a")
        with exclusive(database, "b", wait=False):
            entered.append("b")
    with exclusive(database, "a", wait=False):
        entered.append("a")
    assert entered == ["b", "a"]


HOLD = """
import sys, time
from engine.database.connect import exclusive, open_database
database = open_database(sys.argv[1])
with exclusive(database, "work"):
    print("inside", flush=True)
    time.sleep(60)
"""


def test_exclusive_excludes_processes_and_ends_with_them(database, url):
    command = [sys.executable, "-c", HOLD, url]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert holder.stdout.readline() == "inside\n"
    entered = threading.Event()

    def enter():
        with exclusive(database, "work"):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.5)
    holder.kill()
    holder.communicate()
    assert entered.wait(10)
    thread.join()


def test_exclusive_outlives_a_lost_connection():
    """The server has let go by then; the work is done, and the next one enters."""
    postgres = server()
    name = postgres.new("database")
    database = open_database(postgres.url(database=name))
    kill = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = %s and pid <> pg_backend_pid()"
    )
    with exclusive(database, "work"), postgres.connect() as connection:
        connection.execute(kill, [name])
    with exclusive(database, "work"):
        pass
    database.dispose()


def test_a_database_that_says_nothing_is_left():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(DBAPIError, match="timeout"):
            open_database(f"postgresql://me@127.0.0.1:{port}/v?connect_timeout=2")
        assert time.monotonic() - began < 4
