"""The second layer: who is asking, and whether they ask too often or too much at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import scope as scopes
from engine.caches.base import Answers
from engine.caches.memory import MemoryAnswers
from engine.errors import Forbidden, TooManyRequests, Unauthorized, Unavailable, VitrineError
from engine.http.auth import SESSION, Authenticator, authorization_of
from engine.http.cookies import session_of
from engine.http.envelope import HEADERS
from engine.scope import Identity, Role
from engine.workspaces import permissions
from engine.workspaces.rate import RateLimit

CALLER: Final = "vitrine.caller"
"""The scope's key for the Identity, or for the error that says why there is none."""

RECOGNISE: Final = "vitrine.recognise"
"""The scope's key for a way to ask again who it is, forgetting what is remembered."""

FRESH: Final = 1.0
"""Seconds for which an identity is believed without asking again."""
REMEMBERED: Final = 2.0
"""Seconds for which it is believed while it is asked again; nobody stays longer than that after a
sign-out or a change of role."""

AT_ONCE: Final = 1_000

READING: Final = ("GET", "HEAD")
"""For these a browser's cookie is enough; another site could make it send one with the others."""


class Admission:
    """ASGI middleware inside Envelope.

    Each identity has its own rate limit; those who are not recognised share one for each address,
    so failing sign-ins are limited too. Whether an identity is needed is the endpoint's decision.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        rate_limit: RateLimit,
        at_once: int = AT_ONCE,
        remembered: Answers | None = None,
    ) -> None:
        self.app = app
        self._authenticator = authenticator
        self._rate_limit = rate_limit
        self._at_once = at_once
        self._remembered = remembered or MemoryAnswers(REMEMBERED, entries=10_000)
        self._looks: dict[str | None, asyncio.Future[Any]] = {}
        self._present: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        who = await self._admit(scope)
        if self._present[who] >= self._at_once:
            raise TooManyRequests(
                f"{self._at_once} requests of yours are being answered already; wait for some.",
                code="RATE_002",
                headers={"Retry-After": "1"},
            )
        self._present[who] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._present[who] -= 1
            if not self._present[who]:
                del self._present[who]

    async def _admit(self, scope: Scope) -> tuple[str, str]:
        """Whose rate is counted."""
        try:
            headers = Headers(scope=scope)
            authorization = authorization_of(headers)
            session = session_of(headers) if scope["method"] in READING else None
            if authorization is None and session is not None:
                authorization = SESSION + session
            identity = scope[CALLER] = await self._known(authorization)
            scope[RECOGNISE] = lambda: self._recognise(authorization)
            who = "subject", identity.subject
        except (Unauthorized, Unavailable) as error:
            scope[CALLER] = error
            who = address_of(scope)
        allowance = self._rate_limit.take(*who)
        scope[HEADERS] |= allowance.headers()
        allowance.check()
        return who

    async def _known(self, authorization: str | None) -> Any:
        """Who it is, without waiting where that is remembered."""
        known = None if authorization is None else self._remembered.get(authorization)
        if known is not None and known.age < FRESH:
            return known.answer
        look = self._look(authorization)
        return await asyncio.shield(look) if known is None else known.answer

    def _look(self, authorization: str | None) -> asyncio.Future[Any]:
        """One look for all who come with the same at the same time, or a crowd would queue for
        it.
        """
        look = self._looks.get(authorization)
        if look is None:
            look = asyncio.ensure_future(self._recognise(authorization))
            self._looks[authorization] = look
            look.add_done_callback(lambda look: self._looked(authorization, look))
        return look

    def _looked(self, authorization: str | None, look: asyncio.Future[Any]) -> None:
        del self._looks[authorization]
        if not look.cancelled():
            look.exception()  # nobody may have waited for it

    async def _recognise(self, authorization: str | None) -> Any:
        began = time.monotonic()
        identity = await to_thread.run_sync(self._authenticator.identify, authorization)
        if authorization is not None:
            self._remembered.put(authorization, identity, time.monotonic() - began)
        return identity


def address_of(scope: Scope) -> tuple[str, str]:
    """Whose rate is counted where nobody is recognised."""
    host, _ = scope.get("client") or ("", 0)
    return "address", host


def caller(request: Request) -> Identity:
    """Who sent the request; raises Unauthorized."""
    who: Identity | VitrineError = request.scope[CALLER]
    if isinstance(who, VitrineError):
        raise who
    return who


def allowed(
    endpoint: Callable[[Request], Awaitable[Response]],
    actions: Mapping[str, str],
    least: Mapping[str, Role],
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, for members of the path's workspace whose role is enough for the method's
    action; who is no member is the endpoint's to refuse."""

    async def guarded(request: Request) -> Response:
        workspace = request.path_params[scopes.WORKSPACE_FIELD]
        action = actions["GET" if request.method == "HEAD" else request.method]
        who = request.scope[CALLER]
        if isinstance(who, Identity) and not _may(who, workspace, least[action]):
            who = await request.scope[RECOGNISE]()
            if not _may(who, workspace, least[action]):
                raise permissions.refusal(who, action, workspace, least[action])
        return await endpoint(request)

    return guarded


def _may(who: Identity, workspace: str, least: Role) -> bool:
    role = who.role(workspace)
    return role is None or role.reaches(least)


async def check(request: Request, scope: scopes.Scope) -> None:
    """Raise Forbidden unless the caller may read the scope's brand, even if only since now."""
    await allow(request, lambda identity: identity.check(scope))


async def allow(request: Request, test: Callable[[Identity], None]) -> None:
    """Raise the Forbidden of a test of the caller, unless they pass it since now."""
    try:
        test(caller(request))
    except Forbidden:
        test(await request.scope[RECOGNISE]())
