"""What a brand's events contain: what the pickers offer."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from engine.stores.base import Snapshot


@dataclass(frozen=True)
class Inventory:
    """Names with the number of events that carry them, most frequent first."""

    events: int
    first: datetime | None
    last: datetime | None
    event_types: dict[str, int]
    metadata_keys: dict[str, int]


def take_inventory(snapshot: Snapshot, catalog_id: str | None = None) -> Inventory:
    """Count types and metadata keys over all of a brand's events, of one catalog if given."""
    events = snapshot.all_events()
    if catalog_id is not None:
        events = events.filter(pl.col("catalog_id") == catalog_id)
    types = events.group_by("event_type").agg(
        pl.len(), first=pl.col("created_at").min(), last=pl.col("created_at").max()
    )
    keys = (
        events.select(key=pl.col("metadata").map.keys())
        .explode("key", empty_as_null=False)
        .drop_nulls()
        .group_by("key")
        .agg(pl.len())
    )
    type_counts, key_counts = (frame for frame in pl.collect_all([types, keys], engine="streaming"))
    return Inventory(
        events=type_counts["len"].sum(),
        first=type_counts["first"].min(),
        last=type_counts["last"].max(),
        event_types=_ranked(type_counts, "event_type"),
        metadata_keys=_ranked(key_counts, "key"),
    )


def _ranked(counts: pl.DataFrame, name: str) -> dict[str, int]:
    ordered = counts.sort("len", name, descending=[True, False])
    return dict(ordered.select(name, "len").iter_rows())
