"""From events to rows: what splits them, what is computed, and in which order rows come.

Distinct sessions are counted in two steps, (key, session) and then key, because a hash table of
pairs is faster and smaller than a set for every key.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import polars as pl

from engine.contract import IDS, METADATA
from engine.numbers import decimals_of_text, wire_number
from engine.plan import Plan
from engine.request import AggregateRequest
from engine.result import Row
from engine.stores.base import Snapshot

HOUR_US: Final = 3_600_000_000

GROUPS: Final = {
    "none": pl.lit("all"),
    "event_type": pl.col("event_type"),
    "session": pl.col("session_id"),
    "day": pl.col("created_at").dt.date(),
    "hour": pl.col("created_at").to_physical() // HOUR_US,
    "product_id": pl.col("product_id"),
}
"""The raw key of each dimension; KEYS turns those within the limit into the wire's text."""

_TEXT: Final = pl.col("key").cast(pl.String).fill_null("")
KEYS: Final = {
    "day": pl.col("key").dt.strftime("%Y-%m-%d"),
    "hour": (pl.col("key") * HOUR_US).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:00:00Z"),
}

EPOCH: Final = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)


@lru_cache(maxsize=20_000)
def _hour(hours: int) -> str:
    return (EPOCH + timedelta(hours=hours)).isoformat() + "Z"


TIMES: Final[dict[str, Callable[[Any], str]]] = {"day": date.isoformat, "hour": _hour}
"""KEYS of one key."""
FEW: Final = 4_096
"""So many rows are faster put in order one by one."""

MEASURES: Final = {
    "count": ("events", "sessions"),
    "count_distinct": ("sessions", "events"),
    "sum": ("total", "numbers"),
    "avg": ("total", "numbers"),
}
"""Which partial is the value of a row and which its secondary."""


class Partials(NamedTuple):
    """frame: key, events, sessions or key, total, numbers of each group.

    groups, sessions: how many groups there are and distinct sessions in them, group by group, when
    the frame may have only the first of them. text: how keys become text, when they
    are not what a scan would give.
    """

    frame: pl.DataFrame
    groups: int | None = None
    text: Callable[[pl.Series], pl.Series] | None = None
    sessions: int | None = None


def scan(plan: Plan, snapshot: Snapshot) -> Partials:
    """Partials by reading events; keys are raw."""
    events = selected(plan, snapshot)
    request = plan.request
    grouped = numbers(events, request) if request.is_numeric else sessions(events, request)
    return Partials(grouped.collect(engine="streaming"))


def finish(partials: Partials, request: AggregateRequest) -> tuple[tuple[Row, ...], int]:
    """The rows within the limit, in the contract's order, and how many there were before it."""
    if partials.groups is not None and partials.frame.height <= FEW:
        return _few(partials, request), partials.groups
    rows = kept(partials, request)
    keys, numbers, secondary = (rows[name].to_list() for name in ("key", "value", "secondary"))
    values = map(wire_number, numbers) if request.is_numeric else numbers
    return tuple(map(Row, keys, values, secondary)), groups(partials)


def _few(partials: Partials, request: AggregateRequest) -> tuple[Row, ...]:
    """What `kept` says, of so few rows that planning how costs more than doing it one by one."""
    frame = partials.frame
    keys = (partials.text or _same)(frame["key"]).to_list()
    value, secondary = (frame[name] for name in MEASURES[request.aggregation])
    counts = secondary.to_list()
    values = (value.cast(pl.Float64) if request.is_numeric else value).to_list()
    if request.aggregation == "avg":
        values = [total / (count or 1) for total, count in zip(values, counts, strict=True)]
    rows = list(zip(keys, values, counts, strict=True))
    if request.is_time:
        write = TIMES[request.group_by]
        latest = sorted(rows)[-request.limit :]
        rows = [(write(key), value, count) for key, value, count in latest]
    else:
        # One sort after the other takes half as long as one whose key says all.
        rows.sort(key=itemgetter(0))
        rows.sort(key=itemgetter(1), reverse=True)
        if request.is_numeric:
            rows.sort(key=lambda row: row[2] == 0)
        del rows[request.limit :]
    if request.is_numeric:
        return tuple(Row(key, wire_number(value), count) for key, value, count in rows)
    return tuple(Row(*row) for row in rows)


