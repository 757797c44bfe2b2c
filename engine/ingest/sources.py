"""Sources: tables of PostgreSQL servers that are read into the lake, and how far each was read."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.database.connect import Busy, exclusive
from engine.database.tables import sources
from engine.errors import Fault, InvalidRequest, NotFound, Unavailable
from engine.ingest.synced import Synced
from engine.ingest.vault import Vault
from engine.scope import BRAND_FIELD, faults_of

NAME: Final = r"[a-z0-9][a-z0-9_-]{0,62}"
IDENTIFIER: Final = r"[a-z_][a-z0-9_]{0,62}"
HOST: Final = r"[A-Za-z0-9._:,%/-]*"
PORT: Final = r"[0-9]{0,5}(,[0-9]{0,5})*"
OVERLAP: Final = 600
DAY: Final = 86_400
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS: Final = ("cursor_created_at", "last_run_at", "reading_since", "complete_at")
SECRETS: Final = (
    "password",
    "sslpassword",
    "scram_client_key",
    "scram_server_key",
    "oauth_client_secret",
)
AGAIN: Final = timedelta(seconds=5)
AGAIN_AFTER_ERROR: Final = timedelta(seconds=30)
# No part of the URL is repeated: where it cannot be read, any part may be the password.
URL_RULE: Final = (
    "is not a PostgreSQL URL; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE,"
    " with @ : / ? # and % in a password as %40 %3A %2F %3F %23 and %25"
)


@dataclass(frozen=True)
class Source:
    """One table, where its events go, and how far it was read.

    url: may hold a password and is shown nowhere; `address` is for people. brand_id: the brand of
    all rows, in place of the column. source_workspace_id: only rows with this workspace_id.
    overlap_seconds: how far before the cursor a run begins, for rows that were committed late.
    events: stored so far. cursor_*: the newest row that was read, at most the begin of its run.
    sealed: the URL with its password, encrypted; `Sources.opened` gives it back. followed: the
    server reads it again and again. reading_since, rows_read, rows_expected: the run that is under
    way, or was when its process died; expected is the table's server's estimate. complete_at: when
    the last run began that read all there was. rejected: rows so far, with the reason of one;
    without_brand: events stored without one. Raises InvalidRequest with everything malformed.
    """

    name: str
    workspace_id: str
    url: str = field(repr=False)
    table_name: str
    table_schema: str = "public"
    brand_id: str | None = None
    source_workspace_id: str | None = None
    overlap_seconds: int = OVERLAP
    cursor_created_at: datetime | None = None
    cursor_event_id: str | None = None
    events: int = 0
    last_run_at: datetime | None = None
    last_error: str | None = None
    sealed: str | None = field(default=None, repr=False)
    followed: bool = False
    reading_since: datetime | None = None
    rows_read: int = 0
    rows_expected: int | None = None
    complete_at: datetime | None = None
    rejected: int = 0
    rejected_reason: str | None = None
    without_brand: int = 0

    def __post_init__(self) -> None:
        if self.brand_id is not None:
            object.__setattr__(self, "brand_id", self.brand_id.lower())
        faults = [
            fault
            for fault in faults_of(self.workspace_id, self.brand_id, None)
            if self.brand_id is not None or fault.field != BRAND_FIELD
        ]
        if not re.fullmatch(NAME, self.name):
            rule = "is not a source's name: at most 63 of a-z, 0-9, _ and -"
            faults.append(Fault("name", f"{self.name[:80]!a} {rule}"))
        for part in (self.table_schema, self.table_name):
            if not re.fullmatch(IDENTIFIER, part):
                rule = "is not a table's or schema's name: at most 63 of a-z, 0-9 and _"
                faults.append(Fault("table", f"{part[:80]!a} {rule}"))
        if not 0 <= self.overlap_seconds <= DAY:
            rule = f"is not a number of seconds from 0 to {DAY}"
            faults.append(Fault("overlap", f"{self.overlap_seconds} {rule}"))
        if _connection_of(self.url) is None:
            faults.append(Fault("url", URL_RULE))
        if faults:
            raise InvalidRequest(faults)

    @property
    def connection(self) -> dict[str, Any]:
        """The URL as parameters of a connection, password included."""
        return _connection_of(self.url) or {}

    @property
    def address(self) -> str:
        """User, host, port and database: the URL without password and options."""
        parts = self.connection
        user = f"{parts['user']}@" if "user" in parts else ""
        host = str(parts.get("host") or parts.get("hostaddr") or "localhost")
        port = f":{parts['port']}" if parts.get("port") else ""
        return f"postgresql://{user}{host}{port}/{parts.get('dbname', '')}"

    @property
    def table(self) -> str:
        return f"{self.table_schema}.{self.table_name}"

    def lag(self, now: datetime) -> timedelta | None:
        """How old the newest event is that was read."""
        newest = self.cursor_created_at
        return None if newest is None else max(now - newest, timedelta(0))

    def behind(self, now: datetime) -> timedelta | None:
        """For how long rows may have been committed that are not here; None: nothing was read."""
        reached = [at for at in (self.complete_at, self.cursor_created_at) if at is not None]
        return max(now - max(reached), timedelta(0)) if reached else None

    @property
    def due_at(self) -> datetime | None:
        """When it is read again, if it is followed; None: at once."""
        if self.last_run_at is None:
            return None
        return self.last_run_at + (AGAIN_AFTER_ERROR if self.last_error else AGAIN)


def with_password(url: str, password: str) -> str:
    """The URL with this password instead of its own."""
    return f"{url}{'&' if '?' in url else '?'}password={quote(password, safe='')}"


def without_secrets(url: str) -> str:
    """The same URL where it has no password, else one that says all the rest."""
    parts = _connection_of(url) or {}
    rest = {key: value for key, value in parts.items() if key not in SECRETS}
    return url if rest == parts else f"postgresql:///?{urlencode(rest, quote_via=quote)}"


def _connection_of(url: str) -> dict[str, Any] | None:
    """None for what is no URL, also where a bare @ in the password would end up in the host."""
    if not url.startswith(("postgresql://", "postgres://")) or "\0" in url:
        return None
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return None
    host = f"{parts.get('host') or ''}{parts.get('hostaddr') or ''}"
    port = str(parts.get("port") or "")
    return parts if re.fullmatch(HOST, host) and re.fullmatch(PORT, port) else None


class Sources:
    """The rows of the metadata database. Thread-safe, as the database is.

    vault: encrypts passwords; one without a secret refuses to store them.
    """

    def __init__(self, database: Engine, vault: Vault | None = None) -> None:
        self._database = database
        self._vault = vault or Vault()

    def add(self, source: Source) -> None:
        """Raises InvalidRequest when the name is taken, or the password cannot be encrypted."""
        safe = self.closed(source)
        try:
            with self._database.begin() as connection:
                connection.execute(insert(sources).values(_row(safe)))
        except IntegrityError:
            message = f"{source.name} is taken; remove that source first, or choose another name"
            # Not chained: the database's error repeats the row.
            raise InvalidRequest([Fault("name", message)]) from None

    def closed(self, source: Source) -> Source:
        """The source with its password encrypted. Raises InvalidRequest without a secret."""
        url = without_secrets(source.url)
        if url == source.url:
            return source
        return replace(source, url=url, sealed=self._vault.seal(source.url))

    def opened(self, source: Source) -> Source:
        """The source with its password. Raises Unavailable when it cannot be decrypted."""
        if source.sealed is None:
            return source
        try:
            url = self._vault.open(source.sealed)
        except Unavailable as error:
            raise Unavailable(f"{source.name}: {error.message}.") from None
        if without_secrets(url) != source.url:
            # Whoever may write to the database must not send a password to another server.
            raise Unavailable(f"{source.name}: its URL was changed; give the password again.")
        return replace(source, url=url)

    def get(self, name: str) -> Source:
        """Raises NotFound."""
        with self._database.begin() as connection:
            row = connection.execute(select(sources).where(sources.c.name == name)).one_or_none()
        if row is None:
            raise NotFound(f"There is no source {name[:80]!a}; add it, or list those there are.")
        return _source(row._asdict())

    def all(self) -> list[Source]:
        with self._database.begin() as connection:
            rows = connection.execute(select(sources).order_by(sources.c.name)).all()
        return [_source(row._asdict()) for row in rows]

    def remove(self, name: str, wait: bool = True) -> None:
        """Forget the source, once no run is reading it; its events stay. Raises NotFound.

        Without `wait`, raises Busy while a run is reading it.
        """
        self.get(name)
        with self.running(name, wait), self._database.begin() as connection:
            connection.execute(delete(sources).where(sources.c.name == name))

    def running(self, name: str, wait: bool = True) -> AbstractContextManager[None]:
        """One run of a source at a time, over all processes; others wait, or get Busy."""
        return exclusive(self._database, f"sync.{name}", wait)

    def is_running(self, source: Source) -> bool:
        """Whether a process is reading it; one that was killed no longer is."""
        if source.reading_since is None:
            return False
        try:
            with self.running(source.name, wait=False):
                return False
        except Busy:
            return True

    def follow(self, name: str, followed: bool) -> None:
        """Have the server read it again and again, or no more."""
        self._update(name, followed=followed)

    def retry(self, name: str) -> None:
        """Forget what the last run said, so that a followed source is due at once."""
        self._update(name, last_run_at=None, last_error=None)

    def change_password(self, name: str, url: str) -> None:
        """Keep the password of this URL, which says the same as before otherwise."""
        safe = self.closed(replace(self.get(name), url=url))
        self._update(name, url=safe.url, sealed=safe.sealed)

    def began(self, name: str, at: datetime, expected: int) -> None:
        """A run is under way and will read about so many rows."""
        self._update(name, reading_since=_micros(at), rows_read=0, rows_expected=expected)

    def advance(
        self, name: str, created_at: datetime | None, event_id: str | None, part: Synced
    ) -> None:
        """What was read up to here is in the lake; part is what became of the rows since then."""
        self._update(
            name,
            cursor_created_at=_stored("cursor_created_at", created_at),
            cursor_event_id=event_id,
            events=sources.c.events + part.stored,
            rows_read=sources.c.rows_read + part.read,
            rejected=sources.c.rejected + part.rejected_anew,
            without_brand=sources.c.without_brand + part.without_brand,
            **({"rejected_reason": part.reason} if part.rejected_anew else {}),
        )

    def ended(
        self, name: str, at: datetime, error: str | None, complete_at: datetime | None = None
    ) -> None:
        """A run is over; without an error the one before is forgotten.

        complete_at: when it began, if it read all there was.
        """
        values = {} if complete_at is None else {"complete_at": _micros(complete_at)}
        ends = {"reading_since": None, "last_run_at": _micros(at), "last_error": error}
        self._update(name, **ends, **values)

    def _update(self, name: str, **values: Any) -> None:
        with self._database.begin() as connection:
            connection.execute(update(sources).where(sources.c.name == name).values(values))


def _row(source: Source) -> dict[str, Any]:
    return {f.name: _stored(f.name, getattr(source, f.name)) for f in fields(source)}


def _source(row: dict[str, Any]) -> Source:
    times = {name: _instant(row[name]) for name in INSTANTS}
    return Source(**(row | times))


def _stored(name: str, value: Any) -> Any:
    return _micros(value) if name in INSTANTS and value is not None else value


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def sentence(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return re.sub(r"\s+", " ", str(cause)).strip().rstrip(".")[:500] or type(cause).__name__
