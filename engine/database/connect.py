"""Opens the metadata database: SQLite in a file by default, PostgreSQL by its URL."""

import fcntl
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

MIGRATIONS: Final = Path(__file__).with_name("migrations")
BUSY_SECONDS: Final = 10
PATIENCE: Final = 5.0
"""Seconds PostgreSQL may take for one statement; when it is frozen its own timeout does not end."""
LOCK_PAUSE: Final = 0.05
LIMITS: Final = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How long PostgreSQL's machine may be silent; the URL may say otherwise."""


def open_database(url: str) -> Engine:
    """An engine whose schema is up to date.

    SQLite uses a rollback journal and waits for the disk at each commit (synchronous=EXTRA);
    PostgreSQL goes through psycopg. Errors do not repeat the values of their statement: these are
    events, passwords and ids.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "begin", _begin_immediate)
    else:
        parsed = parsed.set(drivername="postgresql+psycopg")
        limits = {name: value for name, value in LIMITS.items() if name not in parsed.query}
        engine = create_engine(
            parsed, connect_args=limits, pool_pre_ping=True, hide_parameters=True
        )
        event.listen(engine, "do_connect", _impatient)
    with exclusive(engine, "migrations"):
        upgrade(engine)
    return engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    with engine.connect() as connection:
        command.upgrade(_alembic(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    with engine.connect() as connection:
        command.downgrade(_alembic(connection), revision)


class Busy(Exception):
    """Somebody else holds the name, and the caller does not want to wait."""


@contextmanager
def exclusive(engine: Engine, name: str, wait: bool = True) -> Iterator[None]:
    """One holder of `name` at a time, over all processes that share the database.

    Without `wait`, raises Busy where there is another.
    """
    if engine.dialect.name == "sqlite":
        path = Path(f"{engine.url.database}.{name}.lock")
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(name) from None
            yield
        return
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
    with engine.connect() as connection:
        while not _locked(connection, key):
            if not wait:
                raise Busy(name)
            time.sleep(LOCK_PAUSE)
        try:
            yield
        finally:
            try:
                connection.execute(text("select pg_advisory_unlock(:key)"), {"key": key})
                connection.commit()
            except DBAPIError:
                # The server let go of it when it lost the connection.
                connection.invalidate()


class Impatient(psycopg.Connection[Any]):
    """Hangs up on a server that does not answer in time: it may be frozen, and never will."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, PATIENCE if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.info.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


def _impatient(_: Any, __: Any, arguments: Any, names: Any) -> Any:
    return Impatient.connect(*arguments, **names)


def _locked(connection: Connection, key: int) -> bool:
    """Whether the lock is now ours. To wait for it in the server would look like a frozen one."""
    ours = connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": key})
    connection.commit()
    return bool(ours)


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _sqlite_pragmas(connection: Any, _: Any) -> None:
    # The driver must not begin transactions by itself: _begin_immediate does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode = delete")
    cursor.execute("pragma synchronous = extra")
    cursor.execute("pragma foreign_keys = on")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that turns into a writer fails at once when another one writes.
    connection.exec_driver_sql("begin immediate")
