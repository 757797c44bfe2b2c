"""What comes back: rows, when they were computed, and what is said about them beside the body."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

Number = int | float


class Row(NamedTuple):
    """One row of an answer; `value` and `secondary` as the contract's part 2 defines them."""

    key: str
    value: Number
    secondary: int


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
        return replace(self, cache_hit=True)

    def to_dict(self) -> dict[str, Any]:
        """The wire's JSON body."""
        return {
            "rows": [row._asdict() for row in self.rows],
            "generated_at": iso(self.generated_at),
            "cache_hit": self.cache_hit,
        }


def iso(instant: datetime) -> str:
    """`2026-11-23T05:31:56Z`; microseconds only when there are any."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
