"""How a request will be answered: which events, in which window, with which columns."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.contract import IDS
from engine.request import AggregateRequest
from engine.scope import Scope


@dataclass(frozen=True)
class Plan:
    """The events to read: start <= created_at < end, and the metadata keys needed as columns."""

    request: AggregateRequest
    catalog_id: str | None
    start: datetime
    end: datetime
    keys: frozenset[str]


def plan(request: AggregateRequest, scope: Scope, as_of: datetime) -> Plan:
    """Pure: the same request, scope and clock give the same plan."""
    key = request.metadata_key
    # A number lives in the column of its name, else in the metadata key of that name. Ingest has
    # moved numbers into their columns; ids stay where the event brought them.
    keys = {key} if key else set()
    if request.value_field in IDS:
        keys.add(request.value_field)
    return Plan(
        request=request,
        catalog_id=scope.catalog_id,
        start=as_of - timedelta(hours=24 * request.time_window_days),
        end=as_of,
        keys=frozenset(keys),
    )
