"""PostgreSQL as a peer: its own server over a folder that is kept, a flat table, two indexes."""

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks import duck
from benchmarks.duck_tables import NUMBERS, TEXTS, flat
from benchmarks.lake import files, lake
from benchmarks.statement import Dialect, statements
from benchmarks.worker import Rows
from engine.contract import MEASURES
from engine.request import AggregateRequest
from tests.postgres import PLACES, Server

CORES: Final = os.cpu_count() or 1
OPTIONS: Final = f"""
shared_buffers = 2GB
effective_cache_size = 8GB
work_mem = 512MB
maintenance_work_mem = 1GB
max_parallel_workers_per_gather = {CORES}
max_parallel_workers = {CORES}
max_wal_size = 8GB
wal_level = minimal
max_wal_senders = 0
random_page_cost = 1.1
timezone = 'UTC'
"""
INDEXES: Final = ("created_at", "event_type, created_at")
CHUNK: Final = 1 << 20
# Grouped distinct counts are never parallel in PostgreSQL 15, so only the two steps are tried.
DIALECT: Final = Dialect(
    keys={"day": "created_at::date", "hour": "date_trunc('hour', created_at)"},
    total="cast(sum({}) as bigint)",
    double="double precision",
    direct=False,
)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    server = Server(Path(sorted(glob.glob(PLACES))[-1]).parent, folder, OPTIONS)
    try:
        yield server
    finally:
        server.stop("fast")


def build(rows: int, folder: Path) -> None:
    """A file of the lake at a time, as CSV through COPY. Measures are whole millionths."""
    folder.mkdir(parents=True)
    texts = ", ".join(f'{name} text collate "C"' for name in TEXTS)
    numbers = ", ".join(f"{name} bigint" for name in MEASURES)
    with serving(folder) as server, server.connect() as connection:
        connection.execute(f"create table events ({texts}, created_at timestamptz, {numbers})")
        for file in files(lake(rows)):
            _copy(connection, file.uri, folder / "events.csv")
        for columns in INDEXES:
            connection.execute(f"create index on events ({columns})")
        connection.execute("vacuum analyze events")


def _copy(connection: psycopg.Connection[Any], uri: str, csv: Path) -> None:
    micros = ", ".join(f"({name}::decimal(30, 6) * 1000000)::bigint as {name}" for name in MEASURES)
    events = flat(f"read_parquet('{uri}')")
    select = f"select * replace ({micros}) from ({events})"
    duck.connect(CORES).execute(
        f"copy ({select} order by created_at) to '{csv}' (format csv, header false)"
    )
    columns = ", ".join((*TEXTS[:6], *NUMBERS, *TEXTS[6:]))
    with (
        csv.open("rb") as source,
        connection.cursor().copy(f"copy events ({columns}) from stdin (format csv)") as copy,
    ):
        while part := source.read(CHUNK):
            copy.write(part)
    csv.unlink()


class Postgres:
    def __init__(self, url: str, deadline: float) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(f"set statement_timeout = '{deadline:.0f}s'")

    def forms(self, request: AggregateRequest, as_of: datetime) -> Sequence[str]:
        return statements(request, as_of, DIALECT)

    def answer(self, form: str) -> Rows:
        return self._connection.execute(form.encode()).fetchall()
