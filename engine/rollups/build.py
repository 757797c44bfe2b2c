"""Rollups behind the lake: which days have changed, their tables, their months, one manifest."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from time import time_ns
from typing import Final

import polars as pl

from engine.backends.base import Backend
from engine.errors import Unavailable
from engine.rollups import cells, choose, visits
from engine.rollups.cells import SCHEMAS, Tables
from engine.rollups.coded import PRODUCT, Dictionaries, encode, metadata_names, with_columns_of
from engine.rollups.dictionary import Dictionary
from engine.rollups.registry import SEEN, Registry, of_several_days, of_several_months
from engine.rollups.shelf import Manifest, Shelf
from engine.rollups.state import UNREADABLE
from engine.rollups.visits import Visits
from engine.scope import Scope
from engine.stores.columns import column
from engine.stores.lake import LakeSnapshot, LakeStore

CHUNK: Final = 750_000
"""About so many events are in memory at once."""
PARTS: Final = 16
"""When the registry is in so many files, or what came later is most of it, it becomes one."""
EPOCH: Final = date(1970, 1, 1)
ONE_DAY: Final = timedelta(1)
FIXED: Final = (cells.NONE, *cells.BUCKETS, cells.SESSION, PRODUCT)


Read = Callable[[datetime, datetime], pl.DataFrame]
"""Events of a window: EVENTS, at least what `engine.rollups.coded.encode` reads of it."""


class EventsUnreadable(Exception):
    """The lake cannot be read now; that says nothing about the rollups there are."""


@dataclass(frozen=True)
class Builder:
    """Builds the rollups below `root`. One builder of a brand at a time; readers go on.

    cluster: reads the events, puts them in order and sends them here, a few days at a time, when
    there are more of them to be rolled up than are scanned here.
    """

    lake: LakeStore
    root: Path
    cluster: Backend | None = None

    def shelf(self, workspace: str, brand: str) -> Shelf:
        return Shelf(self.root / workspace / brand)

    def build(self, workspace: str, brand: str, today: date) -> Manifest | None:
        """Bring the rollups up to the lake's present state, for the days before `today`.

        Returns the manifest that holds now, None for a brand without events. Raises
        EventsUnreadable, and what reading and writing of rollups raises.
        """
        shelf = self.shelf(workspace, brand)
        snapshot = self.lake.open(workspace, brand)
        before = shelf.manifest()
        changed: frozenset[date] | None = None
        if before is not None:
            changed = self.lake.changed_days(workspace, brand, before.version, snapshot.version)
        if before is None or changed is None:
            if not snapshot.files:
                return None
            before, changed = Manifest("", date.min, _last_build(shelf)), frozenset()
        stale = {day for day in changed if day < before.upto}
        new = {day for day in _days_of(snapshot) if before.upto <= day < today}
        if before.upto >= today and not stale:
            # What is rolled up is true for the new version too: the log need not be read again.
            manifest = replace(before, version=snapshot.version)
        else:
            try:
                days = sorted(stale | new)
                read = self._reader(Scope(workspace, brand), snapshot, days)
                work = _Build(shelf, snapshot, before, read)
                manifest = work.run(days, max(today, before.upto))
            except (FileNotFoundError, pl.exceptions.ComputeError):
                # A file of an earlier build is gone or broken: the next one begins from nothing.
                shelf.discard(before.build)
                raise
        if manifest != before:
            shelf.publish(manifest)
            shelf.sweep([before, manifest])
        return manifest

    def _reader(self, scope: Scope, snapshot: LakeSnapshot, days: Sequence[date]) -> Read:
        """Where the events of these days are read."""
        events = sum(file.rows_on(day) for file in snapshot.files for day in days)
        if self.cluster is None or events <= self.cluster.most:
            return snapshot.events
        return partial(self.cluster.events, scope, snapshot)

    def drop(self, workspace: str, brand: str | None = None) -> None:
        """Delete the rollups of a brand, or of all brands of a workspace."""
        shutil.rmtree(self.root / workspace / (brand or ""), ignore_errors=True)


def _last_build(shelf: Shelf) -> int:
    """A number that no build of the brand had, also when its folder has been deleted: whoever
    read the old ones keeps frames by it. Builds are numbered on from it, and take longer than a
    millisecond each.
    """
    numbers = [int(path.name.partition("-")[0]) for path in shelf.folder.glob("*-*.parquet")]
    return max([time_ns() // 1_000_000, *numbers])


def _days_of(snapshot: LakeSnapshot) -> list[date]:
    """The days that files may have events of."""
    days: set[date] = set()
    for file in snapshot.files:
        first, last = file.first.date(), file.last.date()
        days.update(first + timedelta(i) for i in range((last - first).days + 1))
    return sorted(days)


def instant(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def day_of(number: int) -> date:
    """The day of this number since 1970."""
    return EPOCH + timedelta(number)


def month_after(month: str) -> date:
    """The first day after a month such as 2026-03."""
    return (date.fromisoformat(f"{month}-01") + timedelta(32)).replace(day=1)


@dataclass
class _Build:
    """One build under way, on top of the manifest before it."""

    shelf: Shelf
    snapshot: LakeSnapshot
    before: Manifest
    read: Read

    def __post_init__(self) -> None:
        self.build = self.before.build + 1
        self.known, self.registry = Dictionaries(), Registry.of([SEEN.to_frame()])
        if self.before.dimensions:
            self.known = Dictionaries.from_frame(self.shelf.read(self.before.build, "dictionaries"))
            self.registry = self.shelf.registry(self.before)
        self.dimensions = list(self.before.dimensions or FIXED)
        self.refused = dict(self.before.refused)
        self.cells, self.coded = dict(self.before.cells), dict(self.before.coded)
        self.collision = self.before.collision

    def run(self, days: Sequence[date], upto: date) -> Manifest:
        """Build these days anew, and what depends on them."""
        for day in days:
            self.cells.pop(str(day), None)
            self.coded.pop(str(day), None)
        known, part = self._code(days)
        # What else depends on these days: those of a session that has several only now.
        now = self.registry.days_of(known["session"])
        of_days, of_months = (
            self._days_of(of(now).filter(~of(now).is_in(of(known).implode())))
            for of in (of_several_days, of_several_months)
        )
        affected = {str(day) for day in days} | of_days
        self._tables(sorted(affected & self.coded.keys()), self.registry.spanning)
        open_ = {cell[:7] for cell in self.cells} - self.cells.keys()
        self._months({day[:7] for day in affected | of_months} | open_, upto)
        registry = self._write_registry(part)
        self.shelf.write(self.build, "dictionaries", self.known.to_frame())
        return Manifest(
            version=self.snapshot.version,
            upto=upto,
            build=self.build,
            dimensions=tuple(self.dimensions),
            refused=self.refused,
            cells=self.cells,
            coded=self.coded,
            registry=registry,
            collision=self.collision,
        )

    def _code(self, days: Sequence[date]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Write the coded events of the days, and register their sessions. Returns where these were
        seen before, and what the registry got: SEEN, sorted by session.
        """
        parts = [self._store(chunk) for chunk in self._chunks(days)]
        seen = pl.concat([SEEN.to_frame(), *parts])
        known = self.registry.days_of(seen["session"])
        new = seen.join(known, on=SEEN.names(), how="anti")
        again = known.join(new.join(known, on="session", how="semi"), on="session", how="semi")
        part = pl.concat([again, new]).sort("session")
        self.registry = self.registry.with_part(part)
        came = seen["session"]
        several = came.filter(came.is_in(self.registry.spanning.implode()))
        self.collision |= self._collide(several.unique())
        return known, part

    def _write_registry(self, part: pl.DataFrame) -> tuple[int, ...]:
        """Write what it got, or all again; the builds that have its parts then."""
        before, registry = self.before.registry, self.registry
        if 0 < len(before) < PARTS and registry.later.height <= registry.first.height:
            self.shelf.write(self.build, "registry", part)
            return (*before, self.build)
        self.shelf.write(self.build, "registry", registry.as_one())
        return (self.build,)

    def _days_of(self, sessions: pl.Series) -> set[str]:
        """The days on which one of the sessions was seen."""
        return {str(day_of(number)) for number in self.registry.days_of(sessions)["day"].unique()}

    def _chunks(self, days: Sequence[date]) -> Iterator[pl.DataFrame]:
        """The events of the days, about CHUNK at a time."""
        part: list[date] = []
        rows = 0.0
        for day in days:
            expected = sum(file.rows_on(day) for file in self.snapshot.files)
            if part and (rows + expected > CHUNK or day - part[-1] > ONE_DAY):
                yield self._events(part)
                part, rows = [], 0.0
            part.append(day)
            rows += expected
        if part:
            yield self._events(part)

    def _events(self, days: Sequence[date]) -> pl.DataFrame:
        start, end = instant(days[0]), instant(days[-1] + ONE_DAY)
        try:
            return self.read(start, end)
        except (*UNREADABLE, Unavailable) as error:
            raise EventsUnreadable(str(error)) from error

    def _store(self, events: pl.DataFrame) -> pl.DataFrame:
        """Write the coded events of each day; session and day of what was seen."""
        self._choose(events)
        coded = encode(events, self.known.metadata, self.known)
        ids = self._sessions(coded)
        names = ids.sort("session_id").partition_by("day", as_dict=True, include_key=False)
        files = {}
        for (number,), events_of_day in coded.drop("session_id").group_by("day"):
            day = str(day_of(int(str(number))))
            files[f"{day}.events"] = events_of_day
            files[f"{day}.ids"] = names.get((number,), ids.clear().drop("day"))
            self.coded[day] = self.build
        self.shelf.write_all(self.build, files)
        return ids.select("session", "day")

    def _sessions(self, coded: pl.DataFrame) -> pl.DataFrame:
        """day, session, session_id. Looks for ids that share a hash by a second one."""
        text = pl.col("session_id")
        other = text.hash(seed=1)
        ids = coded.lazy().drop_nulls("session").group_by("day", "session")
        found = ids.agg(text.first(), least=other.min(), most=other.max())
        frame = found.collect(engine="streaming")
        self.collision |= frame.filter(pl.col("least") != pl.col("most")).height > 0
        return frame.drop("least", "most")

    def _choose(self, events: pl.DataFrame) -> None:
        """Take new metadata keys in, or say why not."""
        known = {*self.refused, *self.dimensions}
        names = [name for name in metadata_names(events) if name not in known]
        values_of = events.select(column(name).n_unique() for name in names)
        for name in names:
            values = values_of[name].item()
            reason = choose.too_many_values(values, events.height) or choose.too_many_keys(
                len(self.known.metadata)
            )
            if reason:
                self.refused[name] = reason
            else:
                self.dimensions.append(name)
                self.known.by_name[name] = Dictionary()

    def _collide(self, sessions: pl.Series) -> bool:
        """Whether one hash stands for different ids on different days."""
        days = self.registry.days_of(sessions)["day"].unique().sort()
        names = [str(day_of(number)) for number in days]
        parts = [
            self.shelf.read(self.coded[day], f"{day}.ids").filter(
                pl.col("session").is_in(sessions.implode())
            )
            for day in names
            if day in self.coded
        ]
        ids = pl.concat(parts).unique() if parts else None
        return ids is not None and ids["session"].n_unique() < ids.height

    def _tables(self, days: Sequence[str], spanning: pl.Series) -> None:
        """Write the tables of days whose coded events are there."""
        part: list[pl.DataFrame] = []
        done = 0
        for i, day in enumerate(days):
            coded = self.shelf.read(self.coded[day], f"{day}.events")
            part.append(with_columns_of(coded, self.known.metadata))
            if i + 1 == len(days) or sum(frame.height for frame in part) >= CHUNK:
                together = pl.concat(part, how="diagonal")
                done, at_once = i + 1, days[done : i + 1]
                ids = pl.concat(self._ids(name) for name in at_once)
                self._write(at_once, cells.tables(together, self._rolled_up(), spanning))
                self._write(at_once, visits.tables(together, ids, spanning))
                part = []

    def _rolled_up(self) -> dict[int, str]:
        return {i: name for i, name in enumerate(self.dimensions) if name not in self.refused}

    def _ids(self, day: str) -> pl.DataFrame:
        """day, session, session_id."""
        number = (date.fromisoformat(day) - EPOCH).days
        ids = self.shelf.read(self.coded[day], f"{day}.ids")
        return ids.select(pl.lit(number, pl.Int32).alias("day"), "session", "session_id")

    def _write(self, days: Sequence[str], tables: Tables | Visits) -> None:
        """Write each day's part of the tables."""
        files = {}
        for name, table in tables._asdict().items():
            parts = table.partition_by("day", as_dict=True, include_key=False)
            for day in days:
                part = parts.get(((date.fromisoformat(day) - EPOCH).days,))
                none = table.clear().drop("day")
                files[f"{day}.{name}"] = none if part is None else part
        self.shelf.write_all(self.build, files)
        self.cells |= dict.fromkeys(days, (self.build, len(self.dimensions)))

    def _months(self, months: Iterable[str], upto: date) -> None:
        """Fold the days of each month that is over; a month of which nothing is left goes."""
        for month in sorted(months):
            self.cells.pop(month, None)
            days = [cell for cell in self.cells if cell.startswith(f"{month}-")]
            if month_after(month) > upto or not days:
                continue
            several = self.registry.spanning_months
            with ThreadPoolExecutor(1) as aside:
                by_session = aside.submit(self._visits, days, several)
                scan = partial(self.shelf.scan, self.cells, days, numbers=self._rolled_up())
                folded = cells.fold([scan(table) for table in SCHEMAS], several)
            self._refuse_large(folded.counts)
            tables = folded._asdict() | by_session.result()._asdict()
            self.shelf.write_all(self.build, {f"{month}.{name}": t for name, t in tables.items()})
            self.cells[month] = (self.build, len(self.dimensions))

    def _visits(self, days: Sequence[str], several: pl.Series) -> Visits:
        """A month's tables by session."""
        first, going_on = (
            self.shelf.scan_visits(self.cells, days, name) for name in visits.SCHEMAS
        )
        return visits.fold(first.drop("ranks"), going_on, several)

    def _refuse_large(self, counts: pl.DataFrame) -> None:
        """Give up dimensions whose month has too many rows."""
        events = int(counts.filter(pl.col("dim") == 0)["events"].sum())
        for number, rows in counts.group_by("dim").len().sort("dim").iter_rows():
            name = self.dimensions[number]
            reason = choose.too_many_rows(rows, events)
            if reason and (name == PRODUCT or name not in FIXED):
                self.refused[name] = reason
