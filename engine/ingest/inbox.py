"""Accepted events wait here, safe on disk, until they are in the lake.

Accepting is one transaction: the ids go into a table whose primary key is the dedupe, the events
beside them as one batch; its commit is the acknowledgement. Moving writes what the lake does not
hold yet and only then deletes the batches, so after a crash at any instruction it can be done
again: what was written is found by its id and day, whichever database or backup it comes from.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl
from deltalake.exceptions import DeltaError
from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from engine.database.connect import exclusive
from engine.database.tables import inbox_batches, inbox_ids
from engine.errors import Unavailable
from engine.ingest.append import append, without_repeats, without_stored
from engine.stores.lake import LakeStore

MEMORY: Final = timedelta(minutes=15)
"""Ids stay this long after their events moved, for writers that looked at the lake before."""
AT_ONCE: Final = 1000
"""So many batches move at once: a long queue fits neither in memory nor in one statement."""


@dataclass(frozen=True)
class Accepted:
    stored: int
    duplicates: int


class Inbox:
    """Thread-safe; any number of processes may share one database and lake."""

    def __init__(self, database: Engine, lake: LakeStore, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._lake = lake
        self._clock = clock

    def accept(self, workspace: str, events: pl.DataFrame) -> Accepted:
        """Store normal events (EVENTS, `brand_id`, `arrived`); when it returns, they are on disk.

        Raises Unavailable, and has stored nothing, when the database cannot commit or the lake
        cannot be read.
        """
        now = self._clock()
        first = without_repeats(events)
        try:
            fresh = without_stored(self._lake, workspace, first, now)
            with self._database.begin() as connection:
                fresh = self._claim(connection, workspace, fresh, now)
                if fresh.height:
                    connection.execute(
                        insert(inbox_batches).values(
                            workspace_id=workspace, events=fresh.height, payload=_packed(fresh)
                        )
                    )
        except (DBAPIError, DeltaError, pl.exceptions.PolarsError, OSError) as error:
            raise Unavailable(f"Events cannot be stored now ({_reason(error)}).") from error
        return Accepted(stored=fresh.height, duplicates=events.height - fresh.height)

    def waiting(self) -> dict[str, int]:
        """How many events of each workspace are not yet in the lake."""
        total = func.sum(inbox_batches.c.events)
        by = inbox_batches.c.workspace_id
        with self._database.begin() as connection:
            rows = connection.execute(select(by, total).group_by(by)).all()
        return {workspace: int(events) for workspace, events in rows}

    def move(self, workspace: str) -> int:
        """Bring what waits into the lake; how many events that were."""
        moved = 0
        with exclusive(self._database, f"inbox.{workspace}"):
            while batches := self._oldest(workspace):
                events = pl.concat([pl.read_ipc(io.BytesIO(payload)) for _, payload in batches])
                append(self._lake, workspace, events, self._clock())
                self._forget(workspace, [number for number, _ in batches])
                moved += events.height
        return moved

    def _oldest(self, workspace: str) -> list[tuple[int, bytes]]:
        query = select(inbox_batches.c.id, inbox_batches.c.payload)
        of = query.where(inbox_batches.c.workspace_id == workspace)
        with self._database.begin() as connection:
            rows = connection.execute(of.order_by(inbox_batches.c.id).limit(AT_ONCE)).all()
        return [(number, payload) for number, payload in rows]

    def _forget(self, workspace: str, moved: list[int]) -> None:
        """Delete moved batches, and old ids while nothing waits: waiting events need theirs."""
        waits = select(inbox_batches.c.id).where(inbox_batches.c.workspace_id == workspace)
        with self._database.begin() as connection:
            connection.execute(delete(inbox_batches).where(inbox_batches.c.id.in_(moved)))
            connection.execute(
                delete(inbox_ids).where(
                    inbox_ids.c.workspace_id == workspace,
                    inbox_ids.c.accepted_at < _micros(self._clock() - MEMORY),
                    ~waits.exists(),
                )
            )

    def _claim(
        self, connection: Connection, workspace: str, events: pl.DataFrame, now: datetime
    ) -> pl.DataFrame:
        """The events whose id nobody claimed before."""
        if events["arrived"].any():
            events = _without_recent(connection, workspace, events, now)
        if events.is_empty():
            return events
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        claim = dialect.insert(inbox_ids).on_conflict_do_nothing()
        micros = pl.col("created_at").dt.epoch("us")
        rows = events.select("day", "event_id", created_at=micros).with_columns(
            workspace_id=pl.lit(workspace), accepted_at=pl.lit(_micros(now))
        )
        claimed = connection.execute(
            claim.returning(inbox_ids.c.day, inbox_ids.c.event_id), rows.to_dicts()
        ).all()
        if len(claimed) == events.height:
            return events
        schema = {"day": pl.Date, "event_id": pl.String}
        mine = pl.DataFrame([tuple(row) for row in claimed], schema=schema, orient="row")
        return events.join(mine, on=["day", "event_id"], how="semi", maintain_order="left")


def _without_recent(
    connection: Connection, workspace: str, events: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """Events without a time of their own are compared with those of the last 24 hours."""
    ids = events.filter("arrived")["event_id"].to_list()
    recent = set(
        connection.scalars(
            select(inbox_ids.c.event_id).where(
                inbox_ids.c.workspace_id == workspace,
                inbox_ids.c.day.in_([now.date(), (now - timedelta(days=1)).date()]),
                inbox_ids.c.event_id.in_(ids),
                inbox_ids.c.created_at >= _micros(now - timedelta(hours=24)),
            )
        )
    )
    return events.filter(~(pl.col("arrived") & pl.col("event_id").is_in(recent)))


def _packed(events: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    # Their time is settled: when they are moved, however late, they are compared by it.
    settled = events.drop("day").with_columns(arrived=pl.lit(False))
    settled.write_ipc(file, compression="lz4")
    return file.getvalue()


def _micros(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _reason(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return str(cause).splitlines()[0]
