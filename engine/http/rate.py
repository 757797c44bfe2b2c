"""How many requests a minute one caller may make."""

import math
import time
from typing import NamedTuple

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from engine.errors import TooManyRequests


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
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def take(self, *caller: str) -> Allowance:
        granted = self._limiter.hit(self._limit, *caller)
        window = self._limiter.get_window_stats(self._limit, *caller)
        return Allowance(
            granted, self._limit.amount, window.remaining, math.ceil(window.reset_time)
        )
