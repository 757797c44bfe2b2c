"""Passwords as Argon2 hashes, and which passwords are taken at all."""

import unicodedata
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import Fault, InvalidRequest

LEAST: Final = 10
MOST: Final = 256
DIFFERENT: Final = 5
AT_ONCE: Final = 4
"""Hashes that are computed at once: each takes the memory below."""

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
_TURNS: Final = BoundedSemaphore(AT_ONCE)
NOBODYS: Final = _HASHER.hash("the password of nobody")
"""Is compared with where there is no account, so that this takes as long."""


def hash_of(password: str) -> str:
    with _TURNS:
        return _HASHER.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; takes as long when none is stored."""
    try:
        with _TURNS:
            return (
                _HASHER.verify(stored or NOBODYS, _normal(password[:MOST])) and stored is not None
            )
    except (VerificationError, InvalidHashError):
        return False


def is_old(stored: str) -> bool:
    """Whether it was hashed with other costs than today's."""
    return _HASHER.check_needs_rehash(stored)


def check(password: str, email: str | None = None, field: str = "password") -> None:
    """Raise InvalidRequest for a password that is too easy; it does not repeat it."""
    name = (email or "").partition("@")[0]
    if not LEAST <= len(password) <= MOST:
        fault = f"has {len(password)} characters; take {LEAST} to {MOST}."
    elif len(set(password)) < DIFFERENT:
        fault = f"has fewer than {DIFFERENT} different characters; take more."
    elif len(name) > 2 and name in password.casefold():
        fault = "holds the name of your e-mail; take one without it."
    else:
        return
    raise InvalidRequest([Fault(field, fault)])


def _normal(password: str) -> str:
    """Keyboards write the same letter in several ways."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()
