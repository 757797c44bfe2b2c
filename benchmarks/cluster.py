"""The same requests by a scan here, from rollups, on Spark and on Sail, in one run.

    uv run python -m benchmarks.cluster [--rows 5_000_000] [--executors 2 4]
        [--requests 10] [--repeats 3]

Spark is a standalone cluster of processes on this machine, of one core and 1 GB an executor, from
the pip package (`.ci/run --cluster` fetches it; SPARK_HOME says where else it is). Answers are
compared; times are medians of a few after a warm-up.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.lake import END, SCOPE, files, lake
from benchmarks.results import write_section
from benchmarks.rollups import engine_of
from engine.backends.open import open_cluster
from engine.engine import Engine
from engine.request import AggregateRequest, parse
from engine.settings import Settings
from tests.cluster.sailing import Sail
from tests.cluster.spark import Standalone, missing

REQUESTS: Final = (
    ("none", "count"),
    ("product_id", "sum"),
    ("event_type", "count_distinct"),
    ("session", "count"),
    ("day", "count"),
    ("product_id", "count"),
    ("product_id", "count_distinct"),
    ("event_type", "avg"),
    ("metadata.search_query", "count"),
    ("none", "sum of product_id"),
)


class Place(NamedTuple):
    """start: what has to run, with its address; None for this machine alone."""

    name: str
    engine: Callable[[str], Engine]
    start: Callable[[], AbstractContextManager[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000_000])
    parser.add_argument("--executors", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--requests", type=int, default=len(REQUESTS), help="the first of them")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for rows in options.rows:
        title = f"A scan here, rollups, Spark and Sail: {rows:,} events"
        requests = REQUESTS[: options.requests]
        write_section(title, measure(rows, options.executors, requests, options.repeats))


def measure(
    rows: int, executors: list[int], requests: Sequence[tuple[str, str]], repeats: int
) -> str:
    times: dict[str, list[float]] = {}
    answers: list[Any] = []
    for place in places(rows, executors):
        with place.start() as remote:
            engine = place.engine(remote)
            times[place.name] = []
            for i, (group_by, aggregation) in enumerate(requests):
                asked = request(group_by, aggregation)
                milliseconds, rows_of_it = timed(engine, asked, repeats)
                if place.name == "scan here":
                    answers.append(rows_of_it)
                elif rows_of_it != answers[i]:
                    raise SystemExit(f"{place.name} differs for {group_by} {aggregation}")
                times[place.name].append(milliseconds)
                print(f"{place.name:22} {group_by:22} {aggregation:18} {milliseconds:8.0f} ms")
                sys.stdout.flush()
    return table(sum(file.rows for file in files(lake(rows))), requests, times, repeats)


def places(rows: int, executors: list[int]) -> Iterator[Place]:
    yield Place("scan here", lambda _: Engine(lake(rows)), _nothing)
    yield Place("rollups", lambda _: engine_of(rows), _nothing)
    yield Place("Sail", partial(_on_cluster, rows), _sail)
    if (why := missing()) is not None:
        raise SystemExit(why)
    for count in executors:
        yield Place(f"Spark, {count} executors", partial(_on_cluster, rows), partial(_spark, count))


@contextmanager
def _nothing() -> Iterator[str]:
    yield ""


@contextmanager
def _sail() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, Sail(Path(folder)) as server:
        yield server.remote


@contextmanager
def _spark(executors: int) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Standalone(Path(folder), workers=executors) as server,
    ):
        yield server.remote


def _on_cluster(rows: int, remote: str) -> Engine:
    settings = Settings(Path(), spark_remote=remote, cluster="always")
    return Engine(lake(rows), cluster=open_cluster(settings))


def request(group_by: str, aggregation: str) -> AggregateRequest:
    name, _, field = aggregation.partition(" of ")
    return parse(
        {
            "event_types": None,
            "group_by": group_by,
            "aggregation": name,
            "value_field": field or "amount",
            "time_window_days": 365,
        }
    )


def timed(engine: Engine, asked: AggregateRequest, repeats: int) -> tuple[float, Any]:
    """The median in milliseconds, and the rows."""
    times = []
    for _ in range(1 + repeats):
        began = time.perf_counter()
        result = engine.aggregate(asked, SCOPE, END)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[1:]), (result.rows, result.total_groups)


def table(
    events: int,
    requests: Sequence[tuple[str, str]],
    times: dict[str, list[float]],
    repeats: int,
) -> str:
    lines = [
        f"{events:,} events of a brand, 365 days, all types, {os.cpu_count()} cores for all of them"
        f" together; executors have one core and 1 GB each. Milliseconds, median of {repeats} after"
        " a warm-up, no cache; every answer equals that of the scan here.",
        "",
        f"| group_by | aggregation | {' | '.join(times)} |",
        f"|---|---|{'---|' * len(times)}",
    ]
    for i, (group_by, aggregation) in enumerate(requests):
        measured = " | ".join(f"{found[i]:,.0f}" for found in times.values())
        lines.append(f"| {group_by} | {aggregation} | {measured} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
