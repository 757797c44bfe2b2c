"""The body on its way in: what it may be, how long it may be and how long it may take."""

import re
from typing import Final

import anyio
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from engine.errors import Fault, InvalidRequest, PayloadTooLarge, UnsupportedMediaType

SECONDS: Final = 8.0
"""A body that takes longer is given up, so that stalled ones cannot pile up."""

_JSON: Final = re.compile(r"application/json|[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\+json")
_UTF_8: Final = ("utf-8", "utf8")
_CLOSE: Final = {"Connection": "close"}


class Body:
    """Wraps an ASGI receive and knows whether all of the body has come through it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._complete = not message.get("more_body", False)
        return message

    async def has_arrived(self) -> bool:
        """Whether all of it is here, read or waiting to be read; never waits for more."""
        if not self._complete:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await self.receive()
        return self._complete


def require_json(headers: Headers) -> None:
    """Raise UnsupportedMediaType unless the body is JSON in UTF-8, or says nothing about itself."""
    for given in headers.getlist("content-type"):
        media_type, *parameters = given.lower().split(";")
        pairs = [parameter.partition("=") for parameter in parameters]
        charsets = [value.strip(' \t"') for name, _, value in pairs if name.strip() == "charset"]
        if not _JSON.fullmatch(media_type.strip()) or any(c not in _UTF_8 for c in charsets):
            raise UnsupportedMediaType(
                f"{given[:80]!a} is not JSON in UTF-8; send Content-Type: application/json."
            )


async def read(request: Request, limit: int, seconds: float = SECONDS) -> bytes:
    """The whole body.

    Raises PayloadTooLarge as soon as it is known to exceed `limit` bytes, InvalidRequest when it
    stops before its end.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
        raise _too_large(limit)
    body = bytearray()
    try:
        with anyio.fail_after(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except (TimeoutError, ClientDisconnect) as error:
        message = f"did not arrive whole within {seconds:g} seconds; send it again."
        raise InvalidRequest([Fault("body", message)]) from error
    return bytes(body)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body is larger than {limit} bytes; a request is six short fields.", headers=_CLOSE
    )
