"""How often a sign-in may be tried: counted in the database, so that a restart forgives nothing."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.database.instants import instant, kept
from engine.database.tables import attempts
from engine.errors import TooManyRequests
from engine.workspaces.tokens import hashed

WINDOW: Final = timedelta(minutes=15)
OF_PAIR: Final = 10
"""Of one account from one address: whoever attacks an account does not lock its owner out."""
OF_ACCOUNT: Final = 100
OF_ADDRESS: Final = 100


class Attempts:
    def __init__(self, database: Engine, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, email: str, address: str) -> None:
        """Count an attempt before its password is looked at, so that many at once gain nothing.

        Known and unknown accounts are counted alike. Raises TooManyRequests.
        """
        with self._database.begin() as connection:
            now = self._clock()
            connection.execute(delete(attempts).where(attempts.c.until <= kept(now)))
            until = None
            for name, most in _names(email, address):
                until = self._count(connection, name, most, now)
                if until is not None:
                    # Not counted further: who is refused here does not use up others' attempts.
                    break
        if until is not None:
            minutes = max(1, math.ceil((until - now) / timedelta(minutes=1)))
            raise TooManyRequests(
                f"Too many attempts to sign in; try again in {minutes} minutes.",
                headers={"Retry-After": str(minutes * 60)},
            )

    def succeeded(self, email: str, address: str) -> None:
        """Forget what was counted for this account from this address."""
        name, _ = _names(email, address)[0]
        with self._database.begin() as connection:
            connection.execute(delete(attempts).where(attempts.c.name == name))

    def _count(
        self, connection: Connection, name: bytes, most: int, now: datetime
    ) -> datetime | None:
        """Count one; when these were too many, until when."""
        make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = make(attempts).values(name=name, count=1, until=kept(now + WINDOW))
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[attempts.c.name], set_={"count": attempts.c.count + 1}
            )
        )
        count, until = connection.execute(
            select(attempts.c["count"], attempts.c.until).where(attempts.c.name == name)
        ).one()
        return instant(until) if count > most else None


def _names(email: str, address: str) -> list[tuple[bytes, int]]:
    """The account last: only attempts that are looked at count against it."""
    return [
        (hashed(f"pair {email} {address}"), OF_PAIR),
        (hashed(f"address {address}"), OF_ADDRESS),
        (hashed(f"account {email}"), OF_ACCOUNT),
    ]
