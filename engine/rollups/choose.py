"""What is rolled up: a dimension whose rows are few beside its events."""

from typing import Final

FLOOR: Final = 10_000
"""So few rows are never too many."""
KEYS: Final = 64
"""So many metadata keys are rolled up, those that came first."""


def too_many_rows(rows: int, events: int) -> str | None:
    """Why a month's rollup of a dimension would not pay, or None."""
    if rows <= max(FLOOR, events // 4):
        return None
    return f"{rows:,} rows for {events:,} events are more than a quarter"


def too_many_values(values: int, events: int) -> str | None:
    """The same, from the values in a part of the events, before any is given a code."""
    if values <= max(FLOOR, events // 2):
        return None
    return f"{values:,} values in {events:,} events are more than half"


def too_many_keys(known: int) -> str | None:
    """Why one more metadata key is not rolled up, or None."""
    return f"{KEYS} metadata keys are rolled up already" if known >= KEYS else None
