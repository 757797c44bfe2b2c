"""The peers' databases: made from the benchmark's lake once, kept, with what making them took."""

import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import clickhouse, duck_tables, postgres
from benchmarks.lake import folder, home, lake
from benchmarks.usage import memory
from benchmarks.worker import Peer

LARGEST_POSTGRES: Final = 10_000_000
"""Beyond it PostgreSQL takes minutes a call, and its table does not fit in memory."""


def names(rows: int) -> list[str]:
    every = ["duckdb", "coded", "chdb"]
    return [*every, "postgres"] if rows <= LARGEST_POSTGRES else every


def peers(
    rows: int, wanted: Sequence[str], deadline: float, stack: ExitStack
) -> tuple[list[str], dict[str, Callable[[], Peer]]]:
    """Notes on what was made, and how each peer is opened; servers stop with the stack."""
    native, coded, merge_tree, server = (
        folder() / f"{name}-{rows}" for name in ("duckdb", "coded", "chdb", "postgres")
    )
    if not home(rows).exists():
        kept(home(rows), partial(_lake, rows))
    makers: dict[str, Callable[[], Peer]] = {}
    notes = [_note("lake", home(rows))]
    if "duckdb" in wanted or "coded" in wanted:
        kept(native, partial(duck_tables.build_native, rows, native))
    if "duckdb" in wanted:
        makers["duckdb"] = partial(duck_tables.Native, native)
        notes.append(_note("duckdb: native table", native))
    if "coded" in wanted:
        kept(coded, partial(duck_tables.build_coded, native, coded))
        makers["coded"] = partial(duck_tables.Coded, coded)
        notes.append(_note("coded: DuckDB, texts as codes", coded))
    if "chdb" in wanted:
        kept(merge_tree, partial(clickhouse.build, rows, merge_tree))
        makers["chdb"] = partial(clickhouse.ClickHouse, merge_tree)
        notes.append(
            _note(f"chdb {version('chdb')}: MergeTree by event_type, created_at", merge_tree)
        )
    if "postgres" in wanted:
        kept(server, partial(postgres.build, rows, server))
        running = stack.enter_context(postgres.serving(server))
        makers["postgres"] = partial(postgres.Postgres, running.url(), deadline)
        number = (server / "data" / "PG_VERSION").read_text().strip()
        notes.append(_note(f"postgres {number}: indexed by {postgres.INDEXES}", server))
    return notes, makers


def kept(path: Path, build: Callable[[], None]) -> None:
    """Make a database in a process of its own, unless that was done; its note is the mark."""
    note = path.with_name(f"{path.name}.json")
    if note.exists():
        return
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    print(f"making {path.name} ...", flush=True)
    process = multiprocessing.get_context("spawn").Process(target=_make, args=(build, note))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise SystemExit(f"{path.name} could not be made")


def _make(build: Callable[[], None], note: Path) -> None:
    began = time.perf_counter()
    build()
    made = {
        "seconds": time.perf_counter() - began,
        "bytes": int(memory(os.getpid(), "VmHWM")) << 20,
    }
    note.write_text(json.dumps(made))


def _note(name: str, path: Path) -> str:
    note = path.with_name(f"{path.name}.json")
    parts = path.rglob("*") if path.is_dir() else [path]
    size = sum(part.lstat().st_size for part in parts if not part.is_dir())
    if not note.exists():
        return f"{name}: {size / 2**30:,.2f} GiB"
    made: dict[str, Any] = json.loads(note.read_text())
    return (
        f"{name}: {size / 2**30:,.2f} GiB, made in {made['seconds']:,.0f} s"
        f" with at most {made['bytes'] / 2**30:.1f} GiB of memory"
    )


def _lake(rows: int) -> None:
    lake(rows)
