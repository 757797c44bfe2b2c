"""Frames kept in memory, least recently used first to go."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final

import polars as pl

OVERHEAD: Final = 4096
"""About so many bytes a frame takes beside its content, with its key."""


class Kept:
    """At most `budget` bytes of frames. Thread-safe."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._held = 0
        self._lock = Lock()
        self._frames: OrderedDict[Hashable, pl.DataFrame] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The frame of this key, made now if it is not held. Two may make it at once."""
        with self._lock:
            if key in self._frames:
                self._frames.move_to_end(key)
                return self._frames[key]
        frame = make()
        with self._lock:
            if key not in self._frames:
                self._frames[key] = frame
                self._held += _size(frame)
            while self._held > self._budget and len(self._frames) > 1:
                _, oldest = self._frames.popitem(last=False)
                self._held -= _size(oldest)
        return frame


def _size(frame: pl.DataFrame) -> int:
    return OVERHEAD + int(frame.estimated_size())
