"""Demo mode answers this machine only."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from engine.http.loopback import FORWARDED, LoopbackOnly
from tests.api.wire import check_envelope

HERE = ("127.0.0.1", 50_000)


async def page(_: Any) -> PlainTextResponse:
    return PlainTextResponse("page")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


GUARDED = Starlette(
    routes=[
        Route("/{path:path}", page, methods=["GET", "POST", "DELETE"]),
        WebSocketRoute("/{path:path}", talk),
    ],
    middleware=[Middleware(LoopbackOnly)],
)


def status(
    method: str = "GET",
    path: str = "/",
    client: Any = HERE,
    server: Any = ("127.0.0.1", 8501),
    headers: dict[str, str] | None = None,
) -> int:
    """The status of a response, for a websocket 101 or 403."""
    given = {"Host": "localhost:8501"} | (headers or {})
    rest = {"server": server, "client": client}
    with TestClient(Rewritten(GUARDED, rest), base_url="http://localhost") as browser:
        if method != "websocket":
            answer = browser.request(method, path, headers=given)
            assert answer.status_code in (200, 403)
            if answer.status_code == 403 and path.startswith("/api"):
                assert check_envelope(answer)["code"] == "AUTH_003"
            return answer.status_code
        try:
            with browser.websocket_connect(path, headers=given) as socket:
                return 101 if socket.receive_text() == "hello" else 0
        except WebSocketDisconnect as refused:
            return 403 if refused.code == 1008 else 0


class Rewritten:
    """The test client cannot say which address it reached; this changes the scope."""

    def __init__(self, app: Any, changes: dict[str, Any]) -> None:
        self.app = app
        self.changes = changes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            scope |= self.changes
            scope["headers"] = [(k, v) for k, v in scope["headers"] if v != b"-"]
        await self.app(scope, receive, send)


KINDS = [("GET", 200), ("POST", 200), ("websocket", 101)]


@pytest.mark.parametrize(("method", "good"), KINDS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"client": ("127.9.8.7", 1), "server": ("127.0.0.53", 80)},
        {"client": ("::1", 1), "server": ("::1", 80)},
        {"client": ("::ffff:127.0.0.1", 1), "server": ("::ffff:127.0.0.1", 80)},
        {"client": None, "server": None},
        {"client": None, "server": ("/run/vitrine.sock", None)},
        {"headers": {"Host": "127.0.0.1"}},
        {"headers": {"Host": "LOCALHOST:80"}},
        {"headers": {"Host": "[::1]:8501"}},
        {"headers": {"Origin": "http://localhost:8501"}},
        {"headers": {"Origin": "https://[::1]"}},
    ],
)
def test_this_machine_is_answered(method: str, good: int, changes: dict[str, Any]) -> None:
    assert status(method, "/api/x", **changes) == good
    assert status(method, "/page", **changes) == good


@pytest.mark.parametrize(("method", "_good"), KINDS)
@pytest.mark.parametrize(
    "changes",
    [
        {"client": ("192.168.1.5", 1)},
        {"client": ("10.0.0.1", 1), "server": ("10.0.0.2", 80)},
        {"server": ("192.168.1.5", 80)},
        {"server": ("0.0.0.0", 80)},
        {"client": ("2001:db8::1", 1)},
        {"client": ("::ffff:10.0.0.1", 1)},
        {"client": ("testclient", 1)},
        {"client": ("", 1)},
        {"server": ("testserver", 80)},
        {"client": None, "server": ("10.0.0.2", 80)},
        {"headers": {"Host": "-"}},
        {"headers": {"Host": ""}},
        {"headers": {"Host": "evil.example"}},
        {"headers": {"Host": "localhost.evil.example"}},
        {"headers": {"Host": "127.0.0.1.evil.example:8501"}},
        {"headers": {"Host": "evil.example:127"}},
        {"headers": {"Host": "[127.0.0.1"}},
        {"headers": {"Host": "10.0.0.1"}},
        {"headers": {"Host": "0.0.0.0:8501"}},
        {"headers": {"Host": "localhost@evil.example"}},
        {"headers": {"Host": "localhost:8501:80"}},
    ],
)
def test_other_machines_and_names_are_not(method: str, _good: int, changes: dict[str, Any]) -> None:
    assert status(method, "/api/x", **changes) == 403
    assert status(method, "/page", **changes) == 403


@pytest.mark.parametrize("name", FORWARDED)
def test_a_proxy_on_this_machine_opens_it_to_nobody(name: str) -> None:
    for method in ("GET", "POST", "websocket"):
        assert status(method, "/api/x", headers={name: "127.0.0.1"}) == 403
        assert status(method, "/page", headers={name: ""}) == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://", "http://[", "localhost", "file://"]
)
def test_other_sites_may_not_write(origin: str) -> None:
    headers = {"Origin": origin}
    for method in ("POST", "DELETE", "websocket"):
        assert status(method, "/api/x", headers=headers) == 403
    assert status("GET", "/api/x", headers=headers) == 200


def test_the_test_client_is_not_this_machine() -> None:
    with TestClient(GUARDED) as client:
        answer = client.get("/page")
    assert answer.status_code == 403
    assert "testserver" in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
