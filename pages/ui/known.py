"""What pickers offer. Counting takes a while and events keep coming: the last count is shown while
the next one is made.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from engine import Details, Engine, Inventory, Scope
from pages.ui import session

T = TypeVar("T")

REST: Final = 20
"""A count is good for so many times what it took."""
LEAST: Final = 5.0
"""Seconds for which any count is good."""


@dataclass
class _Count(Generic[T]):
    engine: Engine
    counting: Future[T] | None = None
    last: T | None = None
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Known(Generic[T]):
    """Counts of scopes, at most one under way for each. Thread-safe."""

    def __init__(
        self,
        count: Callable[[Engine, Scope], T],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._clock = clock
        self._counts: dict[Scope, _Count[T]] = {}
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="known")

    def latest(self, engine: Engine, scope: Scope) -> T | None:
        """The last count, None before there is one; a new one begins when it is old."""
        known = self._counts.get(scope)
        if known is None or known.engine is not engine:
            known = self._counts[scope] = _Count(engine)
        with known.lock:
            if known.counting is not None and known.counting.done():
                done, known.counting = known.counting, None
                known.last = known.last if done.exception() is not None else done.result()
            if known.counting is None and self._clock() >= known.until:
                known.counting = self._workers.submit(self._timed, known, scope)
            return known.last

    def surely(self, engine: Engine, scope: Scope) -> T:
        """The last count; the first one is waited for. Raises VitrineError."""
        last = self.latest(engine, scope)
        return self._count(engine, scope) if last is None else last

    def _timed(self, known: _Count[T], scope: Scope) -> T:
        began = self._clock()
        try:
            return self._count(known.engine, scope)
        finally:
            ended = self._clock()
            known.until = ended + max(LEAST, REST * (ended - began))


_INVENTORIES: Final = Known[Inventory](lambda engine, scope: engine.inventory(scope))
_DETAILS: Final = Known[Details](lambda engine, scope: engine.details(scope))


def inventory(scope: Scope) -> Inventory:
    """Names and counts of what a brand has, seconds old at most, more where counting takes long."""
    return _INVENTORIES.surely(session.engine(), scope)


def details(scope: Scope) -> Details | None:
    """How many values its keys have, once that is counted."""
    return _DETAILS.latest(session.engine(), scope)
