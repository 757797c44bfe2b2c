"""Where events are: the schema every store answers with, and the interface itself."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import polars as pl

from engine.contract import IDS, MEASURES
from engine.scope import Scope

MEASURE: Final = pl.Decimal(18, 6)

EVENTS: Final = pl.Schema(
    {
        "event_id": pl.String(),
        "catalog_id": pl.String(),
        "event_type": pl.String(),
        **dict.fromkeys(IDS, pl.String()),
        "created_at": pl.Datetime("us", "UTC"),
        **dict.fromkeys(MEASURES, MEASURE),
        "metadata": pl.Map(pl.String, pl.String),
    }
)
"""One stored event. Workspace and brand are the place it is stored in, not columns."""

COMING: Final = timedelta(minutes=1)
"""Events so little ahead of the clock will soon be in windows that end now."""


class File(Protocol):
    """A part of a brand's events that never changes. Equal files hold equal events."""

    @property
    def uri(self) -> str:
        """Where it is, in the words of the Delta library."""

    @property
    def rows(self) -> int: ...

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether it may hold events of a window."""


class Snapshot(Protocol):
    """One immutable state of one brand's events."""

    @property
    def files(self) -> Sequence[File]:
        """What the events are stored in."""

    @property
    def table(self) -> str:
        """The address of the Delta table that the files are of; empty where there is none."""

    @property
    def version(self) -> str:
        """Changes whenever the events do; equal versions mean equal answers."""

    def reaches(self, moment: datetime) -> bool:
        """Whether the last events, of one of the files at least, are of COMING from `moment` on."""

    def scan(self, start: datetime, end: datetime, columns: frozenset[str]) -> pl.LazyFrame:
        """Every event with start <= created_at < end, and exactly these columns.

        They are columns of EVENTS other than metadata, or `metadata.<key>`, which is null where an
        event lacks the key or holds an empty text. Texts are String or Categorical.
        """

    def all_events(self) -> pl.LazyFrame:
        """Every event, with the columns of EVENTS."""

    def window(self, start: datetime, end: datetime) -> pl.LazyFrame:
        """Every event with start <= created_at < end, with the columns of EVENTS; what is not
        needed of it is not read."""

    def events(self, start: datetime, end: datetime, known: Collection[File] = ()) -> pl.DataFrame:
        """The events (EVENTS) of a window, but for those in the files that are known."""


class Store(Protocol):
    """Finds a brand's events. Narrowing them to a catalog is the plan's work."""

    def snapshot(self, scope: Scope) -> Snapshot:
        """The present state of the brand's events; an empty one when there are none."""

    def glance(self, scope: Scope) -> Snapshot | None:
        """`snapshot` if it can be told at once, without waiting for disk, network or a lock."""

    def brands(self) -> dict[str, list[str]]:
        """workspace_id -> sorted brand_ids that have events."""


def touching(snapshot: Snapshot, start: datetime, end: datetime) -> list[File]:
    """The files that may hold events of a window."""
    return [file for file in snapshot.files if file.touches(start, end)]
