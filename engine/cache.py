"""Answers kept for a minute, and one computation for any number of identical questions."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class Cache:
    """Least recently used answers, in this process.

    seconds: how long an answer may be served. entries: how many are kept.
    """

    def __init__(
        self,
        seconds: float = 60,
        entries: int = 2_000,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._entries = entries
        self._timer = timer
        self._lock = Lock()
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._flights: dict[Hashable, Future[Any]] = {}

    def get_or_compute(self, key: Hashable, compute: Callable[[], T]) -> tuple[T, bool]:
        """The answer and whether it came from the cache.

        Those who ask while it is being computed wait for it and share it, or its error; errors
        are not kept.
        """
        with self._lock:
            kept = self._answers.get(key)
            if kept is not None and self._timer() - kept[0] < self._seconds:
                self._answers.move_to_end(key)
                return kept[1], True
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if mine:
            self._fly(key, flight, compute)
        return flight.result(), False

    def _fly(self, key: Hashable, flight: Future[Any], compute: Callable[[], Any]) -> None:
        began = self._timer()
        try:
            answer = compute()
        except BaseException as error:
            with self._lock:
                del self._flights[key]
            flight.set_exception(error)
            return
        with self._lock:
            del self._flights[key]
            self._answers[key] = began, answer
            self._answers.move_to_end(key)
            while len(self._answers) > self._entries:
                self._answers.popitem(last=False)
        flight.set_result(answer)
