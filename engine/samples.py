"""The newest events behind one row of an answer."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from engine.errors import Fault, InvalidRequest
from engine.plan import ONE_DAY, Plan
from engine.stores.base import EVENTS, Snapshot
from engine.stores.columns import column

MOST: Final = 1_000
SPANS: Final = (1, 8, 64)
"""Days from the end of a window that are looked through first: most rows have new events, and
the older the events, the fewer of their files are opened."""

NEWEST: Final = ("created_at", "event_id")
SAMPLE: Final = pl.Schema({**EVENTS, "metadata": pl.String()})
BUCKETS: Final = {"day": ("%Y-%m-%d", ONE_DAY), "hour": ("%Y-%m-%dT%H:00:00Z", timedelta(hours=1))}
MICROSECOND: Final = timedelta(microseconds=1)


def check(key: Any, count: Any) -> None:
    """Raise InvalidRequest unless there may be a row of this key and a sample of this size."""
    faults = []
    if not isinstance(key, str) or not _is_unicode(key):
        faults.append(Fault("key", f"{key!r:.80} is not the text of a row's key."))
    if not isinstance(count, int) or not 1 <= count <= MOST:
        faults.append(Fault("count", f"{count!r:.80} is not a whole number from 1 to {MOST}."))
    if faults:
        raise InvalidRequest(faults)


def take_samples(plan: Plan, snapshot: Snapshot, key: str, count: int) -> pl.DataFrame:
    """At most `count` events of the row `key`, the newest first, with the columns of SAMPLE.

    metadata is compact JSON of the texts that are stored, its members sorted by name. There are
    none when the answer has no such row.

    When they were is found first, in the few columns that tell, which may be in memory already;
    then those instants are read whole.
    """
    instants = _instants(plan, snapshot, key, count)
    if instants.is_empty():
        return EVENTS.to_frame().with_columns(metadata=pl.lit(None, pl.String))
    first, last = instants[-1], instants[0] + MICROSECOND
    events = snapshot.window(first, last).filter(pl.col("created_at").is_in(instants.implode()))
    # Others share an instant. They are few, and a filter by metadata would read all of it first.
    chosen = events.collect(engine="streaming").filter(_chosen(plan, key, column))
    found = chosen.sort(NEWEST, descending=True).head(count)
    texts = [_compact(metadata) for metadata in found["metadata"].to_list()]
    return found.with_columns(metadata=pl.Series(texts, dtype=pl.String))


def _instants(plan: Plan, snapshot: Snapshot, key: str, count: int) -> pl.Series:
    """created_at of the newest events of a row, the newest first."""
    name = _column(plan)
    columns = {"created_at"} | (plan.columns & {"event_type", "catalog_id"})
    columns |= set() if name is None else {name}
    found = EVENTS.to_frame()["created_at"]
    for first, last in _spans(*_span(plan, key)):
        events = snapshot.scan(first, last, frozenset(columns)).filter(_chosen(plan, key, pl.col))
        newest = events.select(pl.col("created_at").top_k(count - len(found)))
        more = newest.collect(engine="streaming")["created_at"]
        found = pl.concat([found, more.sort(descending=True)])
        if len(found) == count:
            break
    return found


def _chosen(plan: Plan, key: str, value: Callable[[str], pl.Expr]) -> pl.Expr:
    """Whether an event of the window is of the types, the catalog and the row."""
    chosen = [pl.lit(True)]
    if plan.catalog_id is not None:
        chosen.append(value("catalog_id") == plan.catalog_id)
    if plan.request.event_types is not None:
        chosen.append(value("event_type").is_in(plan.request.event_types))
    name = _column(plan)
    if name is not None:
        chosen.append(value(name) == key if key else value(name).is_null())
    return pl.all_horizontal(chosen)


def _column(plan: Plan) -> str | None:
    """What splits events into rows, where it is no time; see `Snapshot.scan`."""
    group_by = plan.request.group_by
    if group_by == "none" or plan.request.is_time:
        return None
    return "session_id" if group_by == "session" else group_by


def _span(plan: Plan, key: str) -> tuple[datetime, datetime]:
    """The part of the window in which the row's events are; none where there is no such row."""
    if plan.request.group_by == "none" and key != "all":
        return plan.end, plan.end
    if not plan.request.is_time:
        return plan.start, plan.end
    first, last = _bucket(plan.request.group_by, key)
    return max(plan.start, first), min(plan.end, last)


def _bucket(group_by: str, key: str) -> tuple[datetime, datetime]:
    """An empty span for what is no key of a bucket."""
    form, step = BUCKETS[group_by]
    never = datetime(1, 1, 1, tzinfo=UTC)
    try:
        start = datetime.strptime(key, form).replace(tzinfo=UTC)
        # strptime reads 2026-1-1 as well.
        return (start, start + step) if start.strftime(form) == key else (never, never)
    except (ValueError, OverflowError):
        return never, never


def _spans(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The span in parts, the newest first."""
    last = end
    for days in SPANS:
        if end - start > days * ONE_DAY:
            yield end - days * ONE_DAY, last
            last = end - days * ONE_DAY
    if start < last:
        yield start, last


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _compact(metadata: Any) -> str | None:
    if metadata is None:
        return None
    return json.dumps(dict(metadata), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
