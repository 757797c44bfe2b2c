"""Which column of an upload is which field of an event: the guess, to be corrected."""

import json
from datetime import UTC, datetime
from typing import Final

import polars as pl
import streamlit as st

from engine.contract import MEASURES
from engine.ingest.mapping import Mapping, guess, preview
from engine.ingest.normalise import Normal
from engine.ingest.times import DATES, Dates, are_year_last, order_of
from pages.ui import text

NONE: Final = "—"
SHOWN: Final = 5
GROUPS: Final = {
    "What happened, and when": ("event_type", "created_at", "event_id"),
    "Who, and with what": (
        "session_id",
        "customer_id",
        "product_id",
        "agent_id",
        "catalog_id",
        "brand_id",
    ),
    "Numbers": MEASURES,
    "Everything else": ("metadata",),
}
WRITTEN: Final = {"month-first": "month/day/year", "day-first": "day/month/year"}
HELP: Final = {
    "event_type": "Required. The same for all rows is fine too.",
    "created_at": "ISO 8601, dates that end with their year, or seconds, milliseconds or"
    " microseconds since 1970.",
    "event_id": "Without one, each row is known by the file and its place in it.",
    "session_id": "Distinct counts are counts of sessions.",
    "brand_id": "UUIDs. Used when the brand comes from the column brand_id.",
    "catalog_id": "UUIDs.",
    "metadata": "A JSON object in each row. Its keys, and all columns that are no field, can be"
    " grouped by.",
}


def mapping_controls(sample: pl.DataFrame, upload: int) -> Mapping:
    """A select for each field of an event, set to the guess."""
    guessed = guess(sample)
    offered = _labels(Mapping().metadata(sample.columns))
    fields: dict[str, str] = {}
    dates: Dates | None = None
    for group, names in GROUPS.items():
        st.markdown(f"**{group}**")
        with st.grid(4, min_column_width=130, gap="small"):
            for name in names:
                chosen = _select(name, offered, guessed.fields.get(name), upload)
                if chosen is not None:
                    fields[name] = chosen
                if name == "created_at" and chosen is not None and are_year_last(sample[chosen]):
                    dates = _dates(order_of(sample[chosen]), upload)
            if group == next(iter(GROUPS)) and "event_type" not in fields:
                constant = st.text_input(
                    "event_type of all rows",
                    placeholder="agent_purchase",
                    key=f"constant_{upload}",
                    help="a-z, then 1 to 62 of a-z, 0-9 and _",
                )
    event_type = None if "event_type" in fields else constant.strip() or None
    return Mapping(fields, event_type, dates)


def _dates(known: Dates | None, upload: int) -> Dates | None:
    """Where the first rows do not say which it is, nobody but the user can."""
    return st.selectbox(
        "Its dates are",
        DATES,
        index=None if known is None else DATES.index(known),
        format_func=WRITTEN.__getitem__,
        placeholder="Choose",
        key=f"dates_{upload}",
        help="3/4/2026 is March 4 for some and 3 April for others. Times are UTC.",
    )


def _labels(columns: list[str]) -> dict[str, str]:
    """Label -> column; labels are one line, and no two are the same."""
    found: dict[str, str] = {}
    for column in columns:
        label, same = text.plain(column.strip()), 1
        while label in found or label == NONE:
            same += 1
            label = f"{text.plain(column.strip())} ({same})"
        found[label] = column
    return found


def _select(name: str, offered: dict[str, str], guessed: str | None, upload: int) -> str | None:
    labels = [NONE, *offered]
    columns = [None, *offered.values()]
    chosen = st.selectbox(
        name,
        labels,
        index=columns.index(guessed),
        key=f"map_{upload}_{name}",
        help=HELP.get(name),
    )
    return offered.get(chosen)


def show_preview(sample: pl.DataFrame, mapping: Mapping, brand: str | None) -> None:
    """The first rows as they will be stored, and what of the sample will not be."""
    seen = preview(sample, mapping, datetime.now(UTC), brand)
    st.markdown("**The first rows, as they will be stored**")
    if seen.events.is_empty():
        st.warning("None of the first rows can be stored; see why below.")
    else:
        events = seen.events if "event_id" in mapping.fields else seen.events.drop("event_id")
        st.dataframe(_cells(events.head(SHOWN)), hide_index=True, key="preview")
    _say_rejected(sample, seen)
    if "created_at" not in mapping.fields:
        st.warning(
            "No column is created\\_at: every event gets the time of the import.",
            icon=":material/schedule:",
        )
    keys = [text.plain(name.strip(), 40) for name in mapping.metadata(sample.columns)]
    if keys:
        more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
        said = ", ".join(keys[:20]) + more
        st.caption(text.for_markdown(f"Stays metadata, to group by: {said}"))


def _say_rejected(sample: pl.DataFrame, seen: Normal) -> None:
    rejected = seen.rejected["row"].n_unique()
    if rejected:
        _, field, message = seen.rejected.row(0)
        st.warning(
            text.for_markdown(
                f"{rejected:,} of the first {sample.height:,} rows would be rejected. The first:"
                f" {field}: {message}"
            ),
            icon=":material/block:",
        )


def _cells(events: pl.DataFrame) -> pl.DataFrame:
    """Only columns that hold something; metadata as JSON."""
    objects = [
        json.dumps(dict(value), ensure_ascii=False) if value else None
        for value in events["metadata"].to_list()
    ]
    shown = events.drop("row", "arrived").with_columns(
        pl.Series("metadata", objects, dtype=pl.String),
        pl.col("created_at").dt.strftime("%Y-%m-%d %H:%M:%S%.f"),
        pl.col(pl.Decimal).cast(pl.Float64),
    )
    first = [name for name in ("created_at", "event_type") if name in shown.columns]
    held = [name for name in shown.columns if shown[name].null_count() < shown.height]
    return shown.select(*first, *(name for name in held if name not in first))
