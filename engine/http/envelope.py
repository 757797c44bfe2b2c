"""The outermost layer: every response carries an id, and every error is the one envelope."""

import asyncio
import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import MethodNotAllowed, NotFound, Unavailable, VitrineError
from engine.http.body import Body

HEADERS: Final = "vitrine.headers"
"""The scope's key for headers that go out with the response, whatever it will be."""

SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

logger = logging.getLogger(__name__)


class Envelope:
    """ASGI middleware for one API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = Body(receive)
        headers = scope[HEADERS] = {"X-Request-Id": new_request_id(), **SECURITY}
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *_encoded(headers)]
            await send(message)

        try:
            await self.app(scope, body.receive, stamped)
        except (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic in a native library is no Exception
            if started:
                raise
            request_id = headers["X-Request-Id"]
            # What is told has no name here: an error holds this frame, which would hold the error.
            response = refusal(_told(error, request_id), request_id)
            await _send(response, body, scope, stamped)


async def refuse(
    error: VitrineError, headers: Mapping[str, str], body: Body, scope: Scope, send: Send
) -> None:
    """Answer a request of the API outside Envelope, with all that it would have added."""
    request_id = new_request_id()
    response = refusal(error, request_id, {"X-Request-Id": request_id, **SECURITY, **headers})
    await _send(response, body, scope, send)


async def _send(response: Response, body: Body, scope: Scope, send: Send) -> None:
    if "Connection" not in response.headers and not body.has_arrived():
        response.headers["Connection"] = "close"
    await response(scope, body.receive, send)


def new_request_id() -> str:
    return f"req_{secrets.token_hex(16)}"


def refusal(
    error: VitrineError, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    all_headers = {**error.headers, **(headers or {})}
    return json_response(error.to_dict(request_id), error.status, all_headers)


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Compact JSON in ASCII, so that lone surrogates cannot break it."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Response(text, status, headers, media_type="application/json")


async def translate(request: Request, error: Exception) -> Response:
    """The exception handler for what Starlette's routing refuses."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        raise MethodNotAllowed(
            f"{request.method[:20]} is not a method of this path; use {allowed}.",
            headers={"Allow": allowed},
        ) from error
    raise NotFound(
        f"There is nothing at {request['path'][:200]!a}; /api/openapi.json lists what there is."
    ) from error


def _told(error: BaseException, request_id: str) -> VitrineError:
    """What of an error is told: nothing but the request's id when it is not one of ours."""
    if isinstance(error, VitrineError):
        return error
    logger.error("request %s failed", request_id, exc_info=error)
    if isinstance(error, OSError):
        return Unavailable("The events cannot be read now; try again in a moment.", retry_after=5)
    return VitrineError(f"This should not have happened; the log has it under {request_id}.")


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
