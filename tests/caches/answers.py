"""What every test of kept answers uses: clocks that stand still, results, places to keep them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from engine.caches.coding import ResultCoding
from engine.caches.redis import RedisAnswers
from engine.request import AggregateRequest
from engine.result import Result, Row
from engine.scope import Scope

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
BRAND: Final = "11111111-1111-4111-8111-111111111111"
OTHER_BRAND: Final = "22222222-2222-4222-8222-222222222222"
CATALOG: Final = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
REQUEST: Final = AggregateRequest(("agent_view",), "day", "sum", "amount", 30)


class Timer:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


def key(
    workspace: str = "ws_one",
    brand: str = BRAND,
    catalog: str | None = None,
    version: str = "abc-7",
    request: AggregateRequest = REQUEST,
    second: datetime | None = None,
) -> Any:
    return Scope(workspace, brand, catalog), request, version, second


def result(*values: float, version: str = "abc-7", name: str = "a") -> Result:
    return Result(
        rows=tuple(Row(f"{name}{i}", value, i) for i, value in enumerate(values)),
        generated_at=NOW,
        cache_hit=False,
        total_groups=len(values) + 3,
        window_start=NOW - timedelta(days=30),
        data_version=version,
        milliseconds=1.5,
    )


def in_redis(url: str, timer: Any, **clock: Any) -> RedisAnswers:
    """clock: the time of day, unless it is the timer's."""
    return RedisAnswers(url, ResultCoding(), 60, **({"clock": timer} | clock), timer=timer)
