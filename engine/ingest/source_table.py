"""The table behind a source: how it is read from its server, a chunk at a time."""

import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, Final, Self

import polars as pl
import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from engine.contract import MEASURES
from engine.errors import Fault, InvalidRequest, Unavailable
from engine.ingest.normalise import FIELDS
from engine.ingest.sources import Source, sentence
from engine.ingest.synced import KEPT
from engine.ingest.times import TIME, YEARS

CHUNK_BYTES: Final = 128 << 20
GRACE: Final = 5
REQUIRED: Final = ("event_id", "event_type", "created_at")
TIMES: Final = ("timestamp with time zone", "timestamp without time zone", "date")
DOUBLE: Final = "double precision"
SORTED_AS_THEY_ARE: Final = ("text", "character varying", "uuid", "integer", "bigint")
"""Types of an event_id whose order agrees with equality, in the server's default collation."""
PASSFILE: Final = "the server's PGPASSFILE"
CLIENT: Final = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
FIXED: Final = {"application_name": "vitrine", "client_encoding": "UTF8"}
SESSION: Final = {
    "default_transaction_read_only": "on",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "search_path": "pg_catalog",
    # Each chunk by the index: a server that has not analysed the table yet would sort all of it.
    "enable_sort": "off",
}
ACCESS: Final = (
    "select has_schema_privilege(n.oid, 'usage'), has_any_column_privilege(c.oid, 'select')"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = %s and c.relname = %s and c.relkind in ('r', 'p', 'v', 'm', 'f')"
)
COLUMNS: Final = (
    "select column_name, data_type, collation_name from information_schema.columns"
    " where table_schema = %s and table_name = %s"
)

Since = tuple[datetime, str | None]


@dataclass(frozen=True)
class SourceTable:
    """A source's table as its server describes it.

    kinds: its columns and their types. expected: about how many rows will be read, says the server.
    """

    source: Source
    kinds: Mapping[str, str]
    expected: int
    now: datetime
    patience: int
    stop: Event

    @classmethod
    def open(cls, source: Source, patience: int, stop: Event, since: Since | None = None) -> Self:
        """Raises InvalidRequest for a table that is missing, closed to us or of another shape, and,
        as all of this class does, Unavailable for a server that does not answer.

        patience: seconds for one statement. stop: ends what is under way, with Unavailable.
        since: where reading will begin.
        """
        place = source.table_schema, source.table_name
        with _session(source, patience, stop) as connection:
            access = connection.execute(ACCESS, place).fetchone()
            rows = connection.execute(COLUMNS, place).fetchall()
            kinds = {
                name: f"{kind} {collation}" if collation else kind for name, kind, collation in rows
            }
            _check(source, access, kinds)
            now = connection.execute("select now()").fetchall()[0][0]
            table = cls(source, kinds, 0, now, patience, stop)
            # The server plans what it would do, which it refuses where we may not read.
            plan = connection.execute(table._explain(since)).fetchall()[0][0]
        return replace(table, expected=int(plan[0]["Plan"]["Plan Rows"]))

    def next(self, since: Since | None, rows: int) -> tuple[pl.DataFrame, bool]:
        """Rows after `since`, or from it on where it has no event_id; and whether more may follow.

        There are fewer than `rows` where these are large.
        """
        blocks = []
        size = 0
        with (
            _session(self.source, self.patience, self.stop) as connection,
            connection.cursor().copy(self._copy(since, rows)) as copy,
        ):
            # Each row is a block. To leave early is fine: the connection ends here.
            for block in copy:
                blocks.append(bytes(block))
                size += len(block)
                if size > CHUNK_BYTES:
                    break
        try:
            return self._parse(b"".join(blocks)), len(blocks) == rows or size > CHUNK_BYTES
        except pl.exceptions.PolarsError as error:
            raise _unreadable(self.source, sentence(error)) from None

    def timeless(self) -> list[str]:
        """Ids of rows that have no place in the order of time, at most 1,000; `next` skips them."""
        with _session(self.source, self.patience, self.stop) as connection:
            return [event_id for (event_id,) in connection.execute(self._timeless())]

    def _copy(self, since: Since | None, rows: int) -> Composed:
        """The statement that sends the next rows as CSV; null and '' stay apart.

        A bare name in `order by` would be the text that is sent, not the column and its index.
        """
        texts = [name for name in self.columns if self._sent_as(name) == pl.String]
        return SQL(
            "copy ({} order by t.created_at, {} limit {})"
            " to stdout (format csv, encoding 'UTF8', force_quote ({}))"
        ).format(
            self._select(since), self._key, Literal(rows), SQL(", ").join(map(Identifier, texts))
        )

    def _explain(self, since: Since | None) -> Composed:
        return SQL("explain (format json) {}").format(self._select(since))

    def _select(self, since: Since | None) -> Composed:
        return SQL("select {} from {} t where {}").format(
            SQL(", ").join(self._selected(name) for name in self.columns),
            Identifier(self.source.table_schema, self.source.table_name),
            SQL(" and ").join(self._conditions(since)),
        )

    def _timeless(self) -> Composed:
        """The statement that finds rows no run reads, as they have no place in the order."""
        start, end = map(_literal, YEARS)
        return SQL(
            "select t.event_id::text from {} t where {} and"
            " (t.created_at is null or t.created_at < {} or t.created_at >= {}) limit {}"
        ).format(
            Identifier(self.source.table_schema, self.source.table_name),
            self._of_workspace(),
            start,
            end,
            Literal(KEPT),
        )

    def _parse(self, data: bytes) -> pl.DataFrame:
        schema = {name: self._sent_as(name) for name in self.columns}
        return pl.read_csv(data, has_header=False, schema=schema).with_columns(
            pl.col("created_at").cast(TIME)
        )

    @property
    def columns(self) -> list[str]:
        """The fields of an event that the table has."""
        return [name for name in FIELDS if name in self.kinds]

    @property
    def _key(self) -> Composable:
        if self.kinds["event_id"] in SORTED_AS_THEY_ARE:
            return SQL("t.event_id")
        return SQL('t.event_id::text collate "C"')

    def _sent_as(self, name: str) -> type[pl.DataType]:
        if name == "created_at":
            return pl.Int64
        return pl.Float64 if self.kinds[name] == DOUBLE and name in MEASURES else pl.String

    def _selected(self, name: str) -> Composable:
        sent = self._sent_as(name)
        if sent == pl.Int64:
            text = "(extract(epoch from t.{0}) * 1000000)::bigint as {0}"
        else:
            text = "t.{0}" if sent == pl.Float64 else "t.{0}::text as {0}"
        return SQL(text).format(Identifier(name))

    def _conditions(self, since: Since | None) -> Iterator[Composable]:
        yield self._of_workspace()
        yield SQL("t.created_at < {}").format(_literal(YEARS[1]))
        created_at, event_id = since or (YEARS[0], None)
        yield SQL("t.created_at >= {}").format(_literal(created_at))
        if event_id is not None:
            after = _literal(created_at), Literal(event_id)
            yield SQL("(t.created_at, {}) > ({}, {})").format(self._key, *after)

    def _of_workspace(self) -> Composable:
        workspace = self.source.source_workspace_id
        if workspace is None:
            return SQL("true")
        return SQL("t.workspace_id = {}").format(Literal(workspace))


