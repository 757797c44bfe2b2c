"""Metadata of raw rows becomes a map of canonical texts."""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow as pa

from engine.contract import KEY
from engine.errors import InvalidRequest
from engine.ingest.canonical import canonical_text
from engine.ingest.members import members_in, members_of_each, objects_in
from engine.request import loads

MAP: Final = pl.Map(pl.String, pl.String)
UNCASTABLE: Final = (pl.Binary, pl.Duration)
PAIR: Final = ("key", "value")
ENTRIES: Final = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
NO_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""How msgspec says that a text is no JSON, or not of the wanted form."""
FLAT: Final = dict[str, str | int | float | bool | None]
DECODER: Final = msgspec.json.Decoder(FLAT)
TOGETHER: Final = 4096
"""Texts that are decoded as one."""


def read_metadata(column: pl.Series, extra: Iterable[pl.Series]) -> tuple[pl.Series, pl.Series]:
    """The maps, and which rows held something that is no JSON object.

    `extra` are columns of the file that no event field is named after: they become keys, unless
    the metadata itself has a key of that name. Nulls are left out.
    """
    entries, bad = _entries(column)
    lists = [_extra_entries(series) for series in extra]
    frame = pl.DataFrame([entries.alias("own"), *lists])
    combined = pl.concat_list([*(series.name for series in lists), "own"])
    parts = [pl.element().struct.field(name).is_not_null() for name in ("key", "value")]
    present = combined.list.filter(pl.all_horizontal(parts))
    return frame.select(metadata=present.cast(MAP)).to_series(), bad


def _entries(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    good = pl.repeat(False, len(column), dtype=pl.Boolean, eager=True)
    empty = pl.repeat([], len(column), dtype=ENTRIES, eager=True)
    if column.dtype == pl.Null:
        return empty, good
    if isinstance(column.dtype, pl.Map):
        column = column.to_frame("m").select(pl.col("m").map.entries()).to_series()
    if column.dtype == ENTRIES:
        whole = column if not column.null_count() else column.zip_with(column.is_not_null(), empty)
        return whole, good
    if _holds_pairs(column.dtype):
        return entries_of([_pairs(row or []) for row in column.to_list()]), good
    if isinstance(column.dtype, pl.Struct) and "Binary" not in str(column.dtype):
        column = column.struct.json_encode()  # fast, but it cannot encode bytes
    texts = text_of(column).fill_null("{}")
    different = texts.unique()  # events of one kind tend to share theirs
    table = pl.DataFrame({"text": different, "pairs": _objects(different)})
    found = texts.to_frame("text").join(table, on="text", how="left", maintain_order="left")
    pairs = found["pairs"]
    return pairs.zip_with(pairs.is_not_null(), empty), pairs.is_null()


def _objects(texts: pl.Series) -> pl.Series:
    """The entries of JSON objects, null for what is none; few at a time, for the cache's sake."""
    parts = [texts.slice(start, TOGETHER) for start in range(0, max(1, len(texts)), TOGETHER)]
    return pl.concat([_objects_of_lines(part) for part in parts])


def _objects_of_lines(texts: pl.Series) -> pl.Series:
    """All texts as the lines of one where they are flat objects, else one by one."""
    text = "\n".join(texts.to_list()).encode()
    try:
        if objects_in(text) == len(texts):
            objects = DECODER.decode_lines(text)
            pairs, members = entries_of_flat(objects)
            if len(objects) == len(texts) and members == members_in(text):
                return pairs
    except (*NO_JSON, UnicodeEncodeError):
        pass
    return read_objects(texts.cast(pl.Binary).to_list())[0]


def entries_of(rows: Iterable[list[dict[str, Any]] | None]) -> pl.Series:
    """A list of keys and values for each row. Polars alone makes a frame of each, which is slow."""
    keys: list[str] = []
    values: list[str | None] = []
    starts: list[int | None] = []
    for row in rows:
        starts.append(None if row is None else len(keys))
        for pair in row or ():
            keys.append(pair["key"])
            values.append(pair["value"])
    return _lists(keys, values, starts)


