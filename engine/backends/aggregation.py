"""What engine.execute says in Polars, in Spark's words: the same partials from the same plan.

The two stand side by side and are held together by tests. Nothing here depends on how a cluster is
set up: instants are counted in microseconds, so that no time zone takes part; sums are decimals,
so that no order of addition does; and a sum becomes a double by way of its text, which every
engine reads alike, so that the rows within the limit can be chosen there, ties and all.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl
from pyspark.sql import Column, DataFrame
from pyspark.sql.connect import functions as F

from engine.backends.texts import with_decimal
from engine.contract import IDS, METADATA
from engine.execute import HOUR_US
from engine.plan import Plan
from engine.request import AggregateRequest

STATISTICS_STEP: Final = timedelta(milliseconds=1)
"""A table's statistics are cut to this; what skips files by them has to be as much wider."""
WIDE: Final = "decimal(38,6)"

TOTALS: Final = {
    False: {"events": F.sum("events"), "sessions": F.sum("sessions")},
    True: {"total": F.max("total"), "numbers": F.sum("numbers")},
}
"""The partials of a request, by whether it is numeric, and what is said of those of all groups."""

STEPS: Final = {"day": 24 * HOUR_US, "hour": HOUR_US}
"""Microseconds of a bucket."""
EPOCH: Final = datetime.fromtimestamp(0, UTC)
MICROSECOND: Final = timedelta(microseconds=1)

BUCKETS: Final[dict[str, Callable[[pl.Expr], pl.Expr]]] = {
    "day": lambda start: start.cast(pl.Datetime("us")).dt.date(),
    "hour": lambda start: start // HOUR_US,
}
"""The start of a bucket as the raw key that a scan here gives."""


def partials(events: DataFrame, plan: Plan) -> DataFrame:
    """`key` and the partials of each group: all of them for time, else those within the limit.

    Beside the latter there is one row more, the only one with `groups`: how many groups there
    are, and TOTALS of them.
    """
    request = plan.request
    chosen = selected(events, plan)
    grouped = numbers(chosen, request) if request.is_numeric else sessions(chosen, request)
    if request.is_time or request.group_by == "none":
        return grouped
    return first_and_all(grouped.withColumn("key", F.coalesce("key", F.lit(""))), request)


def selected(events: DataFrame, plan: Plan) -> DataFrame:
    """The events of the window, types and catalog."""
    chosen = within(plan.start, plan.end)
    if plan.catalog_id is not None:
        chosen &= F.col("catalog_id") == plan.catalog_id
    if plan.request.event_types is not None:
        chosen &= F.col("event_type").isin(list(plan.request.event_types))
    return events.filter(chosen)


def within(start: datetime, end: datetime) -> Column:
    """Whether an event is of a window."""
    created = F.col("created_at")
    return (
        (created >= F.lit(start - STATISTICS_STEP))
        & (F.unix_micros(created) >= (start - EPOCH) // MICROSECOND)
        & (created < F.lit(end))
    )


def text(name: str) -> Column:
    """A text, null where it is absent or empty; `metadata.<key>` is one too."""
    if name.startswith(METADATA):
        return F.nullif(F.col("metadata").getItem(name.removeprefix(METADATA)), F.lit(""))
    return F.nullif(F.col(name), F.lit(""))


def group_key(request: AggregateRequest) -> Column:
    if request.group_by == "none":
        return F.lit("all").alias("key")
    if request.is_time:
        at = F.unix_micros(F.col("created_at"))
        return (at - F.pmod(at, F.lit(STEPS[request.group_by]))).alias("key")
    return text("session_id" if request.group_by == "session" else request.group_by).alias("key")


def sessions(events: DataFrame, request: AggregateRequest) -> DataFrame:
    """key, events, sessions: distinct sessions, those without an id not counted."""
    one = F.count(F.lit(1)).alias("events")
    totals = (
        F.coalesce(F.sum("events"), F.lit(0)).alias("events"),
        F.count("session").alias("sessions"),
    )
    session = text("session_id").alias("session")
    if request.group_by == "session":
        once = F.when(F.col("key").isNull(), 0).otherwise(1)
        return events.groupBy(group_key(request)).agg(one).withColumn("sessions", once)
    if request.group_by == "none":
        return events.groupBy(session).agg(one).agg(*totals).select(F.lit("all").alias("key"), "*")
    pairs = events.groupBy(group_key(request), session).agg(one)
    return pairs.groupBy("key").agg(*totals)


def numbers(events: DataFrame, request: AggregateRequest) -> DataFrame:
    """key, total, numbers: the exact decimal sum and how many numbers it holds."""
    field = str(request.value_field)
    key = group_key(request)
    if field in IDS:
        texts = events.select(key, F.coalesce(text(field), text(METADATA + field)).alias("text"))
        chosen = with_decimal(texts)
    else:
        chosen = events.select(key, F.col(field).alias("number"))
    number = F.col("number")
    total = F.coalesce(F.sum(number).cast(WIDE), F.lit(0).cast(WIDE))
    added = total.alias("total"), F.count(number).alias("numbers")
    if request.group_by == "none":
        return chosen.agg(*added).select(F.lit("all").alias("key"), "*")
    return chosen.groupBy("key").agg(*added)


def first_and_all(grouped: DataFrame, request: AggregateRequest) -> DataFrame:
    """The rows within the limit, and one about all groups.

    That one asks for every partial, needed or not: so both read the same, and Spark reads it once.
    """
    first = grouped.orderBy(*order(request)).limit(request.limit)
    totals = TOTALS[request.is_numeric]
    rows = first.select("key", *totals, F.lit(None).cast("bigint").alias("groups"))
    groups = F.count(F.lit(1)).alias("groups")
    everything = grouped.agg(groups, *(total.alias(name) for name, total in totals.items()))
    return rows.union(everything.select(F.lit(None).cast("string").alias("key"), *totals, "groups"))


def order(request: AggregateRequest) -> list[Column]:
    """Value descending, then key ascending by code point; groups without a number last."""
    if request.aggregation == "count":
        value = F.col("events")
    elif request.aggregation == "count_distinct":
        value = F.col("sessions")
    else:
        value = F.col("total").cast("string").cast("double")
    if request.aggregation == "avg":
        value /= F.greatest(F.col("numbers"), F.lit(1)).cast("double")
    used = [(F.col("numbers") > 0).desc()] if request.is_numeric else []
    return [*used, value.desc(), F.col("key").asc()]
