"""Demo mode signs in by itself, so it answers this machine only."""

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import Forbidden
from engine.http.envelope import SECURITY, new_request_id, refusal

FORWARDED: Final = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
"""What a proxy on this machine adds, whose clients may be anywhere."""
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
LONGEST: Final = 64
"""No name of this machine has more characters."""
_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:[0-9]*)?")
RULE: Final = "Demo mode signs in by itself, so it answers only this machine"
_WAY_OUT: Final = "open it there on http://localhost, or through an SSH tunnel"


class LoopbackOnly:
    """ASGI middleware that refuses what does not come from this machine, and what a page of
    another site makes a browser on this machine send. is_on: whether demo mode is."""

    def __init__(self, app: ASGIApp, is_on: Callable[[], bool] = lambda: True) -> None:
        self.app = app
        self._is_on = is_on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = _reason(scope) if scope["type"] in ("http", "websocket") else None
        if reason is None or not await to_thread.run_sync(self._is_on):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "loopback only"})
        else:
            await self._refuse(f"{RULE}: {reason}; {_WAY_OUT}.", scope, receive, send)

    async def _refuse(self, message: str, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = new_request_id()
        headers = {**SECURITY, "X-Request-Id": request_id, "Connection": "close"}
        if scope["path"] == "/api" or scope["path"].startswith("/api/"):
            error = Forbidden(message, code="AUTH_003", headers=headers)
            await refusal(error, request_id)(scope, receive, send)
        else:
            await PlainTextResponse(message, 403, headers)(scope, receive, send)


def _reason(scope: Scope) -> str | None:
    """Why a connection is refused, or None when it is not."""
    headers = Headers(scope=scope)
    server, client = scope.get("server"), scope.get("client")
    if not _is_local_end(server) or not _is_local_end(client):
        return f"{_shown(client)} reached it at {_shown(server)}"
    given = set(headers)
    if via := [name for name in FORWARDED if name in given]:
        return f"a proxy forwarded it ({via[0]})"
    hosts = headers.getlist("host")
    if not hosts or not all(_is_loopback_host(host) for host in hosts):
        return f"the Host header is {', '.join(hosts)[:80]!a}"
    if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
        foreign = [o for o in headers.getlist("origin") if not _is_loopback_origin(o)]
        if foreign:
            return f"the Origin is {foreign[0][:80]!a}"
    return None


def _is_local_end(end: Any) -> bool:
    """One end of a connection; a unix socket has no end, or one without a port."""
    return end is None or end[1] is None or is_loopback(end[0])


def _is_loopback_host(host: str) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and is_loopback(match[1])


def _is_loopback_origin(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def is_loopback(name: str) -> bool:
    """localhost, 127.x.x.x, ::1 or [::1]."""
    return len(name) <= LONGEST and _names_loopback(name)


@lru_cache(maxsize=256)
def _names_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        address = ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _shown(end: Any) -> str:
    return "a unix socket" if end is None else f"{end[0]!s:.80}"
