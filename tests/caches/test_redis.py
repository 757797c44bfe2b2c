"""Redis may be dead, frozen, full of nonsense or of strangers' values: then there is no answer."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from engine.caches import redis as of_redis
from engine.caches.coding import ResultCoding
from engine.caches.redis import LOCK_SECONDS, PAUSE, WAITING, RedisAnswers, pack
from tests import redis_server
from tests.caches.answers import BRAND, OTHER_BRAND, Timer, in_redis, key, result
from tests.redis_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    shared = redis_server.server()
    with shared.client() as client:
        client.flushall()
    return shared


@pytest.fixture
def own() -> Iterator[Server]:
    """A server that may be broken."""
    redis_server.require()
    server = Server()
    yield server
    server.thaw()
    server.end()


@pytest.fixture
def timer() -> Timer:
    timer = Timer()
    timer.now = time.time()
    return timer


@pytest.fixture
def commands(monkeypatch: Any) -> list[str]:
    """Every command that anybody tried to send."""
    sent: list[str] = []
    execute = redis.Redis.execute_command

    def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        sent.append(arguments[0])
        return execute(self, *arguments, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", counted)
    return sent


def name_of(place: str, of: Any = None) -> str:
    text = ResultCoding().name(of or key())
    return {"answer": of_redis._place, "lock": of_redis._lock}[place](text)


def value_of(answers_of: Any, **parts: Any) -> bytes:
    """A well-formed value, with some of its parts changed."""
    coding = ResultCoding()
    encoded = coding.encode(result(1)) | parts
    return pack(coding.name(answers_of), time.time(), encoded)


def test_another_process_finds_it(server: Server, timer: Timer) -> None:
    in_redis(server.url, timer).put(key(), result(1))
    kept = in_redis(server.url, timer).get(key())
    assert kept is not None
    assert kept.answer == result(1)


def test_a_clock_set_back_makes_nothing_younger(server: Server, timer: Timer) -> None:
    answers = in_redis(server.url, timer)
    answers.put(key(), result(1))
    timer.now -= 30
    assert answers.get(key()) is None


def test_redis_forgets_by_itself(server: Server, timer: Timer) -> None:
    in_redis(server.url, timer).put(key(), result(1), age=20)
    with server.client() as client:
        assert 38_000 < client.pttl(name_of("answer")) <= 40_000
        assert client.keys("*") == [name_of("answer").encode()]


def test_names_hold_neither_workspace_nor_brand(server: Server, timer: Timer) -> None:
    in_redis(server.url, timer).put(key(), result(1))
    with server.client() as client:
        assert not any(b"ws_one" in n or BRAND.encode() in n for n in client.keys("*"))


GOOD = value_of(key())
ROW = ["a", 1, 2]
POISON = {
    "empty": b"",
    "text": b"hello",
    "cut": GOOD[:-1],
    "cut to its digest": GOOD[:32],
    "longer": GOOD + b" ",
    "one bit": GOOD[:50] + bytes([GOOD[50] ^ 1]) + GOOD[51:],
    "without digest": GOOD[32:],
    "pickle": b"cos\nsystem\n(S'true'\ntR.",
    "binary": bytes(range(256)),
    "another brand's": value_of(key(brand=OTHER_BRAND)),
    "another workspace's": value_of(key(workspace="ws_two")),
    "another version's": value_of(key(version="abc-8")),
    "row of four": value_of(key(), rows=[[*ROW, 3]]),
    "row of two": value_of(key(), rows=[["a", 1]]),
    "rows that are none": value_of(key(), rows=7),
    "a number for a key": value_of(key(), rows=[[1, 1, 2]]),
    "a text for a number": value_of(key(), rows=[["a", "1", 2]]),
    "true for a number": value_of(key(), rows=[["a", True, 2]]),
    "half a secondary": value_of(key(), rows=[["a", 1, 0.5]]),
    "no time": value_of(key(), generated_at=None),
    "no zone": value_of(key(), generated_at="2026-11-23T12:00:00"),
    "no version": value_of(key(), data_version=None),
    "no total": value_of(key(), total_groups="3"),
    "not a result": pack(ResultCoding().name(key()), time.time(), []),
    "nothing": pack(ResultCoding().name(key()), time.time(), None),
    "deep": pack("x", 0, 0)[:32] + b"[" * 100_000,
    "old": pack(ResultCoding().name(key()), time.time() - 61, ResultCoding().encode(result(1))),
    "of tomorrow": pack(
        ResultCoding().name(key()), time.time() + 86_400, ResultCoding().encode(result(1))
    ),
}


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_value_is_none(server: Server, timer: Timer, poison: str) -> None:
    timer.now = time.time()
    answers = in_redis(server.url, timer)
    with server.client() as client:
        client.set(name_of("answer"), POISON[poison])
        assert answers.get(key()) is None
        answers.put(key(), result(2))
        kept = answers.get(key())
        assert kept is not None
        assert kept.answer == result(2)


def test_the_good_value_is_one(server: Server, timer: Timer) -> None:
    """What is poisoned above is the change, not the rest."""
    timer.now = time.time()
    with server.client() as client:
        client.set(name_of("answer"), value_of(key()))
        client.set(name_of("answer", key(brand=OTHER_BRAND)), value_of(key(brand=OTHER_BRAND)))
    timer.now = time.time()
    for good in (key(), key(brand=OTHER_BRAND)):
        kept = in_redis(server.url, timer).get(good)
        assert kept is not None
        assert kept.answer == result(1)


def test_a_value_of_another_kind_is_none(server: Server, timer: Timer) -> None:
    answers = in_redis(server.url, timer)
    with server.client() as client:
        client.rpush(name_of("answer"), "a", "b")
    assert answers.get(key()) is None
    answers.put(key(), result(1))
    assert answers.get(key()) is not None


def test_a_huge_value_is_not_even_read(server: Server, timer: Timer) -> None:
    with server.client() as client:
        client.setrange(name_of("answer"), 64 << 20, b"x")
        before = client.info("stats")["total_net_output_bytes"]
        assert in_redis(server.url, timer).get(key()) is None
        assert client.info("stats")["total_net_output_bytes"] - before < 5 << 20


def test_a_huge_answer_is_not_sent(server: Server, timer: Timer) -> None:
    in_redis(server.url, timer).put(key(), result(1, name="x" * (4 << 20)))
    with server.client() as client:
        assert client.keys("*") == []


def test_a_full_redis_is_a_miss(own: Server, timer: Timer) -> None:
    answers = in_redis(own.url, timer)
    with own.client() as client:
        client.config_set("maxmemory", "1")
    answers.put(key(), result(1))
    assert answers.get(key()) is None
    with own.client() as client:
        client.config_set("maxmemory", "0")
    answers.put(key(), result(1))
    assert answers.get(key()) is not None


@pytest.mark.parametrize("broken", ["dead", "frozen"])
def test_broken_it_is_asked_once_in_a_while_and_heals(
    own: Server, timer: Timer, commands: list[str], broken: str, caplog: Any
) -> None:
    answers = in_redis(own.url, timer)
    answers.put(key(), result(1))
    own.freeze() if broken == "frozen" else own.kill()
    for _ in range(1000):
        assert answers.get(key()) is None
        answers.put(key(), result(1))
    tried = len(commands)
    assert tried <= 5  # SET before, then GETRANGE, once
    timer.now += PAUSE
    for _ in range(1000):
        assert answers.get(key()) is None
    assert len(commands) == tried + 1
    own.thaw() if broken == "frozen" else own.start()
    timer.now += PAUSE
    assert PAUSE < 10
    answers.put(key(), result(2))
    kept = answers.get(key())
    assert kept is not None
    assert kept.answer == result(2)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "going on alone" in told[0]
    assert "again" in told[1]


def test_what_a_frozen_redis_reads_later_is_not_kept_longer(own: Server, timer: Timer) -> None:
    answers = in_redis(own.url, timer)
    assert answers.get(key()) is None
    own.freeze()
    timer.now = time.time()
    answers.put(key(), result(1), age=59.5)
    time.sleep(0.7)
    own.thaw()
    with own.client() as client:
        assert client.exists(name_of("answer")) == 0


NONSENSE = {
    "letters": b"hello, I am a web server\r\n",
    "http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "zeros": bytes(1000),
    "half a text": b"$100\r\nabc",
    "a text without end": b"$99999999999\r\nabc",
    "a length that is none": b"$abc\r\n",
    "a negative length": b"$-7\r\n",
    "too many answers": b"+OK\r\n" * 50,
    "numbers": b":42\r\n" * 50,
    "lists": b"*2\r\n$1\r\na\r\n:1\r\n" * 50,
    "nested lists": b"*1\r\n" * 5000,
    "maps": b"%1\r\n+a\r\n+b\r\n" * 50,
    "errors": b"-ERR no\r\n" * 50,
    "nothing": b"",
}


class Nonsense:
    """A server that answers everything with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        talking = []
        self._listener.settimeout(0.05)
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            talking.append(connection)
            connection.settimeout(0.05)
            try:
                connection.recv(4096)
                connection.sendall(self._answer)
            except OSError:
                continue
        for connection in talking:
            connection.close()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        self._listener.close()


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_is_a_miss(timer: Timer, nonsense: str, commands: list[str]) -> None:
    server = Nonsense(NONSENSE[nonsense])
    try:
        answers = in_redis(server.url, timer)
        for _ in range(30):
            assert answers.get(key()) is None
            answers.put(key(), result(1))
            answers.drop(key())
        if nonsense not in ("errors", "too many answers", "numbers", "lists", "maps"):
            assert len(commands) <= 2
    finally:
        server.end()