def _same(keys: pl.Series) -> pl.Series:
    return keys


def kept(partials: Partials, request: AggregateRequest) -> pl.DataFrame:
    """key as text, value, secondary and the partials of the rows within the limit, in order."""
    text = KEYS.get(request.group_by, _TEXT)
    if partials.text is not None:
        text = pl.col("key").map_batches(partials.text, return_dtype=pl.String)
    rows = measured(partials.frame.lazy(), request)
    if partials.groups is None and not request.is_time:
        rows = contenders(rows.collect(), request).lazy()
    return limited(rows, request, text).collect()


def groups(partials: Partials) -> int:
    """How many rows there are before the limit."""
    return partials.frame.height if partials.groups is None else partials.groups


def selected(plan: Plan, snapshot: Snapshot) -> pl.LazyFrame:
    """The events of the window, types and catalog."""
    events = snapshot.scan(plan.start, plan.end, plan.columns)
    if plan.catalog_id is not None:
        events = events.filter(pl.col("catalog_id") == plan.catalog_id)
    if plan.request.event_types is not None:
        events = events.filter(pl.col("event_type").is_in(plan.request.event_types))
    return events


def group_key(request: AggregateRequest) -> pl.Expr:
    if request.metadata_key is not None:
        return pl.col(METADATA + request.metadata_key).alias("key")
    return GROUPS[request.group_by].alias("key")


def sessions(events: pl.LazyFrame, request: AggregateRequest) -> pl.LazyFrame:
    """key, events, sessions: distinct sessions, those without an id not counted."""
    key = group_key(request)
    session = pl.col("session_id")
    if request.group_by == "session":
        return events.group_by(key).agg(
            events=pl.len(), sessions=session.first().is_not_null().cast(pl.Int64)
        )
    totals = {"events": pl.col("events").sum(), "sessions": session.count()}
    if request.group_by == "none":
        return events.group_by(session).agg(events=pl.len()).select(key, **totals)
    pairs = events.select(key, session).group_by("key", "session_id").agg(events=pl.len())
    return pairs.group_by("key").agg(**totals)


def numbers(events: pl.LazyFrame, request: AggregateRequest) -> pl.LazyFrame:
    """key, total, numbers: the exact decimal sum and how many numbers it holds."""
    field = str(request.value_field)
    number = pl.col(field)
    if field in IDS:
        number = decimals_of_text(
            pl.coalesce(pl.col(name).cast(pl.String) for name in (field, METADATA + field))
        )
    partials = {"total": number.sum(), "numbers": number.count()}
    if request.group_by == "none":
        return events.select(group_key(request), **partials)
    return events.group_by(group_key(request)).agg(**partials)


def measured(partials: pl.LazyFrame, request: AggregateRequest) -> pl.LazyFrame:
    """value and secondary beside the partials of every group; the key is still raw."""
    value, secondary = (pl.col(name) for name in MEASURES[request.aggregation])
    if request.is_numeric:
        # The cast gives the double nearest to the exact sum; an average is divided once, after it.
        value = value.fill_null(0).cast(pl.Float64)
    if request.aggregation == "avg":
        value = value / secondary.clip(1)
    return partials.with_columns(value=value, secondary=secondary.cast(pl.Int64))


def limited(rows: pl.LazyFrame, request: AggregateRequest, text: pl.Expr) -> pl.LazyFrame:
    """Time: ascending, the latest. Else: value descending, key ascending by code point."""
    if request.is_time:
        return rows.sort("key").tail(request.limit).with_columns(text)
    used = (pl.col("secondary") > 0) | (not request.is_numeric)
    order = [used, pl.col("value"), pl.col("key")]
    first = rows.with_columns(text).sort(order, descending=[True, True, False])
    return first.head(request.limit)


def contenders(frame: pl.DataFrame, request: AggregateRequest) -> pl.DataFrame:
    """The rows whose value can be within the limit: only they need their key as text."""
    used = frame.filter(pl.col("secondary") > 0) if request.is_numeric else frame
    if used.height <= request.limit:
        return frame
    least = used["value"].top_k(request.limit).min()
    return used.filter(pl.col("value") >= least)
