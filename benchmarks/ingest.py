"""Events a second into the lake, by file, by sync and by HTTP, beside DuckDB loading the same.

    uv run python -m benchmarks.ingest [--rows 1_000_000 10_000_000] [--posted 200_000 1_000_000]
    uv run python -m benchmarks.ingest --only csv --rows 1_000_000

DuckDB parses into the same types and writes a table of a database file; its extension for
PostgreSQL cannot be had everywhere, so it loads the CSV file that COPY wrote. What arrived is
compared. With --only nothing is written to RESULTS.md.
"""

import argparse
import http.client
import json
import os
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import polars as pl
import psycopg

from benchmarks import duck
from benchmarks.lake import SCOPE, folder, lake
from benchmarks.results import write_section
from engine.contract import IDS, MEASURES
from engine.ingest.load import load
from engine.ingest.sync.__main__ import main as sync
from engine.scope import Scope
from engine.stores.lake import LakeStore
from tests.postgres import server

FILES: Final = ("ndjson", "csv", "parquet")
OURS: Final = Scope("ws_shop", SCOPE.brand_id)
KINDS: Final = (*FILES, "postgres")
TABLE: Final = "agent_events"
BATCH: Final = 1_000
CLIENTS: Final = 4
TOKEN: Final = "benchmark"
STARTS_WITHIN: Final = 30.0
MAP: Final = "map(varchar, varchar)"
TYPES: Final = {
    **dict.fromkeys(("event_id", "catalog_id", "event_type", *IDS), "varchar"),
    "created_at": "timestamptz",
    **dict.fromkeys(MEASURES, "decimal(18, 6)"),
    "metadata": MAP,
    "brand_id": "uuid",
}


class Timing(NamedTuple):
    """Seconds for so many rows."""

    rows: int
    kind: str
    ours: float
    peer: float

    @property
    def speed(self) -> float:
        """As a multiple of DuckDB's."""
        return self.peer / self.ours


class Posting(NamedTuple):
    """Seconds until all events were acknowledged, and until they were in the lake; events a second
    of the first fifth and of the last; seconds of the server's CPU.
    """

    events: int
    answered: float
    arrived: float
    first: float
    last: float
    cpu: float

    @property
    def speed(self) -> float:
        return self.events / self.answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--posted", type=int, nargs="+", default=[200_000, 1_000_000])
    parser.add_argument(
        "--only", choices=(*KINDS, "http"), help="this kind; but for http, nothing is written"
    )
    arguments = parser.parse_args()
    if arguments.only != "http":
        kinds = KINDS if arguments.only is None else (arguments.only,)
        timings = [measured(rows, kind) for rows in arguments.rows for kind in kinds]
        slowest = min(timing.speed for timing in timings)
        print(f"import at least {slowest:.2f} x DuckDB's speed")
        if arguments.only is not None:
            return
        write_section("Ingest beside DuckDB on the same files", table(timings))
    postings = [by_http(min(arguments.rows), posted) for posted in arguments.posted]
    write_section("Events by HTTP", http_table(postings))
    print(f"HTTP at least {min(posting.speed for posting in postings):,.0f} events/s")


def measured(rows: int, kind: str) -> Timing:
    """Both ways, what arrived compared."""
    with tempfile.TemporaryDirectory() as home:
        timing = by_sync(rows, Path(home)) if kind == "postgres" else by_file(rows, kind, home)
    print(
        f"{timing.rows:>11,} {kind:8} {timing.ours:7.1f} s {timing.peer:7.1f} s"
        f" {timing.speed:5.2f} x",
        flush=True,
    )
    return timing


def by_file(rows: int, kind: str, home: str) -> Timing:
    path = file(rows, kind)
    with path.open("rb") as cold:  # whoever comes first would wait for the disk
        while cold.read(1 << 20):
            pass
    store = LakeStore(Path(home) / "lake")
    began = time.perf_counter()
    loaded = load(store, path, OURS.workspace_id, datetime.now(UTC))
    ours = time.perf_counter() - began
    peer, theirs = duckdb_load(path, Path(home) / "peer.db")
    lost = loaded.rejected.height + loaded.duplicates
    if lost or summary(store) != theirs:
        raise SystemExit(f"{path.name} differs: {loaded} {summary(store)} {theirs}")
    return Timing(theirs[0], kind, ours, peer)


