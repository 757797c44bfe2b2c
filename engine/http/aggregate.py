"""POST /api/workspace/{workspaceId}/dashboards/aggregate."""

import asyncio
from typing import Final

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from engine.engine import Engine, told
from engine.errors import Fault, InvalidRequest, Unavailable
from engine.http.admission import caller, check
from engine.http.body import read, require_json
from engine.http.scope import scope_of
from engine.request import AggregateRequest, examine, loads
from engine.result import Result, iso
from engine.scope import Scope

AT_ONCE: Final = 32
"""Threads that may look into the store; nobody waits for a computation in one of them."""

DEADLINE: Final = 30.0
"""Seconds after which a caller is told to come back; the computation goes on and is kept."""


class Aggregate:
    """The endpoint. Whatever needs no waiting happens on the event loop, refusals too."""

    def __init__(self, engine: Engine, body_limit: int, deadline: float | None = None) -> None:
        self._engine = engine
        self._body_limit = body_limit
        self._deadline = DEADLINE if deadline is None else deadline
        self._threads = CapacityLimiter(AT_ONCE)

    async def post(self, request: Request) -> Response:
        caller(request)
        require_json(request.headers)
        body = await read(request, self._body_limit)
        scope, faults = scope_of(request)
        if scope is not None:
            await check(request, scope)
        asked, more_faults = _asked(body)
        if scope is None or asked is None:
            raise InvalidRequest(faults + more_faults)
        result = await self.answer(asked, scope)
        return Response(result.json, headers=announcements(result), media_type="application/json")

    async def answer(self, asked: AggregateRequest, scope: Scope) -> Result:
        """Raises Unavailable when it takes too long."""
        flight = self._engine.start_now(asked, scope)
        if flight is None:
            flight = await to_thread.run_sync(
                self._engine.start, asked, scope, limiter=self._threads
            )
        try:
            if flight.done():
                return told(flight.result())
            async with asyncio.timeout(self._deadline):
                return told(await asyncio.wrap_future(flight))
        except TimeoutError as error:
            if flight.done():
                raise  # it is the computation's own
            raise Unavailable(
                f"The answer took longer than {self._deadline:g} seconds and is still being"
                " computed; ask again in a moment, or for fewer days.",
                retry_after=5,
            ) from error
        finally:
            del flight  # an error holds this frame, which would hold the error


def _asked(body: bytes) -> tuple[AggregateRequest | None, list[Fault]]:
    try:
        raw = loads(body)
    except InvalidRequest as error:
        return None, list(error.faults)
    return examine(raw)


def announcements(result: Result) -> dict[str, str]:
    """What is said about an answer beside its body."""
    cache = "hit" if result.cache_hit else "miss"
    return {
        "X-Total-Groups": str(result.total_groups),
        "X-Truncated": str(result.truncated).lower(),
        "X-Window-Start": iso(result.window_start),
        "X-Window-End": iso(result.window_end),
        "X-Data-Version": result.data_version,
        "Server-Timing": f'engine;dur={result.milliseconds:.1f}, cache;desc="{cache}"',
    }
