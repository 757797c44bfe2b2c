"""The made-up shop of the first start, put into the lake and kept up to date."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

import polars as pl

from engine.demo.shop import months
from engine.demo.words import BRANDS, WORKSPACE
from engine.stores.lake import STATISTICS_STEP, LakeStore

DAYS: Final = 400
STALE: Final = timedelta(days=1)


class Demo:
    """Builds the shop's `events` events when those of a day ago and before are not all there.

    progress goes from 0 to 1; error says why building failed. events = 0 means no shop.
    furnish: makes what a shop begins with beside its events, unless it did so before.
    """

    def __init__(
        self,
        lake: LakeStore,
        events: int,
        clock: Callable[[], datetime],
        furnish: Callable[[], None] = lambda: None,
    ) -> None:
        self._lake = lake
        self._events = events
        self._clock = clock
        self._furnish = furnish
        self._lock = Lock()
        self.progress = 1.0 if self.is_fresh() else 0.0
        self.error: str | None = None

    @property
    def ready(self) -> bool:
        return self.progress >= 1.0 or self.error is not None

    def is_fresh(self) -> bool:
        """A shop of few events has none for days: what counts is whether one is missing."""
        return self._events == 0 or not any(self._lacks(brand) for brand in BRANDS)

    def _lacks(self, brand: str) -> bool:
        last = self._end(brand)
        since = None if last is None else last + STATISTICS_STEP
        missing = months(brand, self._clock() - STALE, self._events, DAYS, since)
        return next(missing, None) is not None

    def build(self, report: Callable[[float], None] = lambda _: None) -> None:
        """Make the shop, if that is needed. Each brand appears whole, in one commit."""
        try:
            with self._lock, self._lake.writing(WORKSPACE):
                if not self.is_fresh():
                    self._build(report)
                self.furnish()
                self.progress = 1.0
                report(1.0)
        except Exception as error:
            self.error = str(error)
            raise

    def furnish(self) -> None:
        """A shop that is there from an earlier start may still lack it."""
        if self._events:
            self._furnish()

    def _build(self, report: Callable[[float], None]) -> None:
        end = self._clock()
        steps = len(BRANDS) * (DAYS / 30.4 + 1)
        for brand in BRANDS:
            frames = (
                self._counted(frame, steps, report)
                for frame in months(brand, end, self._events, DAYS)
            )
            self._lake.write(WORKSPACE, brand, frames, mode="overwrite")
            self._lake.tidy(WORKSPACE, brand)

    def _counted(
        self, frame: pl.DataFrame, steps: float, report: Callable[[float], None]
    ) -> pl.DataFrame:
        self.progress = min(0.99, self.progress + 1 / steps)
        report(self.progress)
        return frame

    def _end(self, brand: str) -> datetime | None:
        files = self._lake.open(WORKSPACE, brand).files
        return max((file.last for file in files), default=None)
