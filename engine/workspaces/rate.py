"""How many requests a minute one caller may make."""

import math
import time
from threading import Lock
from typing import Final, NamedTuple

from engine.errors import TooManyRequests

WINDOW: Final = 60.0
"""Seconds."""


class Allowance(NamedTuple):
    """What is left after a request; `reset` is when the count starts anew, in Unix seconds."""

    granted: bool
    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }

    def check(self) -> None:
        """Raise TooManyRequests unless the request was granted."""
        if not self.granted:
            wait = max(1, math.ceil(self.reset - time.time()))
            raise TooManyRequests(
                f"More than {self.limit} requests in a minute; ask again in {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )


class RateLimit:
    """Counts in this process, in windows of a minute that begin with a caller's first request."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._lock = Lock()
        self._swept = 0.0
        self._windows: dict[tuple[str, ...], tuple[float, int]] = {}
        """When a caller's window ends, and how many requests were in it."""

    def take(self, *caller: str) -> Allowance:
        now = time.time()
        with self._lock:
            ends, taken = self._windows.get(caller, (now, 0))
            if now >= ends:
                ends, taken = now + WINDOW, 0
                self._sweep(now)
            taken += 1
            self._windows[caller] = ends, taken
        left = self._limit - taken
        return Allowance(left >= 0, self._limit, max(0, left), math.ceil(ends))

    def _sweep(self, now: float) -> None:
        """Forget, once in a while, whose window has ended."""
        if now >= self._swept + WINDOW:
            self._swept = now
            self._windows = {who: seen for who, seen in self._windows.items() if now < seen[0]}
