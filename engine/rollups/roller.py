"""Rollups follow the lake: one thread builds what has changed, brand after brand."""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from typing import Final

from sqlalchemy import Engine

from engine.database.connect import exclusive
from engine.rollups.build import Builder

PAUSE: Final = 10.0
LOG: Final = logging.getLogger("vitrine.rollups")


class Roller:
    """Builds every ten seconds, for all brands that have changed. A failure is logged and tried
    again; requests are answered by scans meanwhile. Processes that share a database may each have
    one: a lease lets one build a brand at a time.
    """

    def __init__(self, builder: Builder, database: Engine, clock: Callable[[], datetime]) -> None:
        self._builder = builder
        self._database = database
        self._clock = clock
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="roller", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """A build that is under way ends with the process; what it wrote is written anew."""
        self._stopped.set()

    def round(self) -> None:
        """Build once what is due."""
        for workspace, brand in self._builder.lake.tables():
            if brand is None or self._stopped.is_set():
                continue
            try:
                with exclusive(self._database, f"rollups.{workspace}.{brand}"):
                    self._builder.build(workspace, brand, self._clock().date())
            except Exception:
                LOG.exception("rollups of %s %s failed; will be tried again", workspace, brand)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.round()
            self._stopped.wait(PAUSE)
