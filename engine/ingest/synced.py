"""What became of the rows that a run of a source read."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import polars as pl

KEPT: Final = 1000
REJECTED: Final = pl.Schema(dict.fromkeys(("event_id", "field", "message"), pl.String()))


@dataclass(frozen=True)
class Synced:
    """What became of a run's rows: read = stored + duplicates + rejected.

    duplicates: rows the lake held, those of the overlap among them. rejected_anew: those of the
    rejected rows that no run had read before. reasons: event_id, field and message of the first
    rejected rows. lag: the age of the newest row. complete: nothing was left.
    """

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    rejected_anew: int = 0
    rounded: int = 0
    without_brand: int = 0
    reasons: pl.DataFrame = field(default_factory=REJECTED.to_frame)
    lag: timedelta | None = None
    complete: bool = True

    def __add__(self, other: "Synced") -> "Synced":
        return Synced(
            self.read + other.read,
            self.stored + other.stored,
            self.duplicates + other.duplicates,
            self.rejected + other.rejected,
            self.rejected_anew + other.rejected_anew,
            self.rounded + other.rounded,
            self.without_brand + other.without_brand,
            pl.concat([self.reasons, other.reasons]).head(KEPT),
            other.lag,
            other.complete,
        )

    @property
    def reason(self) -> str | None:
        """Why the first rejected row was."""
        rows = self.reasons.head(1).iter_rows()
        return next((": ".join(filter(None, row)) for row in rows), None)
