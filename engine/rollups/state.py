"""The rollups of a brand as they are read: what is on disk, and what happened since."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

import polars as pl

from engine.plan import Sources
from engine.rollups.cells import SPANNING, columns_of, key_of, numbers, total
from engine.rollups.coded import (
    CODED,
    Dictionaries,
    bit_of,
    encode,
    metadata_names,
    with_columns_of,
)
from engine.rollups.dictionary import CODE
from engine.rollups.kept import Kept
from engine.rollups.lists import ROWS
from engine.rollups.registry import OF_ONE_MONTH, Registry, of_one_month
from engine.rollups.shelf import Manifest, Shelf
from engine.rollups.visits import ADDED, added_of, is_ranked
from engine.stores.base import File, Snapshot

EPOCH: Final = date(1970, 1, 1)
ONE_DAY: Final = timedelta(1)
CHUNKS: Final = 32
"""A day that grows is copied together when it has come in so many parts."""
FRESH_DAYS: Final = 16
"""So many days that are not rolled up are kept in memory."""
UNREADABLE: Final = (OSError, pl.exceptions.PolarsError)
"""What a file that is gone, broken or out of reach raises."""
NO_EVENTS: Final = CODED.to_frame()
NO_IDS: Final = pl.DataFrame(schema={"session": pl.UInt64, "session_id": pl.String})
NO_PAIRS: Final = SPANNING.to_frame().drop("dim")
NOT_SEEN: Final = OF_ONE_MONTH.to_frame()


class Span(NamedTuple):
    """Rolled-up days, first <= day < after, since 1970; folded: their cells are months."""

    first: int
    after: int
    folded: bool


class Unanswerable(Exception):
    """The rollups turn out not to hold the answer; the text is the reason's name."""


@dataclass(frozen=True)
class Fresh:
    """A day that is not rolled up, or no longer as it was: its coded events, from these files.

    resumed: OF_ONE_MONTH of its sessions that the rollups know. collides: the hash of a session is
    that of another one. number: of its own.
    """

    files: tuple[File, ...] = ()
    coded: pl.DataFrame = field(default_factory=NO_EVENTS.clone)
    resumed: pl.DataFrame = field(default_factory=NOT_SEEN.clone)
    collides: bool = False
    number: int = field(default_factory=count().__next__)

    @property
    def ids(self) -> pl.DataFrame:
        """session, session_id."""
        if "session_id" not in self.coded.columns:
            return NO_IDS
        return self.coded.select("session", "session_id").drop_nulls().unique()


