"""Who asks. Together with engine/scope.py the one place that decides about identity."""

import hmac
from typing import Final, Protocol

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers

from engine.engine import Engine
from engine.errors import Unauthorized, Unavailable
from engine.http.access_token import AccessTokens
from engine.scope import Identity, demo_identity
from engine.workspaces.access import Access
from engine.workspaces.demo_mode import DemoMode
from engine.workspaces.keys import BEGIN

REALM: Final = 'Bearer realm="vitrine"'
SESSION: Final = "Session "
"""How an Authorization begins that was made from a browser's cookie."""


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


class PeopleAuthenticator:
    """API keys, access tokens of the sign-in provider, and the sessions of browsers.

    tokens: None where no provider is set.
    """

    def __init__(self, access: Access, tokens: AccessTokens | None = None) -> None:
        self._access = access
        self._tokens = tokens

    def identify(self, authorization: str | None) -> Identity:
        """Raises Unauthorized, and Unavailable while the database or the provider is away."""
        try:
            return self._identify(authorization)
        except (DBAPIError, PoolTimeout) as error:
            raise Unavailable(
                "It cannot be looked up now who you are; try again in a moment.", retry_after=5
            ) from error

    def _identify(self, authorization: str | None) -> Identity:
        if authorization is not None and authorization.startswith(SESSION):
            known = self._access.of_session(authorization.removeprefix(SESSION))
            return _known(known, "The session has ended; sign in again.")
        token = bearer_token(authorization)
        if token.startswith(BEGIN.encode()):
            known = self._access.of_key(token.decode("latin-1"))
            return _known(known, "The API key is unknown, has expired or was revoked.")
        if self._tokens is None:
            raise invalid("The bearer token is not an API key; make one on the Admin page.")
        try:
            claims = self._tokens.read(token)
        except Unauthorized as error:
            raise invalid(error.message) from None
        subject = f"{self._tokens.issuer} {claims.subject}"
        known = self._access.of_provider(subject, claims.email)
        return _known(known, "There is no account here for this token; ask an admin for one.")


class EitherAuthenticator:
    """Demo mode's, while that is on; else people's."""

    def __init__(self, mode: DemoMode, demo: Authenticator, people: Authenticator) -> None:
        self._mode = mode
        self._demo = demo
        self._people = people

    def identify(self, authorization: str | None) -> Identity:
        return (self._demo if self._mode.is_on() else self._people).identify(authorization)


def _known(identity: Identity | None, otherwise: str) -> Identity:
    if identity is None:
        raise invalid(otherwise)
    return identity


def authorization_of(headers: Headers) -> str | None:
    """The Authorization header; raises Unauthorized when there are several."""
    given = headers.getlist("authorization")
    if len(given) > 1:
        raise invalid("Several Authorization headers were sent; send one.")
    if given and given[0].startswith(SESSION):
        # A session opens only what its cookie does, and that is reading.
        raise invalid("A session is no token; send Authorization: Bearer and an API key.")
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
