"""No brand sees another's rows, whatever stands in header and query, cache hot or cold."""

import random
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.engine import Engine
from engine.errors import Unauthorized
from engine.scope import Identity, Role
from tests.api import wire
from tests.api.shop import served
from tests.api.wire import BODY, BRAND, NEVER_SEEN, OTHER_BRAND, OTHER_SPACE, SPACE, envelope

OWNERS = {"one": (SPACE, BRAND), "two": (OTHER_SPACE, OTHER_BRAND)}


class Members:
    """Everybody's token is their shop's name, and opens that shop only."""

    def identify(self, authorization: str | None) -> Identity:
        name = (authorization or "").removeprefix("Bearer ")
        if name not in OWNERS:
            raise Unauthorized("who?", headers={"WWW-Authenticate": "Bearer"})
        space, brand = OWNERS[name]
        return Identity(name, {space: frozenset({brand})}, roles={space: Role.EDITOR})


@pytest.fixture
def app(engine: Engine) -> Starlette:
    return served(engine, auth=Members())


def ask(client: TestClient, who: str, space: str, header: str | None, query: str | None) -> Any:
    headers = {"Authorization": f"Bearer {who}"}
    if header is not None:
        headers["X-Active-Brand"] = header
    return client.post(
        wire.address(space),
        json=BODY | {"group_by": random.choice(["session", "product_id", "metadata.shop"])},
        headers=headers,
        params=None if query is None else {"brand_id": query},
    )


def test_swapped_workspaces_brands_and_tokens(client: TestClient) -> None:
    random.seed(1)
    brands = (BRAND, OTHER_BRAND, NEVER_SEEN, None)
    seen = 0
    for _ in range(600):
        who = random.choice(["one", "two"])
        space = random.choice([SPACE, OTHER_SPACE, "ws_nowhere"])
        header, query = random.choice(brands), random.choice(brands)
        answer = ask(client, who, space, header, query)
        if answer.status_code == 200:
            assert OWNERS[who] == (space, header or query)
            assert answer.json()["rows"]
            assert all(row["key"].startswith(who) for row in answer.json()["rows"])
            seen += 1
        elif (header or query) is None or (header and query and header != query):
            envelope(answer, 400, "VALIDATION_ERROR", "X-Active-Brand")
        else:
            assert OWNERS[who] != (space, header or query)
            envelope(answer, 403, "AUTH_004")
    assert seen > 30


def test_unknown_and_foreign_brands_look_the_same(client: TestClient) -> None:
    texts = {
        envelope(ask(client, "one", SPACE, brand, None), 403, "AUTH_004")["message"].replace(
            brand, "<brand>"
        )
        for brand in (OTHER_BRAND, NEVER_SEEN)
    }
    assert len(texts) == 1


def test_the_body_cannot_name_a_brand(client: TestClient) -> None:
    headers = {"Authorization": "Bearer one", "X-Active-Brand": BRAND}
    body = BODY | {"brand_id": OTHER_BRAND, "workspace_id": OTHER_SPACE}
    answer = client.post(wire.address(), json=body, headers=headers)
    envelope(answer, 400, "VALIDATION_ERROR", "brand_id", "workspace_id")
