"""Rollups on disk: one folder for each workspace and brand, and in it

    manifest.json                   what there is, and for which state of the lake
    <build>-<cell>.<table>.parquet  a cell's tables: those of cells.py and of visits.py
    <build>-<day>.events.parquet    a day's events, CODED
    <build>-<day>.ids.parquet       session, session_id
    <build>-dictionaries.parquet    name, text: those of a name in the order of their codes
    <build>-registry.parquet        session, day: where sessions were seen, as Registry says: the
                                    first of a manifest's has most, the others are days later

A file never changes; a build writes new ones and then, at once, a manifest that names them.
Everything here is derived: deleting the folder loses nothing.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, Self

import polars as pl

from engine.rollups import visits
from engine.rollups.cells import SCHEMAS
from engine.rollups.registry import Registry
from engine.stores.place import sync

FORMAT: Final = 4
PROBE: Final = int(pl.Series(["session"]).hash()[0])
"""Tells the hash of another version of Polars from this one's."""
MANIFEST: Final = "manifest.json"
OF_A_DAY: Final = ("events", "ids")
WRITERS: Final = 2


@dataclass(frozen=True)
class Manifest:
    """version: the lake's, which the rollups are true for. upto: days before it are rolled up.

    cells: of each day and month (2026-03-14, 2026-03) the build that wrote its tables and how many
    of the dimensions it knew; a day without events has none. coded: the build that wrote a day's
    events and ids. registry: the builds that wrote its parts. dimensions: names by their number in
    the tables. refused: why others are not rolled up. collision: two session ids share a hash, so
    sessions cannot be counted.
    """

    version: str
    upto: date
    build: int = 0
    dimensions: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    coded: Mapping[str, int] = field(default_factory=dict)
    registry: tuple[int, ...] = ()
    collision: bool = False

    @cached_property
    def months(self) -> frozenset[date]:
        """The first days of the months that have tables."""
        return frozenset(date.fromisoformat(f"{cell}-01") for cell in self.cells if len(cell) == 7)

    def to_json(self) -> str:
        return json.dumps(
            asdict(self) | {"upto": self.upto.isoformat(), "format": FORMAT, "probe": PROBE}
        )

    @classmethod
    def from_json(cls, text: str) -> Self | None:
        """None for what another version of this program, or of Polars, has written."""
        values: dict[str, Any] = json.loads(text)
        if values.pop("format", None) != FORMAT or values.pop("probe", None) != PROBE:
            return None
        values["upto"] = date.fromisoformat(values["upto"])
        values["dimensions"] = tuple(values["dimensions"])
        values["registry"] = tuple(values["registry"])
        values["cells"] = {name: (build, known) for name, (build, known) in values["cells"].items()}
        return cls(**values)


@dataclass(frozen=True)
class Shelf:
    """The folder of one brand's rollups."""

    folder: Path

    def manifest(self) -> Manifest | None:
        """None when there are no rollups that this program can read."""
        try:
            return Manifest.from_json((self.folder / MANIFEST).read_text())
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def mark(self) -> tuple[int, int] | None:
        """Changes whenever the manifest does."""
        try:
            status = (self.folder / MANIFEST).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def path(self, build: int, name: str) -> Path:
        return self.folder / f"{build}-{name}.parquet"

    def write(self, build: int, name: str, frame: pl.DataFrame) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(self.path(build, name), compression="zstd", compression_level=1)

    def write_all(self, build: int, frames: Mapping[str, pl.DataFrame]) -> None:
        """Small files, a few at a time."""
        with ThreadPoolExecutor(WRITERS) as writers:
            for _ in writers.map(partial(self.write, build), frames, frames.values()):
                pass

    def publish(self, manifest: Manifest) -> None:
        """Make a build the one that is read: what it names is on disk before it is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        before = self.manifest()
        if before is None or before.build != manifest.build:
            for path in self.folder.glob(f"{manifest.build}-*.parquet"):
                sync(path)
        fresh = self.folder / f"{MANIFEST}.new"
        fresh.write_text(manifest.to_json())
        sync(fresh)
        fresh.replace(self.folder / MANIFEST)
        sync(self.folder)

    def discard(self, build: int) -> None:
        """Let the next build begin from nothing, unless there is a newer one already."""
        manifest = self.manifest()
        if manifest is not None and manifest.build == build:
            (self.folder / MANIFEST).unlink(missing_ok=True)

    def sweep(self, keep: Iterable[Manifest]) -> None:
        """Delete the files that none of these manifests names."""
        named: set[Path] = set()
        for manifest in keep:
            named.add(self.path(manifest.build, "dictionaries"))
            named |= {self.path(build, "registry") for build in manifest.registry}
            for cell, (build, _) in manifest.cells.items():
                named |= {
                    self.path(build, f"{cell}.{table}") for table in (*SCHEMAS, *visits.SCHEMAS)
                }
            for day, build in manifest.coded.items():
                named |= {self.path(build, f"{day}.{part}") for part in OF_A_DAY}
        for path in set(self.folder.glob("*.parquet")) - named:
            path.unlink(missing_ok=True)

    def read(self, build: int, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.path(build, name))

    def registry(self, manifest: Manifest) -> Registry:
        return Registry.of([self.read(build, "registry") for build in manifest.registry])

    def scan(
        self,
        cells: Mapping[str, tuple[int, int]],
        names: Iterable[str],
        table: str,
        numbers: Collection[int],
    ) -> pl.LazyFrame:
        """A table of some cells, of the dimensions of these numbers.

        A cell that does not know a dimension has events that all lack the key: they are what the
        cell says without a dimension, where the key is 0 too.
        """
        paths: dict[int, list[Path]] = {}
        for cell in names:
            build, known = cells[cell]
            paths.setdefault(known, []).append(self.path(build, f"{cell}.{table}"))
        dim = pl.col("dim")
        parts = [SCHEMAS[table].to_frame().lazy()]
        for known, alike in paths.items():
            rows = pl.scan_parquet(alike)
            parts.append(rows.filter(dim.is_in([n for n in numbers if n < known])))
            parts += [
                rows.filter(dim == 0).with_columns(dim=pl.lit(n, pl.Int32))
                for n in numbers
                if n >= known
            ]
        return pl.concat(parts)

    def scan_visits(
        self, cells: Mapping[str, tuple[int, int]], names: Iterable[str], table: str
    ) -> pl.LazyFrame:
        """`first` or `visits` of some cells."""
        parts = [visits.SCHEMAS[table].to_frame().lazy()]
        paths = [self.path(cells[cell][0], f"{cell}.{table}") for cell in names]
        if paths:
            parts.append(pl.scan_parquet(paths))
        return pl.concat(parts)
