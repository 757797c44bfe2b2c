"""Tables of PostgreSQL servers are read into the lake; the command is in __main__.py.

A run reads a table in the order of (created_at, event_id), a chunk at a time, each with a
connection and a COPY of its own. When a chunk is in the lake its last row becomes the cursor; a
run that dies between the two reads that chunk again, and the lake's dedupe by event_id and day
drops what it holds. For the same reason a run may begin `overlap_seconds` before the cursor, to
catch rows that were committed after rows with a later created_at; the cursor never passes the
moment at which its run began, or those that were committed during the run would be missed.
Rows that are committed later than the overlap need a run with `--all`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Event
from typing import Final

import polars as pl
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from engine.ahead import ahead
from engine.demo.words import WORKSPACE as DEMO_WORKSPACE
from engine.errors import Fault, InvalidRequest, Unavailable
from engine.ingest.append import append
from engine.ingest.normalise import normalise
from engine.ingest.source_table import Since, SourceTable
from engine.ingest.sources import Source, Sources, sentence
from engine.ingest.synced import KEPT, REJECTED, Synced
from engine.ingest.times import YEARS
from engine.ingest.vault import Vault
from engine.scope import WORKSPACE_FIELD
from engine.stores.lake import LakeStore

CHUNK: Final = 200_000
PATIENCE: Final = 300
TIMELESS: Final = "is missing or outside the years 1 to 9999"
NAMELESS: Final = "is missing in a row of {}"

Progress = Callable[[int], None]


class Sync:
    """Reads sources into the lake. Thread-safe; any number of processes may share both stores.

    patience: how many seconds a server may take for one chunk. stop: once it is set, a run ends
    early, with everything it reports in the lake. vault: encrypts the passwords of sources.
    """

    def __init__(
        self,
        database: Engine,
        lake: LakeStore,
        clock: Callable[[], datetime],
        patience: int = PATIENCE,
        chunk: int = CHUNK,
        stop: Event | None = None,
        vault: Vault | None = None,
    ) -> None:
        self.sources = Sources(database, vault)
        self._lake = lake
        self._clock = clock
        self._patience = patience
        self._chunk = chunk
        self._stop = stop or Event()

    def add(self, source: Source) -> SourceTable:
        """Store a source whose table can be read, which is returned. Raises what `run` raises."""
        if source.workspace_id == DEMO_WORKSPACE:
            message = f"{DEMO_WORKSPACE} is made anew every day; choose another, as in ws_shop."
            raise InvalidRequest([Fault(WORKSPACE_FIELD, message)])
        self.sources.closed(source)
        table = self.look(source)
        self.sources.add(source)
        return table

    def look(self, source: Source) -> SourceTable:
        """The table of a source with its password, if it can be read; raises what `run` raises."""
        return SourceTable.open(source, self._patience, self._stop)

    def run(
        self,
        name: str,
        progress: Progress = lambda _: None,
        whole: bool = False,
        wait: bool = True,
    ) -> Synced:
        """Read what is new, or with `whole` the table from its first row on.

        progress is told how many rows were read so far. Raises NotFound, InvalidRequest for a
        table that is missing or of another shape, and Unavailable for a server that does not
        answer; what was read until then is stored, and the next run goes on from there. While
        another run reads the source it waits, or, without `wait`, raises Busy.
        """
        with self.sources.running(name, wait):
            source = self.sources.get(name)
            began = self._clock()
            try:
                synced = self._read(source, progress, whole)
            except Exception as error:
                with suppress(DBAPIError):
                    self.sources.ended(name, self._clock(), _told(error))
                raise
            self.sources.ended(name, self._clock(), None, began if synced.complete else None)
        return synced

    def _read(self, source: Source, progress: Progress, whole: bool) -> Synced:
        cursor = source.cursor_created_at, source.cursor_event_id
        since = None if whole else _start(source)
        synced = Synced()
        more = True
        with self._unless_stopped():
            opened = self.sources.opened(source)
            table = SourceTable.open(opened, self._patience, self._stop, since)
            self.sources.began(source.name, self._clock(), table.expected)
            if since is None:
                synced += self._timeless(source, table)
            for frame, follows in ahead(self._chunks(table, since)):
                if self._stop.is_set():
                    break
                more = follows
                if frame.height:
                    part = self._store(source, frame)
                    synced += part
                    cursor = _further(cursor, _last(frame), table.now)
                    self.sources.advance(source.name, *cursor, part)
                    progress(synced.read)
        newest = cursor[0]
        lag = None if newest is None else max(self._clock() - newest, timedelta(0))
        return synced + Synced(lag=lag, complete=not more)

    def _chunks(
        self, table: SourceTable, since: Since | None
    ) -> Iterator[tuple[pl.DataFrame, bool]]:
        """Rows from `since` on, and whether more may follow, until it is to stop."""
        more = True
        while more and not self._stop.is_set():
            frame, more = table.next(since, self._chunk)
            if frame.height:
                since = _last(frame)
            yield frame, more

    @contextmanager
    def _unless_stopped(self) -> Iterator[None]:
        """A statement that was interrupted to stop is no error."""
        try:
            yield
        except Unavailable:
            if not self._stop.is_set():
                raise

    def _timeless(self, source: Source, table: SourceTable) -> Synced:
        """Rows that have no place in the order are named and counted, by the first run anew."""
        ids = pl.Series("event_id", table.timeless(), dtype=pl.String)
        reasons = ids.to_frame().with_columns(field=pl.lit("created_at"), message=pl.lit(TIMELESS))
        anew = len(ids) if source.cursor_created_at is None else 0
        found = Synced(read=len(ids), rejected=len(ids), rejected_anew=anew, reasons=reasons)
        if len(ids):
            self.sources.advance(
                source.name, source.cursor_created_at, source.cursor_event_id, found
            )
        return found

    def _store(self, source: Source, frame: pl.DataFrame) -> Synced:
        arrival = self._clock()
        raw = frame.with_row_index("row")
        has_id = (pl.col("event_id") != "").fill_null(False)
        nameless = raw.filter(~has_id).select(
            pl.lit(None, pl.String).alias("event_id"),
            pl.lit("event_id").alias("field"),
            pl.format(NAMELESS, "created_at").alias("message"),
        )
        normal = normalise(raw.filter(has_id), arrival, source.name, source.brand_id)
        ids = raw.select("row", "event_id")
        reasons = normal.rejected.join(ids, on="row", how="left", maintain_order="left")
        bad = pl.concat([raw.filter(~has_id)["row"], normal.rejected["row"]]).unique()
        anew = raw.filter(pl.col("row").is_in(bad.implode()), _after(source.cursor_created_at))
        appended = append(self._lake, source.workspace_id, normal.events, arrival)
        return Synced(
            read=frame.height,
            stored=appended.stored,
            duplicates=appended.duplicates,
            rejected=len(bad),
            rejected_anew=anew.height,
            rounded=normal.rounded,
            without_brand=appended.without_brand,
            reasons=pl.concat([nameless, reasons.select(REJECTED.names())]).head(KEPT),
        )


def _after(cursor: datetime | None) -> pl.Expr:
    """Rows that no run had read before."""
    return pl.lit(True) if cursor is None else pl.col("created_at") > cursor


def _told(error: Exception) -> str:
    """What is kept of a failed run: for bad fields not their names, which are those of `add`."""
    if isinstance(error, InvalidRequest):
        return " ".join(fault.message for fault in error.faults)
    return sentence(error)


def _start(source: Source) -> Since | None:
    if source.cursor_created_at is None:
        return None
    if not source.overlap_seconds:
        return source.cursor_created_at, source.cursor_event_id
    overlap = min(timedelta(seconds=source.overlap_seconds), source.cursor_created_at - YEARS[0])
    return source.cursor_created_at - overlap, None


def _last(frame: pl.DataFrame) -> Since:
    created_at, event_id = frame.select("created_at", "event_id").row(-1)
    return created_at, event_id


def _further(
    cursor: tuple[datetime | None, str | None], last: Since, now: datetime
) -> tuple[datetime | None, str | None]:
    """The cursor after a chunk: never back, never past the begin of the run."""
    reached = last if last[0] <= now else (now, None)
    return cursor if cursor[0] is not None and reached[0] < cursor[0] else reached
