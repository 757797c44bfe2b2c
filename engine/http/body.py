"""The body on its way in: what it may be, how long it may be and how long it may take."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from engine.errors import (
    Fault,
    InvalidRequest,
    PayloadTooLarge,
    TooManyRequests,
    UnsupportedMediaType,
)

SECONDS: Final = 8.0
"""A body that takes longer is given up, so that stalled ones cannot pile up."""

_JSON: Final = re.compile(r"application/json|[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\+json")
_NDJSON: Final = re.compile(r"application/(x-ndjson|ndjson|jsonl)")
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

    def has_arrived(self) -> bool:
        """Whether all of it is here, read or waiting to be read; never waits for more."""
        if not self._complete:
            # A step by hand: cancelling by a scope costs as much as the rest of a refusal.
            receiving = self.receive()
            with suppress(StopIteration):
                receiving.send(None)
            receiving.close()
        return self._complete


class Room:
    """How many bytes of bodies may be in memory at once, over all requests of an event loop."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """One request's part of it, which grows as its body arrives."""
        share = Share(self)
        try:
            yield share
        finally:
            self._left += share.taken

    def take(self, size: int) -> None:
        if size > self._left:
            raise TooManyRequests(
                "The server holds as many bodies as it can; send this one again in a second.",
                code="RATE_002",
                headers={"Retry-After": "1"},
            )
        self._left -= size


class Share:
    def __init__(self, room: Room) -> None:
        self._room = room
        self.taken = 0

    def take(self, size: int) -> None:
        """Raises TooManyRequests when there is no room for so many bytes more."""
        self._room.take(size)
        self.taken += size


def require_json(headers: Headers) -> None:
    """Raise UnsupportedMediaType unless the body is JSON in UTF-8, or says nothing about itself."""
    for given in headers.getlist("content-type"):
        if not _says(given, _JSON):
            raise UnsupportedMediaType(
                f"{given[:80]!a} is not JSON in UTF-8; send Content-Type: application/json."
            )


def is_ndjson(headers: Headers) -> bool:
    """Whether the body is NDJSON rather than JSON; raises UnsupportedMediaType if it is neither."""
    given = headers.getlist("content-type")
    if given and all(_says(one, _NDJSON) for one in given):
        return True
    for one in given:
        if not _says(one, _JSON):
            raise UnsupportedMediaType(
                f"{one[:80]!a} is not JSON or NDJSON in UTF-8; send Content-Type:"
                " application/json or application/x-ndjson."
            )
    return False


def _says(content_type: str, pattern: re.Pattern[str]) -> bool:
    """Whether a Content-Type is one of these, in UTF-8."""
    media_type, *parameters = content_type.lower().split(";")
    pairs = [parameter.partition("=") for parameter in parameters]
    charsets = [value.strip(' \t"') for name, _, value in pairs if name.strip() == "charset"]
    return bool(pattern.fullmatch(media_type.strip())) and all(c in _UTF_8 for c in charsets)


async def read(
    request: Request,
    limit: int,
    seconds: float = SECONDS,
    way_out: str = "a request is six short fields",
    share: Share | None = None,
) -> bytes:
    """The whole body.

    Raises PayloadTooLarge as soon as it is known to exceed `limit` bytes, InvalidRequest when it
    stops before its end, and what `share` does.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
        raise _too_large(limit, way_out)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                if share is not None:
                    share.take(len(chunk))
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit, way_out)
    except (TimeoutError, ClientDisconnect) as error:
        message = f"did not arrive whole within {seconds:g} seconds; send it again."
        raise InvalidRequest([Fault("body", message)]) from error
    return bytes(body)


def _too_large(limit: int, way_out: str) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {limit} bytes; {way_out}.", headers=_CLOSE)
