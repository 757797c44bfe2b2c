"""DuckDB's own tables as peers: one with texts, one with every text as a code."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from benchmarks import duck
from benchmarks.lake import files, lake
from benchmarks.statement import HOUR_US, METADATA_KEYS, Dialect, column_of, statements
from benchmarks.worker import Rows
from engine.contract import IDS, MEASURES
from engine.request import AggregateRequest

TEXTS: Final = (
    "catalog_id",
    "event_type",
    *IDS,
    *(column_of(f"metadata.{key}") for key in METADATA_KEYS),
)
NUMBERS: Final = ("created_at", *MEASURES)
MEMORY: Final = "6GB"
"""What a peer may take at once; more is written to disk and read back."""


def flat(source: str) -> str:
    """Events of lake files with a column for each metadata key."""
    keys = ", ".join(
        f"nullif(metadata['{key}'], '') as {column_of(f'metadata.{key}')}" for key in METADATA_KEYS
    )
    ids = ", ".join(f"nullif({name}, '') as {name}" for name in ("catalog_id", "event_type", *IDS))
    return f"select {ids}, {', '.join(NUMBERS)}, {keys} from {source}"


def connect(path: Path, *, read_only: bool = True) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {"threads": os.cpu_count() or 1, "memory_limit": MEMORY}
    connection = duckdb.connect(path, read_only=read_only, config=config)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


def build_native(rows: int, path: Path) -> None:
    """A file of the lake at a time, in whose order events come by time."""
    with connect(path, read_only=False) as connection:
        for i, file in enumerate(files(lake(rows))):
            select = flat(f"read_parquet('{file.uri}')")
            verb = "insert into events" if i else "create table events as"
            connection.execute(f"{verb} {select}")
        connection.execute("checkpoint")


def build_coded(native: Path, path: Path) -> None:
    """Dictionaries first, codes in the order of their texts; then a month of events at a time."""
    with connect(path, read_only=False) as connection:
        connection.execute(f"attach '{native}' as native (read_only)")
        for name in TEXTS:
            connection.execute(
                f"create table d_{name} as"
                " select (row_number() over (order by text) - 1)::integer as code, text"
                f" from (select distinct {name} as text from native.events)"
                " where text is not null order by text"
            )
        codes = ", ".join(f"d_{name}.code as {name}" for name in TEXTS)
        joins = " ".join(f"left join d_{name} on d_{name}.text = e.{name}" for name in TEXTS)
        months = connection.execute(
            "select distinct strftime(created_at, '%Y-%m') as month from native.events order by 1"
        ).fetchall()
        select = (
            f"select {codes}, {', '.join(NUMBERS)},"
            f" (epoch_us(created_at) // {HOUR_US})::integer as hour"
            f" from native.events e {joins}"
            " where created_at >= $low::timestamptz"
            " and created_at < $low::timestamptz + interval 1 month order by created_at"
        )
        for i, (month,) in enumerate(months):
            verb = "insert into events" if i else "create table events as"
            connection.execute(f"{verb} {select}", {"low": f"{month}-01 00:00:00+00"})
        connection.execute("checkpoint")


class Native:
    """Texts as they are; DuckDB compresses them as it sees fit."""

    dialect = Dialect(
        keys={name: duck.KEYS[name] for name in ("day", "hour")},
        distinct="count(distinct session_id)",
    )

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)

    def forms(self, request: AggregateRequest, as_of: datetime) -> Sequence[str]:
        return statements(request, as_of, self.dialect)

    def answer(self, form: str) -> Rows:
        return self._connection.execute(form).fetchall()


class Coded:
    """Whole numbers for texts; the texts of the returned rows are joined at the end."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        types = self._connection.execute("select text, code from d_event_type").fetchall()
        self._dialect = Dialect(
            keys={"day": "hour // 24"},
            text="coalesce(k, -1)",
            types={text: str(code) for text, code in types},
        )

    def forms(self, request: AggregateRequest, as_of: datetime) -> Sequence[str]:
        found = statements(request, as_of, self._dialect)
        if request.is_time or request.group_by == "none":
            return found
        dictionary = f"d_{column_of(request.group_by)}"
        return [
            f"select text, shown, s from (select *, row_number() over () as r from ({one})) as top"
            f" left join {dictionary} on code = k order by r"
            for one in found
        ]

    def answer(self, form: str) -> Rows:
        return self._connection.execute(form).fetchall()
