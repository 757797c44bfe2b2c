"""Access tokens of a sign-in provider (JWT, as Auth0 makes them), read strictly."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from engine.errors import InvalidRequest, Unauthorized
from engine.http.keyring import Keyring
from engine.request import loads

LONGEST: Final = 8_192
LEEWAY: Final = 30
"""Seconds by which the clocks of two machines may differ."""
LIFETIME: Final = 86_400
"""Seconds for which a token may be good: nobody can take it back before."""
TYPES: Final = (None, "jwt", "at+jwt", "application/at+jwt")
ALGORITHMS: Final = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "ES256": ECAlgorithm(ECAlgorithm.SHA256),
}
FORM: Final = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
NOT_READ: Final = ("crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc")
"""Members of a header that want a reader to fetch, trust or do something."""
OF_ID_TOKENS: Final = ("nonce", "at_hash", "c_hash", "s_hash")
SUBJECT: Final = 255


@dataclass(frozen=True)
class Claims:
    """subject: the provider's own id of the caller. email: only one that it has verified."""

    subject: str
    email: str | None


class AccessTokens:
    """issuer and audience: what tokens have to say, exactly."""

    def __init__(
        self, issuer: str, audience: str, keyring: Keyring, clock: Callable[[], datetime]
    ) -> None:
        self.issuer = issuer
        self._audience = audience
        self._keyring = keyring
        self._clock = clock

    def read(self, token: bytes) -> Claims:
        """Raises Unauthorized for every token that is not good now, without repeating it, and
        Unavailable while the provider's keys are unknown."""
        try:
            head, body, signature = _parts(token)
            algorithm, kid = _header(head)
            claims = _object(body)
            self._check(claims)
        except ValueError as error:
            raise Unauthorized(str(error), code="AUTH_002") from None
        key = self._keyring.key(kid, algorithm)
        signed = token.rpartition(b".")[0]
        if key is None or not _is_signed(algorithm, signed, key, signature):
            raise Unauthorized(
                "The token's signature is not one of the sign-in provider's; get a new token.",
                code="AUTH_002",
            )
        email = claims.get("email")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        return Claims(claims["sub"], email if verified else None)

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Raises ValueError: what is wrong with the claims, and what to do."""
        if claims.get("iss") != self.issuer:
            raise ValueError(f"The token's issuer (iss) is not {self.issuer}; get one there.")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if self._audience not in named or not all(isinstance(one, str) for one in named):
            raise ValueError(
                f"The token's audience (aud) is not {self._audience}; ask for a token with it."
            )
        if str(claims.get("typ", "Bearer")).lower() not in ("bearer", "jwt", "at+jwt"):
            raise ValueError("The token is no access token; send the access token instead.")
        if any(name in claims for name in OF_ID_TOKENS):
            raise ValueError("The token is an id token; send the access token instead.")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT or " " in subject:
            raise ValueError("The token's subject (sub) is missing or not a text without spaces.")
        self._check_times(claims)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock().timestamp()
        expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
        begins = _instant(claims, "nbf") if "nbf" in claims else issued
        if now >= expires + LEEWAY:
            raise ValueError("The token has expired (exp); get a new one.")
        if max(issued, begins) > now + LEEWAY:
            raise ValueError("The token is from the future (iat, nbf); set the clocks right.")
        if not 0 < expires - issued <= LIFETIME:
            raise ValueError(
                f"The token is good for longer than {LIFETIME // 3600} hours, or for no time at"
                " all (exp, iat); set the provider's lifetime of tokens to that or less."
            )


def _parts(token: bytes) -> tuple[bytes, bytes, bytes]:
    if len(token) > LONGEST:
        raise ValueError(f"The token is longer than {LONGEST} bytes; get a smaller one.")
    match = FORM.fullmatch(token)
    if match is None:
        raise ValueError("The token is neither an API key nor a signed JSON Web Token.")
    head, body, signature = (_decoded(part) for part in match.groups())
    return head, body, signature


def _decoded(part: bytes) -> bytes:
    """base64url in the one way it can be written; raises ValueError."""
    try:
        text = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("The token is not in base64url.") from None
    if base64.urlsafe_b64encode(text).rstrip(b"=") != part:
        raise ValueError("The token is not in base64url.")
    return text


def _header(text: bytes) -> tuple[str, str]:
    """Algorithm and kid; raises ValueError for everything else than what access tokens have."""
    header = _object(text)
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise ValueError(f"The token's algorithm (alg) is not {' or '.join(ALGORITHMS)}.")
    if not isinstance(kid, str) or not 0 < len(kid) <= SUBJECT:
        raise ValueError("The token does not name its key (kid).")
    if (kind.lower() if isinstance(kind, str) else kind) not in TYPES:
        raise ValueError("The token's type (typ) is not that of an access token.")
    if any(name in header for name in NOT_READ):
        raise ValueError(f"The token's header has one of {', '.join(NOT_READ)}.")
    return algorithm, kid


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = loads(text)
    except InvalidRequest:
        value = None
    if not isinstance(value, dict):
        raise ValueError("The token does not hold JSON objects.")
    return value


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise ValueError(f"The token's time {name} is missing or no number of seconds.")
    return float(value)


def _is_signed(algorithm: str, signed: bytes, key: Any, signature: bytes) -> bool:
    return bool(ALGORITHMS[algorithm].verify(signed, key, signature))
