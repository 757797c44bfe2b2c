"""Demo mode: whoever reaches the loopback address is signed in, until there is an account."""

import logging
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

ASKED: Final = 1.0
"""Seconds between two looks for the first account."""

logger = logging.getLogger(__name__)


class DemoMode:
    """wanted: what VITRINE_DEMO says; None leaves it to whether there are accounts.

    Once it is off it stays off: nobody gets in by an account's end.
    """

    def __init__(
        self,
        wanted: bool | None,
        has_accounts: Callable[[], bool],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wanted = wanted
        self._has_accounts = has_accounts
        self._timer = timer
        self._ended = wanted is None and has_accounts()
        self._asked_at = timer()

    def is_on(self) -> bool:
        if self._wanted is not None:
            return self._wanted
        now = self._timer()
        if not self._ended and now - self._asked_at >= ASKED:
            # First, so that others do not wait for a database that stands still.
            self._asked_at = now
            try:
                self._ended = self._has_accounts()
            except (DBAPIError, PoolTimeout):
                # What was known is believed until the database is back.
                logger.warning("it cannot be looked up whether there are accounts")
        return not self._ended
