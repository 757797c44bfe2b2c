"""Where scans run that are too large for this machine."""

from datetime import datetime
from typing import Protocol

import polars as pl

from engine.execute import Partials
from engine.plan import Plan
from engine.scope import Scope
from engine.stores.base import Snapshot


class Backend(Protocol):
    """What it cannot do in time raises Unavailable."""

    @property
    def most(self) -> int:
        """Scans of more events than this are done there."""

    def scan(self, plan: Plan, scope: Scope, snapshot: Snapshot) -> Partials:
        """What `engine.execute.scan` gives for the plan, or as much of it as the limit needs."""

    def share(self, scope: Scope) -> float | None:
        """How much is done of what runs for a brand and catalog, 0 to 1; None when nothing does."""

    def events(
        self, scope: Scope, snapshot: Snapshot, start: datetime, end: datetime
    ) -> pl.DataFrame:
        """What rollups are made of: of EVENTS, the columns that can be rolled up, by time."""

    def warm(self) -> None:
        """Get ready for the first scan. Never raises."""
