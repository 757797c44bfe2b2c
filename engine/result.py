"""What comes back: rows, when they were computed, and what is said about them beside the body."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from json.encoder import encode_basestring_ascii as _text
from typing import Any, Self

import msgspec

Number = int | float


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of an answer; `value` and `secondary` as the contract's part 2 defines them.

    The garbage collector does not look at rows: a cache holds a million of them, which would stop
    all requests for a fifth of a second again and again.
    """

    key: str
    value: Number
    secondary: int

    def __iter__(self) -> Iterator[Any]:
        return iter((self.key, self.value, self.secondary))


@dataclass(frozen=True)
class Result:
    """An answer. The window is start <= created_at < end; end is generated_at.

    total_groups counts the rows before the limit; milliseconds is the time the answer took to
    compute, also when it now comes from the cache.
    """

    rows: tuple[Row, ...]
    generated_at: datetime
    cache_hit: bool
    total_groups: int
    window_start: datetime
    data_version: str
    milliseconds: float

    @property
    def window_end(self) -> datetime:
        return self.generated_at

    @property
    def truncated(self) -> bool:
        return self.total_groups > len(self.rows)

    def from_cache(self) -> Self:
        """The same answer as the cache serves it; one object however often, for its JSON's sake."""
        return self._served

    @cached_property
    def _served(self) -> Self:
        return replace(self, cache_hit=True)

    @property
    def json(self) -> bytes:
        """The wire's JSON body as it is sent: compact, in ASCII so that lone surrogates can be."""
        return self._json_again if self.cache_hit else self._json()

    @cached_property
    def _json_again(self) -> bytes:
        return self._json()

    def _json(self) -> bytes:
        # As json.dumps writes `to_dict`, in a third of the time.
        rows = ",".join(
            f'{{"key":{_text(row.key)},"value":{row.value!r},"secondary":{row.secondary}}}'
            for row in self.rows
        )
        hit = "true" if self.cache_hit else "false"
        end = f'"generated_at":"{iso(self.generated_at)}","cache_hit":{hit}'
        return f'{{"rows":[{rows}],{end}}}'.encode()

    def to_dict(self) -> dict[str, Any]:
        """The wire's JSON body."""
        return {
            "rows": [msgspec.structs.asdict(row) for row in self.rows],
            "generated_at": iso(self.generated_at),
            "cache_hit": self.cache_hit,
        }


@lru_cache(maxsize=1_000)
def iso(instant: datetime) -> str:
    """`2026-11-23T05:31:56Z`; microseconds only when there are any."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
