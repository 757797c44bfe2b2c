"""Metadata keys as columns: read out of the lake's maps once, then kept in memory.

Decoding a map costs ten times what grouping by its value does, and a lake file never changes, so
(file, key) is all an entry depends on.
"""

from collections import OrderedDict
from threading import Lock
from typing import Final

import polars as pl

from engine.contract import METADATA

BUDGET: Final = 1 << 30


class MetadataColumns:
    """Least recently used columns, at most `budget` bytes of them."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._held = 0
        self._lock = Lock()
        self._columns: OrderedDict[tuple[str, str], pl.Series] = OrderedDict()

    def read(self, uri: str, keys: list[str]) -> pl.DataFrame:
        """One row for each event of the file, in its order, and a column `metadata.<key>` each.

        Null where an event lacks the key or holds an empty text, which mean the same.
        """
        return pl.DataFrame([self._read(uri, key) for key in keys])

    def _read(self, uri: str, key: str) -> pl.Series:
        with self._lock:
            column = self._columns.get((uri, key))
            if column is not None:
                self._columns.move_to_end((uri, key))
                return column
        value = pl.col("metadata").map.get(key).replace("", None)
        named = pl.scan_parquet(uri, hive_partitioning=False).select(value.alias(METADATA + key))
        column = named.collect(engine="streaming").to_series().cast(pl.Categorical)
        with self._lock:
            if (uri, key) not in self._columns:
                self._columns[uri, key] = column
                self._held += int(column.estimated_size())
            while self._held > self._budget and len(self._columns) > 1:
                _, oldest = self._columns.popitem(last=False)
                self._held -= int(oldest.estimated_size())
        return column
