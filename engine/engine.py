"""The one way from a request to its rows: cache -> pool -> plan -> store -> execute -> result."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import polars as pl

from engine.account import Account, take_account
from engine.backends.base import Backend
from engine.cache import Cache, Given
from engine.errors import Fault, InvalidRequest, VitrineError
from engine.execute import Partials, finish, scan
from engine.inventory import Details, Inventory, take_details, take_inventory
from engine.plan import Load, Plan, Sources, plan, window
from engine.pool import Direct, Runner
from engine.request import AggregateRequest, parse
from engine.result import Result
from engine.rollups.rollups import Choice, Rollups
from engine.rollups.state import Unanswerable
from engine.samples import check, take_samples
from engine.scope import Scope
from engine.stores.base import Snapshot, Store, touching

T = TypeVar("T")
Watch = Callable[[float], object]
"""Is told how much of a scan on the cluster is done, 0 to 1, again and again while one waits."""

USUAL_WINDOWS: Final = (365, 30, 7)
WATCHED: Final = 0.5
"""Seconds between two words to a Watch."""
ENDED_ROWS: Final = 50_000
"""Rows of answers with a given end that are kept in memory."""


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
        runner: Runner | None = None,
        rollups: Rollups | None = None,
        cluster: Backend | None = None,
    ) -> None:
        self.store = store
        self._cluster = cluster
        self._rollups = rollups
        self._cache = cache or Cache()
        self._ended = Cache(entries=ENDED_ROWS, weigh=lambda result: 1 + len(result.rows))
        self._inventories = Cache(seconds=float("inf"), entries=64)
        self._details = Cache(seconds=float("inf"), entries=64)
        self._clock = clock
        self._runner = runner or Direct()

    def aggregate(
        self, body: Any, scope: Scope, as_of: datetime | None = None, watch: Watch | None = None
    ) -> Result:
        """Answer a request: a mapping with the wire's names, or an AggregateRequest.

        as_of is the end of the window, an aware datetime; without it the clock says, and only
        then does the cache serve. Raises InvalidRequest with every bad field, Unavailable when
        too much is waiting already.
        """
        request = parse(body)
        if as_of is None:
            return told(self._awaited(self.start(request, scope), scope, watch))
        end, snapshot = _aware(as_of), self.store.snapshot(scope)
        return self._runner.submit(
            scope.workspace_id, lambda: self._compute_anyway(request, scope, snapshot, lambda: end)
        ).result()

    def start(self, request: AggregateRequest, scope: Scope) -> "Future[Given[Result]]":
        """The answer when it is there, for `told`; waits for the store, not for a computation."""
        return self._start(request, scope, self.state(scope))

    def start_now(self, request: AggregateRequest, scope: Scope) -> "Future[Given[Result]] | None":
        """`start` if it can be done without waiting for anything."""
        snapshot = self.store.glance(scope)
        if snapshot is None or self._cache.may_wait(_key(request, scope, snapshot, self._clock())):
            return None
        return self._start(request, scope, snapshot)

    def state(self, scope: Scope) -> Snapshot:
        """The brand's events as they are now, for batches that have to agree."""
        return self.store.glance(scope) or self.store.snapshot(scope)

    def batch(
        self,
        bodies: Iterable[Any],
        scope: Scope,
        snapshot: Snapshot | None = None,
        watch: Watch | None = None,
    ) -> list[Result | VitrineError]:
        """Answer all requests of a dashboard from one state of the events, at one time.

        In the order they came; a request that cannot be answered has its error in its place. What
        is kept from the last minute ended when it was computed. snapshot: `state` at some time.
        """
        snapshot = snapshot or self.state(scope)
        now = self._clock()
        started: list[Future[Given[Result]] | VitrineError] = []
        for body in bodies:
            try:
                started.append(self._start(parse(body), scope, snapshot, lambda: now))
            except VitrineError as error:
                started.append(error)
        return [_outcome(one, lambda one: self._awaited(one, scope, watch)) for one in started]

    def _awaited(self, started: "Future[T]", scope: Scope, watch: Watch | None) -> T:
        while watch is not None and self._cluster is not None:
            try:
                return started.result(WATCHED)
            except TimeoutError:
                if started.done():
                    break
                share = self._cluster.share(scope)
                if share is not None:
                    watch(share)
        return started.result()

    def batch_until(
        self,
        asked: Iterable[tuple[Any, datetime]],
        scope: Scope,
        snapshot: Snapshot | None = None,
    ) -> list[Result | VitrineError]:
        """Like `batch`, with the end of each window as an aware datetime: what stands beside the
        answers of a dashboard, as the windows before them. Kept for a minute too.
        """
        snapshot = snapshot or self.state(scope)
        started: list[Future[Given[Result]] | VitrineError] = []
        for body, as_of in asked:
            try:
                started.append(self._start_until(parse(body), scope, snapshot, _aware(as_of)))
            except VitrineError as error:
                started.append(error)
        return [_outcome(one, Future.result) for one in started]

    def _start_until(
        self, request: AggregateRequest, scope: Scope, snapshot: Snapshot, end: datetime
    ) -> "Future[Given[Result]]":
        return self._ended.start(
            (scope, request, snapshot.version, end),
            lambda: self._compute_anyway(request, scope, snapshot, lambda: end),
            lambda work: self._runner.submit(scope.workspace_id, work),
        )

    def warm(self, workspace: str, brand: str) -> None:
        """Bring into memory what the usual windows of a brand need of its rollups."""
        now = self._clock()
        for days in USUAL_WINDOWS:
            for group_by in ("none", "day"):
                body = {"event_types": None, "group_by": group_by, "aggregation": "count"}
                self.aggregate(body | {"time_window_days": days}, Scope(workspace, brand), now)

    def _start(
        self,
        request: AggregateRequest,
        scope: Scope,
        snapshot: Snapshot,
        clock: Callable[[], datetime] | None = None,
    ) -> "Future[Given[Result]]":
        clock = clock or self._clock
        return self._cache.start(
            _key(request, scope, snapshot, clock()),
            lambda: self._compute_anyway(request, scope, snapshot, clock),
            lambda work: self._runner.submit(scope.workspace_id, work),
        )

    def _compute_anyway(
        self,
        request: AggregateRequest,
        scope: Scope,
        snapshot: Snapshot,
        clock: Callable[[], datetime],
    ) -> Result:
        try:
            return self._compute(request, scope, snapshot, clock())
        except FileNotFoundError:
            # A deletion took files away under a slow reader: what is there now is the answer.
            return self._compute(request, scope, self.store.snapshot(scope), clock())

    def inventory(self, scope: Scope) -> Inventory:
        """What the brand's events contain; computed once for each state of its data."""
        snapshot = self.store.snapshot(scope)
        return self._inventories.start(
            (scope, snapshot.version),
            lambda: take_inventory(snapshot, scope.catalog_id),
            lambda work: self._runner.submit(scope.workspace_id, work),
        ).result()[0]

    def details(self, scope: Scope) -> Details:
        """Sessions and the values of metadata keys; kept like the inventory."""
        snapshot = self.store.snapshot(scope)
        return self._details.start(
            (scope, snapshot.version),
            lambda: take_details(snapshot, scope.catalog_id),
            lambda work: self._runner.submit(scope.workspace_id, work),
        ).result()[0]

    def rolled_up(self, scope: Scope) -> Choice | None:
        """Which dimensions are rolled up, and why others are not; None while nothing is."""
        return None if self._rollups is None else self._rollups.choice(scope)

    def brands(self) -> dict[str, list[str]]:
        """workspace_id -> sorted brand_ids that have events."""
        return self.store.brands()

    def account(self, body: Any, scope: Scope, as_of: datetime | None = None) -> Account:
        """How the answer of `aggregate` came about, with exact numbers that agree with it.

        Pass the answer's generated_at as as_of to be told of its window. Raises what `aggregate`
        does.
        """
        request, end = parse(body), self._end(as_of)

        def take(snapshot: Snapshot) -> Account:
            def answer(asked: AggregateRequest, within: Scope) -> tuple[Plan, Partials]:
                return self._partials(asked, within, snapshot, end)

            return take_account(request, scope, snapshot.version, answer)

        return self._read(scope, take)

    def samples(
        self, body: Any, scope: Scope, key: str, as_of: datetime | None = None, count: int = 20
    ) -> pl.DataFrame:
        """The newest events, at most `count` of 1,000, behind the row `key` of an answer.

        key: as on the wire, "" for what is missing. Columns are those of a stored event, metadata
        as compact JSON; none when there is no such row. For sum and avg, events without a number
        are among them. Raises what `aggregate` does.
        """
        check(key, count)
        planned = plan(parse(body), scope, self._end(as_of))
        return self._read(scope, lambda snapshot: take_samples(planned, snapshot, key, count))

    def _end(self, as_of: datetime | None) -> datetime:
        return self._clock() if as_of is None else _aware(as_of)

    def _read(self, scope: Scope, take: Callable[[Snapshot], T]) -> T:
        """What `take` makes of the brand's events, in a slot; see `_compute_anyway`."""
        snapshot = self.store.snapshot(scope)

        def work() -> T:
            try:
                return take(snapshot)
            except FileNotFoundError:
                return take(self.store.snapshot(scope))

        return self._runner.submit(scope.workspace_id, work).result()

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
        end = self._end(as_of)
        return self._partials(parse(body), scope, self.store.snapshot(scope), end)[0]

    def _partials(
        self, request: AggregateRequest, scope: Scope, snapshot: Snapshot, as_of: datetime
    ) -> tuple[Plan, Partials]:
        """The plan and its partials; by a scan where rollups turn out not to have them."""
        opened = "rollups_off" if self._rollups is None else self._rollups.open(scope, snapshot)
        load = self._load(snapshot, *window(request, as_of))

        def planned_from(sources: Sources | str) -> Plan:
            return plan(request, scope, as_of, sources, load)

        planned = planned_from(opened if isinstance(opened, str) else opened.sources)
        if self._rollups is not None and not isinstance(opened, str) and not planned.is_scan:
            try:
                return planned, self._rollups.partials(planned, opened)
            except Unanswerable as reason:
                planned = planned_from(str(reason))
        if self._cluster is not None and planned.is_on_cluster:
            with self._runner.released():
                return planned, self._cluster.scan(planned, scope, snapshot)
        return planned, scan(planned, snapshot)

    def _load(self, snapshot: Snapshot, start: datetime, end: datetime) -> Load | None:
        """What a scan of a window would read; None without a cluster, where it makes no odds."""
        if self._cluster is None:
            return None
        return Load(sum(file.rows for file in touching(snapshot, start, end)), self._cluster.most)


def _outcome(
    started: "Future[Given[Result]] | VitrineError",
    awaited: "Callable[[Future[Given[Result]]], Given[Result]]",
) -> Result | VitrineError:
    if isinstance(started, VitrineError):
        return started
    try:
        return told(awaited(started))
    except VitrineError as error:
        return error


def told(given: Given[Result]) -> Result:
    """The answer, saying whether it came from the cache."""
    return given.answer.from_cache() if given.hit else given.answer


def _aware(as_of: datetime) -> datetime:
    if as_of.tzinfo is None:
        message = f"{as_of.isoformat()} has no time zone; pass an aware datetime, say in UTC."
        raise InvalidRequest([Fault("as_of", message)])
    return as_of.astimezone(UTC)


def _key(
    request: AggregateRequest, scope: Scope, snapshot: Snapshot, now: datetime
) -> tuple[Scope, AggregateRequest, str, datetime | None]:
    """What an answer is kept by.

    Windows end with whole seconds. While events are about to come into them, as those of this
    second are, an answer is good for this second only.
    """
    return scope, request, snapshot.version, now if snapshot.reaches(now) else None
