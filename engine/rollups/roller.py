"""Rollups follow the lake: one thread builds what has changed, brand after brand."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from typing import Final

from sqlalchemy import Engine

from engine.database.connect import exclusive
from engine.rollups.build import Builder

PAUSE: Final = 10.0
SHARE: Final = 5
"""A round that took a second is followed by so many seconds without one."""
LOG: Final = logging.getLogger("vitrine.rollups")


class Roller:
    """Builds every ten seconds or less often, for all brands that have changed.

    A failure is logged and tried again; requests are answered by scans meanwhile. Processes that
    share a database may each have one: a lease lets one build a brand at a time.

    warm: is called for a workspace and brand whenever there are new rollups to be read, so that
    the first to ask does not wait for the disk. share: how much of the first round is done.
    """

    def __init__(
        self,
        builder: Builder,
        database: Engine,
        clock: Callable[[], datetime],
        warm: Callable[[str, str], object] = lambda _workspace, _brand: None,
    ) -> None:
        self.share = 0.0
        self._builder = builder
        self._database = database
        self._clock = clock
        self._warm = warm
        self._read: dict[tuple[str, str], int] = {}
        self._stopped = Event()

    def start(self) -> None:
        self._stopped.clear()
        Thread(target=self._run, name="roller", daemon=True).start()

    def stop(self) -> None:
        """A build that is under way ends with the process; what it wrote is written anew."""
        self._stopped.set()

    def round(self) -> None:
        """Build once what is due."""
        brands = [(workspace, brand) for workspace, brand in self._builder.lake.tables() if brand]
        for done, (workspace, brand) in enumerate(brands):
            self.share = max(self.share, done / len(brands))
            if self._stopped.is_set():
                return
            try:
                self._follow(workspace, brand)
            except Exception:
                LOG.exception("rollups of %s %s failed; will be tried again", workspace, brand)
        self.share = 1.0

    def _follow(self, workspace: str, brand: str) -> None:
        with exclusive(self._database, f"rollups.{workspace}.{brand}"):
            manifest = self._builder.build(workspace, brand, self._clock().date())
        if manifest is not None and self._read.get((workspace, brand)) != manifest.build:
            self._read[workspace, brand] = manifest.build
            self._warm(workspace, brand)

    def _run(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                self.round()
            except Exception:
                LOG.exception("the lake cannot be listed; will be tried again")
            # Late events that keep coming must not keep a processor busy.
            self._stopped.wait(max(PAUSE, SHARE * (time.monotonic() - began)))
