"""A request as the SQL that one would write for DuckDB, over the Parquet files of a lake."""

from datetime import datetime, timedelta
from typing import Any

import duckdb

from engine.request import AggregateRequest
from engine.stores.lake import LakeFile

HOUR_US = 3_600_000_000
KEYS = {
    "none": "'all'",
    "event_type": "event_type",
    "session": "session_id",
    "product_id": "product_id",
    # Whole days and hours as numbers: several times faster than date_trunc with a time zone.
    "day": f"epoch_us(created_at) // {24 * HOUR_US}",
    "hour": f"epoch_us(created_at) // {HOUR_US}",
}
TEXTS = {
    "day": f"strftime(make_timestamp(k * {24 * HOUR_US}), '%Y-%m-%d')",
    "hour": f"strftime(make_timestamp(k * {HOUR_US}), '%Y-%m-%dT%H:00:00Z')",
}


def connect(threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("set TimeZone = 'UTC'")
    return connection


def answer(
    connection: duckdb.DuckDBPyConnection,
    files: tuple[LakeFile, ...],
    request: AggregateRequest,
    as_of: datetime,
) -> list[tuple[Any, ...]]:
    """key, value, secondary in the contract's order; values of sum and avg are doubles."""
    arguments: dict[str, Any] = {
        "files": [file.uri for file in files],
        "start": as_of - timedelta(hours=24 * request.time_window_days),
        "end": as_of,
        "limit": request.limit,
    }
    where = "created_at >= $start and created_at < $end"
    if request.event_types is not None:
        arguments["types"] = list(request.event_types)
        where += " and event_type in (select unnest($types))"
    rows = connection.execute(_sql(request, where), arguments).fetchall()
    return rows[::-1] if request.is_time else rows


def _sql(request: AggregateRequest, where: str) -> str:
    field = request.value_field
    value, secondary = {
        "count": ("count(*)", "count(distinct session_id)"),
        "count_distinct": ("count(distinct session_id)", "count(*)"),
        "sum": (f"coalesce(sum({field})::double, 0)", f"count({field})"),
        "avg": (f"coalesce(sum({field})::double / count({field}), 0)", f"count({field})"),
    }[request.aggregation]
    key = KEYS.get(request.group_by) or f"metadata['{request.metadata_key}']"
    group = "" if request.group_by == "none" else "group by 1"
    text = TEXTS.get(request.group_by, "k")
    empty_last = "(s = 0), " if request.is_numeric else ""
    order = "k desc" if request.is_time else f"{empty_last}v desc, coalesce(k, '')"
    return f"""
        with grouped as (
            select {key} as k, {value} as v, {secondary} as s
            from read_parquet($files) where {where} {group}
        )
        select coalesce({text}, ''), v, s from grouped order by {order} limit $limit
    """
