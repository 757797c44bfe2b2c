"""The interface of a place that keeps answers."""

from collections.abc import Hashable
from typing import Any, NamedTuple, Protocol


class Kept(NamedTuple):
    """An answer, and how many seconds ago its computation began."""

    answer: Any
    age: float


class Answers(Protocol):
    """Keeps answers until they are so many seconds old. Thread-safe; no method raises.

    When `get` has nothing, the caller is expected to `put` an answer, or to `drop` the key when
    there will be none: others may be waiting for it.
    """

    def get(self, key: Hashable) -> Kept | None:
        """What is kept; may wait a moment for another process that is computing it."""

    def put(self, key: Hashable, answer: Any, age: float = 0) -> None:
        """Keep an answer whose computation began `age` seconds ago."""

    def drop(self, key: Hashable) -> None:
        """Say that no answer comes."""
