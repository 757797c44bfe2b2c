"""The layer that keeps refusals quick: when requests come faster than they can even be refused."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import Unavailable
from engine.workspaces.permissions import AGGREGATE_PATH

LATE: Final = 0.03
"""Seconds; a loop that is later has more to do than it can."""
LOOKED: Final = 0.01
PATH: Final = re.compile(re.sub(r"\{\w+\}", "([^/]+)", AGGREGATE_PATH) + "/?")


class Overload:
    """ASGI middleware inside Envelope.

    While the event loop is late, requests of a workspace whose line is full are refused unread:
    also those that the cache could answer. So the others are still answered in time.

    is_full: whether nothing more of a workspace may wait.
    """

    def __init__(
        self,
        app: ASGIApp,
        is_full: Callable[[str], bool],
        lateness: Callable[[], float] | None = None,
    ) -> None:
        self.app = app
        self._is_full = is_full
        self._lateness = lateness or Lateness()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is not None and self._is_full(found[1]) and self._lateness() > LATE:
            raise Unavailable(
                f"More is asked of {found[1][:80]!a} than can be answered; ask again in a moment."
            )
        await self.app(scope, receive, send)


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
