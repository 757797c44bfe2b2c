"""The one session with a Spark Connect server, and what is done when it is gone.

The client has no time limits of its own: a call to a frozen server waits for ever. So whatever a
server answers at once is asked in a thread that is left behind when it takes too long; closing the
channel then ends it.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import Final, TypeVar, cast

import grpc
import polars as pl
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import SparkConnectGrpcException
from pyspark.sql.connect.client.core import DefaultChannelBuilder
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.connect.shell.progress import ProgressHandler
from pyspark.sql.types import (
    DataType,
    DecimalType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from engine.backends.underway import Underway
from engine.errors import Unavailable
from engine.pool import Pool
from engine.stores.base import EVENTS

T = TypeVar("T")

LOG: Final = logging.getLogger("vitrine.cluster")
PATIENCE: Final = 10.0
"""Seconds for what a server answers at once."""
FIRST: Final = 20.0
"""Seconds for the first words with a server, which may have to load a lot before it answers."""
REST: Final = 5.0
"""Seconds for which a server that was lost is left alone."""
SETTINGS: Final = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
}
"""Of our session: an overflow is an error, and so is a file that cannot be read."""
QUESTIONS: Final = 16
LOST: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
ENDED: Final = ("INVALID_HANDLE", "SESSION_NOT_FOUND", "SESSION_CHANGED", "SESSION_CLOSED")
TYPES: Final[dict[type[pl.DataType], DataType]] = {
    pl.String: StringType(),
    pl.Datetime: TimestampType(),
    pl.Decimal: DecimalType(18, 6),
    pl.Map: MapType(StringType(), StringType()),
}
SCHEMA: Final = StructType(
    [StructField(name, TYPES[dtype.base_type()]) for name, dtype in EVENTS.items()]
)


@dataclass(frozen=True)
class Opened:
    """A session that has our settings. is_spark: whether it is Spark that speaks its protocol."""

    session: SparkSession
    is_spark: bool
    schema: StructType = SCHEMA


class Connection:
    """Thread-safe. url: `sc://host:port/;token=...;use_ssl=true`; it is never told or logged."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.underway = Underway()
        self._url = url
        self._clock = clock
        self._lock = Lock()
        self._opening = Lock()
        self._questions = Pool(QUESTIONS)
        self._session: SparkSession | None = None
        self._opened: Opened | None = None
        self._lost_at = float("-inf")

    def open(self) -> Opened:
        """The session, made anew if it must be, that has just answered.

        Raises Unavailable within PATIENCE when it does not answer, or FIRST the first time, and at
        once for a while after that.
        """
        if self._clock() - self._lost_at < REST:
            raise _away()
        patience = FIRST if self._opened is None else PATIENCE
        try:
            return self._ask(self._answering, patience)
        except Unavailable:
            raise
        except Exception as error:
            raise self.lost(None, error) from error

    def lost(self, opened: Opened | None, error: BaseException) -> Unavailable:
        """Let go of a session that does not answer; what to tell whoever asked."""
        LOG.warning("the cluster is lost: %s", str(error)[:500])
        with self._lock:
            if opened is None or opened.session is self._session:
                self._lost_at = self._clock()
        self._drop(None if opened is None else opened.session)
        return _away()

    def interrupt(self, opened: Opened, tag: str) -> None:
        """Stop what runs under a tag; a server that does not even do that is lost."""
        try:
            self._ask(lambda: opened.session.interruptTag(tag), PATIENCE)
        except Exception as error:
            self.lost(opened, error)

    def close(self) -> None:
        self._drop(None)

    def _ask(self, question: Callable[[], T], patience: float) -> T:
        """Raises TimeoutError."""
        return self._questions.submit("", question).result(patience)

    def _answering(self) -> Opened:
        opened = self._opened
        if opened is not None and _answers(opened.session):
            return opened
        with self._opening:
            if self._opened is None or self._opened is opened:
                self._drop(None)
                self._opened = self._begun()
            return self._opened

    def _begun(self) -> Opened:
        session = SparkSession(DefaultChannelBuilder(self._url))
        # Without this it would try for ten minutes.
        session.client.set_retry_policies([DefaultPolicy(max_retries=3, max_backoff=1_000)])
        with self._lock:
            self._session = session
        for name, value in SETTINGS.items():
            session.conf.set(name, value)
        session.registerProgressHandler(cast("ProgressHandler", self.underway.heard))
        return Opened(session, is_spark=bool(session.conf.get("spark.master", "")))

    def _drop(self, session: SparkSession | None) -> None:
        """Close a session, the present one if None; calls that wait for it end."""
        with self._lock:
            if session is None or session is self._session:
                session, self._session, self._opened = self._session, None, None
        if session is not None:
            # `client.close` would wait for calls that never end first.
            session.client._channel.close()


def _answers(session: SparkSession) -> bool:
    """False when the server has forgotten the session; raises when it is gone itself."""
    try:
        session.conf.get("spark.sql.ansi.enabled")
    except PySparkException as error:
        if is_ended(error):
            return False
        raise
    return True


def is_lost(error: BaseException) -> bool:
    """Whether the server went away, or forgot us, and not the scan went wrong."""
    if isinstance(error, SparkConnectGrpcException):
        return error.getGrpcStatusCode() in LOST or is_ended(error)
    if isinstance(error, grpc.RpcError):
        return True
    closed = isinstance(error, ValueError) and "closed channel" in str(error)
    return closed or is_ended(error)


def is_ended(error: BaseException) -> bool:
    return any(words in str(error) for words in ENDED)


def _away() -> Unavailable:
    return Unavailable(
        "The cluster that scans the events cannot be reached. What rollups hold is still answered;"
        " ask for the rest again in a moment.",
        retry_after=ceil(REST),
    )
