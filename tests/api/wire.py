"""What every test of the endpoint speaks: its address, a valid request, the one envelope."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import Headers

TOKEN: Final = "a-token-of-the-tests-4f1c"
SPACE: Final = "ws_one"
OTHER_SPACE: Final = "ws_two"
BRAND: Final = "11111111-1111-4111-8111-11111111111a"
OTHER_BRAND: Final = "22222222-2222-4222-8222-22222222222b"
NEVER_SEEN: Final = "99999999-9999-4999-8999-999999999999"
CATALOG: Final = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"

HEADERS: Final = {"Authorization": f"Bearer {TOKEN}", "X-Active-Brand": BRAND}
BODY: Final = {
    "event_types": None,
    "group_by": "event_type",
    "aggregation": "count",
    "time_window_days": 30,
}

SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
CODES: Final = {
    400: {"VALIDATION_ERROR"},
    401: {"AUTH_001", "AUTH_002"},
    403: {"AUTH_003", "AUTH_004"},
    404: {"NOT_FOUND"},
    405: {"METHOD_NOT_ALLOWED"},
    409: {"CONFLICT"},
    412: {"PRECONDITION_FAILED"},
    413: {"PAYLOAD_TOO_LARGE"},
    415: {"UNSUPPORTED_MEDIA_TYPE"},
    429: {"RATE_001", "RATE_002"},
    500: {"INTERNAL"},
    503: {"UNAVAILABLE"},
}


def address(space: str = SPACE) -> str:
    return f"/api/workspace/{space}/dashboards/aggregate"


@dataclass(frozen=True)
class Answer:
    """A response as it was sent to the server."""

    status_code: int
    headers: Headers
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


async def raw(
    app: Any,
    receive: Callable[[], Awaitable[Any]],
    path: str = address(),
    headers: Iterable[tuple[bytes, bytes]] = (),
    method: str = "POST",
    query: bytes = b"",
) -> Answer:
    """Ask as a server does, with bytes the test client would not send.

    Without `headers` those of a valid request are sent.
    """
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    valid = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": list(headers) or valid,
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    start, *rest = sent
    text = b"".join(message["body"] for message in rest).decode("ascii")
    return Answer(start["status"], Headers(raw=start["headers"]), text)


def envelope(answer: Any, status: int, code: str, *fields: str) -> dict[str, Any]:
    """Assert that a response is this error in the one envelope, and give back its inside."""
    assert answer.status_code == status, answer.text
    error = check_envelope(answer)
    assert error["code"] == code
    assert [detail["field"] for detail in error["details"]] == list(fields)
    return error


def check_envelope(answer: Any) -> dict[str, Any]:
    """Assert the envelope's exact shape and the headers every error has."""
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "message", "request_id", "details"}
    assert error["code"] in CODES[answer.status_code]
    assert isinstance(error["message"], str)
    assert error["message"]
    assert re.fullmatch(r"req_[0-9a-f]{32}", error["request_id"])
    assert answer.headers["X-Request-Id"] == error["request_id"]
    for detail in error["details"]:
        assert set(detail) == {"field", "message"}
        assert isinstance(detail["field"], str)
        assert isinstance(detail["message"], str)
    assert bool(error["details"]) == (answer.status_code == 400)
    check_headers(answer, limited="X-RateLimit-Limit" in answer.headers)
    assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)
    assert ("Allow" in answer.headers) == (answer.status_code == 405)
    assert ("Retry-After" in answer.headers) == (answer.status_code in (429, 503))
    return error


def check_headers(answer: Any, limited: bool = True) -> None:
    for name, value in SECURITY.items():
        assert answer.headers[name] == value
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["X-Request-Id"])
    for name in ("Limit", "Remaining", "Reset") if limited else ():
        assert answer.headers[f"X-RateLimit-{name}"].isdecimal()
