from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.engine import Engine
from tests.api.shop import open_shops, served


@pytest.fixture
def engine() -> Engine:
    return open_shops()


@pytest.fixture
def app(engine: Engine) -> Starlette:
    return served(engine)


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client
