"""One look at something slow, shared by all who asked before it began."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Look(Generic[T]):
    """What was found at the last look, or how that failed, is as fresh as whoever gets it asked.

    So many callers of a slow place cost two looks, not one each, and none waits for longer than
    two. lasts: seconds for which what was found is fresh enough for later callers too.
    """

    def __init__(self, lasts: float = 0.0) -> None:
        self._lasts = lasts
        self._lock = Lock()
        self._began = float("-inf")
        self._found: T
        self._failure: Exception | None = None

    def get(self, look: Callable[[], T]) -> T:
        """What `look` returns or raises; it is called by one caller at a time."""
        asked = time.monotonic()
        with self._lock:
            if self._began < asked - self._lasts:
                began = time.monotonic()
                try:
                    self._found, self._failure = look(), None
                except Exception as error:
                    self._failure = error
                self._began = began
            if self._failure is not None:
                raise self._failure.with_traceback(None)
            return self._found

    def forget(self) -> None:
        """Let the next caller look anew."""
        with self._lock:
            self._began = float("-inf")
