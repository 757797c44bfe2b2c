"""So many computations at once, every workspace in its turn, a slot until the work really ends."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Event, Lock, Thread
from typing import Any

import pytest

from engine.errors import Unavailable
from engine.pool import Direct, Pool


class Slots:
    """Work that waits to be let go, one after another, and what was begun in which order."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.begun: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self._gates: dict[str, Event] = {}
        self._reached: dict[str, Event] = {}
        self._lock = Lock()

    def submit(self, workspace: str, name: str) -> "Future[str]":
        self._gates[name], self._reached[name] = Event(), Event()
        return self.pool.submit(workspace, lambda: self._work(name))

    def _work(self, name: str) -> str:
        with self._lock:
            self.begun.append(name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self._reached[name].set()
        assert self._gates[name].wait(30)
        with self._lock:
            self.at_once -= 1
        return name

    def await_begin(self, name: str) -> None:
        assert self._reached[name].wait(30)

    def let_go(self, *names: str) -> None:
        for name in names or tuple(self._gates):
            self._gates[name].set()


@pytest.fixture
def one() -> Iterator[Slots]:
    slots = Slots(Pool(1, places=3, places_of_all=5))
    yield slots
    slots.let_go()


def test_work_is_done_in_another_thread() -> None:
    pool = Pool(1)
    assert pool.submit("ws_a", lambda: 7).result(30) == 7
    with pytest.raises(ZeroDivisionError):
        pool.submit("ws_a", lambda: 1 // 0).result(30)
    assert pool.submit("ws_a", lambda: 8).result(30) == 8


class Panic(BaseException):
    """As native libraries raise it."""


def test_a_panic_ends_its_own_work_only(one: Slots) -> None:
    def fail() -> None:
        raise Panic

    one.submit("ws_a", "first")
    broken, after = one.pool.submit("ws_a", fail), one.submit("ws_a", "after")
    one.let_go()
    with pytest.raises(Panic):
        broken.result(30)
    assert after.result(30) == "after"


def test_never_more_at_once_than_slots() -> None:
    slots = Slots(Pool(3, places=100))
    futures = [slots.submit("ws_a", str(i)) for i in range(20)]
    for name in "012":
        slots.await_begin(name)
    assert len(slots.begun) == 3
    slots.let_go()
    assert [future.result(30) for future in futures] == [str(i) for i in range(20)]
    assert slots.most_at_once == 3


def test_every_workspace_in_its_turn(one: Slots) -> None:
    futures = [one.submit("ws_busy", f"busy{i}") for i in range(4)]
    futures += [one.submit("ws_quiet", "quiet0"), one.submit("ws_third", "third0")]
    one.let_go()
    assert {future.result(30) for future in futures} == set(one.begun)
    assert one.begun == ["busy0", "busy1", "quiet0", "third0", "busy2", "busy3"]


def test_a_workspace_fills_its_own_line_only(one: Slots) -> None:
    futures = [one.submit("ws_busy", f"busy{i}") for i in range(4)]
    for _ in range(100):
        with pytest.raises(Unavailable, match="3 computations of ws_busy") as refused:
            one.pool.submit("ws_busy", list)
        assert refused.value.headers == {"Retry-After": "1"}
    futures += [one.submit("ws_quiet", f"quiet{i}") for i in range(2)]
    with pytest.raises(Unavailable):  # five wait, which is all there may be
        one.pool.submit("ws_quiet", list)
    futures.append(one.submit("ws_third", "third0"))  # but a first one always may
    one.let_go()
    assert len({future.result(30) for future in futures}) == 7
    futures = [one.submit("ws_busy", f"again{i}") for i in range(4)]
    one.let_go()
    assert [future.result(30) for future in futures] == [f"again{i}" for i in range(4)]


def test_a_slot_is_held_until_the_work_ends(one: Slots) -> None:
    gone = one.submit("ws_a", "gone")
    one.await_begin("gone")
    assert not gone.cancel()  # whoever waited for it has left
    later = one.submit("ws_b", "later")
    assert one.begun == ["gone"]
    one.let_go("gone")
    one.await_begin("later")
    one.let_go("later")
    assert later.result(30) == "later"
    assert one.most_at_once == 1


def test_work_that_was_given_up_before_it_began_is_not_done(one: Slots) -> None:
    first, second = one.submit("ws_a", "first"), one.submit("ws_a", "second")
    third = one.submit("ws_a", "third")
    assert second.cancel()
    one.let_go()
    assert [first.result(30), third.result(30)] == ["first", "third"]
    assert one.begun == ["first", "third"]


def test_work_may_submit_work() -> None:
    pool = Pool(1)
    nested = pool.submit("ws_a", lambda: pool.submit("ws_a", lambda: 7).result(30) + 1)
    assert nested.result(30) == 8


def test_without_threads_it_is_unavailable(monkeypatch: Any) -> None:
    pool = Pool(1)

    def refuse(_: Any) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", refuse)
        with pytest.raises(Unavailable):
            pool.submit("ws_a", list)
    assert pool.submit("ws_a", lambda: 7).result(30) == 7


def test_directly() -> None:
    direct = Direct()
    assert direct.submit("ws_a", lambda: 7).done()
    with pytest.raises(ZeroDivisionError):
        direct.submit("ws_a", lambda: 1 // 0).result()


def test_a_spare_slot_is_for_those_who_hold_none() -> None:
    slots = Slots(Pool(2, places=9, spare=1))
    futures = [slots.submit("ws_busy", f"busy{i}") for i in range(4)]
    for name in ("busy0", "busy1"):
        slots.await_begin(name)
    futures += [slots.submit("ws_quiet", f"quiet{i}") for i in range(2)]
    slots.await_begin("quiet0")
    futures.append(slots.submit("ws_third", "third0"))
    assert slots.begun == ["busy0", "busy1", "quiet0"], "the spare slot is taken"
    slots.let_go("quiet0")
    slots.await_begin("quiet1")
    slots.let_go("quiet1")
    slots.await_begin("third0")
    assert slots.begun == ["busy0", "busy1", "quiet0", "quiet1", "third0"]
    slots.let_go()
    assert len({future.result(30) for future in futures}) == 7
    assert slots.most_at_once == 3


def test_a_spare_slot_is_not_one_more_for_the_same() -> None:
    slots = Slots(Pool(1, places=9, spare=1))
    futures = [slots.submit("ws_a", str(i)) for i in range(6)]
    slots.let_go()
    assert [future.result(30) for future in futures] == [str(i) for i in range(6)]
    assert slots.most_at_once == 1


def test_who_is_refused_holds_half_of_the_slots() -> None:
    slots = Slots(Pool(2, places=6))
    futures = [slots.submit("ws_busy", f"busy{i}") for i in range(8)]
    for name in ("busy0", "busy1"):
        slots.await_begin(name)
    assert slots.pool.is_full("ws_busy")
    slots.let_go("busy0")
    assert futures[0].result(30) == "busy0"
    futures.append(slots.submit("ws_quiet", "quiet0"))
    slots.await_begin("quiet0")
    assert slots.begun == ["busy0", "busy1", "quiet0"]
    slots.let_go("busy1", "busy2", "busy3", "quiet0")
    for name in ("busy4", "busy5"):
        slots.await_begin(name)  # both at once, for few are left in its line
    slots.let_go()
    assert len({future.result(30) for future in futures}) == 9
    assert slots.begun[:5] == ["busy0", "busy1", "quiet0", "busy2", "busy3"]


@pytest.fixture
def crowd() -> Iterator[Slots]:
    slots = Slots(Pool(2, places=4, spare=1))
    yield slots
    slots.let_go()


def _compute_beside(crowd: Slots) -> list["Future[str]"]:
    """Of six two have ended while others compute: busy2 is the next to begin."""
    futures = [crowd.submit("ws_busy", f"busy{i}") for i in range(6)]
    futures.append(crowd.submit("ws_quiet", "quiet"))
    crowd.await_begin("quiet")
    crowd.let_go("busy0", "busy1")
    for future in futures[:2]:
        future.result(30)
    return futures


def test_who_is_refused_begins_nothing_while_others_compute(
    crowd: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.pool.GIVES_WAY", 30.0)
    futures = _compute_beside(crowd)
    crowd.let_go("busy2")
    with pytest.raises(TimeoutError):
        futures[2].result(0.2)
    assert crowd.begun == ["busy0", "busy1", "quiet"]
    crowd.let_go()
    assert len({future.result(30) for future in futures}) == 7


def test_who_is_refused_waits_for_others_but_a_moment(crowd: Slots) -> None:
    futures = _compute_beside(crowd)
    crowd.let_go("busy2")
    assert futures[2].result(30) == "busy2"
    assert not futures[-1].done()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    found = asyncio.new_event_loop()
    yield found
    found.close()


def test_who_is_in_line_begins_once_the_event_loop_has_come_round(
    one: Slots, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.pool.GIVES_WAY", 30.0)
    one.pool.serve(loop)
    one.submit("ws_a", "first")
    second = one.submit("ws_a", "second")
    one.await_begin("first")
    one.let_go()
    with pytest.raises(TimeoutError):
        second.result(0.2)
    serving = Thread(target=loop.run_forever)
    serving.start()
    try:
        assert second.result(30) == "second"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        serving.join()


@pytest.mark.parametrize("ended", [False, True], ids=["stands still", "has ended"])
def test_no_event_loop_stops_a_computation(
    one: Slots, loop: asyncio.AbstractEventLoop, ended: bool
) -> None:
    if ended:
        loop.close()
    one.pool.serve(loop)
    futures = [one.submit("ws_a", name) for name in ("first", "second")]
    one.let_go()
    assert [future.result(30) for future in futures] == ["first", "second"]
