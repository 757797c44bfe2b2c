"""POST /api/workspace/{workspaceId}/dashboards/aggregate."""

from typing import Final

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from engine.engine import Engine
from engine.errors import Fault, InvalidRequest
from engine.http.admission import caller
from engine.http.body import read, require_json
from engine.http.envelope import json_response
from engine.http.scope import scope_of
from engine.request import AggregateRequest, examine, loads
from engine.result import Result, iso
from engine.scope import Identity

AT_ONCE: Final = 32
"""Threads that may work on answers; those who wait for the same answer each hold one."""


class Aggregate:
    """The endpoint; everything after the body has arrived happens in a thread."""

    def __init__(self, engine: Engine, body_limit: int) -> None:
        self._engine = engine
        self._body_limit = body_limit
        self._threads = CapacityLimiter(AT_ONCE)

    async def post(self, request: Request) -> Response:
        identity = caller(request)
        require_json(request.headers)
        body = await read(request, self._body_limit)
        return await to_thread.run_sync(
            self._answer, identity, request, body, limiter=self._threads
        )

    def _answer(self, identity: Identity, request: Request, body: bytes) -> Response:
        scope, faults = scope_of(request)
        if scope is not None:
            identity.check(scope)
        asked, more_faults = _asked(body)
        if scope is None or asked is None:
            raise InvalidRequest(faults + more_faults)
        result = self._engine.aggregate(asked, scope)
        return json_response(result.to_dict(), headers=_headers(result))


def _asked(body: bytes) -> tuple[AggregateRequest | None, list[Fault]]:
    try:
        raw = loads(body)
    except InvalidRequest as error:
        return None, list(error.faults)
    return examine(raw)


def _headers(result: Result) -> dict[str, str]:
    cache = "hit" if result.cache_hit else "miss"
    return {
        "X-Total-Groups": str(result.total_groups),
        "X-Truncated": str(result.truncated).lower(),
        "X-Window-Start": iso(result.window_start),
        "X-Window-End": iso(result.window_end),
        "X-Data-Version": result.data_version,
        "Server-Timing": f'engine;dur={result.milliseconds:.1f}, cache;desc="{cache}"',
    }
