"""Events that a program posts become a raw frame, in the names of ours."""

import re
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final

import polars as pl
import pyarrow as pa

from engine.contract import MEASURES
from engine.errors import Fault, InvalidRequest
from engine.ingest.canonical import canonical_text
from engine.ingest.metadata import key_of, read_pairs
from engine.ingest.normalise import FIELDS
from engine.ingest.strict import strict
from engine.request import shown

AT_MOST: Final = 5_000
"""Events of one request."""

PARTS: Final = 100
"""Months of brands that they may be of; each is a file of the lake."""

LONGEST_ID: Final = 256
"""Characters of an event_id; every database can have such a key."""

OTHER_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "event_id": ("eventId",),
    "event_type": ("eventType",),
    "session_id": ("sessionId", "visitorId"),
    "product_id": ("productId", "productIds"),
    "agent_id": ("agentId",),
    "customer_id": ("customerId",),
    "created_at": ("createdAt", "timestamp"),
    "workspace_id": ("workspaceId",),
    "brand_id": ("brandId",),
    "catalog_id": ("catalogId",),
    "duration_ms": ("durationMs",),
    "amount": ("revenue",),
}
"""What programs call our fields. The first name that holds something counts, ours before all."""

KEPT: Final = frozenset({"visitorId", "productIds"})
"""Say more than the field they may fill, so they are metadata as well."""

TAKEN: Final = frozenset({*FIELDS, *OTHER_NAMES, *sum(OTHER_NAMES.values(), ())}) - KEPT
TOO_DEEP: Final = "is nested too deeply"

TEXTS: Final = frozenset({str, NoneType})

Event = dict[str, Any]


@dataclass(frozen=True)
class Rejected:
    """Why an event is not stored; index is its place among those that were posted, from 0 on."""

    index: int
    field: str
    message: str


@dataclass(frozen=True)
class Posted:
    """frame: for `normalise`; its column `row` is the event's index."""

    frame: pl.DataFrame
    rejected: list[Rejected]


def events_of_json(body: bytes) -> tuple[list[Any], list[Fault]]:
    """What stands in {"events": [...]}, or what is wrong with the body as a whole."""
    try:
        value = strict(body)
    except InvalidRequest as error:
        return [], list(error.faults)
    if not isinstance(value, dict):
        message = f'{shown(value)} is not a JSON object; send {{"events": [...]}}.'
        return [], [Fault("body", message)]
    faults = [
        Fault(
            name if name.isprintable() and len(name) <= 80 else shown(name),
            "is not a field of this request; its one field is events.",
        )
        for name in list(value)[:20]
        if name != "events"
    ]
    events = value.get("events")
    if not isinstance(events, list):
        message = f"{shown(events)} is not a list of events; send at least [], at most {AT_MOST:,}."
        return [], [Fault("events", message), *faults]
    return events, _too_many(len(events)) + faults


def events_of_lines(body: bytes) -> tuple[list[Any], list[Fault]]:
    """One event a line, blank ones aside; a line that is no JSON becomes its Fault."""
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    faults = _too_many(len(lines))
    return ([] if faults else [_line(line) for line in lines]), faults


def posted(values: Sequence[Any], brand: str | None, catalog: str | None, workspace: str) -> Posted:
    """The raw frame of what was posted to a workspace; `brand` and `catalog` fill empty fields."""
    rejected = [Rejected(i, "event", _no_object(v)) for i, v in enumerate(values) if not _is(v)]
    rows = [i for i, value in enumerate(values) if _is(value)]
    events = [values[row] for row in rows]
    names = frozenset().union(*{*map(tuple, events)})
    columns = [pl.Series("row", rows, dtype=pl.UInt32)]
    for field in (*FIELDS, "workspace_id"):
        given = [name for name in (field, *OTHER_NAMES.get(field, ())) if name in names]
        default = {"brand_id": brand, "catalog_id": catalog}.get(field)
        if field == "metadata" or not (given or default):
            continue
        column, too_deep = _column(field, _first(events, given, default))
        rejected += [Rejected(rows[i], field, TOO_DEEP) for i in too_deep]
        if column.null_count() < len(column):
            columns.append(column)
    metadata, bad = _metadata(events, names)
    rejected += [Rejected(rows[i], "metadata", message) for i, message in bad]
    frame = pl.DataFrame([*columns, metadata])
    rejected += _elsewhere(frame, workspace) + _unfit_ids(frame)
    if rejected:
        frame = frame.filter(~pl.col("row").is_in({reason.index for reason in rejected}))
    return Posted(frame, rejected)


def _line(line: bytes) -> Any:
    try:
        return strict(line.removeprefix(BOM_UTF8))
    except InvalidRequest as error:
        return error.faults[0]


def _too_many(count: int) -> list[Fault]:
    if count <= AT_MOST:
        return []
    return [Fault("events", f"{count:,} are more than the {AT_MOST:,} of one request; send parts.")]


def _is(value: Any) -> bool:
    return type(value) is dict


