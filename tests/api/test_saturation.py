"""More than it can do: refusals at once, fair shares, one computation for one question."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from engine.engine import Engine
from engine.http import aggregate
from engine.pool import Pool
from engine.scope import Scope
from engine.settings import Settings
from engine.stores.memory import MemoryStore
from tests.api import wire
from tests.api.shop import NOW, served, two_shops
from tests.api.wire import BODY, BRAND, OTHER_BRAND, OTHER_SPACE, envelope

SLOTS = 2
PLACES = 3


class Stuck(MemoryStore):
    """Its scans wait to be let go; it knows whose they were, in which order."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshots = two_shops()._snapshots
        self.scanned: list[str] = []
        self.let_go = threading.Event()

    def snapshot(self, scope: Scope) -> Any:
        return Waiting(self, scope.workspace_id, super().snapshot(scope))

    @property
    def at_work(self) -> int:
        return len(self.scanned)


@dataclass(frozen=True)
class Waiting:
    store: Stuck
    workspace: str
    inner: Any

    @property
    def version(self) -> str:
        return str(self.inner.version)

    def reaches(self, *arguments: Any) -> bool:
        return bool(self.inner.reaches(*arguments))

    def scan(self, *arguments: Any) -> Any:
        self.store.scanned.append(self.workspace)
        assert self.store.let_go.wait(30)
        return self.inner.scan(*arguments)


class House:
    """An endpoint over a stuck store, and everything that was asked of it."""

    def __init__(self, **settings: Any) -> None:
        self.store = Stuck()
        pool = Pool(SLOTS, places=PLACES)
        self.engine = Engine(self.store, clock=lambda: NOW, runner=pool)
        self.app = served(self.engine, Settings(home=None, **settings))
        self.answers: list[Any] = []

    async def ask(self, days: int = 30, space: str = wire.SPACE, brand: str = BRAND) -> Any:
        body = json.dumps(BODY | {"time_window_days": days}).encode()

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        headers = [
            (b"authorization", f"Bearer {wire.TOKEN}".encode()),
            (b"x-active-brand", brand.encode()),
        ]
        answer = await wire.raw(self.app, receive, wire.address(space), headers)
        self.answers.append(answer)
        return answer

    def statuses(self) -> list[int]:
        return sorted(answer.status_code for answer in self.answers)


async def until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not true():
            await anyio.sleep(0.001)


def run(main: Callable[[House, Any], Any], **settings: Any) -> House:
    house = House(**settings)

    async def all_of_it() -> None:
        try:
            async with anyio.create_task_group() as group:
                await main(house, group)
                house.store.let_go.set()
        finally:
            house.store.let_go.set()

    anyio.run(all_of_it)
    return house


def test_beyond_the_line_it_is_refused_at_once() -> None:
    async def main(house: House, group: Any) -> None:
        for days in range(1, SLOTS + PLACES + 1):
            group.start_soon(house.ask, days)
            await until(lambda d=days: house.store.at_work >= min(d, SLOTS))
        await until(lambda: house.engine._runner._waiting == PLACES)
        for days in range(100, 200):
            refused = await house.ask(days)
            envelope(refused, 503, "UNAVAILABLE")
            assert refused.headers["Retry-After"] == "1"
        assert house.store.at_work == SLOTS

    house = run(main)
    assert house.statuses() == [200] * (SLOTS + PLACES) + [503] * 100


def test_a_busy_workspace_does_not_hinder_a_quiet_one() -> None:
    async def main(house: House, group: Any) -> None:
        for days in range(1, 51):
            group.start_soon(house.ask, days)
        await until(lambda: len(house.answers) == 50 - SLOTS - PLACES)  # all refused
        group.start_soon(house.ask, 30, OTHER_SPACE, OTHER_BRAND)
        await until(lambda: house.engine._runner._waiting == PLACES + 1)

    house = run(main)
    assert house.statuses() == [200] * (SLOTS + PLACES + 1) + [503] * (50 - SLOTS - PLACES)
    order = house.store.scanned
    assert order.index(OTHER_SPACE) <= SLOTS + 1  # the busy one's line was longer