def test_no_machine_of_that_name(timer: Timer, commands: list[str]) -> None:
    answers = in_redis("redis://no-such-machine.invalid/0", timer)
    for _ in range(100):
        assert answers.get(key()) is None
    assert len(commands) == 1


class Process(threading.Thread):
    """Another process that asks for the key."""

    def __init__(self, answers: RedisAnswers, of: Any = None) -> None:
        super().__init__(daemon=True)
        self._answers = answers
        self._key = of or key()
        self.kept: Any = "nothing yet"
        self.start()

    def run(self) -> None:
        self.kept = self._answers.get(self._key)

    def told(self) -> Any:
        self.join(30)
        assert not self.is_alive()
        return self.kept


def process(server: Server) -> RedisAnswers:
    return RedisAnswers(server.url, ResultCoding(), 60)


def test_one_process_computes_and_the_others_wait(server: Server) -> None:
    one, two = process(server), process(server)
    assert one.get(key()) is None
    waiting = Process(two)
    one.put(key(), result(1))
    assert waiting.told().answer == result(1)
    with server.client() as client:
        assert client.keys("*lock*") == []


def test_when_the_first_gives_up_the_next_computes(server: Server) -> None:
    one, two = process(server), process(server)
    assert one.get(key()) is None
    waiting = Process(two)
    one.drop(key())
    assert waiting.told() is None
    with server.client() as client:
        assert client.exists(name_of("lock")) == 1  # the second has it now
    two.put(key(), result(2))
    kept = one.get(key())
    assert kept is not None
    assert kept.answer == result(2)


