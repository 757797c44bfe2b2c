"""Times as the database keeps them: microseconds since 1970, for SQLite has no type for them."""

from datetime import UTC, datetime, timedelta
from typing import Final, overload

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


@overload
def kept(at: datetime) -> int: ...
@overload
def kept(at: None) -> None: ...
def kept(at: datetime | None) -> int | None:
    """An aware time as a whole number, exactly."""
    return None if at is None else (at - EPOCH) // MICROSECOND


@overload
def instant(micros: int) -> datetime: ...
@overload
def instant(micros: None) -> None: ...
def instant(micros: int | None) -> datetime | None:
    """The time in UTC that was kept."""
    return None if micros is None else EPOCH + timedelta(microseconds=micros)
