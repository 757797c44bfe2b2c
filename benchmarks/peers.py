"""Every kind of request beside the best that other databases do with the same events, in one run.

    uv run python -m benchmarks.peers --rows 10_000_000 [--peers duckdb,coded,chdb,postgres]
        [--windows 7,30,365] [--groups none,day,...]

The peers' databases are made from the benchmark's lake once and kept. Each peer runs in its own
process, one call at a time, beside ours; every answer is compared. RESULTS.md gets a table when
no group was left out.
"""

import argparse
import importlib.util
import itertools
import math
import os
import signal
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Any, Final

from benchmarks import stock
from benchmarks.lake import END, SCOPE
from benchmarks.results import write_section
from benchmarks.rollups import engine_of
from benchmarks.standing import Class, Standing, lines, table
from benchmarks.statement import wire
from benchmarks.worker import Failed, Rows, Worker
from engine.contract import AGGREGATIONS, DIMENSIONS
from engine.request import AggregateRequest, parse

GROUPS: Final = (*DIMENSIONS, "metadata.country", "metadata.search_query")
WINDOWS: Final = (365, 30, 7)
TYPES: Final = (None, ("agent_view", "agent_atc", "agent_purchase"))
FIELDS: Final = {"sum": "amount", "avg": "duration_ms"}
REPEATS: Final = 5
SLOW_MS: Final = 2_000
SLOW_REPEATS: Final = 2
HOPELESS: Final = 3.0
"""What takes so many times as long as the best peer cannot be the best when it is warm."""
DEADLINE: Final = 60.0
IDLE_BYTES: Final = 2 << 30
"""A peer that holds more than this between its calls is started anew, to stay under 14 GiB."""


class Ours:
    """The engine as a peer; as_of keeps its cache out."""

    def __init__(self, rows: int) -> None:
        self._engine = engine_of(rows)

    def forms(self, request: AggregateRequest, as_of: datetime) -> list[Any]:
        return [(request, as_of)]

    def answer(self, form: Any) -> Rows:
        request, as_of = form
        return [tuple(row) for row in self._engine.aggregate(request, SCOPE, as_of).rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000_000])
    parser.add_argument("--peers", type=_names, default=None)
    parser.add_argument("--windows", type=_names, default=[str(days) for days in WINDOWS])
    parser.add_argument("--groups", type=_names, default=list(GROUPS))
    asked = parser.parse_args()
    # A run that is stopped stops its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if importlib.util.find_spec("chdb") is None:
        _again_with_chdb()
    classes = list(_classes([int(days) for days in asked.windows], asked.groups))
    wrong = 0
    for rows in asked.rows:
        with ExitStack() as stack:
            built, makers = stock.peers(rows, asked.peers or stock.names(rows), DEADLINE, stack)
            found: list[Standing] = []
            for standing, ours in measure(rows, classes, makers):
                print(standing.line(), flush=True)
                found.append(standing)
                if asked.groups == list(GROUPS):
                    # Now, for a run over many events takes an hour or more, and may be stopped.
                    text = table(found, list(makers), built, ours, len(classes))
                    write_section(_title(rows, asked.windows), text)
        wrong += sum(len(one.differs) for one in found)
        print(f"Vitrine's process held {ours}", *built, *lines(found), sep="\n", flush=True)
    if wrong:
        raise SystemExit(f"{wrong} answers differ")


def _title(rows: int, windows: list[str]) -> str:
    """Some of the windows have a section of their own, for all of them may take hours."""
    title = f"Peers at {rows:,} events"
    whole = set(windows) >= {str(days) for days in WINDOWS}
    return title if whole else f"{title}, {' and '.join(windows)} days"


def _names(text: str) -> list[str]:
    return text.split(",")


def _again_with_chdb() -> None:
    """chDB is large, so it is in a group of its own, which the tests do not need."""
    module = ["python", "-m", "benchmarks.peers", *sys.argv[1:]]
    os.execvp("uv", ["uv", "run", "--group", "benchmarks", *module])


def _classes(windows: Any, groups: Any) -> Iterator[AggregateRequest]:
    for days, group_by, aggregation, types in itertools.product(
        windows, groups, AGGREGATIONS, TYPES
    ):
        yield parse(
            {
                "event_types": types,
                "group_by": group_by,
                "aggregation": aggregation,
                "value_field": FIELDS.get(aggregation),
                "time_window_days": days,
            }
        )


def measure(
    rows: int, classes: list[AggregateRequest], makers: dict[str, Any]
) -> Iterator[tuple[Standing, str]]:
    """The standing of each class, and what our process has held by then."""
    with ExitStack() as stack:
        engine = stack.enter_context(Worker(partial(Ours, rows), 10 * DEADLINE))
        workers = {
            name: stack.enter_context(Worker(make, DEADLINE)) for name, make in makers.items()
        }
        for request in classes:
            first, milliseconds, answer = timed(engine, request)
            standing = Standing(Class.of(request), first, milliseconds)
            for name, worker in workers.items():
                try:
                    first, time, theirs = timed(worker, request, standing.least)
                    once = time == first
                    standing.add(name, time, wire(theirs, request) == answer, once=once)
                except Failed as failed:
                    standing.failed[name] = str(failed)
                if worker.memory() > IDLE_BYTES:
                    worker.close()
            held = f"{engine.memory() >> 20:,} MiB, at most {engine.memory('VmHWM') >> 20:,} MiB"
            yield standing, held


def timed(
    worker: Worker, request: AggregateRequest, least: float = math.inf
) -> tuple[float, float, Rows]:
    """Of the request's fastest form the first call, the median after it, and the rows.

    least: milliseconds of the best peer yet; a form whose first call takes far longer is not called
    again, and what that took stands for the median.
    """
    tried = []
    hopeless = []
    reasons = []
    for form in worker.forms(request, END):
        try:
            first, answer = worker.answer(form)
            if first > HOPELESS * least:
                hopeless.append((first, first, answer))
                continue
            tried.append((*worker.answer(form), first, form))
            least = min(least, tried[-1][0])
        except Failed as failed:
            reasons.append(str(failed))
    if not tried:
        if hopeless:
            return min(hopeless, key=lambda one: one[0])
        raise Failed("; ".join(dict.fromkeys(reasons)))
    second, answer, first, form = min(tried, key=lambda one: one[0])
    repeats = REPEATS if second < SLOW_MS else SLOW_REPEATS
    times = [second, *(worker.answer(form)[0] for _ in range(repeats - 1))]
    return first, statistics.median(times), answer


if __name__ == "__main__":
    main()
