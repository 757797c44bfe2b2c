"""Parquet becomes raw frames, in batches that fit into memory whatever a small file unpacks to."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

STRANGE: Final = "decimal256|list_view|<.*extension"
"""Types of Parquet at which Polars panics."""
USUAL: Final = (
    r"(large_)?string|bool|double|u?int\d+|date32\[day\]|timestamp\[[num]s(, tz=.+)?\]"
    r"|decimal128\(\d+, \d+\)|map<string, string( .*)?>"
)
"""Types that Polars reads by itself as it does from Arrow."""
GROUP: Final = 1 << 30, 64 << 20
"""A row group that is read at once has at most so many bytes, unpacked, and values."""
UUID_GROUPS: Final = "^(.{8})(.{4})(.{4})(.{4})"
UNPACKED: Final = 4 << 30
"""Bytes of a row group; writers make them of 128 MiB or a million rows."""
TEXTS: Final = 512 << 20
"""Bytes of the texts of a batch."""
BOMB: Final = 4 << 30, 200
"""A file's texts may have so many bytes, or so many times those of the file."""
REPEATING: Final = frozenset({"RLE_DICTIONARY", "PLAIN_DICTIONARY"})
INCREMENTAL: Final = "DELTA_BYTE_ARRAY"
"""Encodings that write a long text once and repeat it in a byte or two."""


