"""Events with integers in the place of texts: what rollups are built from, and what is read where
a window cuts a day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import polars as pl

from engine.contract import KEY, MEASURES, METADATA
from engine.rollups.dictionary import CODE, Dictionary, categorical
from engine.stores.columns import column

TYPE: Final = "event_type"
PRODUCT: Final = "product_id"
DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
LAST_BIT: Final = 63
"""The first 63 types have a bit of their own in a mask; all later ones share the last."""
BITS: Final = pl.Series([1 << bit for bit in range(64)], dtype=pl.UInt64)

CODED: Final = pl.Schema(
    {
        "day": pl.Int32(),
        "at": pl.Int64(),
        "type": pl.Int32(),
        "session": pl.UInt64(),
        **dict.fromkeys(MEASURES, pl.Decimal(18, 6)),
        PRODUCT: CODE(),
    }
)
"""day: since 1970. at: microseconds since 1970. session: a hash, null without a session. Then a
column of codes for each metadata key."""


@dataclass
class Dictionaries:
    """The dictionary of each dimension that has texts, by the request's name of it."""

    by_name: dict[str, Dictionary] = field(
        default_factory=lambda: {TYPE: Dictionary(), PRODUCT: Dictionary()}
    )

    def __getitem__(self, name: str) -> Dictionary:
        """The dictionary of this name; an empty one is not kept: anything can be asked for."""
        known = self.by_name.get(name)
        return Dictionary() if known is None else known

    def encode(self, name: str, texts: pl.Series) -> pl.Series:
        """The code of each text of a dimension, as `categorical`."""
        return self.by_name.setdefault(name, Dictionary()).encode(texts)

    @property
    def metadata(self) -> list[str]:
        return [name for name in self.by_name if name.startswith(METADATA)]

    def to_frame(self) -> pl.DataFrame:
        """name, text; the texts of a name in the order of their codes."""
        parts = [
            pl.select(name=pl.repeat(name, len(known), dtype=pl.String), text=known.texts)
            for name, known in self.by_name.items()
        ]
        return pl.concat(parts)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Self:
        parts = frame.partition_by("name", maintain_order=True, as_dict=True)
        return cls({str(name): Dictionary(part["text"]) for (name,), part in parts.items()})


def hashed(sessions: pl.Series) -> pl.Series:
    """64 bits of each session id, null for null; the builder looks for ids that share them."""
    return pl.select(pl.when(sessions.is_not_null()).then(sessions.hash())).to_series()


def bit_of(codes: pl.Series) -> pl.Series:
    """The bit of each type's code in a mask."""
    return BITS.gather((codes.cast(pl.Int64) - 1).clip(0, LAST_BIT))


def mask_of(codes: Iterable[int]) -> int:
    """The mask of a session that did all these types."""
    return sum({1 << min(code - 1, LAST_BIT) for code in codes})


def metadata_names(events: pl.DataFrame) -> list[str]:
    """`metadata.<key>` of each key that a request can name, sorted."""
    found = events.lazy().select(pl.col("metadata").map.keys().explode().unique())
    keys = found.collect(engine="streaming").to_series()
    named = keys.filter(keys.str.contains(f"^{KEY}$")).sort()
    return [METADATA + key for key in named]


def encode(events: pl.DataFrame, names: Iterable[str], known: Dictionaries) -> pl.DataFrame:
    """Events (EVENTS) as CODED, in order of time, `session_id` beside; names: metadata keys."""
    at = events["created_at"].to_physical()
    texts = (TYPE, PRODUCT, *names)
    plain = events.select(column("session_id"), *(categorical(column(name)) for name in texts))
    coded = pl.DataFrame(
        {
            "day": (at // DAY_US).cast(CODED["day"]),
            "at": at,
            "type": known.encode(TYPE, plain[TYPE]),
            "session": hashed(plain["session_id"]),
            **{name: events[name] for name in MEASURES},
            PRODUCT: known.encode(PRODUCT, plain[PRODUCT]),
            **{name: known.encode(name, plain[name]) for name in names},
            "session_id": plain["session_id"],
        }
    )
    return coded if at.is_sorted() else coded.sort("at")


def with_columns_of(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """The frame with code 0, the missing key, for each metadata key that its events never had."""
    absent = [name for name in names if name not in frame.columns]
    return frame.with_columns(pl.lit(0, CODE).alias(name) for name in absent) if absent else frame
