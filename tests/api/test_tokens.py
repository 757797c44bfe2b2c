"""Who is let in."""

import logging
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from engine.engine import Engine
from engine.http.auth import DemoAuthenticator
from tests.api import wire
from tests.api.shop import served
from tests.api.wire import BODY, BRAND, TOKEN, envelope


def post(client: TestClient, *authorization: str) -> Any:
    headers = [("X-Active-Brand", BRAND), *(("Authorization", a) for a in authorization)]
    return client.post(wire.address(), json=BODY, headers=headers)


def test_without_a_token(client: TestClient) -> None:
    answer = post(client)
    envelope(answer, 401, "AUTH_001")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="vitrine"'


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Basic {TOKEN}",
        f"Bearer{TOKEN}",
        f"Bearer\t{TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        f"Bearer {TOKEN} {TOKEN}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        "Bearer \0\x7f",
        "Bearer " + "x" * 100_000,
    ],
)
def test_wrong_tokens(client: TestClient, authorization: str) -> None:
    answer = post(client, authorization)
    envelope(answer, 401, "AUTH_002")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="vitrine", error="invalid_token"'


def test_two_tokens(client: TestClient) -> None:
    envelope(post(client, f"Bearer {TOKEN}", f"Bearer {TOKEN}"), 401, "AUTH_002")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_has_no_case(client: TestClient, scheme: str) -> None:
    assert post(client, f"{scheme} {TOKEN}").status_code == 200


@pytest.mark.parametrize(
    "token", ["x", "two words", "schlüssel", "ключ\U0001f600", "\udcff\udc80", " x"]
)
def test_any_token_may_be_set(engine: Engine, token: str) -> None:
    app = served(engine, auth=DemoAuthenticator(token, engine))
    sent = token.strip().encode("utf-8", "surrogateescape")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    def status(token: bytes) -> int:
        headers = [(b"authorization", b"Bearer " + token)]
        return anyio.run(wire.raw, app, receive, wire.address(), headers).status_code

    assert status(sent) == 400
    assert status(sent + b"?") == status(b"?") == status(sent[:-1]) == 401


def test_a_blank_token_opens_nothing(engine: Engine) -> None:
    with TestClient(served(engine, auth=DemoAuthenticator("  ", engine))) as client:
        envelope(post(client, "Bearer  "), 401, "AUTH_002")
        envelope(post(client, "Bearer"), 401, "AUTH_002")


def test_401_comes_before_everything_else(client: TestClient) -> None:
    answer = client.post(
        wire.address("BAD"), content=b"x" * 70_000, headers={"Content-Type": "text/plain"}
    )
    envelope(answer, 401, "AUTH_001")


def test_tokens_are_not_logged(client: TestClient, caplog: Any, capfd: Any) -> None:
    caplog.set_level(logging.DEBUG)
    post(client, f"Bearer {TOKEN}")
    answer = post(client, f"Bearer {TOKEN}-canary")
    told = capfd.readouterr()
    for text in (caplog.text, told.out, told.err, answer.text, str(answer.headers)):
        assert TOKEN not in text
