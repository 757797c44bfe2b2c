"""The contract's part 2 as one SQL query of DuckDB: an engine that shares no code with ours."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from tests.oracle import IDS, Answer, on_the_wire

NUMBER = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"

# DuckDB rounds half away from zero: where the text lies exactly between two, take the even one.
# 13 fractional digits and the 25 that leaves before the point are what a decimal of 38 can hold.
MACROS = f"""
create macro even(exact, away) as case
    when abs(away - exact) = 0.0000005 and cast(away * 1000000 as hugeint) % 2 <> 0
    then away - cast(sign(away) * 0.000001 as decimal(38, 6)) else away end;
create macro near(exact) as even(exact, cast(exact as decimal(38, 6)));
create macro decimal_of(t) as case
    when regexp_full_match(t, '{NUMBER}')
        and abs(near(try_cast(t as decimal(38, 13)))) < 1000000000000000000000000::decimal(38, 6)
    then near(try_cast(t as decimal(38, 13))) end;
"""


class Duck:
    """Answers requests over a frame of events, or over Parquet files of the lake."""

    def __init__(self, source: pl.DataFrame | Sequence[str]) -> None:
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("set TimeZone = 'UTC'")
        self._connection.execute(MACROS)
        if isinstance(source, pl.DataFrame):
            self._connection.register("source", source.to_arrow())
            self._connection.execute("create table events as from source")
        else:
            self._connection.execute("create table events as from read_parquet(?)", [list(source)])

    def answer(
        self, body: dict[str, Any], as_of: datetime, catalog: str | None = None
    ) -> tuple[list[Answer], int]:
        """The rows (key, value, secondary), and how many there were before the limit."""
        end = as_of.astimezone(UTC)
        arguments = {
            "start": end - timedelta(days=body["time_window_days"]),
            "end": end,
            "limit": body["limit"],
        }
        conditions = ["created_at >= $start", "created_at < $end"]
        if body["event_types"]:
            conditions.append("list_contains($types, event_type)")
            arguments["types"] = body["event_types"]
        if catalog:
            conditions.append("catalog_id = $catalog")
            arguments["catalog"] = catalog
        value, secondary = _value(body)
        time = body["group_by"] in ("day", "hour")
        numeric = body["aggregation"] in ("sum", "avg")
        last = "secondary = 0, " if numeric else ""
        found = self._connection.execute(
            f"""
            with picked as (
                select {_key(body["group_by"])} as key, {_number(body)} as number, session_id
                from events where {" and ".join(conditions)}
            )
            select {"'all'" if body["group_by"] == "none" else "key"} as key,
                {value} as value, {secondary} as secondary, count(*) over () as groups
            from picked {"" if body["group_by"] == "none" else "group by key"}
            order by {"key desc" if time else f"{last} value desc, key"}
            limit $limit
            """,
            arguments,
        ).fetchall()
        rows = [(key, on_the_wire(value), secondary) for key, value, secondary, _ in found]
        return rows[::-1] if time else rows, found[0][3] if found else 0


def _key(group_by: str) -> str:
    if group_by.startswith("metadata."):
        return f"coalesce(metadata['{group_by.removeprefix('metadata.')}'], '')"
    return {
        "none": "'all'",
        "event_type": "event_type",
        "session": "coalesce(session_id, '')",
        "product_id": "coalesce(product_id, '')",
        "day": "strftime(created_at, '%Y-%m-%d')",
        "hour": "strftime(created_at, '%Y-%m-%dT%H:00:00Z')",
    }[group_by]


def _number(body: dict[str, Any]) -> str:
    field = body["value_field"]
    if field is None:
        return "null"
    return f"decimal_of(coalesce({field}, metadata['{field}']))" if field in IDS else field


def _value(body: dict[str, Any]) -> tuple[str, str]:
    # Read back from its digits, the sum is the nearest double.
    total = "coalesce(cast(cast(sum(number) as varchar) as double), 0)"
    return {
        "count": ("count(*)", "count(distinct session_id)"),
        "count_distinct": ("count(distinct session_id)", "count(*)"),
        "sum": (total, "count(number)"),
        "avg": (f"{total} / greatest(count(number), 1)", "count(number)"),
    }[body["aggregation"]]
