"""A look is shared by those who asked before it began, and by nobody else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.stores.look import Look


class World:
    """Counts looks; each sees the state as it is when it ends, and waits for `go` if told to."""

    def __init__(self):
        self.state = 0
        self.looks = 0
        self.began = threading.Event()
        self.go = threading.Event()

    def look(self):
        self.looks += 1
        return self.state

    def slow_look(self):
        self.looks += 1
        seen = self.state
        self.began.set()
        assert self.go.wait(10)
        return seen

    def failing_look(self):
        self.slow_look()
        raise OSError(f"look {self.looks}")


def test_every_caller_who_comes_later_looks_anew():
    world, look = World(), Look()
    for state in range(3):
        world.state = state
        assert look.get(world.look) == state
    assert world.looks == 3


def test_who_asks_during_a_look_does_not_get_what_it_saw():
    world, look = World(), Look()
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(look.get, world.slow_look)
        assert world.began.wait(10)
        world.state = 1
        entered = threading.Barrier(9)

        def ask():
            entered.wait(10)
            return look.get(world.look)

        others = [pool.submit(ask) for _ in range(8)]
        entered.wait(10)
        threading.Event().wait(0.2)
        world.go.set()
        assert first.result(10) == 0
        assert [other.result(10) for other in others] == [1] * 8
    assert world.looks == 2


def test_a_failure_is_shared_and_then_forgotten():
    world, look = World(), Look()
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(look.get, world.failing_look)
        assert world.began.wait(10)
        others = [pool.submit(look.get, world.failing_look) for _ in range(8)]
        threading.Event().wait(0.2)
        world.go.set()
        with pytest.raises(OSError, match="look 1"):
            first.result(10)
        for other in others:
            with pytest.raises(OSError, match="look 2"):
                other.result(10)
    assert look.get(world.look) == 0


def test_what_was_found_lasts_as_long_as_it_is_said_to():
    world, look = World(), Look(lasts=0.2)
    assert look.get(world.look) == 0
    world.state = 1
    assert look.get(world.look) == 0
    threading.Event().wait(0.25)
    assert look.get(world.look) == 1


def test_forgetting():
    world, look = World(), Look(lasts=60)
    assert look.get(world.look) == 0
    world.state = 1
    look.forget()
    assert look.get(world.look) == 1


def test_a_panic_is_not_taken_for_an_answer():
    class Panic(BaseException):
        pass

    def panic():
        raise Panic

    look = Look(lasts=60)
    with pytest.raises(Panic):
        look.get(panic)
    assert look.get(lambda: 5) == 5
