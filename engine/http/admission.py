"""The second layer: who is asking, and whether they have asked too often."""

from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import Unauthorized
from engine.http.auth import Authenticator, authorization_of
from engine.http.envelope import HEADERS
from engine.http.rate import RateLimit
from engine.scope import Identity

CALLER: Final = "vitrine.caller"
"""The scope's key for the Identity, or for the Unauthorized that says why there is none."""


class Admission:
    """ASGI middleware inside Envelope.

    Each identity has its own rate limit; those who are not recognised share one for each address,
    so failing sign-ins are limited too. Whether an identity is needed is the endpoint's decision.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator, rate_limit: RateLimit) -> None:
        self.app = app
        self._authenticator = authenticator
        self._rate_limit = rate_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._admit(scope)
        await self.app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        try:
            authorization = authorization_of(Headers(scope=scope))
            identity = await to_thread.run_sync(self._authenticator.identify, authorization)
            scope[CALLER] = identity
            allowance = self._rate_limit.take("subject", identity.subject)
        except Unauthorized as error:
            scope[CALLER] = error
            host, _ = scope.get("client") or ("", 0)
            allowance = self._rate_limit.take("address", host)
        scope[HEADERS] |= allowance.headers()
        allowance.check()


def caller(request: Request) -> Identity:
    """Who sent the request; raises Unauthorized."""
    who: Identity | Unauthorized = request.scope[CALLER]
    if isinstance(who, Unauthorized):
        raise who
    return who
