"""What a brand's events contain: what the pickers offer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from engine.stores.base import Snapshot

SAMPLES: Final = 3


@dataclass(frozen=True)
class Inventory:
    """Names with the number of events that carry them, most frequent first."""

    events: int
    first: datetime | None
    last: datetime | None
    event_types: dict[str, int]
    metadata_keys: dict[str, int]
    catalogs: dict[str, int]


@dataclass(frozen=True)
class Key:
    """A metadata key. values: how many different ones; samples: the most frequent, then by name."""

    events: int
    values: int
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Details:
    """What takes longer to know than an Inventory; keys with the most events come first."""

    sessions: int
    keys: dict[str, Key]


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


def take_details(snapshot: Snapshot, catalog_id: str | None = None) -> Details:
    """Count sessions and the values of each metadata key over all of a brand's events."""
    events = snapshot.all_events()
    if catalog_id is not None:
        events = events.filter(pl.col("catalog_id") == catalog_id)
    sessions = events.select(pl.col("session_id").replace("", None).drop_nulls().n_unique())
    values = (
        events.select(entry=pl.col("metadata").map.entries())
        .explode("entry", empty_as_null=False)
        .unnest("entry")
        .drop_nulls()
        .group_by("key", "value")
        .agg(pl.len())
    )
    ordered = values.sort("len", "value", descending=[True, False])
    keys = ordered.group_by("key", maintain_order=True).agg(
        pl.col("len").sum(), values=pl.len(), samples=pl.col("value").head(SAMPLES)
    )
    counted, by_key = pl.collect_all([sessions, keys], engine="streaming")
    rows = by_key.sort("len", "key", descending=[True, False]).iter_rows()
    return Details(
        sessions=counted.item(),
        keys={key: Key(events, n, tuple(samples)) for key, events, n, samples in rows},
    )


def _ranked(counts: pl.DataFrame, name: str) -> dict[str, int]:
    ordered = counts.sort("len", name, descending=[True, False])
    return dict(ordered.select(name, "len").iter_rows())
