"""Signed links to exports: a browser that follows a link sends no Authorization header."""

import base64
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.exports import FORMATS
from engine.request import AggregateRequest
from engine.scope import Scope

SECONDS: Final = 300
PURPOSE: Final = b"vitrine: tickets of exports"
TICKET: Final = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)


class Links:
    """Makes tickets that open one export for five minutes, and recognises them.

    Without a secret the key is made up, and tickets are good in this process only.
    """

    def __init__(self, secret: str | None = None, clock: Callable[[], float] = time.time) -> None:
        self._key = (
            secrets.token_bytes(32)
            if secret is None
            else HKDF(SHA256(), 32, None, PURPOSE).derive(secret.encode())
        )
        self._clock = clock

    def ticket(self, request: AggregateRequest, scope: Scope, form: str) -> str:
        """Opens this request about this scope in one of FORMATS, and nothing else."""
        if form not in FORMATS:
            raise ValueError(f"{form!r} is no format; take one of {', '.join(FORMATS)}.")
        return self._signed(_rows(request, scope, form))

    def opens(self, ticket: str, request: AggregateRequest, scope: Scope, form: str) -> bool:
        """Whether a ticket was made for exactly this and has not expired."""
        return self._is_signed(ticket, _rows(request, scope, form))

    def _signed(self, named: Sequence[Any]) -> str:
        """A ticket for what these say, as JSON."""
        expires = int(self._clock()) + SECONDS
        return f"{expires}.{self._signature(named, expires)}"

    def _is_signed(self, ticket: str, named: Sequence[Any]) -> bool:
        parts = TICKET.fullmatch(ticket)
        if parts is None:
            return False
        expires = int(parts[1])
        signature = self._signature(named, expires)
        return hmac.compare_digest(parts[2], signature) and self._clock() < expires

    def copy_path(self, scope: Scope, id: str, days: int | None, event_type: str | None) -> str:
        """The path and query of a dashboard's frozen copy, with its ticket. days, event_type: of
        all widgets, where they are not to be their own."""
        query = {
            "brand_id": scope.brand_id,
            "catalog_id": scope.catalog_id,
            "time_window_days": days,
            "event_types": event_type,
            "ticket": self._signed(_copy(scope, id, days, event_type)),
        }
        said = urlencode({name: value for name, value in query.items() if value is not None})
        return f"/api/workspace/{scope.workspace_id}/dashboards/{id}/frozen?{said}"

    def opens_copy(
        self, ticket: str, scope: Scope, id: str, days: int | None, event_type: str | None
    ) -> bool:
        """Whether a ticket was made for exactly this copy and has not expired."""
        return self._is_signed(ticket, _copy(scope, id, days, event_type))

    def path(self, request: AggregateRequest, scope: Scope, form: str) -> str:
        """The path and query of the export, with its ticket."""
        asked = {name: value for name, value in request.to_dict().items() if value is not None}
        catalog = {} if scope.catalog_id is None else {"catalog_id": scope.catalog_id}
        query = {
            "format": form,
            **asked,
            "brand_id": scope.brand_id,
            **catalog,
            "ticket": self.ticket(request, scope, form),
        }
        folder = f"/api/workspace/{scope.workspace_id}/dashboards/aggregate/export"
        return f"{folder}?{urlencode(query, doseq=True)}"

    def _signature(self, named: Sequence[Any], expires: int) -> str:
        text = json.dumps([*named, expires]).encode()
        digest = hmac.new(self._key, text, sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _rows(request: AggregateRequest, scope: Scope, form: str) -> list[Any]:
    return ["rows", *_where(scope), form, request.to_dict()]


def _copy(scope: Scope, id: str, days: int | None, event_type: str | None) -> list[Any]:
    return ["copy", *_where(scope), id, days, event_type]


def _where(scope: Scope) -> list[Any]:
    return [scope.workspace_id, scope.brand_id, scope.catalog_id]
