"""How a request will be answered: which events, in which window, from which sources.

Rollups answer when they hold everything the request asks for; a source that does not is refused
with a named reason, and then events are scanned. A window starts and ends inside a day: those two
days, the open day of today and days that changed since the rollups were built are read from
events, whole months and days from rollups:

    [edge day][days ...][months ...][days ...][open day]
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final

from engine.contract import IDS, METADATA
from engine.request import AggregateRequest
from engine.scope import Scope

GROUP_COLUMNS: Final = {
    "none": (),
    "event_type": ("event_type",),
    "session": ("session_id",),
    "day": ("created_at",),
    "hour": ("created_at",),
    "product_id": ("product_id",),
}
ONE_DAY: Final = timedelta(days=1)
DAYS_MISSING: Final = 12
"""Rollups are behind when more days of the window than this are not rolled up."""


@dataclass(frozen=True)
class Sources:
    """The rollups there are of a brand.

    upto: days before it are rolled up, but for `changed`. refused: dimensions that are not, and
    why. shared_bit: types that have no bit of their own. countable: sessions have hashes of their
    own. months: the first days of the months that are rolled up as a whole.
    """

    upto: date
    changed: frozenset[date] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    shared_bit: frozenset[str] = frozenset()
    countable: bool = True
    months: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Load:
    """How many events a scan would read at most, and how many are too many for this machine."""

    events: int
    most: int

    @property
    def is_too_much(self) -> bool:
        return self.events > self.most


@dataclass(frozen=True)
class Refusal:
    """A source that cannot answer, the name of the reason and what is behind it."""

    source: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Segment:
    """Part of a window, start <= created_at < end, and where it is read from.

    source: `scan` (events of the lake, here), `cluster` (the same, there), `events` (coded events
    of one day), `days` or `months` (rollups of whole ones).
    """

    source: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Plan:
    """The window start <= created_at < end, its segments in order, and the columns that a scan
    would need.
    """

    request: AggregateRequest
    catalog_id: str | None
    start: datetime
    end: datetime
    columns: frozenset[str]
    segments: tuple[Segment, ...]
    refused: tuple[Refusal, ...] = ()

    @property
    def is_scan(self) -> bool:
        return self.segments[0].source == "scan" or self.is_on_cluster

    @property
    def is_on_cluster(self) -> bool:
        return self.segments[0].source == "cluster"

    def of(self, source: str) -> Iterator[Segment]:
        return (segment for segment in self.segments if segment.source == source)


def window(request: AggregateRequest, as_of: datetime) -> tuple[datetime, datetime]:
    """Its start and its end."""
    return as_of - ONE_DAY * request.time_window_days, as_of


def plan(
    request: AggregateRequest,
    scope: Scope,
    as_of: datetime,
    sources: Sources | str = "rollups_off",
    load: Load | None = None,
) -> Plan:
    """Pure: the same request, scope, clock, sources and load give the same plan.

    sources: the rollups, or the reason why there are none. load: None where no cluster is.
    """
    start, _ = window(request, as_of)
    refused: list[Refusal] = []
    segments: Iterable[Segment] = ()
    if isinstance(sources, str):
        refused = [Refusal("rollups", sources)]
    elif not (refused := list(_refusals(request, scope, start, as_of, sources))):
        segments = _joined(_segments(start, as_of, sources))
    if refused:
        refused += _left_out(load)
        where = "cluster" if load is not None and load.is_too_much else "scan"
        segments = [Segment(where, start, as_of)]
    return Plan(
        request=request,
        catalog_id=scope.catalog_id,
        start=start,
        end=as_of,
        columns=frozenset(_columns(request, scope)),
        segments=tuple(segments),
        refused=tuple(refused),
    )


def _left_out(load: Load | None) -> Iterator[Refusal]:
    """Whether a scan is not done here, or not on the cluster, and why."""
    if load is None:
        return
    if load.is_too_much:
        detail = f"{load.events:,} events are more than {load.most:,}"
        yield Refusal("scan", "scan_over_cluster_rows", detail)
    else:
        detail = f"{load.events:,} events are not more than {load.most:,}"
        yield Refusal("cluster", "scan_within_cluster_rows", detail)


def _refusals(
    request: AggregateRequest, scope: Scope, start: datetime, end: datetime, sources: Sources
) -> Iterator[Refusal]:
    """Every reason why the rollups cannot answer."""
    if scope.catalog_id is not None:
        yield Refusal("rollups", "catalog_not_rolled_up", scope.catalog_id)
    if request.group_by in sources.refused:
        detail = f"{request.group_by}: {sources.refused[request.group_by]}"
        yield Refusal("rollups", "dimension_not_rolled_up", detail)
    if request.value_field in IDS:
        yield Refusal("rollups", "value_field_not_in_rollup", str(request.value_field))
    if not request.is_numeric or request.group_by == "session":
        yield from _uncountable(request, sources)
    missing = _days_missing(start.date(), end.date(), sources)
    if missing > DAYS_MISSING:
        yield Refusal("rollups", "rollup_behind_lake", f"{missing} days are not rolled up")


def _days_missing(first: date, last: date, sources: Sources) -> int:
    """How many days have changed since they were rolled up, or never were."""
    changed = sum(first <= day <= last for day in sources.changed)
    return changed + max(0, (last - max(first, sources.upto)).days + 1)


def _uncountable(request: AggregateRequest, sources: Sources) -> Iterator[Refusal]:
    """Why the distinct sessions of the request cannot be counted."""
    if not sources.countable:
        yield Refusal("rollups", "session_hashes_collide")
    shared = sources.shared_bit
    if request.group_by != "event_type" and request.event_types is not None:
        shared = shared & set(request.event_types)
    elif request.group_by != "event_type":
        shared = frozenset()
    if shared:
        yield Refusal("rollups", "types_need_bitmap", ", ".join(sorted(shared)))


def _segments(start: datetime, end: datetime, sources: Sources) -> Iterator[Segment]:
    day = _midnight(start.date())
    while day < end:
        is_month = day.date() in sources.months and day >= start
        if is_month and (after := _month_after(day)) <= end:
            source = "months"
        else:
            after = day + ONE_DAY
            whole = day >= start and after <= end
            source = "days" if whole and _is_rolled_up(day.date(), sources) else "events"
        yield Segment(source, max(day, start), min(after, end))
        day = after


def _is_rolled_up(day: date, sources: Sources) -> bool:
    return day < sources.upto and day not in sources.changed


def _joined(segments: Iterator[Segment]) -> Iterator[Segment]:
    """Rollups side by side as one segment; events stay day by day."""
    for (source, _), run in groupby(
        enumerate(segments), lambda item: (item[1].source, item[0] * (item[1].source == "events"))
    ):
        parts = [segment for _, segment in run]
        yield Segment(source, parts[0].start, parts[-1].end)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _month_after(day: datetime) -> datetime:
    """The first day of the next month; for the first day of one, where it ends."""
    return (day.replace(day=1) + timedelta(32)).replace(day=1)


def _columns(request: AggregateRequest, scope: Scope) -> Iterator[str]:
    yield from GROUP_COLUMNS.get(request.group_by, (request.group_by,))
    if request.event_types is not None:
        yield "event_type"
    if scope.catalog_id is not None:
        yield "catalog_id"
    if request.value_field is None:
        yield "session_id"
    else:
        yield request.value_field
        # A number lives in the column of its name, else in the metadata key of that name. Ingest
        # has moved numbers into their columns; ids stay where the event brought them.
        if request.value_field in IDS:
            yield METADATA + request.value_field