def by_sync(rows: int, home: Path) -> Timing:
    """The first run of a source, beside COPY to a file and DuckDB loading that file."""
    database = server()
    name = database.new("database")
    fill(database.url(database=name), file(rows, "csv"))
    os.environ |= {"VITRINE_HOME": str(home), "VITRINE_SECRET": secrets.token_urlsafe(32)}
    of = ["--url", database.url(database=name), "--table", TABLE]
    if sync(["add", "shop", *of, "--workspace", OURS.workspace_id]):
        raise SystemExit("the source could not be added")
    began = time.perf_counter()
    failed = sync(["run", "shop"])
    ours = time.perf_counter() - began
    path = home / "copied.csv"
    began = time.perf_counter()
    with psycopg.connect(database.url(database=name)) as connection, path.open("wb") as copied:
        columns = ", ".join(TYPES)
        statement = f"copy (select {columns} from {TABLE}) to stdout (format csv, header)"
        with connection.cursor().copy(statement.encode()) as copy:
            for block in copy:
                copied.write(block)
    peer = time.perf_counter() - began
    seconds, theirs = duckdb_load(path, home / "peer.db")
    found = summary(LakeStore(home / "lake"))
    if failed or found != theirs:
        raise SystemExit(f"sync differs: {found} {theirs}")
    with database.connect() as connection:
        connection.execute(f"drop database {name}".encode())
    return Timing(theirs[0], "postgres", ours, peer + seconds)


def fill(url: str, path: Path) -> None:
    """A table as programs have it, with the rows of a CSV file."""
    texts = dict.fromkeys(("event_id", "event_type", *IDS), "text")
    types = texts | dict.fromkeys(MEASURES, "double precision")
    types |= {"created_at": "timestamptz", "metadata": "jsonb"}
    types |= dict.fromkeys(("catalog_id", "brand_id"), "uuid")
    columns = ", ".join(f"{name} {types[name]}" for name in TYPES)
    with psycopg.connect(url) as connection, path.open("rb") as rows:
        connection.execute(f"create table {TABLE} ({columns})".encode())
        statement = f"copy {TABLE} ({', '.join(TYPES)}) from stdin (format csv, header)"
        with connection.cursor().copy(statement.encode()) as copy:
            while block := rows.read(1 << 20):
                copy.write(block)
        connection.execute(f"create unique index on {TABLE} (created_at, event_id)".encode())


def file(rows: int, kind: str) -> Path:
    """The shop's first brand as a file that a program would write; made once."""
    path = folder() / f"shop-{rows}.{kind}"
    if not path.exists():
        files = lake(rows).open(SCOPE.workspace_id, SCOPE.brand_id).files
        source = f"select *, '{SCOPE.brand_id}' as brand_id from read_parquet($files)"
        columns = [
            f"to_json({name}) as {name}" if type_ == MAP and kind != "parquet" else name
            for name, type_ in TYPES.items()
        ]
        form = {"ndjson": "format json", "csv": "format csv, header", "parquet": "format parquet"}
        part = path.with_suffix(".part")
        duck.connect(os.cpu_count() or 1).execute(
            f"copy (select {', '.join(columns)} from ({source})) to '{part}' ({form[kind]})",
            {"files": [file.uri for file in files]},
        )
        part.rename(path)
    return path


def duckdb_load(path: Path, database: Path) -> tuple[float, tuple[Any, ...]]:
    """Seconds until the rows are in a table on disk, and their summary."""
    kind = path.suffix.removeprefix(".")
    columns = ", ".join(TYPES)
    if kind == "parquet":
        source = f"select {columns} from read_parquet('{path}')"
    else:
        texts = TYPES | ({"metadata": "varchar"} if kind == "csv" else {})
        types = json.dumps(texts).replace('"', "'")
        reader = "read_csv" if kind == "csv" else "read_json"
        metadata = f"from_json(metadata, '\"{MAP}\"')" if kind == "csv" else "metadata"
        form = "header = true" if kind == "csv" else "format = 'newline_delimited'"
        source = (
            f"select * replace ({metadata} as metadata)"
            f" from {reader}('{path}', columns = {types}, {form})"
        )
    config: dict[str, Any] = {"threads": os.cpu_count() or 1}
    with duckdb.connect(database, config=config) as connection:
        connection.execute("set TimeZone = 'UTC'")
        began = time.perf_counter()
        connection.execute(f"create table events as {source}")
        connection.execute("checkpoint")
        seconds = time.perf_counter() - began
        row = connection.execute(
            "select count(*), count(distinct event_id), sum(amount),"
            " sum(cardinality(metadata))::bigint,"
            " epoch_us(min(created_at)), epoch_us(max(created_at)) from events"
        ).fetchone()
    return seconds, row or ()


