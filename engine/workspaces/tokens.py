"""Random tokens, and what is stored of them: it does not lead back to the token."""

import secrets
from hashlib import sha256


def new_token() -> str:
    """256 bits that nobody can guess, in letters that a URL and a cookie may hold."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> bytes:
    """A token of that many random bits needs no slow hash."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
