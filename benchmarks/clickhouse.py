"""ClickHouse as a peer, in this process as chDB: a MergeTree with codes for texts that repeat."""

import importlib
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.duck_tables import NUMBERS, TEXTS
from benchmarks.lake import files, lake
from benchmarks.statement import HOUR_US, METADATA_KEYS, Dialect, column_of, statements
from benchmarks.worker import Rows
from engine.contract import IDS, MEASURES
from engine.request import AggregateRequest

MICROS: Final = "toUnixTimestamp64Micro(created_at)"
PLAIN: Final = ("session_id", "customer_id")
"""Texts with too many values for LowCardinality."""
DIALECT: Final = Dialect(
    keys={
        "day": f"intDiv({MICROS}, {24 * HOUR_US})",
        "hour": f"intDiv({MICROS}, {HOUR_US})",
    },
    present="notEmpty({})",
    distinct="uniqExact(session_id) - max(empty(session_id))",
    text="k",
    integer="Int64",
    double="Nullable(Float64)",
    instant="toDateTime64('{:%Y-%m-%d %H:%M:%S.%f}', 6, 'UTC')",
)
SETTINGS: Final = (
    f"max_threads = {os.cpu_count() or 1}",
    "max_memory_usage = 6000000000",
    "max_bytes_before_external_group_by = 4000000000",
    "output_format_json_quote_64bit_integers = 0",
    "output_format_json_quote_decimals = 1",
)


def _session(path: Path) -> Any:
    """chDB is in a dependency group of its own, so it is imported where it is used."""
    return importlib.import_module("chdb.session").Session(str(path))


def build(rows: int, path: Path) -> None:
    """A file of the lake at a time; then each month's parts are merged into one."""
    texts = ", ".join(
        f"{name} {'String' if name in PLAIN else 'LowCardinality(String)'}" for name in TEXTS
    )
    numbers = ", ".join(f"{name} Nullable(Decimal(18, 6))" for name in MEASURES)
    session = _session(path)
    session.query(
        f"create table events ({texts}, {numbers}, created_at DateTime64(6, 'UTC'))"
        " engine = MergeTree partition by toYYYYMM(created_at) order by (event_type, created_at)"
    )
    keys = ", ".join(
        f"ifNull(metadata['{key}'], '') as {column_of(f'metadata.{key}')}" for key in METADATA_KEYS
    )
    ids = ", ".join(f"ifNull({name}, '')" for name in ("catalog_id", "event_type", *IDS))
    columns = ", ".join((*TEXTS[: len(IDS) + 2], *NUMBERS, *TEXTS[len(IDS) + 2 :]))
    for file in files(lake(rows)):
        place = file.uri.removeprefix("file://")
        session.query(
            f"insert into events ({columns}) select {ids}, {', '.join(NUMBERS)}, {keys}"
            f" from file('{place}', Parquet) settings use_hive_partitioning = 0"
        )
    session.query("optimize table events final")
    session.close()


class ClickHouse:
    def __init__(self, path: Path) -> None:
        self._session = _session(path)
        for setting in SETTINGS:
            self._session.query(f"set {setting}")

    def forms(self, request: AggregateRequest, as_of: datetime) -> Sequence[str]:
        return statements(request, as_of, DIALECT)

    def answer(self, form: str) -> Rows:
        rows: list[list[Any]] = json.loads(self._session.query(form, "JSONCompact").bytes())["data"]
        return [tuple(row) for row in rows]
