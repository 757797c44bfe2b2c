"""Tables kept in memory, least recently used first to go."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final, NamedTuple, Protocol, TypeVar, cast

OVERHEAD: Final = 4096
"""About so many bytes a table takes beside its content, with its key."""


class Table(Protocol):
    """A frame, or arrays that belong together."""

    def estimated_size(self) -> int | float:
        """Bytes."""


T = TypeVar("T", bound=Table)


class _Held(NamedTuple):
    table: Table
    of: Hashable
    size: int


class Kept:
    """At most `budget` bytes of tables. Thread-safe."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._held = 0
        self._lock = Lock()
        self._tables: OrderedDict[Hashable, _Held] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T], of: Hashable = None) -> T:
        """The table of this key, made now if it is not held. Two may make it at once.

        of: what it is made of; one that was made of something else makes room for it.
        """
        with self._lock:
            held = self._tables.get(key)
            if held is not None and held.of == of:
                self._tables.move_to_end(key)
                return cast("T", held.table)
        table = make()
        with self._lock:
            self._forget(key)
            self._tables[key] = _Held(table, of, OVERHEAD + int(table.estimated_size()))
            self._held += self._tables[key].size
            while self._held > self._budget and len(self._tables) > 1:
                self._forget(next(iter(self._tables)))
        return table

    def _forget(self, key: Hashable) -> None:
        held = self._tables.pop(key, None)
        if held is not None:
            self._held -= held.size
