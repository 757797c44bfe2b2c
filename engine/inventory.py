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
    catalogs: dict[str, int]


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
    catalogs = events.drop_nulls("catalog_id").group_by("catalog_id").agg(pl.len())
    by_type, by_key, by_catalog = pl.collect_all([types, keys, catalogs], engine="streaming")
    events_total, first, last = by_type.select(
        pl.col("len").sum(), pl.col("first").min(), pl.col("last").max()
    ).row(0)
    return Inventory(
        events=events_total,
        first=first,
        last=last,
        event_types=_ranked(by_type, "event_type"),
        metadata_keys=_ranked(by_key, "key"),
        catalogs=_ranked(by_catalog, "catalog_id"),
    )


def _ranked(counts: pl.DataFrame, name: str) -> dict[str, int]:
    ordered = counts.sort("len", name, descending=[True, False])
    return dict(ordered.select(name, "len").iter_rows())
