"""Answers live for a minute; identical questions in flight are one computation."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event, Lock, Thread

import pytest

from engine.cache import Cache
from engine.caches.memory import MemoryAnswers
from engine.caches.redis import RedisAnswers
from tests import redis_server


class Timer:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Work:
    """Counts how often it is done; the answer is that count."""

    def __init__(self):
        self.done = 0

    def __call__(self):
        self.done += 1
        return self.done


class Watched:
    """A key that knows how many threads have looked it up twice: as an answer and as a flight."""

    def __init__(self):
        self._looks = 0
        self._lock = Lock()
        self._awaited = 0
        self.reached = Event()

    def expect(self, lookups):
        self._awaited = lookups

    def __str__(self):
        return "watched"

    def __hash__(self):
        with self._lock:
            self._looks += 1
            if self._awaited and self._looks >= self._awaited:
                self.reached.set()
        return 7


@pytest.fixture
def timer():
    return Timer()


class Texts:
    """Keys and answers that are plain already."""

    name, encode, decode = str, staticmethod(json.dumps), staticmethod(json.loads)


PLACES = ["memory", "redis", "dead redis"]


def opened(kind, timer):
    """Opens a place that several processes use, each with an object of its own."""
    if kind == "memory":
        place = MemoryAnswers(60, timer=timer)
        return lambda: place
    if kind == "dead redis":
        return lambda: RedisAnswers("redis://127.0.0.1:1/0", Texts(), 60, timer, timer)
    server = redis_server.server()
    with server.client() as client:
        client.flushall()
        timer.now = float(client.time()[0])
    return lambda: RedisAnswers(server.url, Texts(), 60, timer, timer)


@pytest.fixture(params=PLACES)
def shared(request, timer):
    return opened(request.param, timer)


@pytest.fixture(params=["alone", *PLACES])
def cache(request, timer):
    """Every rule holds with and without a shared place."""
    place = None if request.param == "alone" else opened(request.param, timer)()
    return Cache(seconds=60, timer=timer, shared=place)


def test_second_time_it_comes_from_the_cache(cache):
    work = Work()
    assert cache.get_or_compute("a", work) == (1, False)
    assert cache.get_or_compute("a", work) == (1, True)
    assert cache.get_or_compute("b", work) == (2, False)
    assert work.done == 2


@pytest.mark.parametrize(("age", "hit"), [(0, True), (59.999, True), (60, False), (61, False)])
def test_served_for_less_than_sixty_seconds(cache, timer, age, hit):
    work = Work()
    cache.get_or_compute("a", work)
    timer.now += age
    assert cache.get_or_compute("a", work)[1] is hit


def test_being_served_does_not_make_it_younger(cache, timer):
    work = Work()
    cache.get_or_compute("a", work)
    for _ in range(5):
        timer.now += 11
        assert cache.get_or_compute("a", work) == (1, True)
    timer.now += 11
    assert cache.get_or_compute("a", work) == (2, False)
    timer.now += 59
    assert cache.get_or_compute("a", work) == (2, True)


def test_age_counts_from_the_start_of_the_computation(cache, timer):
    def slow():
        timer.now += 40
        return "slow"

    assert cache.get_or_compute("a", slow) == ("slow", False)
    timer.now += 19
    assert cache.get_or_compute("a", slow) == ("slow", True)
    timer.now += 1
    assert cache.get_or_compute("a", slow) == ("slow", False)


@pytest.mark.parametrize("answer", [None, 0, False, ()])
def test_an_empty_answer_is_an_answer(cache, answer):
    cache.get_or_compute("a", lambda: answer)
    assert cache.get_or_compute("a", lambda: "again") == (answer, True)


def test_least_recently_used_go_first(timer):
    cache = Cache(entries=3, timer=timer)
    work = Work()
    for key in "abc":
        cache.get_or_compute(key, work)
    assert cache.get_or_compute("a", work)[1]
    cache.get_or_compute("d", work)
    assert [cache.get_or_compute(key, work)[1] for key in "acd"] == [True, True, True]
    assert not cache.get_or_compute("b", work)[1]


def test_a_renewed_answer_counts_as_used(timer):
    cache = Cache(entries=2, timer=timer)
    cache.get_or_compute("a", Work())
    cache.get_or_compute("b", Work())
    timer.now += 60
    cache.get_or_compute("a", Work())
    cache.get_or_compute("c", Work())
    assert cache.get_or_compute("a", Work())[1]


def test_never_more_than_its_entries(timer):
    cache = Cache(entries=10, timer=timer)
    for key in range(1000):
        cache.get_or_compute(key, Work())
    hits = [cache.get_or_compute(key, lambda: "new")[1] for key in range(999, 989, -1)]
    assert all(hits)
    assert not cache.get_or_compute(989, lambda: "new")[1]


def test_never_more_than_weighs_as_much(timer):
    cache = Cache(seconds=60, entries=10, timer=timer, weigh=len)
    for text in ("aaaa", "bbbb", "cc"):
        cache.get_or_compute(text, lambda text=text: text)
    assert cache.get_or_compute("aaaa", list) == ("aaaa", True)
    cache.get_or_compute("ddd", lambda: "ddd")  # takes the place of b
    assert [cache.get_or_compute(k, lambda: "")[1] for k in ("aaaa", "cc", "ddd")] == [True] * 3
    assert cache.get_or_compute("bbbb", lambda: "") == ("", False)
    assert cache.get_or_compute("huge", lambda: "x" * 11) == ("x" * 11, False)
    assert cache.get_or_compute("huge", lambda: "") == ("", False)


def test_what_is_replaced_or_too_old_weighs_nothing(timer):
    cache = Cache(seconds=60, entries=10, timer=timer, weigh=len)
    for _ in range(9):
        cache.get_or_compute("a", lambda: "aaaaa")
        timer.now += 60
    cache.get_or_compute("a", lambda: "aaaaa")
    cache.get_or_compute("b", lambda: "bbbbb")
    assert cache.get_or_compute("a", list) == ("aaaaa", True)
    assert cache.get_or_compute("b", list) == ("bbbbb", True)


def fly(cache, compute, threads=50):
    """Ask in as many threads at once, none of which came too late to join the first."""
    key = Watched()
    entered, released = Event(), Event()

    def first():
        # The first one looks the key up too: as an answer, as a flight, and to register itself.
        key.expect(key._looks + 2 * (threads - 1))
        entered.set()
        assert released.wait(30)
        return compute()

    with ThreadPoolExecutor(threads) as pool:
        asked = [pool.submit(cache.get_or_compute, key, first)]
        assert entered.wait(30)
        asked += [pool.submit(cache.get_or_compute, key, compute) for _ in range(threads - 1)]
        assert key.reached.wait(30)
        released.set()
    return key, asked


def test_fifty_threads_one_computation():
    work = Work()
    cache = Cache()
    key, asked = fly(cache, work)
    assert [one.result() for one in asked] == [(1, False)] * 50
    assert work.done == 1
    assert cache.get_or_compute(key, work) == (1, True)


def test_fifty_threads_one_computation_even_when_nothing_is_kept():
    work = Work()
    cache = Cache(seconds=0)
    key, asked = fly(cache, work)
    assert {one.result() for one in asked} == {(1, False)}
    assert cache.get_or_compute(key, work) == (2, False)


def test_an_error_is_shared_and_not_kept():
    done = []

    def fail():
        done.append(1)
        raise RuntimeError("the disk is gone")

    cache = Cache()
    key, asked = fly(cache, fail, threads=20)
    assert {type(one.exception()) for one in asked} == {RuntimeError}
    assert len(done) == 1
    assert cache.get_or_compute(key, lambda: "back") == ("back", False)
    assert cache.get_or_compute(key, fail) == ("back", True)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_any_error_frees_the_key(cache, error):
    def fail():
        raise error

    with pytest.raises(error):
        cache.get_or_compute("a", fail)
    # In a thread of its own: a key that is not free is waited for without end.
    answers = []
    asking = Thread(
        target=lambda: answers.append(cache.get_or_compute("a", lambda: 1)), daemon=True
    )
    asking.start()
    asking.join(10)
    assert answers == [(1, False)]


def test_an_error_leaves_no_older_answer_behind(cache, timer):
    cache.get_or_compute("a", lambda: "old")
    timer.now += 60
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute("a", lambda: 1 / 0)
    assert cache.get_or_compute("a", lambda: "new") == ("new", False)


def test_different_questions_do_not_wait_for_each_other():
    together = Barrier(2, timeout=30)
    cache = Cache()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(cache.get_or_compute, key, together.wait) for key in "ab"]
        assert sorted(one.result()[0] for one in asked) == [0, 1]


def test_one_answer_may_need_another(cache):
    def outer():
        return cache.get_or_compute("inner", lambda: 1)[0] + 1

    assert cache.get_or_compute("outer", outer) == (2, False)
    assert cache.get_or_compute("inner", lambda: 5) == (1, True)


def test_another_process_finds_the_answer(shared, timer, request):
    one, two = (Cache(timer=timer, shared=shared()) for _ in range(2))
    assert one.get_or_compute("a", lambda: 1) == (1, False)
    assert one.get_or_compute("a", lambda: 2) == (1, True)
    found = (2, False) if request.node.callspec.params["shared"] == "dead redis" else (1, True)
    assert two.get_or_compute("a", lambda: 2) == found


@pytest.mark.parametrize("shared", ["memory", "redis"], indirect=True)
def test_an_answer_of_another_process_is_not_younger_here(shared, timer):
    one, two = (Cache(timer=timer, shared=shared()) for _ in range(2))
    one.get_or_compute("a", lambda: 1)
    timer.now += 50
    assert two.get_or_compute("a", lambda: 2) == (1, True)
    timer.now += 9.9
    assert two.get_or_compute("a", lambda: 2) == (1, True)
    timer.now += 0.2
    assert two.get_or_compute("a", lambda: 3) == (3, False)


def test_an_error_lets_other_processes_compute(shared, timer):
    one, two = (Cache(timer=timer, shared=shared()) for _ in range(2))
    with pytest.raises(ZeroDivisionError):
        one.get_or_compute("a", lambda: 1 / 0)
    assert two.get_or_compute("a", lambda: 2) == (2, False)


def test_fifty_threads_one_computation_before_a_shared_place(shared, timer):
    work = Work()
    cache = Cache(timer=timer, shared=shared())
    _, asked = fly(cache, work)
    assert [one.result() for one in asked] == [(1, False)] * 50
    assert work.done == 1


def test_the_runner_may_refuse(cache):
    def refuse(work):
        raise BlockingIOError("full")

    for _ in range(2):
        flight = cache.start("a", lambda: 1, refuse)
        with pytest.raises(BlockingIOError):
            flight.result()
    assert cache.get_or_compute("a", lambda: 1) == (1, False)


def test_whoever_asks_meanwhile_takes_no_slot(cache):
    """500 identical questions are one computation in one slot."""
    slots = []

    def later(work):
        slots.append((work, Future()))
        return slots[-1][1]

    flights = [cache.start("a", lambda: 7, later) for _ in range(500)]
    assert len(slots) == 1
    assert not any(flight.done() or flight.cancel() for flight in flights)
    work, future = slots[0]
    future.set_result(work())
    assert {flight.result() for flight in flights} == {(7, False)}
    assert cache.start("a", lambda: 8, later).result() == (7, True)


def test_only_a_shared_place_is_waited_for(cache, timer, request):
    alone = request.node.callspec.params["cache"] == "alone"
    assert cache.may_wait("a") is not alone
    cache.get_or_compute("a", lambda: 7)
    assert not cache.may_wait("a")
    timer.now += 60
    assert cache.may_wait("a") is not alone
