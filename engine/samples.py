"""The newest events behind one row of an answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from engine.contract import METADATA
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
COLUMNS: Final = {"event_type": "event_type", "session": "session_id", "product_id": "product_id"}


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
    """
    start, end, chosen = _behind(plan, key)
    found = EVENTS.to_frame()
    for first, last in _spans(start, end):
        events = snapshot.window(first, last).filter(chosen)
        newest = events.top_k(count - found.height, by=list(NEWEST)).collect(engine="streaming")
        found = pl.concat([found, newest.sort(NEWEST, descending=True)])
        if found.height == count:
            break
    texts = [_compact(metadata) for metadata in found["metadata"].to_list()]
    return found.with_columns(metadata=pl.Series(texts, dtype=pl.String))


def _behind(plan: Plan, key: str) -> tuple[datetime, datetime, pl.Expr]:
    """The span of the row's events, and which of those in it they are."""
    request = plan.request
    start, end, chosen = plan.start, plan.end, [pl.lit(True)]
    if plan.catalog_id is not None:
        chosen.append(pl.col("catalog_id") == plan.catalog_id)
    if request.event_types is not None:
        chosen.append(pl.col("event_type").is_in(request.event_types))
    if request.group_by == "none":
        end = end if key == "all" else start
    elif request.is_time:
        first, last = _bucket(request.group_by, key)
        start, end = max(start, first), min(end, last)
    else:
        name = COLUMNS.get(request.group_by, request.group_by)
        missing = column(name).is_null()
        if key:
            # Of a column that is compared as it is, statistics may spare whole parts of a file.
            is_key = (column if name.startswith(METADATA) else pl.col)(name) == key
        chosen.append(is_key if key else missing)
    return start, end, pl.all_horizontal(chosen)


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