@dataclass
class State:
    """One published build, and what is kept in memory of it."""

    shelf: Shelf
    manifest: Manifest
    kept: Kept
    fresh: dict[date, Fresh] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @cached_property
    def known(self) -> Dictionaries:
        return Dictionaries.from_frame(self.shelf.read(self.manifest.build, "dictionaries"))

    @cached_property
    def registry(self) -> Registry:
        return self.shelf.registry(self.manifest)

    def number(self, dimension: str) -> int:
        """The dimension's number in the tables; of one that no event had, one no cell knows."""
        names = self.manifest.dimensions
        return names.index(dimension) if dimension in names else len(names) + 1

    def counts(self, dimension: str, cells: tuple[str, ...]) -> pl.DataFrame:
        """type, key, events."""
        added = pl.col("events").cast(pl.Int64).sum()
        return self._folded("counts", dimension, cells, ("type", "key"), added)

    def numbers(self, dimension: str, cells: tuple[str, ...], measure: str) -> pl.DataFrame:
        """type, key, total, numbers."""
        held = pl.col(numbers(measure))
        added = (
            pl.col(total(measure)).filter(held > 0).sum().alias("total"),
            held.cast(pl.Int64).sum().alias("numbers"),
        )
        return self._folded("counts", dimension, cells, ("type", "key"), *added)

    def sessions(self, dimension: str, cells: tuple[str, ...]) -> pl.DataFrame:
        """key, mask, sessions: those that lie in one cell."""
        added = pl.col("sessions").cast(pl.Int64).sum()
        return self._folded("sessions", dimension, cells, ("key", "mask"), added)

    def going_on(self, dimension: str, cells: tuple[str, ...]) -> pl.DataFrame:
        """key, session, mask: those that may lie in several cells."""

        def make() -> pl.DataFrame:
            added = pl.col("mask").bitwise_or()
            return self._folded("spanning", dimension, cells, ("key", "session"), added)

        return self.kept.get((self.key, "spanning", dimension, cells), make)

    def first(self, cell: str, rank: str, *, all_types: bool) -> pl.DataFrame:
        """ROWS of those that may be among the first LISTED of those that lie in this cell alone:
        for all types together, or for any choice of types.
        """
        rows = self.shelf.scan_visits(self.manifest.cells, [cell], "first")
        rows = rows.filter(is_ranked(rank, all_types=all_types))
        rows = rows.select("session", "session_id", "type", *added_of(rank))
        return rows.filter(pl.col("numbers") > 0).cast(ROWS).collect(engine="streaming")

    def visits(self, cells: tuple[str, ...]) -> pl.DataFrame:
        """VISITS, added up: the sessions that go on over cells."""

        def make() -> pl.DataFrame:
            rows = self.shelf.scan_visits(self.manifest.cells, cells, "visits")
            by = rows.group_by("session", "session_id", "type")
            return by.agg(pl.col(ADDED).sum()).collect(engine="streaming")

        return self.kept.get((self.key, "visits", cells), make)

    def _folded(
        self,
        table: str,
        dimension: str,
        cells: tuple[str, ...],
        by: Sequence[str],
        *added: pl.Expr,
    ) -> pl.DataFrame:
        rows = self.shelf.scan(self.manifest.cells, cells, table, [self.number(dimension)])
        return rows.group_by(by).agg(added).collect(engine="streaming")

    @property
    def key(self) -> tuple[Path, int]:
        return self.shelf.folder, self.manifest.build

    def coded(self, day: date, columns: Iterable[str]) -> pl.DataFrame:
        """These columns of a rolled-up day's events, by time; CODED, without `session_id`."""
        build = self.manifest.coded.get(str(day))
        if build is None:
            return with_columns_of(NO_EVENTS, columns).select(columns)
        path = self.shelf.path(build, f"{day}.events")
        stored = self.kept.get(path, partial(_names, path))["name"].to_list()
        parts = [
            self.kept.get((path, name), partial(pl.read_parquet, path, columns=[name]))
            for name in columns
            if name in stored
        ]
        return with_columns_of(pl.concat(parts, how="horizontal"), columns).select(columns)

    def ids(self, day: date) -> pl.DataFrame:
        """session, session_id of a rolled-up day."""
        build = self.manifest.coded.get(str(day))
        if build is None:
            return NO_IDS
        return self.shelf.read(build, f"{day}.ids")

    def fresh_day(self, day: date, snapshot: Snapshot) -> Fresh:
        """The events of a day as the lake has them; of one that grows, only new files are read."""
        start = datetime.combine(day, time(), UTC)
        files = tuple(file for file in snapshot.files if file.touches(start, start + ONE_DAY))
        with self.lock:
            held = self.fresh.pop(day, Fresh())
            if held.files != files:
                held = held if set(held.files) <= set(files) else Fresh()
                try:
                    new = snapshot.events(start, start + ONE_DAY, held.files)
                except UNREADABLE as error:  # of the lake: the rollups are as good as before
                    raise Unanswerable("events_unreadable") from error
                held = self._grown(held, files, new)
            self.fresh[day] = held
            if len(self.fresh) > FRESH_DAYS:
                del self.fresh[next(iter(self.fresh))]
            return held

    def _grown(self, held: Fresh, files: tuple[File, ...], events: pl.DataFrame) -> Fresh:
        names = {*self.known.metadata, *metadata_names(events)} - self.manifest.refused.keys()
        new = encode(events, sorted(names), self.known)
        coded = pl.concat([held.coded, new], how="diagonal").with_columns(pl.col(CODE).fill_null(0))
        elsewhere = self.registry.days_of(new["session"].drop_nulls())
        return Fresh(
            files=files,
            coded=coded.rechunk() if coded.n_chunks() > CHUNKS else coded,
            resumed=pl.concat([held.resumed, of_one_month(elsewhere)]).unique(),
            collides=held.collides or self._collides(coded, elsewhere),
        )

    def _collides(self, coded: pl.DataFrame, elsewhere: pl.DataFrame) -> bool:
        """Whether one hash stands for two ids, among these events or with those of other days."""
        ids = coded.select("session", "session_id").drop_nulls().unique()
        days = elsewhere["day"].unique().cast(pl.Date)
        both = pl.concat([ids, *(self.ids(day) for day in days)])
        both = both.join(ids, on="session", how="semi").unique()
        return both["session"].n_unique() < both.height


