"""What rollups cost: their build, one more day, the first answer after a start, disk and memory.

    uv run python -m benchmarks.rollups [--rows 10_000_000]

Written to RESULTS.md. The rollups are kept beside the lake, for `benchmarks.peers`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.lake import END, SCOPE, events, files, folder, home, lake
from benchmarks.results import write_section
from benchmarks.usage import memory as memory_of
from engine import bootstrap
from engine.engine import Engine
from engine.rollups.build import Builder
from engine.stores.lake import LakeStore

DAY: Final = datetime(2026, 11, 26, tzinfo=UTC)
"""The day before Black Friday has half as many events again as usual."""
DAY_EVENTS: Final = 300_000
"""As far as it has them."""
BODY: Final = {
    "event_types": None,
    "group_by": "product_id",
    "aggregation": "count_distinct",
    "time_window_days": 365,
}
HEAD: Final = (
    "| events | build | one more day | its events | lake | rollups | peak memory of the build |"
    " first answer after a start | memory then |\n|---|---|---|---|---|---|---|---|---|"
)


def builder_of(rows: int) -> Builder:
    return Builder(lake(rows), home(rows) / "rollups")


def engine_of(rows: int) -> Engine:
    """An engine over the benchmark's home; what is not rolled up there is built first."""
    build_before(builder_of(rows), END)
    return bootstrap.connect(home(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000_000])
    parser.add_argument("--part", choices=PARTS, help="what a process of its own is started for")
    options = parser.parse_args()
    if options.part:
        PARTS[options.part](options.rows[0])
        return
    lines = [line(rows) for rows in options.rows]
    about = (
        f"{os.cpu_count()} cores. The first answer is {BODY['aggregation']} by"
        f" {BODY['group_by']} over 365 days, in a new process that has opened nothing yet."
    )
    write_section("What rollups cost", "\n".join([about, "", HEAD, *lines]))
    print("\n".join([HEAD, *lines]))


def line(rows: int) -> str:
    builder = builder_of(rows)
    builder.drop(SCOPE.workspace_id)
    built, build_memory = process("build", rows)
    more, day_events = process("day", rows)
    first, memory = process("first", rows)
    mb = [size(home(rows) / part) / 1e6 for part in ("lake", "rollups")]
    return (
        f"| {sum(file.rows for file in files(builder.lake)):,} | {built:.1f} s | {more:.1f} s |"
        f" {day_events:,.0f} | {mb[0]:,.0f} MB | {mb[1]:,.0f} MB |"
        f" {build_memory:,.2f} GiB | {first * 1000:,.0f} ms | {memory:,.2f} GiB |"
    )


def process(part: str, rows: int) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.rollups", "--part", part, "--rows", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def build(rows: int) -> None:
    """Seconds, and the peak memory in GiB."""
    began = time.perf_counter()
    build_before(builder_of(rows), END)
    print(time.perf_counter() - began, peak())


def day(rows: int) -> None:
    """Seconds for one more day, and its events; in a copy of the home, of links."""
    with tempfile.TemporaryDirectory(dir=folder()) as copy:
        shutil.copytree(home(rows), copy, copy_function=os.link, dirs_exist_ok=True)
        store, after = LakeStore(Path(copy) / "lake"), DAY + timedelta(days=1)
        came = pl.concat(events(rows, after, since=END))
        before = came["created_at"].search_sorted(DAY)
        came = came.head(before + DAY_EVENTS)
        store.write(SCOPE.workspace_id, SCOPE.brand_id, [came])
        builder = Builder(store, Path(copy) / "rollups")
        build_before(builder, DAY)
        began = time.perf_counter()
        build_before(builder, after)
        print(time.perf_counter() - began, came.height - before)


def build_before(builder: Builder, moment: datetime) -> None:
    builder.build(SCOPE.workspace_id, SCOPE.brand_id, moment.date())


def first(rows: int) -> None:
    """Seconds from opening the lake to the first answer, and the peak memory in GiB."""
    began = time.perf_counter()
    engine_of(rows).aggregate(BODY, SCOPE, END)
    print(time.perf_counter() - began, peak())


def peak() -> float:
    """Of this program only: `getrusage` also counts what its process was before it began."""
    return memory_of(os.getpid(), "VmHWM") / 1024


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


PARTS: Final = {"build": build, "day": day, "first": first}


if __name__ == "__main__":
    main()
