from threading import Event
from typing import Any

import pytest

from engine import Scope
from pages.ui.known import LEAST, REST, Known
from tests.api import wire

SCOPE = Scope(wire.SPACE, wire.BRAND)


class Counting:
    """Counts its calls, and takes as long as a test wants."""

    def __init__(self) -> None:
        self.calls = 0
        self.seconds = 0.0
        self.time = 0.0
        self.go = Event()
        self.go.set()
        self.known = Known[int](self.count, lambda: self.time)

    def count(self, engine: Any, scope: Scope) -> int:
        self.calls += 1
        if engine == "broken":
            raise ValueError("no store")
        assert self.go.wait(10)
        self.time += self.seconds
        return self.calls

    def finish(self) -> None:
        """Wait for what is under way."""
        self.go.set()
        self.known._workers.submit(int).result(10)
        counting = self.known._counts[SCOPE].counting
        if counting is not None:
            counting.exception(10)


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_the_first_count_comes_when_it_is_done(counting: Counting) -> None:
    counting.go.clear()
    assert counting.known.latest("one", SCOPE) is None
    assert counting.known.latest("one", SCOPE) is None
    counting.finish()
    assert counting.known.latest("one", SCOPE) == 1
    assert counting.calls == 1


def test_an_old_count_is_given_while_the_next_is_made(counting: Counting) -> None:
    counting.known.latest("one", SCOPE)
    counting.finish()
    assert counting.known.latest("one", SCOPE) == 1
    counting.time += LEAST
    counting.go.clear()
    assert counting.known.latest("one", SCOPE) == 1
    counting.finish()
    assert counting.known.latest("one", SCOPE) == 2


def test_what_takes_long_is_counted_seldom(counting: Counting) -> None:
    counting.seconds = 3.0
    counting.known.latest("one", SCOPE)
    counting.finish()
    counting.time += 3 * REST - 1
    assert counting.known.latest("one", SCOPE) == 1
    counting.finish()
    assert counting.calls == 1
    counting.time += 1
    counting.known.latest("one", SCOPE)
    counting.finish()
    assert counting.calls == 2


def test_a_first_count_can_be_waited_for(counting: Counting) -> None:
    assert counting.known.surely("one", SCOPE) in (1, 2)


def test_another_engine_has_other_counts(counting: Counting) -> None:
    counting.known.latest("one", SCOPE)
    counting.finish()
    assert counting.known.latest("one", SCOPE) == 1
    assert counting.known.latest("two", SCOPE) is None


def test_a_count_that_fails_is_tried_again(counting: Counting) -> None:
    counting.known.latest("broken", SCOPE)
    counting.finish()
    assert counting.known.latest("broken", SCOPE) is None
    counting.time += LEAST
    counting.known.latest("broken", SCOPE)
    counting.finish()
    assert counting.calls == 2
    with pytest.raises(ValueError, match="no store"):
        counting.known.surely("broken", SCOPE)
