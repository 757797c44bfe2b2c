"""What rollups cost: their build, one more day of events, bytes on disk and in memory.

    uv run python -m benchmarks.rollups [--rows 10_000_000]

Written to RESULTS.md. The rollups are kept beside the lake, for `benchmarks.peers`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.lake import END, SCOPE, folder, lake
from benchmarks.results import write_section
from engine.demo.shop import months
from engine.engine import Engine
from engine.rollups.build import Builder
from engine.rollups.rollups import Rollups
from engine.stores.lake import LakeStore

DAY: Final = timedelta(days=1)
DAY_EVENTS: Final = 300_000
FIRST: Final = """
import sys, time
began = time.perf_counter()
from benchmarks.lake import END, SCOPE
from benchmarks.rollups import engine_of
engine = engine_of(int(sys.argv[1]))
ready = time.perf_counter()
body = {"event_types": None, "group_by": "product_id", "aggregation": "count_distinct",
        "time_window_days": 365}
engine.aggregate(body, SCOPE, END)
print(ready - began, time.perf_counter() - ready)
"""


class Cost(NamedTuple):
    rows: int
    build: float
    day_rows: int
    day: float
    lake: int
    rollups: int
    first: float
    memory: int


def home(rows: int) -> Path:
    return folder() / f"rollups-{rows}"


def engine_of(rows: int) -> Engine:
    """An engine over the rollups of the benchmark's lake; they are built when there are none."""
    store = lake(rows)
    builder = Builder(store, home(rows))
    if builder.shelf(SCOPE.workspace_id, SCOPE.brand_id).manifest() is None:
        builder.build(SCOPE.workspace_id, SCOPE.brand_id, END.date())
    return Engine(store, rollups=Rollups(home(rows), store))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000_000])
    costs = [measure(rows) for rows in parser.parse_args().rows]
    write_section("What rollups cost", table(costs))
    print(table(costs))


def measure(rows: int) -> Cost:
    store = lake(rows)
    shutil.rmtree(home(rows), ignore_errors=True)
    build = timed(store, home(rows), 0)
    first = subprocess.run(
        [sys.executable, "-c", FIRST, str(rows)], capture_output=True, text=True, check=True
    )
    day_rows, day = one_more_day(rows)
    return Cost(
        rows=sum(file.rows for file in store.open(SCOPE.workspace_id, SCOPE.brand_id).files),
        build=build,
        day_rows=day_rows,
        day=day,
        lake=size(store.path(SCOPE.workspace_id, SCOPE.brand_id)),
        rollups=size(home(rows)),
        first=float(first.stdout.split()[1]),
        memory=0,
    )
