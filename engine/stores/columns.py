"""Columns of lake files, decoded once and kept in memory, texts as codes of a dictionary.

Grouping by codes is several times faster than by texts, and decoding Parquet, maps above all,
costs more than the grouping itself. A lake file never changes, so nothing here goes stale.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, Final

import polars as pl

from engine.contract import METADATA
from engine.stores.base import EVENTS

BUDGET: Final = 2 << 30
# A code has 4 bytes; its share of the dictionary is little for types, much for sessions.
WIDTHS: Final = {pl.String: 12, pl.Datetime: 8, pl.Decimal: 16}


def scan_files(uris: Sequence[str], options: Mapping[str, Any] | None = None) -> pl.LazyFrame:
    """Every event of lake files; a column that is younger than its file is null.

    options: how Polars reaches files in an object store.
    """
    return pl.scan_parquet(
        list(uris),
        hive_partitioning=False,
        missing_columns="insert",
        schema=EVENTS,
        storage_options=None if options is None else dict(options),
        credential_provider=None,
    )


def column(name: str) -> pl.Expr:
    """A column of a scan from those of a lake file; texts that are absent or empty are null."""
    if name.startswith(METADATA):
        key = name.removeprefix(METADATA)
        return pl.col("metadata").map.get(key).replace("", None).alias(name)
    return pl.col(name).replace("", None) if EVENTS[name] == pl.String else pl.col(name)


class Columns:
    """Least recently used columns, at most `budget` bytes of them."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._held = 0
        self._lock = Lock()
        self._columns: OrderedDict[tuple[str, str], pl.Series] = OrderedDict()

    def fits(self, rows: int, names: Sequence[str]) -> bool:
        """Whether so many rows of these columns can be held at once."""
        return rows * sum(_width(name) for name in names) <= self._budget

    def read(
        self,
        table: str,
        uris: Sequence[str],
        names: Sequence[str],
        options: Mapping[str, Any] | None = None,
    ) -> list[pl.DataFrame]:
        """A frame of these columns for each file of a table, rows in the file's order."""
        with self._lock:
            held = {(uri, name): self._touch(uri, name) for uri in uris for name in names}
        missing = {uri: [n for n in names if held[uri, n] is None] for uri in uris}
        scans = {
            uri: scan_files([uri], options).select(
                column(name).cast(_dtype(table, name)) for name in wanted
            )
            for uri, wanted in missing.items()
            if wanted
        }
        for uri, frame in zip(
            scans, pl.collect_all(scans.values(), engine="streaming"), strict=True
        ):
            held |= {(uri, series.name): series for series in frame}
            self._keep(uri, frame)
        return [pl.DataFrame([held[uri, name] for name in names]) for uri in uris]

    def forget(self, uris: Iterable[str]) -> None:
        """Let go of the columns of files that are no longer part of their table."""
        gone = set(uris)
        with self._lock:
            for uri, name in [key for key in self._columns if key[0] in gone]:
                self._held -= int(self._columns.pop((uri, name)).estimated_size())

    def _touch(self, uri: str, name: str) -> pl.Series | None:
        series = self._columns.get((uri, name))
        if series is not None:
            self._columns.move_to_end((uri, name))
        return series

    def _keep(self, uri: str, frame: pl.DataFrame) -> None:
        with self._lock:
            for series in frame:
                if (uri, series.name) not in self._columns:
                    self._columns[uri, series.name] = series
                    self._held += int(series.estimated_size())
            while self._held > self._budget and len(self._columns) > 1:
                _, oldest = self._columns.popitem(last=False)
                self._held -= int(oldest.estimated_size())


def _dtype(table: str, name: str) -> pl.DataType:
    """Codes of one dictionary for all files of a table; Polars frees it with its last column."""
    dtype = EVENTS.get(name, pl.String())
    return pl.Categorical(pl.Categories(name, namespace=table)) if dtype == pl.String else dtype


def _width(name: str) -> int:
    return WIDTHS[EVENTS.get(name, pl.String()).base_type()]
