"""The layer outside the pages and the API that keeps refusals quick, when requests come faster than
they can even be refused.
"""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import Unavailable
from engine.http.admission import address_of
from engine.http.body import Body
from engine.http.envelope import refuse
from engine.workspaces.permissions import AGGREGATE_PATH
from engine.workspaces.rate import RateLimit

LATE: Final = 0.01
"""Seconds; a loop that is later has more to do than it can."""
UNREAD: Final = 1.0
"""Seconds, after which those come back who were refused."""
LOOKED: Final = 0.01
"""Seconds from one look at the loop to the next."""
GIVES_WAY: Final = 0.01
"""Seconds for which refusals wait at most for a computation of those who are not refused."""
PATH: Final = re.compile(re.sub(r"\{\w+\}", "([^/]+)", AGGREGATE_PATH) + "/?")


class Line(Protocol):
    """Where computations wait; `engine.pool.Pool` is one."""

    def is_full(self, workspace: str, /) -> bool: ...

    def let_compute(self, workspace: str, seconds: float, /) -> None: ...


class Overload:
    """ASGI middleware outside the pages and the API.

    Once the event loop is late, requests of workspaces whose line is full are refused unread,
    until a second has passed without such a request: also those that the cache could answer. So
    the others are still answered in time. While one of them computes, the event loop stands still,
    but not more than half of the time: refusals and computations share Python's one lock.

    rate: counts who is refused, by address, for nobody is recognised here.
    """

    def __init__(
        self,
        app: ASGIApp,
        line: Line,
        rate: RateLimit,
        lateness: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._line = line
        self._rate = rate
        self._lateness = lateness or Lateness()
        self._clock = clock
        self._unread_until = 0.0
        self._goes_on_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is None or not self._line.is_full(found[1]) or not self._has_too_much():
            await self.app(scope, receive, send)
            return
        self._let_compute(found[1])
        error = Unavailable(
            f"More is asked of {found[1][:80]!a} than can be answered; ask again in a moment."
        )
        allowance = self._rate.take(*address_of(scope))
        await refuse(error, allowance.headers(), Body(receive), scope, send)

    def _has_too_much(self) -> bool:
        now = self._clock()
        if now < self._unread_until or self._lateness() > LATE:
            self._unread_until = now + UNREAD
        return now < self._unread_until

    def _let_compute(self, workspace: str) -> None:
        """Afterwards the loop goes on for as long as it stood still, whatever is computed."""
        began = self._clock()
        if began < self._goes_on_until:
            return
        self._line.let_compute(workspace, GIVES_WAY)
        ended = self._clock()
        self._goes_on_until = ended + (ended - began)


class Lateness:
    """By how many seconds the event loop does later what it should do now; called on it.

    It looks while it is asked: the first answer after a while is 0.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due: float | None = None
        self._late = 0.0

    def __call__(self) -> float:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._due, self._late = loop, None, 0.0
        if self._due is None:
            # Not loop.time(): uvloop's stands still while callbacks run.
            self._due = time.monotonic() + LOOKED
            loop.call_later(LOOKED, self._look)
        return max(self._late, time.monotonic() - self._due)

    def _look(self) -> None:
        if self._due is not None:
            self._late = time.monotonic() - self._due
        self._due = None