def _no_object(value: Any) -> str:
    if isinstance(value, Fault):
        return value.message
    return f"{shown(value)} is not a JSON object"


def _first(events: list[Event], names: list[str], default: str | None) -> list[Any]:
    """Of each event the first member that is neither null nor empty."""
    values: list[Any] = [None] * len(events)
    for name in names:
        given = [event.get(name) for event in events]
        if name == "productIds":
            given = [v[0] if isinstance(v, list) and len(v) == 1 else None for v in given]
        if name == names[0]:
            values = given
        else:
            values = [
                new if old is None or old == "" else old
                for old, new in zip(values, given, strict=True)
            ]
    if default is None:
        return values
    return [default if value is None or value == "" else value for value in values]


def _column(field: str, values: list[Any]) -> tuple[pl.Series, list[int]]:
    """Texts, or doubles where a measure has numbers only; and which were nested too deeply."""
    kinds = {*map(type, values)} - {type(None)}
    try:
        if kinds <= {str}:
            return pl.Series(field, values, dtype=pl.String), []
        if field in MEASURES and kinds <= {int, float}:
            return pl.Series(field, values, dtype=pl.Float64), []
    except (UnicodeEncodeError, OverflowError):
        pass  # a lone surrogate or an integer of hundreds of digits
    texts: list[str | None] = []
    too_deep = []
    for i, value in enumerate(values):
        try:
            texts.append(canonical_text(value))
        except RecursionError:
            texts.append(None)
            too_deep.append(i)
    return pl.Series(field, texts, dtype=pl.String), too_deep


def _metadata(
    events: list[Event], names: frozenset[str], plain: bool = True
) -> tuple[pl.Series, list[tuple[int, str]]]:
    """Each event's keys and canonical texts, and what is wrong with some; nulls may be left.

    plain: texts may be taken as they are. A lone surrogate then ends it, and all is looked at.
    """
    strange = {name: _key(name) for name in names - TAKEN}
    keys: list[str] = []
    texts: list[str] = []
    ends = [0]
    bad = []
    for i, event in enumerate(events):
        members: Any = event.get("metadata")
        try:
            if strange or not (plain and _holds_texts(members)):
                members = _strangers(event, strange) | _own(members)
            keys += members
            texts += members.values()
        except ValueError as error:
            bad.append((i, str(error)))
        except RecursionError:
            bad.append((i, TOO_DEEP))
        ends.append(len(keys))
    try:
        arrays = [_arrow(strings, pl.String) for strings in (keys, texts)]
    except UnicodeEncodeError:
        return _metadata(events, names, plain=False)
    pairs = pa.StructArray.from_arrays(arrays, ["key", "value"])
    lists = pa.ListArray.from_arrays(_arrow(ends, pl.Int32), pairs)
    return pl.Series("metadata", lists), bad


def _arrow(values: list[Any], dtype: type[pl.DataType]) -> pa.Array:
    """As `pa.array` does, which however imports pandas."""
    return pl.Series(values, dtype=dtype).to_arrow(compat_level=pl.CompatLevel.oldest())


def _holds_texts(value: Any) -> bool:
    return type(value) is dict and TEXTS.issuperset(map(type, value.values()))


def _own(value: Any) -> dict[str, str]:
    """The event's own metadata; as in a file, it may be an object or the text of one."""
    if value is None:
        return {}
    if isinstance(value, str):
        pairs = read_pairs(str(canonical_text(value)))
        value = None if pairs is None else {pair["key"]: pair["value"] for pair in pairs}
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is not a JSON object")
    return {
        name if name.isascii() else str(canonical_text(name)): (
            item if type(item) is str and item.isascii() else str(canonical_text(item))
        )
        for name, item in value.items()
        if item is not None
    }


def _strangers(event: Event, keys: dict[str, str]) -> dict[str, str]:
    """Members that are no field of ours; one that is spelt as its key goes before another."""
    members = [name for name in event if name in keys and event[name] is not None]
    members.sort(key=lambda name: name == keys[name])
    return {keys[name]: str(canonical_text(event[name])) for name in members}


def _key(name: str) -> str:
    return key_of(re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name))


def _elsewhere(frame: pl.DataFrame, workspace: str) -> list[Rejected]:
    if "workspace_id" not in frame.columns:
        return []
    other = frame.filter(pl.col("workspace_id").replace("", None) != workspace)
    return [
        Rejected(row, "workspace_id", f"{shown(given)} differs from the path's {workspace}")
        for row, given in other.select("row", "workspace_id").iter_rows()
    ]


def _unfit_ids(frame: pl.DataFrame) -> list[Rejected]:
    """What PostgreSQL would not take as a key."""
    if "event_id" not in frame.columns:
        return []
    given = pl.col("event_id")
    unfit = (given.str.len_chars() > LONGEST_ID) | given.str.contains("\0", literal=True)
    rows = frame.filter(unfit)["row"]
    message = f"is longer than {LONGEST_ID} characters, or holds the character U+0000"
    return [Rejected(row, "event_id", message) for row in rows]
