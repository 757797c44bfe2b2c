"""Normal events go into the lake, each once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from engine.ingest.stored import DAY, StoredIds
from engine.stores.base import EVENTS
from engine.stores.lake import LakeStore

ARRIVAL_MEMORY: Final = timedelta(hours=24)
STORED: Final = ("event_id", "created_at", "day")


@dataclass(frozen=True)
class Appended:
    stored: int
    duplicates: int
    without_brand: int


def append(
    lake: LakeStore,
    workspace: str,
    events: pl.DataFrame,
    arrival: datetime,
    known: StoredIds | None = None,
) -> Appended:
    """Store what the workspace does not have yet; one commit for each brand.

    events: EVENTS, `brand_id` and `arrived`. The same event_id within a UTC day is the same event:
    the first stays. One that came without a time is compared with the last 24 hours.
    """
    with lake.writing(workspace):
        fresh = without_stored(lake, workspace, without_repeats(events), arrival, known)
        for (brand,), part in fresh.group_by("brand_id"):
            ordered = part.select(EVENTS.names()).sort("created_at", maintain_order=True)
            lake.write(workspace, None if brand is None else str(brand), [ordered])
    return Appended(
        stored=fresh.height,
        duplicates=events.height - fresh.height,
        without_brand=fresh["brand_id"].null_count(),
    )


def without_repeats(events: pl.DataFrame) -> pl.DataFrame:
    """The first of each event_id and day, with the column `day`; those with a time come first."""
    days = events.with_columns(DAY)
    if events["event_id"].hash().n_unique() == events.height:
        return days  # of different hashes are different ids
    return days.unique(["event_id", "day"], keep="first", maintain_order=True)


def without_stored(
    lake: LakeStore,
    workspace: str,
    first: pl.DataFrame,
    arrival: datetime,
    known: StoredIds | None = None,
) -> pl.DataFrame:
    """The rows of `first` whose event the lake does not hold."""
    known = StoredIds() if known is None else known
    stored = _stored(lake, workspace, first, arrival - ARRIVAL_MEMORY, known)
    if stored.is_empty() and not first["arrived"].any():
        return first
    timed = first.filter(~pl.col("arrived")).join(
        stored, on=["event_id", "day"], how="anti", maintain_order="left"
    )
    all_known = pl.concat([stored, timed.select(STORED)])
    recent = all_known.filter(pl.col("created_at") >= arrival - ARRIVAL_MEMORY)
    arrived = first.filter("arrived").join(recent, on="event_id", how="anti", maintain_order="left")
    return pl.concat([timed, arrived])


def _stored(
    lake: LakeStore, workspace: str, events: pl.DataFrame, recent: datetime, known: StoredIds
) -> pl.DataFrame:
    """The lake's events with an id of `events` on the days that matter."""
    snapshots = [lake.open(workspace, brand) for _, brand in lake.tables(workspace)]
    if not any(snapshot.files for snapshot in snapshots):
        return events.clear().select(STORED)
    wanted = {
        day: part["event_id"] for (day,), part in events.filter(~pl.col("arrived")).group_by("day")
    }
    arrived = events.filter("arrived")["event_id"]
    if len(arrived):
        for day in (recent.date(), recent.date() + timedelta(days=1)):
            wanted[day] = pl.concat([wanted[day], arrived]) if day in wanted else arrived
    return known.find(snapshots, wanted)
