"""A process with an empty lake, and how to post events to it and see what was stored."""

import json
from itertools import count
from pathlib import Path
from typing import Any, Self

import polars as pl
from starlette.testclient import TestClient

from engine.bootstrap import build
from engine.settings import Settings
from tests.api import wire
from tests.api.shop import served

TIME = "2026-01-02T03:04:05.000006Z"
GOOD = {"event_id": "e", "event_type": "agent_view", "created_at": TIME}
NDJSON = {"Content-Type": "application/x-ndjson"}
_numbers = count()


class Intake:
    """One process for many tests; each test takes a workspace of its own."""

    def __init__(self, home: Path) -> None:
        self.parts = build(Settings(home, demo_token=wire.TOKEN))
        self.app = served(self.parts.engine, inbox=self.parts.inbox)
        self.client = TestClient(self.app)

    def __enter__(self) -> Self:
        self.client.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.client.__exit__(*error)

    def workspace(self) -> "Workspace":
        return Workspace(self, f"ws_t{next(_numbers)}")


class Workspace:
    def __init__(self, intake: Intake, name: str) -> None:
        self.intake = intake
        self.name = name
        self.path = f"/api/workspace/{name}/events"

    def post(self, content: Any, headers: Any = (), brand: str | None = wire.BRAND) -> Any:
        given = {"Authorization": wire.HEADERS["Authorization"], **dict(headers)}
        if brand is not None:
            given["X-Active-Brand"] = brand
        return self.intake.client.post(self.path, content=content, headers=given)

    def send(self, *events: Any, brand: str | None = wire.BRAND, **headers: str) -> dict[str, Any]:
        """The answer to these events, which must be 200."""
        answer = self.post(json.dumps({"events": events}), headers, brand)
        assert answer.status_code == 200, answer.text
        wire.check_headers(answer)
        said: dict[str, Any] = answer.json()
        assert list(said) == ["stored", "duplicates", "rejected"]
        told = {reason["index"] for reason in said["rejected"]}
        assert said["stored"] + said["duplicates"] + len(told) == len(events)
        return said

    def rejected(self, *events: Any, **more: Any) -> list[tuple[int, str]]:
        reasons = self.send(*events, **more)["rejected"]
        assert all(reason["message"] for reason in reasons)
        return [(reason["index"], reason["field"]) for reason in reasons]

    def stored(self, brand: str | None = wire.BRAND) -> list[dict[str, Any]]:
        """The brand's events in the lake, after all that waits was moved there."""
        self.intake.parts.inbox.move(self.name)
        events = self.intake.parts.lake.open(self.name, brand).all_events()
        return events.sort(pl.col("event_id")).collect().to_dicts()