def _check(source: Source, access: tuple[bool, bool] | None, kinds: dict[str, str]) -> None:
    if access is None:
        raise _wrong(
            source,
            "does not exist; create it, or name another, as in agent_events or shop.agent_events",
        )
    schema_is_open, table_is_open = access
    if not schema_is_open:
        schema = source.table_schema
        raise _wrong(source, f"may not be read by this user; grant usage on schema {schema} to it")
    if not (table_is_open and kinds):
        raise _closed(source)
    missing = [name for name in REQUIRED if name not in kinds]
    if source.source_workspace_id is not None and "workspace_id" not in kinds:
        missing.append("workspace_id")
    if missing:
        names = ", ".join(missing)
        raise _wrong(source, f"has no column {names}; name another table, or a view that has them")
    if kinds["created_at"] not in TIMES:
        message = f"has a created_at of type {kinds['created_at']}; it must be a timestamptz"
        raise _wrong(source, message)


@contextmanager
def _session(source: Source, patience: int, stop: Event) -> Iterator[psycopg.Connection[Any]]:
    """A read-only connection; what goes wrong is told without the password."""
    try:
        connection = psycopg.connect(**(CLIENT | source.connection | FIXED), autocommit=True)
    except psycopg.Error as error:
        raise _unreachable(source, sentence(error)) from None
    try:
        with closing(connection), _watched(connection, patience + GRACE, stop):
            _prepare(connection, SESSION | {"statement_timeout": f"{patience}s"})
            yield connection
    except psycopg.errors.InsufficientPrivilege:
        raise _closed(source) from None
    except psycopg.errors.QueryCanceled as error:
        raise _unreadable(
            source,
            f"{sentence(error)}. With an index on (created_at, event_id) each chunk is quick",
        ) from None
    except psycopg.Error as error:
        raise _unreadable(source, sentence(error)) from None


def _prepare(connection: psycopg.Connection[Any], settings: Mapping[str, str]) -> None:
    calls = SQL(", ").join(
        SQL("set_config({}, {}, false)").format(name, value) for name, value in settings.items()
    )
    connection.execute(SQL("select {}").format(calls))


@contextmanager
def _watched(connection: psycopg.Connection[Any], seconds: float, stop: Event) -> Iterator[None]:
    """Hang up on a server that neither answers nor goes: its own timeouts do not help then."""
    done = Event()
    line = socket.socket(fileno=socket.dup(connection.fileno()))
    deadline = time.monotonic() + seconds

    def watch() -> None:
        while not done.wait(0.1):
            if stop.is_set() or time.monotonic() > deadline:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                return

    thread = Thread(target=watch, name="sync watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        line.close()


def _wrong(source: Source, message: str) -> InvalidRequest:
    return InvalidRequest([Fault("table", f"{source.table} of {source.address} {message}.")])


def _closed(source: Source) -> InvalidRequest:
    return _wrong(source, f"may not be read by this user; grant select on {source.table} to it")


def _unreachable(source: Source, reason: str) -> Unavailable:
    """The same, with the fault beside it for those who have just written the URL."""
    error = _unreadable(source, reason)
    short = re.sub(r"^connection (failed|is bad): .*? failed: ", "", reason)
    verb = "answers" if "FATAL" in reason else "cannot be reached"
    if "no password supplied" in reason:
        verb, short = "asks for a password", f"write the password, or put it into {PASSFILE}"
    field = "password" if "password" in short else "url"
    error.faults = (Fault(field, f"{source.address} {verb}: {short}."),)
    return error


def _unreadable(source: Source, reason: str) -> Unavailable:
    return Unavailable(
        f"{source.name}: {source.table} of {source.address} cannot be read now: {reason}."
        " Check the server and the URL's host, port, user and password;"
        " the next run goes on from where this one got."
    )


def _literal(instant: datetime) -> Literal:
    """Text without a type, which the server reads as the type of the column."""
    return Literal(instant.astimezone(UTC).isoformat(" "))
