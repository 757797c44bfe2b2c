"""Requests damaged at random: never a 5xx, and whatever is refused is refused in the envelope.

MUTATIONS=2000000 is the full size.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from tests.api import wire
from tests.api.shop import open_shops, served

COUNT: Final = int(os.environ.get("MUTATIONS", "2000"))
JUNK: Final = (
    *(bytes([byte]) for byte in range(256)),
    *(b"\r\n", b"../", b"//", b"%0A", b"%00", b"\xc3\x28", b"\xed\xa0\x80", b"\xff" * 300),
    *(b"\xef\xbb\xbf", b"'\"", b"NaN", b"1e999", b"-0", b"9" * 5_000, b"[" * 2_000, b"{" * 99),
    *(b'{"a":1,"a":2}', b"\\ud800", b"\\u0000", b"null", b"true", b"\xe2\x80\xae"),
)
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 30, 30.0, 30.5, 1e308, 2**63, 10**4000, "", "30", "day"),
    *("count", "sum", "none", "amount", "metadata.x", "metadata.", "agent_view", "\ud800", "\0"),
    *([], [[]], {}, {"a": {}}, ["agent_view"], ["agent_view"] * 60, [None], ["x" * 90], "x" * 9000),
)
HEADERS: Final = (
    *((name, JUNK) for name in (b"x-active-brand", b"x-active-catalog", b"authorization")),
    (b"content-type", (b"application/json", b"text/plain", b"a/b+json", b";;=;", b"")),
    (b"content-type", (b"application/json;charset=utf-16", b"application/json;charset", b"\xff")),
    (b"content-length", (b"0", b"-1", b"70000", b"9" * 5_000, b"\xb2", b"1, 2", b"")),
    (b"x-active-brand", (wire.OTHER_BRAND.encode(), wire.NEVER_SEEN.encode(), b"")),
    (b"authorization", (b"Bearer", b"Basic eA==", b"Bearer guess", b"bearer  x y")),
    (b"transfer-encoding", (b"chunked", b"gzip")),
    (b"expect", (b"100-continue",)),
)
METHODS: Final = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "", "\udcff", "post")


@dataclass
class Request:
    """A valid one, to begin with."""

    random: random.Random
    method: str = "POST"
    path: bytes = wire.address().removeprefix("/api/").encode()
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(
        default_factory=lambda: [(k.lower().encode(), v.encode()) for k, v in wire.HEADERS.items()]
    )
    body: bytes = json.dumps(wire.BODY).encode()

    def damaged(self, text: bytes) -> bytes:
        """Replace, insert, drop or repeat a piece."""
        start = self.random.randint(0, len(text))
        end = min(len(text), start + self.random.choice((0, 1, 1, 5, 40)))
        piece = self.random.choice((b"", text[start:end] * 2, self.random.choice(JUNK)))
        return text[:start] + piece + text[end:]

    def damage_method(self) -> None:
        self.method = self.random.choice(METHODS)

    def damage_path(self) -> None:
        self.path = self.damaged(self.path)

    def damage_query(self) -> None:
        brand = self.random.choice((wire.BRAND, wire.OTHER_BRAND, "")).encode()
        self.query = self.random.choice((b"brand_id=" + brand, self.query + b"&brand_id=" + brand))
        if self.random.random() < 0.6:
            self.query = self.damaged(self.query)

    def damage_headers(self) -> None:
        name, values = self.random.choice(HEADERS)
        if self.random.random() < 0.7:
            self.headers = [header for header in self.headers if header[0] != name]
        if self.random.random() < 0.8:
            self.headers.append((name, self.random.choice(values)))

    def damage_body(self) -> None:
        self.body = self.damaged(self.body)

    def damage_value(self) -> None:
        names = (*wire.BODY, "value_field", "limit", "brand_id")
        changes = {self.random.choice(names): self.random.choice(VALUES) for _ in range(2)}
        body = {k: v for k, v in wire.BODY.items() if self.random.random() < 0.95}
        self.body = json.dumps(body | changes).encode()

    def damage_size(self) -> None:
        self.body += b" " * self.random.choice((1_000, 65_400, 70_000))


DAMAGES: Final[tuple[Callable[[Request], None], ...]] = (
    Request.damage_method,
    *[Request.damage_path] * 2,
    *[Request.damage_query] * 2,
    *[Request.damage_headers] * 4,
    *[Request.damage_body] * 5,
    *[Request.damage_value] * 5,
    Request.damage_size,
)


def mutated(seed: int) -> Request:
    request = Request(random.Random(seed))
    for _ in range(request.random.choice((1, 1, 2, 3, 6))):
        request.random.choice(DAMAGES)(request)
    return request


async def send(app: Any, request: Request) -> wire.Answer:
    cut = request.random.randint(0, len(request.body))
    parts = [(request.body[:cut], True), (request.body[cut:], False)]

    async def receive() -> Any:
        body, more = parts.pop(0) if parts else (b"", False)
        return {"type": "http.request", "body": body, "more_body": more}

    path = "/api/" + request.path.decode("utf-8", "replace")
    headers = request.headers or [(b"host", b"localhost")]
    return await wire.raw(app, receive, path, headers, request.method, request.query)


def test_damaged_requests() -> None:
    app = served(open_shops())
    seen: Counter[int] = Counter()

    async def main() -> None:
        for seed in range(COUNT):
            request = mutated(seed)
            answer = await send(app, request)
            try:
                assert answer.status_code < 500
                if answer.status_code != 200:
                    wire.check_envelope(answer)
            except AssertionError as error:
                raise AssertionError(f"{request} -> {answer}") from error
            seen[answer.status_code] += 1

    anyio.run(main)
    assert set(seen) == {200, 400, 401, 403, 404, 405, 413, 415}, seen
