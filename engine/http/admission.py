"""The second layer: who is asking, and whether they ask too often or too much at once."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import scope as scopes
from engine.caches.base import Answers
from engine.caches.memory import MemoryAnswers
from engine.errors import Forbidden, TooManyRequests, Unauthorized
from engine.http.auth import Authenticator, authorization_of
from engine.http.envelope import HEADERS
from engine.http.rate import RateLimit
from engine.scope import Identity

CALLER: Final = "vitrine.caller"
"""The scope's key for the Identity, or for the Unauthorized that says why there is none."""

RECOGNISE: Final = "vitrine.recognise"
"""The scope's key for a way to ask again who it is, forgetting what is remembered."""

REMEMBERED: Final = 1.0
"""Seconds for which an identity is believed without asking again; nobody stays longer than that
after a sign-out or a change of role."""

AT_ONCE: Final = 1_000


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
            authorization = authorization_of(Headers(scope=scope))
            known = None if authorization is None else self._remembered.get(authorization)
            identity = known.answer if known else await self._recognise(authorization)
            scope[CALLER] = identity
            scope[RECOGNISE] = lambda: self._recognise(authorization)
            who = "subject", identity.subject
        except Unauthorized as error:
            scope[CALLER] = error
            host, _ = scope.get("client") or ("", 0)
            who = "address", host
        allowance = self._rate_limit.take(*who)
        scope[HEADERS] |= allowance.headers()
        allowance.check()
        return who

    async def _recognise(self, authorization: str | None) -> Any:
        identity = await to_thread.run_sync(self._authenticator.identify, authorization)
        if authorization is not None:
            self._remembered.put(authorization, identity)
        return identity


def caller(request: Request) -> Identity:
    """Who sent the request; raises Unauthorized."""
    who: Identity | Unauthorized = request.scope[CALLER]
    if isinstance(who, Unauthorized):
        raise who
    return who


async def check(request: Request, scope: scopes.Scope) -> None:
    """Raise Forbidden unless the caller may read the scope's brand, even if only since now."""
    await allow(request, lambda identity: identity.check(scope))


async def allow(request: Request, test: Callable[[Identity], None]) -> None:
    """Raise the Forbidden of a test of the caller, unless they pass it since now."""
    try:
        test(caller(request))
    except Forbidden:
        test(await request.scope[RECOGNISE]())
