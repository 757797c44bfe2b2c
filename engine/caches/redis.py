"""Answers in Redis, shared by processes.

Redis is a convenience: one that is dead, frozen, full or talks nonsense is a place without answers.
After a failure nobody asks it for PAUSE seconds; then one caller tries again. What it returns is
believed only when it is whole, was kept under this very key, is young enough and decodes.
Answers are text; nothing that could run is ever read. Whoever may write to this Redis may forge
answers, so it belongs to the servers alone, like the database.
"""

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Hashable
from threading import BoundedSemaphore, Lock
from typing import Any, Final, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.caches.base import Kept

FORMAT: Final = "vitrine:1"
"""Another one when a key or a value changes its meaning, so that releases can share a Redis."""
LARGEST: Final = 4 << 20
TIMEOUT: Final = 0.1
PAUSE: Final = 5.0
LOCK_SECONDS: Final = 2.0
"""So long one process may compute while others wait; when it dies, they wait no longer."""
LOOK_AGAIN: Final = 0.02
WAITING: Final = 8
"""So many threads wait for other processes; the next ones compute for themselves."""

logger = logging.getLogger(__name__)


class Coding(Protocol):
    """Turns keys and answers into text and back."""

    def name(self, key: Hashable) -> str:
        """A text of its own for every key."""

    def encode(self, answer: Any) -> Any:
        """The answer as a value of JSON."""

    def decode(self, value: Any) -> Any:
        """The answer; raises an exception when the value is not exactly what `encode` makes."""


class RedisAnswers:
    """seconds: how old an answer may be. clock: the time of day, shared with other machines;
    timer: seconds that only grow."""

    def __init__(
        self,
        url: str,
        coding: Coding,
        seconds: float = 60,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        self._coding = coding
        self._seconds = seconds
        self._clock = clock
        self._breaker = Breaker(timer)
        self._timer = timer
        self._waiting = BoundedSemaphore(WAITING)
        self._claims: dict[str, float] = {}

    def get(self, key: Hashable) -> Kept | None:
        text = self._coding.name(key)
        kept = self._look(text)
        if kept is not None or self._claim(text):
            return kept
        if not self._waiting.acquire(blocking=False):
            return None
        try:
            return self._wait(text)
        finally:
            self._waiting.release()

    def put(self, key: Hashable, answer: Any, age: float = 0) -> None:
        text = self._coding.name(key)
        began = self._clock() - age
        try:
            value = pack(text, began, self._coding.encode(answer))
            if age < self._seconds and len(value) <= LARGEST:
                # When it ends, not how long it stays: a frozen Redis may store it much later.
                end = int((began + self._seconds) * 1000)
                self._ask(lambda: self._redis.set(_place(text), value, pxat=end))
        finally:
            self.drop(key)

    def drop(self, key: Hashable) -> None:
        text = self._coding.name(key)
        claimed = self._claims.pop(text, None)
        if claimed is not None and self._timer() - claimed < LOCK_SECONDS:
            self._ask(lambda: self._redis.delete(_lock(text)))

    def _look(self, text: str) -> Kept | None:
        # Not GET: a stranger's value may be larger than this process.
        value = self._ask(lambda: self._redis.getrange(_place(text), 0, LARGEST))
        try:
            began, answer = unpack(text, value)
            age = self._clock() - began
            return Kept(self._coding.decode(answer), age) if 0 <= age < self._seconds else None
        except Exception:  # whatever a stranger's value does to a decoder, it is no answer
            return None

    def _claim(self, text: str) -> bool:
        """Whether to compute: nobody else does, or Redis cannot say."""
        now = self._timer()
        lasts = int(LOCK_SECONDS * 1000)
        token = secrets.token_hex(8)
        claimed = self._ask(
            lambda: (self._redis.set(_lock(text), token, nx=True, px=lasts), token), (None, None)
        )
        if claimed == (True, token):
            self._claims[text] = now
            return True
        if claimed[1] is None:
            return True
        left = self._ask(lambda: self._redis.pttl(_lock(text)))
        return not isinstance(left, int) or left == -1 or left > lasts

    def _wait(self, text: str) -> Kept | None:
        end = self._timer() + LOCK_SECONDS
        while self._timer() < end:
            time.sleep(LOOK_AGAIN)
            kept = self._look(text)
            if kept is not None:
                return kept
            if self._claim(text):
                return self._look(text)
        return None

    def _ask(self, command: Callable[[], Any], otherwise: Any = None) -> Any:
        """What Redis says, or `otherwise` when it is not asked or says nothing of use."""
        if not self._breaker.may_try():
            return otherwise
        try:
            answer = command()
        except redis.ResponseError as error:
            # It answers, and quickly: a foreign kind of value, or it takes none now.
            self._breaker.worked()
            logger.debug("Redis refused: %s", type(error).__name__)
            return otherwise
        except Exception as error:  # nonsense on the wire raises whatever the client stumbles over
            self._breaker.failed(error)
            self._redis.connection_pool.disconnect(inuse_connections=False)
            return otherwise
        self._breaker.worked()
        return answer


class Breaker:
    """After a failure nothing is tried for PAUSE seconds, then one caller tries."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self._timer = timer
        self._lock = Lock()
        self._again: float | None = None

    def may_try(self) -> bool:
        if self._again is None:
            return True
        with self._lock:
            if self._again is None:
                return True
            if self._timer() < self._again:
                return False
            self._again = self._timer() + PAUSE
            return True

    def failed(self, error: Exception) -> None:
        with self._lock:
            if self._again is None:
                logger.warning("Redis does not answer (%s); going on alone", type(error).__name__)
            self._again = self._timer() + PAUSE

    def worked(self) -> None:
        if self._again is not None:
            with self._lock:
                self._again = None
            logger.warning("Redis answers again")


def pack(text: str, began: float, answer: Any) -> bytes:
    """A value that says what it is: its digest, its key, when its computation began."""
    body = json.dumps([text, float(began), answer], separators=(",", ":"), allow_nan=False).encode()
    return _digest(body) + body


def unpack(text: str, value: Any) -> tuple[float, Any]:
    """When the computation began and the answer; raises ValueError for what `pack` did not make
    for this key."""
    if not isinstance(value, bytes) or len(value) > LARGEST:
        raise ValueError("not a value")
    digest, body = value[:32], value[32:]
    if digest != _digest(body):
        raise ValueError("not whole")
    key, began, answer = json.loads(body)
    if key != text or type(began) is not float:
        raise ValueError("kept under another key")
    return began, answer


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16, person=FORMAT.encode()).hexdigest().encode()


def _place(text: str) -> str:
    return f"{FORMAT}:answer:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def _lock(text: str) -> str:
    return f"{FORMAT}:lock:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
