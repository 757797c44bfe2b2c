"""/healthz: the process lives. /readyz: it can answer, and how warm it is."""

import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.bootstrap import Parts, build
from engine.http.app import standalone
from engine.http.health import Health
from engine.http.routes import routes
from engine.settings import Settings
from tests.api import wire
from tests.api.shop import open_shops

HERE: Any = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 1)}


def client(health: Health) -> TestClient:
    return TestClient(Starlette(routes=routes(open_shops(), Settings(Path()), None, None, health)))


def fail() -> None:
    raise ConnectionError("postgresql://admin:secret@db is gone")


def test_ready(caplog: Any) -> None:
    with client(Health({"database": list, "lake": dict})) as ask:
        for path in ("/readyz", "/readyz/"):
            answer = ask.get(path)
            assert answer.status_code == 200
            assert answer.json() == {"status": "ready", "warm": True, "warming": {}}
            wire.check_headers(answer, limited=False)
        assert ask.head("/readyz").status_code == 200
        assert ask.post("/readyz").status_code == 405


def test_not_ready_says_why_and_nothing_secret(caplog: Any) -> None:
    with client(Health({"database": fail, "lake": list, "other": fail})) as ask:
        answer = ask.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        reason = "it cannot be reached"
        assert answer.json() == {
            "status": "unready",
            "reasons": {"database": reason, "other": reason},
        }
        assert ask.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("warming", "warm"),
    [({}, True), ({"rollups": 1.0}, True), ({"rollups": 0.25, "columns": 1.0}, False)],
)
def test_warmth(warming: dict[str, float], warm: bool) -> None:
    with client(Health({}, lambda: warming)) as ask:
        answer = ask.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "warm": warm, "warming": warming}


def test_a_stuck_check_is_told_and_begun_once() -> None:
    begun = []
    let_go = threading.Event()

    def stuck() -> None:
        begun.append(1)
        assert let_go.wait(30)

    with client(Health({"database": stuck}, patience=0.05)) as ask:
        for _ in range(5):
            answer = ask.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["reasons"] == {"database": "it has not answered for 0.05 seconds"}
        assert begun == [1]
        let_go.set()
        while ask.get("/readyz").status_code != 200:
            pass
        assert len(begun) <= 3


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return build(Settings(tmp_path / "home"))


def test_the_parts_of_a_process(parts: Parts, tmp_path: Path, caplog: Any) -> None:
    with TestClient(standalone(parts), **HERE) as ask:
        assert ask.get("/readyz").json()["status"] == "ready"
        (tmp_path / "home").rename(tmp_path / "gone")
        answer = ask.get("/readyz")
        assert answer.status_code == 503
        assert "lake" in answer.json()["reasons"]
        (tmp_path / "gone").rename(tmp_path / "home")
        assert ask.get("/readyz").status_code == 200


def test_a_writer_of_the_database_is_not_waited_for(parts: Parts) -> None:
    with parts.inbox._database.begin(), TestClient(standalone(parts), **HERE) as ask:
        assert ask.get("/readyz").status_code == 200
