"""What the widgets of a dashboard are drawn from."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from engine import Engine, Result, Scope, VitrineError
from engine.engine import Watch
from engine.stores.base import Snapshot
from engine.stores.memory import MemoryStore
from pages.ui import session
from pages.ui.charts.drawing import Drawing
from pages.ui.grid.answers import answers
from pages.ui.grid.asked import Asked
from tests.generate import NOW, SCOPE, event, frame

TYPES = ["aa", "aa", "aa", "bb", "bb", "cc"]
DONUT = {
    "id": "w",
    "widget_type": "breakdown_bar",
    "position": {"x": 0, "y": 0, "w": 6, "h": 3},
    "config": {
        "event_types": None,
        "group_by": "event_type",
        "aggregation": "count",
        "time_window_days": 30,
        "limit": 2,
        "look": "donut",
    },
}


class Busy(Engine):
    """Events come in right after a batch was answered."""

    def batch(
        self,
        bodies: Iterable[Any],
        scope: Scope,
        snapshot: Snapshot | None = None,
        watch: Watch | None = None,
    ) -> list[Result | VitrineError]:
        found = super().batch(bodies, scope, snapshot, watch)
        put(self.store, TYPES * 9)
        return found


def put(store: Any, types: list[str]) -> None:
    at = NOW - timedelta(hours=1)
    events = [event(str(i), at, event_type=name) for i, name in enumerate(types)]
    store.put(SCOPE.workspace_id, SCOPE.brand_id, frame(events))


def test_the_whole_is_of_the_same_events_as_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    put(store, TYPES)
    busy = Busy(store, clock=lambda: NOW)
    monkeypatch.setattr(session, "engine", lambda: busy)
    drawn = answers([DONUT], Asked(), SCOPE).drawings["w"]
    assert isinstance(drawn, Drawing)
    assert [(row.key, row.value) for row in drawn.result.rows] == [("aa", 3), ("bb", 2)]
    assert drawn.total == 6
