"""Answers in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from engine.caches.base import Kept


class MemoryAnswers:
    """The least recently used go first.

    seconds: how old an answer may be. entries: how many stay, or how much where `weigh` says how
    much an answer is. timer: seconds that only grow.
    """

    def __init__(
        self,
        seconds: float = 60,
        entries: int = 2_000,
        timer: Callable[[], float] = time.monotonic,
        weigh: Callable[[Any], int] = lambda _: 1,
    ) -> None:
        self._seconds = seconds
        self._entries = entries
        self._timer = timer
        self._lock = Lock()
        self._weigh = weigh
        self._weight = 0
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def get(self, key: Hashable) -> Kept | None:
        with self._lock:
            kept = self._answers.get(key)
            if kept is None:
                return None
            age = self._timer() - kept[0]
            if age >= self._seconds:
                self._forget(key)
                return None
            self._answers.move_to_end(key)
            return Kept(kept[1], age)

    def put(self, key: Hashable, answer: Any, age: float = 0) -> None:
        if age >= self._seconds:
            return
        with self._lock:
            self._forget(key)
            self._answers[key] = self._timer() - age, answer
            self._weight += self._weigh(answer)
            while self._weight > self._entries:
                self._forget(next(iter(self._answers)))

    def drop(self, key: Hashable) -> None:
        """Nobody waits here: one process computes a key once anyway."""

    def _forget(self, key: Hashable) -> None:
        kept = self._answers.pop(key, None)
        if kept is not None:
            self._weight -= self._weigh(kept[1])
