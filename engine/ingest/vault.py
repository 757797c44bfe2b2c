"""Passwords of other servers, encrypted under a secret that is not in the database."""

import base64
from contextlib import suppress
from functools import cached_property
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import Fault, InvalidRequest, Unavailable
from engine.settings import VAULT_VARIABLE

PURPOSE: Final = b"vitrine: passwords of sources"


class Vault:
    """Seals texts with a key made from `secret`; without a secret it refuses to."""

    def __init__(self, secret: str | None = None) -> None:
        self._secret = secret

    def seal(self, text: str) -> str:
        """Raises InvalidRequest when there is no secret."""
        if self._secret is None:
            message = (
                f"is not stored in the clear: set {VAULT_VARIABLE}, 32 characters or more, and it"
                " is stored encrypted; or leave it out and put it into the server's PGPASSFILE"
            )
            raise InvalidRequest([Fault("password", message)])
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises Unavailable where the secret is not the one it was sealed with."""
        if self._secret is not None:
            with suppress(InvalidToken):
                return self._fernet.decrypt(sealed).decode()
        raise Unavailable(
            f"the password was encrypted under another {VAULT_VARIABLE} than this process has;"
            " set that one again, or give the password anew"
        )

    @cached_property
    def _fernet(self) -> Fernet:
        key = HKDF(SHA256(), 32, None, PURPOSE).derive((self._secret or "").encode())
        return Fernet(base64.urlsafe_b64encode(key))
