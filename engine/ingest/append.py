"""Normal events go into the lake, each once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from engine.stores.base import EVENTS
from engine.stores.lake import LakeStore

DAY: Final = pl.col("created_at").dt.date().alias("day")
ARRIVAL_MEMORY: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Appended:
    stored: int
    duplicates: int
    without_brand: int


def append(lake: LakeStore, workspace: str, events: pl.DataFrame, arrival: datetime) -> Appended:
    """Store what the workspace does not have yet; one commit for each brand.

    events: EVENTS, `brand_id` and `arrived`. The same event_id within a UTC day is the same event:
    the first stays. One that came without a time is compared with the last 24 hours.
    """
    with lake.writing(workspace):
        fresh = _fresh(lake, workspace, events, arrival)
        for (brand,), part in fresh.group_by("brand_id"):
            ordered = part.select(EVENTS.names()).sort("created_at", maintain_order=True)
            lake.write(workspace, None if brand is None else str(brand), [ordered])
    return Appended(
        stored=fresh.height,
        duplicates=events.height - fresh.height,
        without_brand=fresh["brand_id"].null_count(),
    )


def _fresh(
    lake: LakeStore, workspace: str, events: pl.DataFrame, arrival: datetime
) -> pl.DataFrame:
    first = events.with_columns(DAY).unique(["event_id", "day"], keep="first", maintain_order=True)
    stored = _stored(lake, workspace, first, arrival - ARRIVAL_MEMORY)
    timed = first.filter(~pl.col("arrived")).join(
        stored, on=["event_id", "day"], how="anti", maintain_order="left"
    )
    known = pl.concat([stored, timed.select(stored.columns)])
    recent = known.filter(pl.col("created_at") >= arrival - ARRIVAL_MEMORY)
    arrived = first.filter("arrived").join(recent, on="event_id", how="anti", maintain_order="left")
    return pl.concat([timed, arrived])


def _stored(
    lake: LakeStore, workspace: str, events: pl.DataFrame, recent: datetime
) -> pl.DataFrame:
    """event_id, created_at and day of the workspace's events on the days that matter."""
    days = [day for day in (events["day"].min(), events["day"].max()) if day is not None]
    low = pl.min_horizontal(pl.lit(min(days, default=None)), pl.lit(recent).dt.date())
    scans = [
        lake.open(of, brand)
        .all_events()
        .select("event_id", "created_at", DAY)
        .filter(pl.col("day") >= low)
        for of, brand in lake.tables()
        if of == workspace
    ]
    empty = EVENTS.to_frame().select("event_id", "created_at", DAY).lazy()
    return pl.concat([empty, *scans]).collect(engine="streaming")
