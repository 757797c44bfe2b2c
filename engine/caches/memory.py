"""Answers in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from engine.caches.base import Kept


class MemoryAnswers:
    """The least recently used go first. seconds: how old an answer may be; entries: how many stay;
    timer: seconds that only grow."""

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

    def get(self, key: Hashable) -> Kept | None:
        with self._lock:
            kept = self._answers.get(key)
            if kept is None:
                return None
            age = self._timer() - kept[0]
            if age >= self._seconds:
                del self._answers[key]
                return None
            self._answers.move_to_end(key)
            return Kept(kept[1], age)

    def put(self, key: Hashable, answer: Any, age: float = 0) -> None:
        if age >= self._seconds:
            return
        with self._lock:
            self._answers[key] = self._timer() - age, answer
            self._answers.move_to_end(key)
            while len(self._answers) > self._entries:
                self._answers.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Nobody waits here: one process computes a key once anyway."""
