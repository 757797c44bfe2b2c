"""Accepted events wait here, safe on disk, until they are in the lake.

Accepting is one transaction: the ids go into a table whose primary key is the dedupe, the events
beside them as one batch; its commit is the acknowledgement. Moving writes what the lake does not
hold yet and only then deletes the batches, so after a crash at any instruction it can be done
again: what was written is found by its id and day, whichever database or backup it comes from.
"""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl
from deltalake.exceptions import DeltaError
from sqlalchemy import Connection, Engine, delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from engine.database.connect import exclusive
from engine.database.tables import inbox_batches, inbox_ids
from engine.errors import Unavailable
from engine.ingest.append import append, without_repeats, without_stored
from engine.ingest.stored import StoredIds
from engine.stores.lake import LakeStore
from engine.stores.written import MONTH

MEMORY: Final = timedelta(minutes=15)
"""Ids stay this long after their events moved, for writers that looked at the lake before."""
AT_ONCE: Final = 1000
EVENTS_AT_ONCE: Final = 50_000
PARTS_AT_ONCE: Final = 100
"""So many batches, their events and the months of brands these are of move at once.

A long queue fits neither in memory nor in one statement, and each month of a brand is a file.
"""
FORGOTTEN_AT_ONCE: Final = 50_000
CLAIM: Final = {
    "sqlite": text(
        "insert into inbox_ids (workspace_id, day, event_id, created_at, accepted_at)"
        " select :workspace, json_extract(value, '$.day'), json_extract(value, '$.event_id'),"
        " json_extract(value, '$.created_at'), :now from json_each(:claims) where true"
        " on conflict do nothing returning day, event_id"
    ),
    "postgresql": text(
        "insert into inbox_ids (workspace_id, day, event_id, created_at, accepted_at)"
        " select :workspace, day, event_id, created_at, :now"
        " from json_to_recordset(cast(:claims as json))"
        " as claims (day date, event_id text, created_at bigint)"
        " on conflict do nothing returning day, event_id"
    ),
}
"""One statement for all events: a row at a time is what takes longest."""


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
        self._stored = StoredIds()

    def accept(self, workspace: str, events: pl.DataFrame) -> Accepted:
        """Store normal events (EVENTS, `brand_id`, `arrived`); when it returns, they are on disk.

        Raises Unavailable, and has stored nothing, when the database cannot commit or the lake
        cannot be read.
        """
        now = self._clock()
        first = without_repeats(events)
        try:
            fresh = without_stored(self._lake, workspace, first, now, self._stored)
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
        while events := self.move_some(workspace):
            moved += events
        return moved

    def move_some(self, workspace: str) -> int:
        """Bring into the lake what came first, as much as should go at once."""
        with exclusive(self._database, f"inbox.{workspace}"):
            numbers, events = self._oldest(workspace)
            if events.height:
                appended = append(self._lake, workspace, events, self._clock(), self._stored)
                if appended.duplicates:
                    # A move that died had written them; whether it came to the sync is not known.
                    os.sync()
                self._forget(workspace, numbers)
        return events.height

    def _oldest(self, workspace: str) -> tuple[list[int], pl.DataFrame]:
        """The batches that waited longest, by number, and their events."""
        of = inbox_batches.c.workspace_id == workspace
        by_age = select(inbox_batches.c.id, inbox_batches.c.events).where(of)
        with self._database.begin() as connection:
            sizes = connection.execute(by_age.order_by(inbox_batches.c.id).limit(AT_ONCE)).all()
            total = 0
            numbers = [
                number for number, size in sizes if (total := total + size) <= EVENTS_AT_ONCE
            ] or [number for number, _ in sizes[:1]]
            chosen = select(inbox_batches.c.payload).where(inbox_batches.c.id.in_(numbers))
            payloads = connection.scalars(chosen.order_by(inbox_batches.c.id)).all()
        if not payloads:
            return [], pl.DataFrame()
        batches = [pl.read_ipc(io.BytesIO(payload)) for payload in payloads]
        few = _of_few_parts(batches)
        return numbers[:few], pl.concat(batches[:few])

    def _forget(self, workspace: str, moved: list[int]) -> None:
        """Delete moved batches, and old ids while nothing waits: waiting events need theirs."""
        waits = select(inbox_batches.c.id).where(inbox_batches.c.workspace_id == workspace)
        old = (
            # Not the bare column: SQLite would go through all ids of the workspace by it.
            inbox_ids.c.workspace_id.concat("") == workspace,
            inbox_ids.c.accepted_at < _micros(self._clock() - MEMORY),
        )
        order = inbox_ids.c.accepted_at
        more = select(order).where(*old).order_by(order).offset(FORGOTTEN_AT_ONCE).limit(1)
        with self._database.begin() as connection:
            connection.execute(delete(inbox_batches).where(inbox_batches.c.id.in_(moved)))
            limit = connection.scalar(more)
            some = old if limit is None else (*old, order <= limit)
            connection.execute(delete(inbox_ids).where(*some, ~waits.exists()))

    def _claim(
        self, connection: Connection, workspace: str, events: pl.DataFrame, now: datetime
    ) -> pl.DataFrame:
        """The events whose id nobody claimed before."""
        if events["arrived"].any():
            events = _without_recent(connection, workspace, events, now)
        if events.is_empty():
            return events
        micros = pl.col("created_at").dt.epoch("us")
        claims = events.select("day", "event_id", created_at=micros).write_json()
        values = {"workspace": workspace, "now": _micros(now), "claims": claims}
        claimed = connection.execute(CLAIM[connection.dialect.name], values).all()
        if len(claimed) == events.height:
            return events
        mine = pl.DataFrame(
            [(date.fromisoformat(str(day)), event_id) for day, event_id in claimed],
            schema={"day": pl.Date, "event_id": pl.String},
            orient="row",
        )
        return events.join(mine, on=["day", "event_id"], how="semi", maintain_order="left")


def parts_of(events: pl.DataFrame) -> pl.DataFrame:
    """The months of brands that the events are of."""
    return events.select("brand_id", MONTH).unique()


def _of_few_parts(batches: list[pl.DataFrame]) -> int:
    """How many of the first batches are of PARTS_AT_ONCE parts together; one at the least."""
    numbered = [
        events.lazy().select("brand_id", MONTH, batch=pl.lit(number))
        for number, events in enumerate(batches)
    ]
    by_part = pl.concat(numbered).group_by("brand_id", "month").agg(pl.col("batch").min())
    firsts = by_part.collect()["batch"]
    if len(firsts) <= PARTS_AT_ONCE:
        return len(batches)
    return max(1, int(firsts.sort()[PARTS_AT_ONCE]))


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