@dataclass(frozen=True)
class Opened:
    """A build as it is read for one state of the lake. sources: what a plan may use of it."""

    state: State
    snapshot: Snapshot
    sources: Sources
    fresh: dict[date, Fresh] = field(default_factory=dict)

    @property
    def manifest(self) -> Manifest:
        return self.state.manifest

    @property
    def known(self) -> Dictionaries:
        return self.state.known

    def is_fresh(self, day: date) -> bool:
        return day >= self.sources.upto or day in self.sources.changed

    def coded(self, day: date, columns: Sequence[str]) -> pl.DataFrame:
        """These columns of a day's events, CODED."""
        if not self.is_fresh(day):
            return self.state.coded(day, columns)
        return with_columns_of(self.fresh_day(day).coded, columns).select(columns)

    def load(self, days: Iterable[date]) -> None:
        """Read the days that are not rolled up: until then their texts may have no codes."""
        for _ in self._fresh(days):
            pass

    def fresh_day(self, day: date) -> Fresh:
        """The same however often it is asked for."""
        if day not in self.fresh:
            self.fresh[day] = self.state.fresh_day(day, self.snapshot)
        return self.fresh[day]

    def check_hashes(self, days: Iterable[date]) -> None:
        """Raise Unanswerable when two sessions of these days cannot be told apart."""
        fresh = list(self._fresh(days))
        if any(day.collides for day in fresh) or (len(fresh) > 1 and self._collide(fresh)):
            raise Unanswerable("session_hashes_collide")

    def _collide(self, fresh: Sequence[Fresh]) -> bool:
        """Whether one hash stands for two ids on different days."""

        def make() -> pl.DataFrame:
            ids = pl.concat(day.ids for day in fresh).unique()
            return ids.filter(pl.col("session").is_duplicated())

        of = tuple(day.number for day in fresh)
        return self.state.kept.get((self.state.key, "collide"), make, of).height > 0

    def resumed(
        self, dimension: str, days: tuple[date, ...], spans: tuple[Span, ...]
    ) -> pl.DataFrame:
        """key, session, mask of the sessions of `resumed_events`; each lies in one cell."""
        events = self.resumed_events(("type", *columns_of(dimension)), days, spans)
        did = events.with_columns(key=key_of(dimension), bit=bit_of(events["type"]))
        return did.group_by("key", "session").agg(mask=pl.col("bit").bitwise_or())

    def resumed_events(
        self, columns: Iterable[str], days: Iterable[date], spans: Iterable[Span]
    ) -> pl.DataFrame:
        """Events of sessions that lie in one of the rolled-up cells, but for that they go on in
        one of these days: `at`, `session` and columns of CODED.
        """
        names = list(dict.fromkeys(("at", "session", *columns)))
        known = pl.concat([NOT_SEEN, *(fresh.resumed for fresh in self._fresh(days))]).unique()
        parts = [self.state.coded(date.min, names)]
        for span in spans:
            # Tables of days list sessions of several days one by one; a month's hold them whole.
            of_one_cell = pl.col("day").is_between(span.first, span.after, closed="left") & (
                pl.col("alone") | span.folded
            )
            for (number,), of_day in known.filter(of_one_cell).group_by("day"):
                day = EPOCH + timedelta(int(str(number)))
                gone_on = pl.col("session").is_in(of_day["session"].implode())
                parts.append(self.state.coded(day, names).filter(gone_on))
        return pl.concat(parts)

    def ids(self, day: date) -> pl.DataFrame:
        """session, session_id of a day's events."""
        if not self.is_fresh(day):
            return self.state.ids(day)
        return self.fresh_day(day).ids

    def marks(self, days: Iterable[date]) -> tuple[int, ...]:
        """Other numbers whenever events have come to one of these days."""
        return tuple(fresh.number for fresh in self._fresh(days))

    def _fresh(self, days: Iterable[date]) -> Iterator[Fresh]:
        return (self.fresh_day(day) for day in days if self.is_fresh(day))


def _names(path: Path) -> pl.DataFrame:
    return pl.DataFrame({"name": list(pl.read_parquet_schema(path))})
