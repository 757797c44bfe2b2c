"""Time rows as a chart needs them: every bucket of the window, and how much of it is covered."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from engine import AggregateRequest, Result

STEPS = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


class Bucket(NamedTuple):
    """value is None where an average has nothing to average; share is what the window covers."""

    start: datetime
    value: float | None
    secondary: int
    share: float


def buckets(request: AggregateRequest, result: Result) -> list[Bucket]:
    """The rows with their gaps filled: 0 for counts and sums, nothing for averages.

    When the limit cut the answer, the first bucket is the oldest row that is left.
    """
    step = STEPS[request.group_by]
    rows = {datetime.fromisoformat(row.key).replace(tzinfo=UTC): row for row in result.rows}
    first = _floor(result.window_start, step)
    if result.truncated:
        first = min(rows)
    filled = []
    start = first
    while start < result.window_end:
        row = rows.get(start)
        covered = min(start + step, result.window_end) - max(start, result.window_start)
        empty = None if request.aggregation == "avg" else 0
        nothing = row is None or (request.aggregation == "avg" and row.secondary == 0)
        filled.append(
            Bucket(
                start,
                empty if row is None or nothing else row.value,
                row.secondary if row else 0,
                covered / step,
            )
        )
        start += step
    return filled


def _floor(instant: datetime, step: timedelta) -> datetime:
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + step * ((instant - midnight) // step)
