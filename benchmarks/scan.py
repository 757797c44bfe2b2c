"""Every group_by x aggregation by a scan, beside DuckDB on the same lake, in one run.

    uv run python -m benchmarks.scan [--rows 1_000_000 10_000_000]

Answers are compared; times are medians of 5 after a warm-up, ratios are what counts.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks import duck
from benchmarks.lake import END, SCOPE, lake
from benchmarks.results import write_section
from engine.contract import AGGREGATIONS, DIMENSIONS
from engine.engine import Engine
from engine.request import parse

GROUPS: Final = (*DIMENSIONS, "metadata.country", "metadata.search_query")
REPEATS: Final = 5


class Timing(NamedTuple):
    rows: int
    group_by: str
    aggregation: str
    first: float
    ours: float
    peer: float

    @property
    def ratio(self) -> float:
        return self.ours / self.peer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    timings = [timing for rows in parser.parse_args().rows for timing in measure(rows)]
    worst = max(timings, key=lambda timing: timing.ratio)
    write_section("Scan beside DuckDB on the same lake", table(timings, worst))
    print(f"worst class {worst.ratio:.2f} x DuckDB")


def measure(rows: int) -> list[Timing]:
    store = lake(rows)
    engine = Engine(store)
    files = store.open(SCOPE.workspace_id, SCOPE.brand_id).files
    connection = duck.connect(os.cpu_count() or 1)
    timings = []
    for group_by in GROUPS:
        for aggregation in AGGREGATIONS:
            request = parse(
                {
                    "event_types": None,
                    "group_by": group_by,
                    "aggregation": aggregation,
                    "value_field": "amount",
                    "time_window_days": 365,
                }
            )
            first, ours, result = timed(partial(engine.aggregate, request, SCOPE, END))
            _, peer, answer = timed(partial(duck.answer, connection, files, request, END))
            if [tuple(row) for row in result.rows] != answer:
                raise SystemExit(f"{request} differs:\n{result.rows[:5]}\n{answer[:5]}")
            timing = Timing(rows, group_by, aggregation, first, ours, peer)
            print(
                f"{rows:>11,} {group_by:22} {aggregation:15} {timing.ours:8.0f} ms"
                f" {timing.peer:8.0f} ms {timing.ratio:6.2f} x",
                flush=True,
            )
            timings.append(timing)
    return timings


def timed(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Milliseconds of the first call and the median of the next, and the answer."""
    times = []
    for _ in range(1 + REPEATS):
        began = time.perf_counter()
        answer = call()
        times.append((time.perf_counter() - began) * 1000)
    return times[0], statistics.median(times[1:]), answer


def table(timings: list[Timing], worst: Timing) -> str:
    lines = [
        f"365 days, whole brand, all types, {os.cpu_count()} cores, no cache, no rollups; median of"
        f" {REPEATS} after a warm-up, in milliseconds. Every answer equals DuckDB's. The first call"
        " that needs a column decodes it and keeps it in memory; DuckDB reads Parquet each time,"
        " from the page cache.",
        "",
        "| events | group_by | aggregation | first call | Vitrine | DuckDB | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {t.rows:,} | {t.group_by} | {t.aggregation} | {t.first:.0f} | {t.ours:.0f} |"
        f" {t.peer:.0f} | {t.ratio:.2f} |"
        for t in timings
    ]
    median = statistics.median(t.ratio for t in timings)
    lines += ["", f"Worst class {worst.ratio:.2f} x DuckDB, median {median:.2f} x."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
