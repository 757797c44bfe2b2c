"""The one way from a request to its rows: cache -> plan -> store -> execute -> result."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engine.cache import Cache
from engine.errors import Fault, InvalidRequest
from engine.execute import Partials, finish, scan
from engine.inventory import Details, Inventory, take_details, take_inventory
from engine.plan import Plan, plan
from engine.request import AggregateRequest, parse
from engine.result import Result
from engine.rollups.rollups import Rollups
from engine.rollups.state import Unanswerable
from engine.scope import Scope
from engine.stores.base import Snapshot, Store


def utc_now() -> datetime:
    """The present second. Whole seconds, so that `generated_at` says the window's exact end."""
    return datetime.now(UTC).replace(microsecond=0)


class Engine:
    """Answers requests over a store. Thread-safe."""

    def __init__(
        self,
        store: Store,
        cache: Cache | None = None,
        clock: Callable[[], datetime] = utc_now,
        rollups: Rollups | None = None,
    ) -> None:
        self.store = store
        self._rollups = rollups
        self._cache = cache or Cache()
        self._inventories = Cache(seconds=float("inf"), entries=64)
        self._details = Cache(seconds=float("inf"), entries=64)
        self._clock = clock

    def aggregate(self, body: Any, scope: Scope, as_of: datetime | None = None) -> Result:
        """Answer a request: a mapping with the wire's names, or an AggregateRequest.

        as_of is the end of the window, an aware datetime; without it the clock says, and only
        then does the cache serve. Raises InvalidRequest with every bad field.
        """
        request = parse(body)
        try:
            return self._answer(request, scope, as_of)
        except FileNotFoundError:
            # A deletion took files away under a slow reader: what is there now is the answer.
            return self._answer(request, scope, as_of)

    def _answer(self, request: AggregateRequest, scope: Scope, as_of: datetime | None) -> Result:
        snapshot = self.store.snapshot(scope)
        if as_of is not None:
            return self._compute(request, scope, snapshot, _aware(as_of))
        key = (scope, request, snapshot.version)
        result, hit = self._cache.get_or_compute(
            key, lambda: self._compute(request, scope, snapshot, self._clock())
        )
        return result.from_cache() if hit else result

    def inventory(self, scope: Scope) -> Inventory:
        """What the brand's events contain; computed once for each state of its data."""
        snapshot = self.store.snapshot(scope)
        inventory, _ = self._inventories.get_or_compute(
            (scope, snapshot.version), lambda: take_inventory(snapshot, scope.catalog_id)
        )
        return inventory

    def details(self, scope: Scope) -> Details:
        """Sessions and the values of metadata keys; kept like the inventory."""
        snapshot = self.store.snapshot(scope)
        details, _ = self._details.get_or_compute(
            (scope, snapshot.version), lambda: take_details(snapshot, scope.catalog_id)
        )
        return details

    def brands(self) -> dict[str, list[str]]:
        """workspace_id -> sorted brand_ids that have events."""
        return self.store.brands()

    def _compute(
        self, request: AggregateRequest, scope: Scope, snapshot: Snapshot, as_of: datetime
    ) -> Result:
        began = time.perf_counter()
        planned, partials = self._partials(request, scope, snapshot, as_of)
        rows, total_groups = finish(partials, request)
        return Result(
            rows=rows,
            generated_at=as_of,
            cache_hit=False,
            total_groups=total_groups,
            window_start=planned.start,
            data_version=snapshot.version,
            milliseconds=(time.perf_counter() - began) * 1000,
        )

    def explain(self, body: Any, scope: Scope, as_of: datetime | None = None) -> Plan:
        """How a request is answered: the segments of its window, and every refused source with
        its reason. Computes the answer, for some reasons show only then.
        """
        as_of = self._clock() if as_of is None else _aware(as_of)
        return self._partials(parse(body), scope, self.store.snapshot(scope), as_of)[0]

    def _partials(
        self, request: AggregateRequest, scope: Scope, snapshot: Snapshot, as_of: datetime
    ) -> tuple[Plan, Partials]:
        """The plan and its partials; by a scan where rollups turn out not to have them."""
        opened = "rollups_off" if self._rollups is None else self._rollups.open(scope, snapshot)
        planned = plan(request, scope, as_of, opened if isinstance(opened, str) else opened.sources)
        if self._rollups is not None and not isinstance(opened, str) and not planned.is_scan:
            try:
                return planned, self._rollups.partials(planned, opened)
            except Unanswerable as reason:
                planned = plan(request, scope, as_of, str(reason))
        return planned, scan(planned, snapshot)


def _aware(as_of: datetime) -> datetime:
    if as_of.tzinfo is None:
        message = f"{as_of.isoformat()} has no time zone; pass an aware datetime, say in UTC."
        raise InvalidRequest([Fault("as_of", message)])
    return as_of.astimezone(UTC)
