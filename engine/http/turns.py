"""Work that blocks, in a few threads of its own, for which requests wait a moment at most."""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, Semaphore, move_on_after, to_thread

from engine.errors import Unavailable

T = TypeVar("T")
Given = TypeVarTuple("Given")


class Turns:
    """at_once: how many threads. waits: seconds for one of them. busy: what is said after these."""

    def __init__(self, at_once: int, waits: float, busy: str) -> None:
        self._free = Semaphore(at_once)
        self._threads = CapacityLimiter(at_once)
        self._waits = waits
        self._busy = busy

    async def run(self, work: Callable[[*Given], T], *given: *Given) -> T:
        """What `work` returns, computed in a thread; raises Unavailable when none is free."""
        with move_on_after(self._waits) as scope:
            await self._free.acquire()
        if scope.cancelled_caught:
            raise Unavailable(self._busy)
        try:
            return await to_thread.run_sync(work, *given, limiter=self._threads)
        finally:
            self._free.release()
