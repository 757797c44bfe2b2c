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
    """One thread: moves what waits twice a second, compacts and vacuums once a minute.

    A failure is logged and tried again; what waits stays safe in the inbox. Processes that share
    a database may each have one.
    """

    def __init__(
        self, inbox: Inbox, lake: LakeStore, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._inbox = inbox
        self._lake = lake
        self._timer = timer
        self._tidied = timer()
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return when the round that is under way is over; what still waits, waits."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def round(self) -> None:
        """Do once what is due."""
        self._try(self._move)
        if self._timer() - self._tidied >= TIDY_EVERY:
            self._tidied = self._timer()
            for table in self._lake.tables():
                self._try(self._lake.tidy, *table)

    def _move(self) -> None:
        for workspace in self._inbox.waiting():
            self._try(self._inbox.move, workspace)

    def _try(self, work: Callable[..., object], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception:
            LOG.exception("%s %s failed; it will be tried again", work.__name__, arguments)

    def _run(self) -> None:
        while not self._stopped.wait(PAUSE):
            self.round()
