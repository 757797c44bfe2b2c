"""What a page says while a cluster scans for it."""

from datetime import datetime
from threading import Event

import pytest
from polars import DataFrame

from engine import process
from engine.backends.base import Backend
from engine.engine import Engine
from engine.execute import Partials, scan
from engine.plan import Plan
from engine.pool import Pool
from engine.scope import Scope
from engine.stores.base import Snapshot
from tests.ui.explore import opened, rows_of

pytestmark = pytest.mark.usefixtures("demo_shop")


class Slow:
    """Scans here, but not before it was asked how far it is."""

    most = 0

    def __init__(self) -> None:
        self.asked = Event()

    def events(self, scope: Scope, snapshot: Snapshot, start: datetime, end: datetime) -> DataFrame:
        return snapshot.events(start, end)

    def warm(self) -> None:
        pass

    def share(self, scope: Scope) -> float:
        self.asked.set()
        return 0.25

    def scan(self, plan: Plan, scope: Scope, snapshot: Snapshot) -> Partials:
        assert self.asked.wait(20)
        return scan(plan, snapshot)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    """What bars have said."""
    said: list[tuple[float, str]] = []
    monkeypatch.setattr(
        "streamlit.delta_generator.DeltaGenerator.progress",
        lambda _self, share, text="": said.append((share, text)),
    )
    return said


def test_a_bar_while_it_scans(
    shown: list[tuple[float, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said how far it is, and then there are the same numbers."""
    usual = rows_of(opened())
    assert shown == []
    cluster: Backend = Slow()
    engine = Engine(process().lake, runner=Pool(2), cluster=cluster)
    monkeypatch.setattr("pages.ui.session.engine", lambda: engine)
    assert rows_of(opened()) == usual
    assert set(shown) == {(0.25, "The cluster reads the events: 25 % done")}