def test_when_the_first_dies_the_next_computes(server: Server) -> None:
    assert process(server).get(key()) is None  # and is never heard of again
    with server.client() as client:
        assert 0 < client.pttl(name_of("lock")) <= LOCK_SECONDS * 1000
        client.pexpire(name_of("lock"), 50)
    assert Process(process(server)).told() is None


def test_nobody_waits_for_a_lock_without_end(server: Server, timer: Timer) -> None:
    with server.client() as client:
        client.set(name_of("lock"), "stranger")
    answers = in_redis(server.url, timer)  # its time stands still, so it would wait for ever
    assert Process(answers).told() is None


def test_only_so_many_wait(server: Server) -> None:
    one, two = process(server), process(server)
    keys = [key(version=f"v-{i}") for i in range(WAITING + 3)]
    for each in keys:
        assert one.get(each) is None
    held = [two._waiting.acquire(blocking=False) for _ in range(WAITING)]
    assert all(held)
    assert [Process(two, each).told() for each in keys] == [None] * len(keys)
    assert not two._waiting.acquire(blocking=False)


def test_a_late_release_takes_no_other_ones_lock(server: Server, timer: Timer) -> None:
    one = in_redis(server.url, timer)
    assert one.get(key()) is None
    timer.now += LOCK_SECONDS
    with server.client() as client:
        client.set(name_of("lock"), "the next one's")
        one.drop(key())
        assert client.exists(name_of("lock")) == 1


def test_values_are_json() -> None:
    text, began, answer = json.loads(GOOD[32:])
    assert json.loads(text)[:2] == ["ws_one", BRAND]
    assert began > 0
    assert answer["rows"] == [["a0", 1, 0]]


def test_claims_are_not_kept(server: Server, timer: Timer) -> None:
    answers = in_redis(server.url, timer)
    for i in range(20):
        answers.get(key(version=str(i)))
        answers.put(key(version=str(i)), result(1))
    assert answers._claims == {}