def summary(store: LakeStore) -> tuple[Any, ...]:
    events = store.open(OURS.workspace_id, OURS.brand_id).all_events()
    created = pl.col("created_at")
    row: tuple[Any, ...] = (
        events.select(
            pl.len(),
            pl.col("event_id").n_unique().alias("ids"),
            pl.col("amount").sum(),
            pl.col("metadata").map.len().sum().alias("keys"),
            created.min().dt.epoch("us").alias("first"),
            created.max().dt.epoch("us").alias("last"),
        )
        .collect(engine="streaming")
        .row(0)
    )
    return row


def by_http(rows: int, posted: int) -> Posting:
    bodies = list(batches(file(rows, "ndjson"), posted))
    times: list[float] = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as port:
        began = time.perf_counter()
        clients = [
            threading.Thread(target=post, args=(port, bodies[i::CLIENTS], times))
            for i in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        store = LakeStore(Path(home) / "lake")
        while (there := stored(store)) < posted:
            if time.perf_counter() > times[-1] + 60:
                raise SystemExit(f"{there:,} of {posted:,} posted events are in the lake")
            time.sleep(0.05)
        arrived = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    fifth = len(times) // 5
    posting = Posting(
        posted,
        times[-1] - began,
        arrived,
        fifth * BATCH / (times[fifth - 1] - began),
        fifth * BATCH / (times[-1] - times[-1 - fifth]),
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )
    print(posting, flush=True)
    return posting


def batches(path: Path, posted: int) -> Iterator[bytes]:
    with path.open("rb") as lines:
        left = posted
        while part := list(islice(lines, min(BATCH, left))):
            left -= len(part)
            yield b"".join(part)
    if left:
        raise SystemExit(f"{path.name} has fewer than {posted:,} rows; lower --posted.")


def post(port: int, bodies: list[bytes], times: list[float]) -> None:
    path = f"/api/workspace/{OURS.workspace_id}/events"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson"}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for body in bodies:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200 or json.loads(answer)["rejected"]:
            print(response.status, answer[:300].decode(), file=sys.stderr)
            os._exit(1)
        times.append(time.perf_counter())
    connection.close()


def stored(store: LakeStore) -> int:
    return sum(file.rows for file in store.open(OURS.workspace_id, OURS.brand_id).files)


@contextmanager
def serving(home: Path) -> Iterator[int]:
    """The port of a server as an operator would start it, without the demo shop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = {"VITRINE_HOME": str(home), "VITRINE_DEMO_TOKEN": TOKEN, "VITRINE_DEMO_EVENTS": "0"}
    command = [sys.executable, "-m", "uvicorn", "engine.http.app:app", "--port", str(port)]
    server = subprocess.Popen([*command, "--log-level", "warning"], env=os.environ | ours)
    try:
        deadline = time.perf_counter() + STARTS_WITHIN
        while not answers(port):
            if server.poll() is not None or time.perf_counter() > deadline:
                raise SystemExit("the server did not start")
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def table(timings: list[Timing]) -> str:
    lines = [
        f"Into an empty lake, {os.cpu_count()} cores. DuckDB parses the same file into the same"
        " types (decimals, UTC times, a map, UUIDs) and writes a table of a database file; it does"
        " not look for duplicates or bad rows. Number of rows, distinct ids, sum of amounts, keys"
        " of the metadata and the span of time are equal. postgres: the first run of a sync, beside"
        " COPY to a CSV file and DuckDB loading that.",
        "",
        "| events | from | Vitrine | events/s | DuckDB | events/s | speed |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {t.rows:,} | {t.kind} | {t.ours:.1f} s | {t.rows / t.ours:,.0f} | {t.peer:.1f} s |"
        f" {t.rows / t.peer:,.0f} | {t.speed:.2f} x |"
        for t in timings
    ]
    return "\n".join(lines)


def http_table(postings: list[Posting]) -> str:
    lines = [
        f"{CLIENTS} clients on the same machine of {os.cpu_count()} cores post NDJSON,"
        f" {BATCH:,} events a request, to one server with an empty lake. An event is acknowledged"
        " when its commit is on the disk. The CPU is that of the server, its start included.",
        "",
        "| events | acknowledged | events/s | first fifth | last fifth | all in the lake | CPU |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {p.events:,} | {p.answered:.1f} s | {p.speed:,.0f} | {p.first:,.0f}/s |"
        f" {p.last:,.0f}/s | {p.arrived:.1f} s | {p.cpu:.1f} s |"
        for p in postings
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