def test_five_hundred_identical_cold_requests_take_one_slot() -> None:
    async def main(house: House, group: Any) -> None:
        for _ in range(500):
            group.start_soon(house.ask)
        await until(lambda: house.store.at_work == 1)
        group.start_soon(house.ask, 31)
        await until(lambda: house.store.at_work == 2)  # the second slot is free for it

    house = run(main)
    assert house.statuses() == [200] * 501
    assert house.store.at_work == 2
    rows = {json.dumps(answer.json()["rows"]) for answer in house.answers}
    assert len(rows) <= 2


def test_a_cached_answer_needs_no_slot() -> None:
    async def main(house: House, group: Any) -> None:
        house.store.let_go.set()
        first = await house.ask(1)
        house.store.let_go.clear()
        for days in range(2, 2 + SLOTS + PLACES + 5):
            group.start_soon(house.ask, days)
        await until(lambda: len(house.answers) == 1 + 5)
        again = await house.ask(1)
        assert (first.json()["cache_hit"], again.json()["cache_hit"]) == (False, True)
        assert again.json() == first.json() | {"cache_hit": True}
        assert again.headers["X-Total-Groups"] == first.headers["X-Total-Groups"]

    assert run(main).statuses().count(503) == 5


def test_a_slot_is_held_until_the_work_ends_though_the_caller_is_told(monkeypatch: Any) -> None:
    monkeypatch.setattr(aggregate, "DEADLINE", 0.05)

    async def main(house: House, group: Any) -> None:
        for days in range(1, SLOTS + 1):
            late = await house.ask(days)
            assert "still being computed" in envelope(late, 503, "UNAVAILABLE")["message"]
        assert house.store.at_work == SLOTS
        later = await house.ask(30)
        envelope(later, 503, "UNAVAILABLE")
        assert house.store.at_work == SLOTS  # nothing more was begun
        house.store.let_go.set()
        await until(lambda: house.store.at_work == SLOTS + 1)
        await until(lambda: house.engine._runner._running.total() == 0)
        kept = await house.ask(1)
        assert kept.json()["cache_hit"]

    run(main)


def test_a_caller_who_leaves_takes_nobody_along() -> None:
    async def main(house: House, group: Any) -> None:
        group.start_soon(house.ask)
        await until(lambda: house.store.at_work == 1)
        with anyio.move_on_after(0.05):
            await house.ask()
        assert house.answers == []

    house = run(main)
    assert house.statuses() == [200]
    assert house.store.at_work == 1


def test_too_many_at_once_of_one_caller() -> None:
    async def main(house: House, group: Any) -> None:
        house.store.let_go.set()
        await house.ask(1)  # from now on it is known who asks
        house.store.let_go.clear()
        for _ in range(5):
            group.start_soon(house.ask)
        await anyio.wait_all_tasks_blocked()
        refused = await house.ask()
        envelope(refused, 429, "RATE_002")
        assert refused.headers["Retry-After"] == "1"
        house.store.let_go.set()
        await until(lambda: len(house.answers) == 7)
        assert (await house.ask()).status_code == 200

    assert run(main, requests_at_once=5).statuses() == [200] * 7 + [429]


@pytest.mark.parametrize("error", [FileNotFoundError, OSError])
def test_a_deletion_under_a_reader_is_asked_again(error: type[OSError]) -> None:
    class Vanishing(MemoryStore):
        looks = 0

        def snapshot(self, scope: Scope) -> Any:
            self.looks += 1
            found = super().snapshot(scope)
            return found if self.looks > 1 else Gone(found.version)

        def glance(self, scope: Scope) -> Any:
            return None

    @dataclass(frozen=True)
    class Gone:
        version: str

        def reaches(self, _: Any) -> bool:
            return False

        def scan(self, *_: Any) -> Any:
            raise error("a file")

    store = Vanishing()
    store._snapshots = two_shops()._snapshots
    engine = Engine(store, clock=lambda: NOW, runner=Pool(1))
    ask = lambda: engine.aggregate(BODY, Scope(wire.SPACE, BRAND))  # noqa: E731
    if error is FileNotFoundError:
        assert sum(row.value for row in ask().rows) == 300
    else:
        with pytest.raises(OSError, match="a file"):
            ask()
