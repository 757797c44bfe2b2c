"""Who asks. Together with engine/scope.py the one place that decides about identity."""

import hmac
from typing import Final, Protocol

from starlette.datastructures import Headers

from engine.engine import Engine
from engine.errors import Unauthorized
from engine.scope import Identity, demo_identity

REALM: Final = 'Bearer realm="vitrine"'


class Authenticator(Protocol):
    """Recognises callers. Called in a thread, so it may block."""

    def identify(self, authorization: str | None) -> Identity:
        """Who sent this Authorization header; raises Unauthorized."""


class DemoAuthenticator:
    """One token opens every brand that has events."""

    def __init__(self, token: str, engine: Engine) -> None:
        # A variable of the environment may hold any bytes, and so may a header.
        self._token = token.strip().encode("utf-8", "surrogateescape")
        self._engine = engine

    def identify(self, authorization: str | None) -> Identity:
        given = bearer_token(authorization)
        if not hmac.compare_digest(given, self._token):
            raise invalid("The bearer token is not valid here; copy the one this server shows.")
        return demo_identity(self._engine.brands())


def authorization_of(headers: Headers) -> str | None:
    """The Authorization header; raises Unauthorized when there are several."""
    given = headers.getlist("authorization")
    if len(given) > 1:
        raise invalid("Several Authorization headers were sent; send one.")
    return given[0] if given else None


def bearer_token(authorization: str | None) -> bytes:
    """The token as the bytes that were sent; raises Unauthorized when there is none."""
    if authorization is None:
        raise Unauthorized(
            "A token is required; send the header Authorization: Bearer <token>.",
            headers={"WWW-Authenticate": REALM},
        )
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise invalid(
            "Authorization is not Bearer and a token; send Authorization: Bearer <token>."
        )
    try:
        return token.strip().encode("latin-1")
    except UnicodeEncodeError as error:
        raise invalid("The bearer token holds characters that no header can.") from error


def invalid(message: str) -> Unauthorized:
    return Unauthorized(
        message, code="AUTH_002", headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    )
