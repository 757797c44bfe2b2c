"""Scans on Apache Spark, or what speaks its protocol, by Spark Connect, over the same lake.

A scan reads the files that the log of one version of the table names. So an answer is of the events
that its data version says, and a file that is gone is an error there, never a gap in an answer. The
Delta readers of clusters are not asked: Sail takes columns that have one value all over a file from
the log's statistics, and those are rounded.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Thread
from typing import Final, Self
from urllib.parse import unquote
from uuid import uuid4

import polars as pl
import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from engine.backends.aggregation import BUCKETS, partials, within
from engine.backends.connection import Connection, Opened, is_lost
from engine.contract import MEASURES
from engine.errors import Unavailable
from engine.execute import Partials
from engine.plan import Plan
from engine.pool import Pool
from engine.scope import Scope
from engine.stores.base import EVENTS, File, Snapshot, touching

LOG: Final = logging.getLogger("vitrine.cluster")
AT_ONCE: Final = 8
"""Scans that run on the cluster at the same time; the others wait here, each workspace in turn."""
BUILDING: Final = 3_600
"""Seconds that the events of a few days may take which are to be rolled up."""
ROLLED_UP: Final = ("created_at", "event_type", "product_id", "session_id", *MEASURES, "metadata")
WARMING: Final = 1_000
AGAIN: Final = 5
"""Seconds after which it is worth while to ask again."""
GONE: Final = ("PATH_NOT_FOUND", "FILE_NOT_EXIST", "No such file", "Missing commit file")
"""What is said of a file that is not there, by Spark and by Sail."""
SCHEMES: Final = {"s3": "s3a"}
"""Of addresses, where Hadoop has a name of its own."""
STRICT: Final = {
    "ignoreMissingFiles": "false",
    "ignoreCorruptFiles": "false",
    "mergeSchema": "false",
    "datetimeRebaseMode": "CORRECTED",
}
"""A cluster may be set up to leave out what it cannot read; our answers are whole or none."""


Ask = Callable[[DataFrame], DataFrame]
"""What is wanted of all events of the files."""


class Gone(Unavailable, FileNotFoundError):
    """A file of the table is not there, or the cluster cannot see it."""


class Cluster:
    """most: scans of more events than this are done there. seconds: how long one may take."""

    def __init__(self, connection: Connection, most: int, seconds: float) -> None:
        self.most = most
        self._connection = connection
        self._seconds = seconds
        self._line = Pool(AT_ONCE)
        self._building = Pool(1)

    @classmethod
    def at(cls, url: str, most: int, seconds: float) -> Self:
        """url: that of a Connection."""
        return cls(Connection(url), most, seconds)

    def scan(self, plan: Plan, scope: Scope, snapshot: Snapshot) -> Partials:
        """Raises Unavailable when the cluster is away, too slow or in trouble; Gone when a file
        is missing."""

        reading = Reading.of(snapshot, plan.start, plan.end)

        def asked(events: DataFrame) -> DataFrame:
            return partials(events, plan)

        return _partials(self._answer(self._line, scope, reading, asked, self._seconds), plan)

    def share(self, scope: Scope) -> float | None:
        return self._connection.underway.share(scope)

    def events(
        self, scope: Scope, snapshot: Snapshot, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """Raises what `scan` does. Nobody waits for it, so it has a line and a time of its own."""

        reading = Reading.of(snapshot, start, end)
        if not reading.files:
            return EVENTS.to_frame().select(ROLLED_UP)

        def asked(events: DataFrame) -> DataFrame:
            chosen = events.filter(within(start, end))
            return chosen.select(*ROLLED_UP).orderBy("created_at")

        table = self._answer(self._building, scope, reading, asked, BUILDING)
        return pl.DataFrame(pl.from_arrow(table)).cast({n: EVENTS[n] for n in ROLLED_UP})

    def warm(self) -> None:
        """Connect, and let the cluster load what groups, shuffles and sends; errors are logged."""
        try:
            session = self._connection.open().session
            numbers = session.range(WARMING)
            numbers.groupBy((numbers["id"] % 7).alias("key")).count().toArrow()
        except Exception as error:
            LOG.warning("the cluster could not be warmed: %s", str(error)[:500])

    def close(self) -> None:
        self._connection.close()

    def _answer(
        self, line: Pool, scope: Scope, reading: "Reading", asked: Ask, seconds: float
    ) -> pa.Table:
        """Within `seconds`, what it takes to be in touch with the cluster included."""
        until = time.monotonic() + seconds
        opened = self._connection.open()
        tag = f"vitrine-{uuid4()}"
        running = line.submit(
            scope.workspace_id, lambda: self._rows(opened, tag, scope, reading, asked)
        )
        try:
            return running.result(max(0.0, until - time.monotonic()))
        except TooLate:
            running.cancel()
            stop = partial(self._connection.interrupt, opened, tag)
            Thread(target=stop, name="interrupt", daemon=True).start()
            raise Unavailable(
                f"The cluster did not answer within {seconds:g} seconds and was told to"
                " stop; ask for a shorter window, or again later.",
                retry_after=AGAIN,
            ) from None

    def _rows(
        self, opened: Opened, tag: str, scope: Scope, reading: "Reading", asked: Ask
    ) -> pa.Table:
        try:
            opened.session.addTag(tag)
            try:
                with self._connection.underway.scan(scope):
                    table = asked(reading.events(opened)).toArrow()
                    reading.check(opened)
                    return table
            finally:
                opened.session.removeTag(tag)
        except Exception as error:
            raise self._told(error, opened) from error

    def _told(self, error: Exception, opened: Opened) -> Unavailable:
        """The error as callers are told it, without what may be secret; the log has the rest."""
        if is_lost(error):
            return self._connection.lost(opened, error)
        said = str(error)
        if isinstance(error, FileNotFoundError) or any(words in said for words in GONE):
            LOG.error("the cluster misses a file: %s", said[:500])
            return Gone(
                "The cluster does not find the lake's files; it has to reach the lake at the same"
                " address as this server.",
                retry_after=AGAIN,
            )
        LOG.error("the cluster could not scan: %s", said[:2000])
        name = error.getCondition() if isinstance(error, PySparkException) else None
        return Unavailable(
            f"The cluster could not scan the events ({name or type(error).__name__}); ask again in"
            " a moment.",
            retry_after=AGAIN,
        )


@dataclass(frozen=True)
class Reading:
    """The files that a scan reads, of one version of a table."""

    table: str
    files: Sequence[File]

    @classmethod
    def of(cls, snapshot: Snapshot, start: datetime, end: datetime) -> Self:
        return cls(snapshot.table, touching(snapshot, start, end))

    def events(self, opened: Opened) -> DataFrame:
        """All of their events, also those beyond the window."""
        reader = opened.session.read.schema(opened.schema).options(**STRICT)
        reader = reader.option("basePath", address(self.table))
        addresses = [address(file.uri) for file in self.files]
        if opened.is_spark:
            return reader.parquet(*addresses)
        # Sail does not read the files of several writers as one, for some have long texts.
        return _union([reader.parquet(one) for one in addresses])

    def check(self, opened: Opened) -> None:
        """After a scan: raises FileNotFoundError when it may have missed a file.

        Sail takes a file that is not there for an empty one. No file changes or comes back, so
        those that are all there now were there before.
        """
        if opened.is_spark:
            return
        found, written = self.events(opened).count(), sum(file.rows for file in self.files)
        if found != written:
            raise FileNotFoundError(f"{found:,} of {written:,} events were found in {self.table}")


def _union(frames: Sequence[DataFrame]) -> DataFrame:
    """By halves: a plan that is as deep as there are files would be refused."""
    if len(frames) == 1:
        return frames[0]
    half = len(frames) // 2
    return _union(frames[:half]).union(_union(frames[half:]))


def address(uri: str) -> str:
    """An address of the Delta library as Hadoop writes it: plain text, by its own schemes."""
    scheme, separator, rest = unquote(uri).partition("://")
    return f"{SCHEMES.get(scheme, scheme)}{separator}{rest}"


def _partials(table: pa.Table, plan: Plan) -> Partials:
    """Raises Unavailable when rows are missing."""
    frame = pl.DataFrame(pl.from_arrow(table))
    request = plan.request
    if request.is_time:
        start = BUCKETS[request.group_by](pl.col("key"))
        return Partials(frame.with_columns(key=start))
    if request.group_by == "none":
        return Partials(frame)
    rows = frame.filter(pl.col("groups").is_null()).drop("groups")
    everything = frame.filter(pl.col("groups").is_not_null())
    groups = int(everything["groups"].sum())
    if everything.height != 1 or rows.height != min(groups, request.limit):
        LOG.error("%d rows of %d groups came from the cluster", rows.height, groups)
        message = "The cluster's answer was not whole; ask again in a moment."
        raise Unavailable(message, retry_after=AGAIN)
    sessions = None if request.is_numeric else int(everything["sessions"].sum())
    return Partials(rows, groups, sessions=sessions)
