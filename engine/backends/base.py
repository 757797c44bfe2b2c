"""Where scans run that are too large for this machine."""

from datetime import datetime
from typing import Protocol

from engine.execute import Partials
from engine.plan import Load, Plan
from engine.scope import Scope
from engine.stores.base import Snapshot


class Backend(Protocol):
    def load(self, snapshot: Snapshot, start: datetime, end: datetime) -> Load:
        """What a scan of a window would read, beside how much of it is done here."""

    def scan(self, plan: Plan, scope: Scope, snapshot: Snapshot) -> Partials:
        """What `engine.execute.scan` gives for the same plan, or as much of it as the limit needs.

        Raises Unavailable when that cannot be had in time.
        """

    def warm(self) -> None:
        """Get ready for the first scan. Never raises."""
