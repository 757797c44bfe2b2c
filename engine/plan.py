"""How a request will be answered: which events, in which window, with which columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True)
class Plan:
    """The events to read: start <= created_at < end, and the columns needed of them."""

    request: AggregateRequest
    catalog_id: str | None
    start: datetime
    end: datetime
    columns: frozenset[str]


def plan(request: AggregateRequest, scope: Scope, as_of: datetime) -> Plan:
    """Pure: the same request, scope and clock give the same plan."""
    return Plan(
        request=request,
        catalog_id=scope.catalog_id,
        start=as_of - timedelta(hours=24 * request.time_window_days),
        end=as_of,
        columns=frozenset(_columns(request, scope)),
    )


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
