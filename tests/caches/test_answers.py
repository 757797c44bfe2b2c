"""Every place that keeps answers keeps them alike."""

import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from engine.caches.base import Answers
from engine.caches.memory import MemoryAnswers
from engine.result import Result, Row
from tests import redis_server
from tests.caches.answers import CATALOG, NOW, OTHER_BRAND, REQUEST, Timer, in_redis, key, result


@pytest.fixture
def timer() -> Timer:
    timer = Timer()  # Redis deletes by the time of day, so it begins there
    timer.now = time.time()
    return timer


@pytest.fixture(params=["memory", "redis"])
def answers(request: Any, timer: Timer) -> Iterator[Answers]:
    if request.param == "memory":
        yield MemoryAnswers(60, timer=timer)
        return
    server = redis_server.server()
    with server.client() as client:
        client.flushall()
    yield in_redis(server.url, timer)


def test_nothing_is_there_at_first(answers: Answers) -> None:
    assert answers.get(key()) is None
    answers.drop(key())
    assert answers.get(key()) is None


def test_what_is_put_comes_back_equal(answers: Answers) -> None:
    whole = result(1, 2.5, 0.1 + 0.2, 2**53, -0.0, 1e-300, name='é"\U0001f600\ud800')
    answers.put(key(), whole)
    kept = answers.get(key())
    assert kept is not None
    assert kept.answer == whole
    assert [type(row.value) for row in kept.answer.rows] == [type(r.value) for r in whole.rows]
    assert str(kept.answer.rows[4].value) == "-0.0"


def test_every_field_of_a_result_is_kept(answers: Answers) -> None:
    """A field that a result gains must be given back too."""
    other = Result(
        (Row("x", 1, 2),), NOW + timedelta(days=1), False, 77, NOW - timedelta(9), "other", 9.25
    )
    assert {f.name for f in fields(Result)} == set(vars(other))
    unlike = [f.name for f in fields(Result) if getattr(other, f.name) == getattr(result(), f.name)]
    assert unlike == ["cache_hit"]
    answers.put(key(), other)
    kept = answers.get(key())
    assert kept is not None
    assert kept.answer == other


@pytest.mark.parametrize(("age", "there"), [(0, True), (59.9, True), (60, False), (3600, False)])
def test_for_less_than_sixty_seconds(
    answers: Answers, timer: Timer, age: float, there: bool
) -> None:
    answers.put(key(), result(1))
    timer.now += age
    kept = answers.get(key())
    assert (kept is not None) == there
    assert kept is None or kept.age == pytest.approx(age, abs=0.001)


def test_age_counts_from_the_start_of_the_computation(answers: Answers, timer: Timer) -> None:
    answers.put(key(), result(1), age=40)
    kept = answers.get(key())
    assert kept is not None
    assert kept.age == pytest.approx(40, abs=0.001)
    timer.now += 20
    assert answers.get(key()) is None


def test_what_is_too_old_already_is_not_kept(answers: Answers) -> None:
    answers.put(key(), result(1), age=60)
    assert answers.get(key()) is None


def test_put_again_replaces(answers: Answers) -> None:
    answers.put(key(), result(1))
    answers.put(key(), result(2))
    kept = answers.get(key())
    assert kept is not None
    assert kept.answer == result(2)


OTHERS = [
    key(workspace="ws_two"),
    key(brand=OTHER_BRAND),
    key(catalog=CATALOG),
    key(version="abc-8"),
    key(second=NOW),
    key(request=replace(REQUEST, event_types=None)),
    key(request=replace(REQUEST, group_by="hour")),
    key(request=replace(REQUEST, aggregation="avg")),
    key(request=replace(REQUEST, value_field="price")),
    key(request=replace(REQUEST, time_window_days=31)),
    key(request=replace(REQUEST, limit=99)),
]


@pytest.mark.parametrize("other", OTHERS, ids=range(len(OTHERS)))
def test_no_key_opens_another_ones_answer(answers: Answers, other: Any) -> None:
    answers.put(key(), result(1))
    assert answers.get(other) is None
    answers.put(other, result(2))
    kept = answers.get(key())
    assert kept is not None
    assert kept.answer == result(1)


def in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_many_threads(answers: Answers) -> None:
    wrong = []

    def work(i: int) -> None:
        own = key(version=str(i % 4))
        for _ in range(20):
            answers.put(own, result(i % 4))
            kept = answers.get(own)
            if kept is None or kept.answer != result(i % 4):
                wrong.append(kept)

    in_threads(8, work)
    assert wrong == []
