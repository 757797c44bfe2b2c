"""More events than can be taken in at once: refused soon, with the time to come back."""

import json
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest

from engine.errors import TooManyRequests
from engine.http import events as module
from engine.http.body import Room
from engine.ingest import inbox as inbox_module
from engine.ingest.inbox import Accepted
from tests.api import wire
from tests.api.intake import GOOD, Intake
from tests.api.shop import open_shops, served
from tests.api.wire import HEADERS, envelope

PATH = f"/api/workspace/{wire.SPACE}/events"
VALID = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
BODY = json.dumps({"events": [GOOD]}).encode()


class Stuck:
    """An inbox that accepts nothing until it is let go."""

    def __init__(self) -> None:
        self.inside = 0
        self.let_go = threading.Event()

    def accept(self, *_: Any) -> Accepted:
        self.inside += 1
        assert self.let_go.wait(20)
        return Accepted(stored=1, duplicates=0)


class Sender:
    """A body that comes in pieces, and stops before its end until it is told to go on."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.go_on = anyio.Event()

    async def receive(self) -> Any:
        if not self.pieces:
            await self.go_on.wait()
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": self.pieces.pop(0), "more_body": True}


async def whole() -> Any:
    return {"type": "http.request", "body": BODY, "more_body": False}


def test_no_more_bodies_than_there_is_room_for(monkeypatch: Any) -> None:
    """Only bytes that came count, and those of a request that is over are free again."""
    monkeypatch.setattr(module, "IN_FLIGHT", 10_000)
    app = served(open_shops(), inbox=Stuck())
    answers = []

    async def main() -> None:
        slow = [Sender(b" " * 4_900) for _ in range(2)]

        async def send(sender: Sender) -> None:
            answers.append(await wire.raw(app, sender.receive, PATH, VALID))

        async with anyio.create_task_group() as group:
            for sender in slow:
                group.start_soon(send, sender)
            await anyio.wait_all_tasks_blocked()
            began = time.perf_counter()
            refused = await wire.raw(app, Sender(b" " * 201).receive, PATH, VALID)
            assert time.perf_counter() - began < 1
            envelope(refused, 429, "RATE_002")
            assert refused.headers["Connection"] == "close"
            for sender in slow:
                sender.go_on.set()
        for answer in answers:
            envelope(answer, 400, "VALIDATION_ERROR", "body")
        again = Sender(b" " * 9_999)
        again.go_on.set()
        envelope(await wire.raw(app, again.receive, PATH, VALID), 400, "VALIDATION_ERROR", "body")

    anyio.run(main)
    assert len(answers) == 2


def fill(room: Room, *sizes: int) -> None:
    with room.share() as share:
        for size in sizes:
            share.take(size)


def test_room_is_given_back_whatever_happens() -> None:
    room = Room(10)
    fill(room, 10)
    with pytest.raises(TooManyRequests):
        fill(room, 4, 7)
    with room.share() as share:
        share.take(6)
        fill(room, 4)
        with pytest.raises(TooManyRequests):
            fill(room, 5)
    fill(room, 3, 7)


def test_a_turn_that_does_not_come(monkeypatch: Any) -> None:
    """Those who store nothing yet are told so; those who do are not disturbed."""
    monkeypatch.setattr(module, "WAITS", 0.2)
    stuck = Stuck()
    app = served(open_shops(), inbox=stuck)
    answers = []

    async def send() -> None:
        answers.append(await wire.raw(app, whole, PATH, VALID))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(module.AT_ONCE):
                group.start_soon(send)
            while stuck.inside < module.AT_ONCE:
                await anyio.sleep(0.01)
            refused = await wire.raw(app, whole, PATH, VALID)
            envelope(refused, 503, "UNAVAILABLE")
            assert (stuck.inside, answers) == (module.AT_ONCE, [])
            stuck.let_go.set()
        assert [json.loads(answer.text)["stored"] for answer in answers] == [1] * module.AT_ONCE
        assert (await wire.raw(app, whole, PATH, VALID)).status_code == 200

    anyio.run(main)


def of_brands(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        GOOD | {"event_id": f"{i}-{j}", "brand_id": str(UUID(int=i + 1))}
        for i in range(first, first + count)
        for j in range(2)
    ]


def of_months(count: int) -> list[dict[str, Any]]:
    times = (f"{2000 + i // 12}-{i % 12 + 1:02}-09T00:00:00Z" for i in range(count))
    return [GOOD | {"event_id": f"m{i}", "created_at": time} for i, time in enumerate(times)]


def test_a_batch_of_many_tables_or_months(tmp_path: Path) -> None:
    space = Intake(tmp_path).workspace()
    for many in (of_brands(module.PARTS + 1), of_months(module.PARTS + 1)):
        answer = space.post(json.dumps({"events": many}), brand=None)
        message = envelope(answer, 400, "VALIDATION_ERROR", "events")["message"]
        assert "101 months of brands, more than the 100" in message
    assert space.stored() == []
    for most in (of_brands(module.PARTS), of_months(module.PARTS)):
        assert space.send(*most, brand=None)["stored"] == len(most)


def test_a_queue_of_many_tables_moves_in_parts(tmp_path: Path, monkeypatch: Any) -> None:
    """So that other workspaces have their turn in between."""
    monkeypatch.setattr(inbox_module, "PARTS_AT_ONCE", 5)
    intake = Intake(tmp_path)
    space, inbox = intake.workspace(), intake.parts.inbox
    for first in range(0, 12, 3):
        space.send(*of_brands(3, first), brand=None)
    assert [inbox.move_some(space.name) for _ in range(5)] == [6, 6, 6, 6, 0]
    space.send(*of_brands(9, 20), brand=None)
    space.send(*of_brands(1, 20), *of_brands(1, 30), brand=None)
    assert [inbox.move_some(space.name) for _ in range(3)] == [18, 2, 0]
