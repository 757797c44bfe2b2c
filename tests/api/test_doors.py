"""The routes in front of another app, and the API alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from engine.bootstrap import build
from engine.engine import Engine
from engine.http.app import standalone
from engine.http.auth import DemoAuthenticator
from engine.http.routes import RoutesFirst, routes
from engine.settings import Settings
from tests.api import wire
from tests.api.wire import BODY, HEADERS, envelope

HERE: Any = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 1)}


async def page(_: Any) -> PlainTextResponse:
    return PlainTextResponse("page")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


def test_routes_come_first(engine: Engine) -> None:
    started = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        started.append(True)
        yield

    auth = DemoAuthenticator(wire.TOKEN, engine)
    first = routes(engine, Settings(Path()), auth, inbox=None)
    app = Starlette(
        routes=[
            Route("/{path:path}", page, methods=["GET", "POST"]),
            WebSocketRoute("/{path:path}", talk),
        ],
        middleware=[Middleware(RoutesFirst, routes=first)],
        lifespan=lifespan,
    )
    with TestClient(app) as client:
        assert started == [True]
        for path in ("/", "/apis", "/api%0A", "/healthz/x", "/x/api/y"):
            assert client.get(path).text == "page"
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.post(wire.address(), json=BODY, headers=HEADERS).status_code == 200
        for path in ("/api", "/api/", "/api/..%2f..%2fx", "/api/%0A/x", "/api/%00", "/api/%5c"):
            envelope(client.get(path), 404, "NOT_FOUND")
        with client.websocket_connect("/page"):
            pass
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/x"):
            pass


@pytest.mark.parametrize("chosen", [None, "chosen"])
def test_the_api_alone(tmp_path: Path, capsys: Any, chosen: str | None) -> None:
    parts = build(Settings(tmp_path, demo_token=chosen))
    with TestClient(standalone(parts), **HERE) as client:
        printed = capsys.readouterr().out
        headers = {**HEADERS, "Authorization": f"Bearer {parts.token}"}
        answer = client.post(wire.address(), json=BODY, headers=headers)
    envelope(answer, 403, "AUTH_004")  # the lake is empty
    assert (parts.token in printed) == (chosen is None)


def test_the_api_alone_answers_this_machine_only(tmp_path: Path) -> None:
    with TestClient(standalone(build(Settings(tmp_path)))) as client:
        envelope(client.get("/api/openapi.json"), 403, "AUTH_003")
        assert client.get("/healthz").status_code == 403