def read_parquet(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    """Frames of up to `batch` rows. Raises ValueError for what would not fit into memory."""
    with pq.ParquetFile(path) as file:
        types = file.schema_arrow.types
        for name, dtype in zip(file.schema_arrow.names, types, strict=True):
            if re.search(STRANGE, str(dtype)):
                raise ValueError(f"column {name} is {dtype}; store it as text")
        rows = _rows_at_once(file, path, batch)
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        if rows == batch and _is_usual(file, scan):
            yield from _by_polars(file.metadata, scan, batch)
            return
        for records in file.iter_batches(rows):
            records.validate(full=True)
            columns = zip(pl.DataFrame(records), types, strict=True)
            yield pl.DataFrame([_plain(*column) for column in columns])


def _is_usual(file: Any, scan: pl.LazyFrame) -> bool:
    """Whether Polars reads by itself what it reads by way of Arrow, a row group at once."""
    schema = file.schema_arrow
    if not all(re.fullmatch(USUAL, str(dtype)) for dtype in schema.types):
        return False
    for group in map(file.metadata.row_group, range(file.num_row_groups)):
        columns = [group.column(i) for i in range(group.num_columns)]
        size = sum(column.total_uncompressed_size for column in columns)
        values = sum(column.num_values for column in columns)
        if size > GROUP[0] or values > GROUP[1] or any(c.physical_type == "INT96" for c in columns):
            return False
    return pl.Schema(schema) == scan.collect_schema()  # an empty table would import pandas


def _by_polars(footer: Any, scan: pl.LazyFrame, batch: int) -> Iterator[pl.DataFrame]:
    """Whole row groups at a time, for a quarter of the work that maps are by way of Arrow."""
    heights = [footer.row_group(i).num_rows for i in range(footer.num_row_groups)]
    first = rows = 0
    for height, following in zip(heights, [*heights[1:], batch], strict=True):
        rows += height
        if rows and rows + following > batch:
            yield from scan.slice(first, rows).collect().iter_slices(batch)
            first, rows = first + rows, 0


def _rows_at_once(file: Any, path: Path, batch: int) -> int:
    """As many of `batch` rows as surely fit: any text may be the longest of the repeated ones."""
    footer = file.metadata
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    texts = _texts(groups)
    with pq.ParquetFile(path, read_dictionary=texts.coded) as coded:
        widths = [_bytes_a_row(coded, group, i, texts) for i, group in enumerate(groups)]
        widest = max(widths, default=0.0)
        if widest > TEXTS:
            raise ValueError("a row of it may hold more than 512 MiB of text")
        rows = max(1, min(batch, int(TEXTS // max(1.0, widest))))
        at_most = sum(width * group.num_rows for width, group in zip(widths, groups, strict=True))
        allowed = max(BOMB[0], BOMB[1] * path.stat().st_size)
        size = 0
        # Group by group: Arrow cannot join the dictionaries of nested columns.
        for number in range(len(groups)) if at_most > allowed else ():
            for records in coded.iter_batches(rows, row_groups=[number], columns=texts.all):
                size += sum(map(_size, records.columns))
            if size > allowed:
                unpacked = f"{allowed / 2**30:.1f} GiB, more than {BOMB[1]} times its size"
                raise ValueError(f"its texts unpack to more than {unpacked}")
    return rows


class _Texts(NamedTuple):
    """Paths of columns of texts: those that can be read as codes of a dictionary, and all."""

    coded: list[str]
    all: list[str]


def _texts(groups: Iterable[Any]) -> _Texts:
    encodings: dict[str, set[str]] = {}
    for group in groups:
        for column in (group.column(i) for i in range(group.num_columns)):
            if column.physical_type == "BYTE_ARRAY":
                encodings.setdefault(column.path_in_schema, set()).update(column.encodings)
    plain = {name for name, of in encodings.items() if any("DELTA" in one for one in of)}
    return _Texts([name for name in encodings if name not in plain], list(encodings))


def _bytes_a_row(coded: Any, group: Any, number: int, texts: _Texts) -> float:
    """At most so many bytes of repeated texts are in a row; where nested, on average."""
    columns = [group.column(i) for i in range(group.num_columns)]
    unpacked = sum(column.total_uncompressed_size for column in columns)
    if unpacked > UNPACKED:
        raise ValueError(
            f"row group {number} unpacks to {unpacked / 2**30:.1f} GiB; the most is"
            f" {UNPACKED >> 30}. Write smaller row groups"
        )
    longest = {
        column.path_in_schema: column.total_uncompressed_size
        for column in columns
        if INCREMENTAL in column.encodings
    }
    dictionaries = [
        column.path_in_schema
        for column in columns
        if column.path_in_schema in texts.coded and not REPEATING.isdisjoint(column.encodings)
    ]
    if dictionaries and group.num_rows:
        first = next(coded.iter_batches(1, row_groups=[number], columns=dictionaries))
        parts = [part for column in first.columns for part in _coded(column)]
        for name, part in zip(dictionaries, parts, strict=True):
            longest[name] = pc.max(pc.binary_length(part.dictionary)).as_py() or 0 if part else 0
    total: float = sum(max(0, coded.schema.column(i).length) for i in range(len(columns)))
    total += sum(
        longest.get(column.path_in_schema, 0) * max(1.0, column.num_values / max(1, group.num_rows))
        for column in columns
    )
    return total


def _size(column: Any) -> int:
    """Bytes of a column's texts, each as often as it stands there."""
    size = int(column.nbytes)
    for part in _coded(column):
        if part is not None:
            lengths = pc.take(pc.binary_length(part.dictionary), part.indices)
            size += pc.sum(pc.cast(lengths, pa.int64())).as_py() or 0
    return size


def _coded(column: Any) -> list[Any]:
    """The dictionary-coded texts in a column, None in the place of other values."""
    if isinstance(column, pa.DictionaryArray):
        return [column]
    if isinstance(column, pa.MapArray):
        return _coded(column.keys) + _coded(column.items)
    if isinstance(column, pa.StructArray):
        return [part for field in column.flatten() for part in _coded(field)]
    if isinstance(column, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        return _coded(column.values)
    if isinstance(column, pa.ExtensionArray):
        return _coded(column.storage)
    return [None]


def _plain(series: pl.Series, dtype: pa.DataType) -> pl.Series:
    """A column as the other kinds of file would have brought it."""
    if dtype == pa.uuid():
        return series.bin.encode("hex").str.replace(UUID_GROUPS, "${1}-${2}-${3}-${4}-")
    if isinstance(dtype, pa.BaseExtensionType):
        return series.ext.storage()
    if series.dtype in (pl.Float16, pl.Float32):
        # The shortest decimal, as in text: 0.1 is not the double 0.10000000149011612.
        return series.cast(pl.String).cast(pl.Float64)
    return series