def read_objects(texts: Sequence[bytes]) -> tuple[pl.Series, list[int]]:
    """The entries of JSON objects, null for what `read_pairs` takes for none; their `members_in`.

    Flat ones are read fast. That decoder keeps the last of the members with one name, so a text
    that may have more members than were found is left to `read_pairs`.
    """
    keys: list[str] = []
    values: list[Any] = []
    starts: list[int | None] = []
    counts = members_of_each(texts)
    for text, count in zip(texts, counts, strict=True):
        starts.append(len(keys))
        try:
            members = DECODER.decode(text)
        except NO_JSON:
            members = None
        if members is None or count != len(members):
            pairs = read_pairs(text.decode())
            starts[-1] = None if pairs is None else len(keys)
            keys += [pair["key"] for pair in pairs or ()]
            values += [pair["value"] for pair in pairs or ()]
        else:
            keys += members
            values += members.values()
    return _lists(keys, values, starts), counts


def entries_of_flat(objects: Sequence[dict[str, Any] | None]) -> tuple[pl.Series, int]:
    """The entries of each flat object, none for what is none, and how many they are."""
    present = [members or {} for members in objects]
    keys = list(chain.from_iterable(present))
    values = list(chain.from_iterable(map(dict.values, present)))
    starts = accumulate(map(len, present), initial=0)
    return _lists(keys, values, list(starts)[:-1]), len(keys)


def _lists(keys: list[str], values: list[Any], starts: Sequence[int | None]) -> pl.Series:
    """Lists of pairs, each from a start to the next one. Values become canonical texts."""
    try:
        texts = pl.Series(values, dtype=pl.String)
    except TypeError:
        texts = pl.Series(map(canonical_text, values), dtype=pl.String)
    # Not by `pa.array`, which imports pandas.
    columns = [pl.Series(keys, dtype=pl.String).to_arrow(), texts.to_arrow()]
    offsets = pl.Series([*starts, len(keys)], dtype=pl.Int64).to_arrow()
    pairs = pa.StructArray.from_arrays(columns, PAIR)
    return pl.Series(pa.LargeListArray.from_arrays(offsets, pairs))


def _holds_pairs(dtype: pl.DataType) -> bool:
    inner = dtype.inner if isinstance(dtype, pl.List) else None
    return isinstance(inner, pl.Struct) and {f.name for f in inner.fields} == {"key", "value"}


def _pairs(row: list[dict[str, Any] | None]) -> list[dict[str, Any]]:
    return [{name: canonical_text(item) for name, item in pair.items()} for pair in row if pair]


def read_pairs(text: str) -> list[dict[str, Any]] | None:
    """The members of a JSON object, none of a blank text, None for what is no object."""
    if not text.strip():
        return []
    try:
        value = loads(text.encode())
        if value is None:
            return []
        if not isinstance(value, dict):
            return None
        return [{"key": canonical_text(k), "value": canonical_text(v)} for k, v in value.items()]
    except (InvalidRequest, RecursionError):
        return None


def _extra_entries(series: pl.Series) -> pl.Series:
    pair = pl.struct(key=pl.lit(key_of(series.name)), value=pl.col("x"))
    extra = pl.concat_list(pair).alias(f"extra {series.name}")
    return text_of(series).to_frame("x").select(extra).to_series()


def key_of(name: str) -> str:
    """What a column or member that no field is named after is called among the metadata."""
    key = re.sub(r"[^a-z0-9_]+", "_", name.strip().lower())
    return key if re.fullmatch(KEY, key) else f"_{key}"[:63]


def text_of(series: pl.Series) -> pl.Series:
    """Values as canonical text; absent and empty are the same."""
    # Polars takes a name such as "^a$" for a pattern, in methods of a series too.
    values, dtype = series.alias("values"), series.dtype
    if dtype.is_float():
        values = values.fill_nan(None)
    if dtype.is_nested() or dtype.is_float() or dtype.is_decimal() or dtype in UNCASTABLE:
        texts = [canonical_text(value) for value in values.to_list()]
        values = pl.Series("values", texts, dtype=pl.String)
    return values.cast(pl.String).replace("", None).alias(series.name)
