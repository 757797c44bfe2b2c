"""What goes on behind the answers: the inbox is emptied into the lake, the lake kept tidy."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from engine.ingest.inbox import Inbox
from engine.stores.lake import LakeStore

PAUSE: Final = 0.5
TIDY_EVERY: Final = 60.0
LOG: Final = logging.getLogger("vitrine.keeper")


class Keeper:
    """One thread moves what waits twice a second, another compacts and vacuums once a minute.

    A failure is logged and tried again; what waits stays safe in the inbox. Of each workspace a
    part moves in its turn, so a long queue of one does not hold up the others. Processes that share
    a database may each have a keeper.
    """

    def __init__(
        self, inbox: Inbox, lake: LakeStore, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._inbox = inbox
        self._lake = lake
        self._timer = timer
        self._tidied = timer()
        self._stopped = Event()
        self._threads: list[Thread] = []

    def start(self) -> None:
        self._stopped.clear()
        self._threads = [
            Thread(target=self._repeat, args=[self._try, self.move], name="keeper", daemon=True),
            Thread(target=self._repeat, args=[self._try, self.tidy], name="tidier", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Return when the work that is under way is over; what still waits, waits."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def move(self) -> None:
        """Move some of what waits in each workspace."""
        for workspace in self._inbox.waiting():
            if not self._stopped.is_set():
                self._try(self._inbox.move_some, workspace)

    def tidy(self) -> None:
        """Tidy every table, if that is due."""
        if self._timer() - self._tidied < TIDY_EVERY:
            return
        for table in self._lake.tables():
            if not self._stopped.is_set():
                self._try(self._lake.tidy, *table)
        self._tidied = self._timer()

    def _try(self, work: Callable[..., object], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception:
            LOG.exception("%s %s failed; it will be tried again", work.__name__, arguments)

    def _repeat(self, work: Callable[..., object], *arguments: object) -> None:
        while not self._stopped.wait(PAUSE):
            work(*arguments)
