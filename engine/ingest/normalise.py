"""Raw rows become events, or a row number and a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from engine.contract import IDS, MEASURES
from engine.ingest.measures import measure, measures
from engine.ingest.metadata import read_metadata, text_of
from engine.ingest.times import read_times
from engine.scope import UUID
from engine.stores.base import EVENTS

FIELDS: Final = (*EVENTS.names(), "brand_id")
UUIDS: Final = ("catalog_id", "brand_id")
REJECTED: Final = pl.Schema({"row": pl.UInt32, "field": pl.String, "message": pl.String})
NOT_METADATA: Final = frozenset({*FIELDS, "workspace_id", "row", "fault"})


@dataclass(frozen=True)
class Normal:
    """events: EVENTS, `brand_id`, `row`, and `arrived`: the event had no time of its own.

    rejected: REJECTED; a row may have several. rounded: how many measures had more than
    6 fractional digits.
    """

    events: pl.DataFrame
    rejected: pl.DataFrame
    rounded: int


def normalise(raw: pl.DataFrame, arrival: datetime, source: str, brand: str | None) -> Normal:
    """Read a frame of raw rows with a column `row`.

    source: names events without an event_id, together with their row, so that the same file gives
    the same ids again. brand: the brand of all rows; without it each row has its own.
    """
    absent = [name for name in (*FIELDS, "fault") if name not in raw.columns]
    raw = raw.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    if brand is not None:
        raw = raw.with_columns(brand_id=pl.lit(brand))
    times, arrived = read_times(raw["created_at"], arrival)
    measured = measures({name: raw[name] for name in MEASURES})
    extra = [raw[name] for name in raw.columns if name not in NOT_METADATA]
    metadata, bad_metadata = read_metadata(raw["metadata"], extra)
    texts = _texts(raw, ("event_id", "event_type", *IDS, *UUIDS))
    frame = pl.DataFrame(
        [
            raw["row"],
            *texts.with_columns(pl.col(UUIDS).str.to_lowercase()),
            times.alias("created_at"),
            arrived.alias("arrived"),
            *(measured[name].exact.alias(name) for name in MEASURES),
            metadata.alias("metadata"),
        ]
    )
    rejected = _rejected(
        raw,
        fault=raw["fault"].is_not_null(),
        event_type=frame["event_type"].is_null() & raw["fault"].is_null(),
        created_at=frame["created_at"].is_null(),
        brand_id=_malformed(frame["brand_id"]),
        catalog_id=_malformed(frame["catalog_id"]),
        metadata=bad_metadata,
        **{name: measured[name].too_large for name in MEASURES},
    )
    if rejected.height:
        frame = frame.join(rejected, on="row", how="anti", maintain_order="left")
    events = frame.with_columns(
        event_type=pl.col("event_type").str.replace_all("-", "_", literal=True)
    )
    if events["event_id"].null_count():
        named = pl.coalesce("event_id", pl.format("{}-{}", pl.lit(source), "row"))
        events = events.with_columns(event_id=named)
    events, beyond = _with_numbers_of_metadata(events)
    if beyond.height:
        rejected = pl.concat([rejected, beyond]).sort("row", maintain_order=True)
        events = events.join(beyond, on="row", how="anti", maintain_order="left")
    return Normal(
        events=events.select(*EVENTS, "brand_id", "row", "arrived"),
        rejected=rejected,
        rounded=sum(m.rounded for m in measured.values()),
    )


def _texts(raw: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """`text_of` each; those that are texts go together, which is faster when they are short."""
    plain = [name for name in names if raw[name].dtype == pl.String]
    read = raw.select(pl.when(pl.col(name) != "").then(name).alias(name) for name in plain)
    others = [text_of(raw[name]) for name in names if name not in plain]
    return pl.DataFrame([*read, *others]).select(names)


def _malformed(uuids: pl.Series) -> pl.Series:
    if uuids.unique().str.contains(f"^{UUID}$").all():  # there are few, in many rows
        return pl.repeat(False, len(uuids), dtype=pl.Boolean, eager=True)
    return ~uuids.str.contains(f"^{UUID}$").fill_null(True)


REASONS: Final = {
    "fault": ("line", "{}"),
    "event_type": ("event_type", "is required{}; name what happened, as in agent_purchase"),
    "created_at": ("created_at", "{} is not a time; send ISO 8601, as in 2026-11-23T05:31:56Z"),
    "brand_id": ("brand_id", "{} is not a UUID"),
    "catalog_id": ("catalog_id", "{} is not a UUID"),
    "metadata": ("metadata", "{} is not a JSON object"),
}
TOO_LARGE: Final = "{} is 10^12 or more; a measure must be smaller"


def _rejected(raw: pl.DataFrame, **faults: pl.Series) -> pl.DataFrame:
    parts = [REJECTED.to_frame()]
    for name, mask in faults.items():
        if not mask.any():
            continue
        field, reason = REASONS.get(name, (name, TOO_LARGE))
        rows = raw.filter(mask)
        texts = [str(value)[:200] if value is not None else "" for value in rows[name]]
        messages = [reason.format(text) for text in texts]
        parts.append(
            rows.select(pl.col("row").cast(pl.UInt32), field=pl.lit(field)).with_columns(
                pl.Series("message", messages, dtype=pl.String)
            )
        )
    return pl.concat(parts).sort("row", maintain_order=True)


def _with_numbers_of_metadata(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A number lives in the column of its name, else in the metadata key of that name.

    The second frame says which rows to reject, because that number is too large.
    """
    keys = set(events.select(pl.col("metadata").map.keys().explode().unique()).to_series())
    beyond = []
    for name in (name for name in MEASURES if name in keys):
        texts = events.select(pl.col("metadata").map.get(name)).to_series()
        measured = measure(texts)
        large = events.select("row", pl.lit(texts).alias(name)).filter(
            measured.too_large & events[name].is_null()
        )
        beyond.append(_rejected(large, **{name: large[name].is_not_null()}))
        events = events.with_columns(pl.coalesce(name, measured.exact))
    return events, pl.concat([_rejected(events.clear()), *beyond])
