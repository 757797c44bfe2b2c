"""What a sign-in provider said of a person, as the claims of an id token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

GOOD_FOR: Final = timedelta(minutes=5)
"""From the provider's word to the session here: afterwards only the session counts."""
AHEAD: Final = timedelta(minutes=2)
"""By which the provider's clock may be fast."""


@dataclass(frozen=True)
class Claimed:
    """subject: the provider's issuer, a space, its own id of the person. email: only one that it
    has verified. unverified: whether there is another one. nonce: of this one sign-in. issued_at:
    Unix seconds.
    """

    subject: str
    email: str | None
    unverified: bool
    nonce: str
    issued_at: float

    @classmethod
    def read(cls, claims: Mapping[str, object]) -> Self | None:
        """None where something is missing that every id token has."""
        issuer, own, nonce = (claims.get(name) for name in ("iss", "sub", "nonce"))
        issued = claims.get("iat")
        if not (isinstance(issuer, str) and isinstance(own, str) and isinstance(nonce, str)):
            return None
        if not (issuer and own and nonce) or isinstance(issued, bool):
            return None
        if not isinstance(issued, int | float):
            return None
        email = claims.get("email")
        written = email if isinstance(email, str) and email else None
        verified = claims.get("email_verified") is True
        return cls(
            f"{issuer} {own}",
            written if verified else None,
            written is not None and not verified,
            nonce,
            float(issued),
        )

    def is_new(self, now: datetime) -> bool:
        age = now.timestamp() - self.issued_at
        return -AHEAD.total_seconds() <= age < GOOD_FOR.total_seconds()
