"""Answers kept for a minute, and one computation for any number of identical questions."""

import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar, cast

from engine.caches.base import Answers
from engine.caches.memory import MemoryAnswers
from engine.errors import Unavailable

T = TypeVar("T")


class Given(NamedTuple, Generic[T]):
    """An answer, and whether it came from the cache."""

    answer: T
    hit: bool


class Cache:
    """Keeps answers in this process, and in `shared`, a slower place for several processes.

    seconds: how long an answer may be served. entries: how many are kept here, or how much where
    `weigh` says how much an answer is.
    """

    def __init__(
        self,
        seconds: float = 60,
        entries: int = 2_000,
        timer: Callable[[], float] = time.monotonic,
        shared: Answers | None = None,
        weigh: Callable[[Any], int] = lambda _: 1,
    ) -> None:
        self._near = MemoryAnswers(seconds, entries, timer, weigh)
        self._shared = shared
        self._timer = timer
        self._lock = Lock()
        self._flights: dict[Hashable, Future[Given[Any]]] = {}

    def may_wait(self, key: Hashable) -> bool:
        """Whether `start` has to look into the shared place."""
        return self._shared is not None and self._near.get(key) is None

    def get_or_compute(self, key: Hashable, compute: Callable[[], T]) -> Given[T]:
        """The answer, computed in this thread if it must be."""
        return self.start(key, compute, at_once).result()

    def start(
        self,
        key: Hashable,
        compute: Callable[[], T],
        run: Callable[[Callable[[], Any]], "Future[Any]"],
    ) -> "Future[Given[T]]":
        """The answer when it is there; `run` is given the computation when there must be one.

        Those who ask in the meantime share it, or its error; errors are not kept. What `run`
        raises is the error of all of them too. The future cannot be cancelled: it is everybody's.
        """
        with self._lock:
            kept = self._near.get(key)
            if kept is not None:
                return _done(Given(cast("T", kept.answer), hit=True))
            flight = self._flights.get(key)
            if flight is not None:
                return flight
            flight = self._flights[key] = Future()
            flight.set_running_or_notify_cancel()
        self._take_off(key, flight, compute, run)
        return flight

    def _take_off(
        self,
        key: Hashable,
        flight: "Future[Given[Any]]",
        compute: Callable[[], Any],
        run: Callable[[Callable[[], Any]], "Future[Any]"],
    ) -> None:
        try:
            kept = self._shared.get(key) if self._shared is not None else None
            if kept is not None:
                self._land(key, flight, Given(kept.answer, hit=True), kept.age)
                return
            computing = run(lambda: (self._timer(), compute()))
        except Unavailable as error:
            # Not with its traceback: frames hold the flight, which would hold the error.
            self._crash(key, flight, error.with_traceback(None))
        except BaseException as error:
            self._crash(key, flight, error)
        else:
            computing.add_done_callback(partial(self._computed, key, flight))

    def _computed(
        self, key: Hashable, flight: "Future[Given[Any]]", computing: "Future[Any]"
    ) -> None:
        error = computing.exception()
        if error is not None:
            self._crash(key, flight, error)
            return
        began, answer = computing.result()
        self._land(key, flight, Given(answer, hit=False), self._timer() - began)
        if self._shared is not None:
            self._shared.put(key, answer, self._timer() - began)

    def _land(
        self, key: Hashable, flight: "Future[Given[Any]]", given: Given[Any], age: float
    ) -> None:
        with self._lock:
            self._near.put(key, given.answer, age)
            del self._flights[key]
        flight.set_result(given)

    def _crash(self, key: Hashable, flight: "Future[Given[Any]]", error: BaseException) -> None:
        with self._lock:
            del self._flights[key]
        flight.set_exception(error)
        if self._shared is not None:
            self._shared.drop(key)


def at_once(work: Callable[[], T]) -> "Future[T]":
    """Runs work in this thread."""
    future: Future[T] = Future()
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
    return future


def _done(given: Given[T]) -> "Future[Given[T]]":
    future: Future[Given[T]] = Future()
    future.set_result(given)
    return future
