"""The endpoint under load, started as an operator starts it, over the benchmark's lake.

    uv run python -m benchmarks.endpoint [--rows 10_000_000] [--full]

Needs wrk and chromium. Cached answers beside five open pages, uncached mixed widgets, 500 times
the same cold request, ten times too many requests beside a quiet workspace: for a minute, for five
with --full.
"""

import argparse
import asyncio
import os
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

from benchmarks.lake import END, SCOPE, home, lake
from benchmarks.load import (
    CROWD,
    QUIET_RATE,
    Answered,
    Sustained,
    arrivals,
    body,
    burst,
    mixed,
    overload,
    p99,
    sustained,
    warm_up,
)
from benchmarks.results import write_section
from benchmarks.rollups import builder_of
from benchmarks.usage import cpu, memory
from engine.demo.shop import months
from engine.demo.words import BRANDS
from engine.scope import Scope
from engine.stores.lake import LakeStore
from tests.browser.explore import Explore
from tests.browser.server import chromium, running

QUIET: Final = Scope("ws_quiet", BRANDS[1])
QUIET_ROWS: Final = 300_000
CONNECTIONS: Final = 8
SECONDS: Final = 15
BURST: Final = 500
RECOVERED: Final = 5
EXCESS: Final = 10
PAGES: Final = ("none", "day", "product_id", "metadata.country", "event_type")
UNAVAILABLE: Final = 503


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    rows, seconds = arguments.rows, 300 if arguments.full else 60
    _quiet(lake(rows))
    for scope in (SCOPE, QUIET):
        builder_of(rows).build(scope.workspace_id, scope.brand_id, END.date())
    with running(home(rows), events=0) as (address, process):
        # The first requests after a start read columns: that is no part of what follows.
        asyncio.run(warm_up(address, SCOPE, QUIET))
        with _open_pages(address):
            spent = [cpu(process)]
            cached = sustained(address, SCOPE, _widgets(), CONNECTIONS, SECONDS)
            spent.append(cpu(process))
        spent.append(cpu(process))
        uncached = sustained(address, SCOPE, islice(mixed(1), 50_000), CONNECTIONS, SECONDS)
        spent.append(cpu(process))
        together = asyncio.run(burst(address, SCOPE, next(mixed(2)), BURST))
        alone = asyncio.run(arrivals(address, QUIET, mixed(3), QUIET_RATE, seconds))
        before = memory(process, "VmRSS")
        rate = EXCESS * uncached.per_second
        flood, asked, quiet = asyncio.run(overload(address, SCOPE, QUIET, rate, seconds))
        after = memory(process, "VmRSS")
        afterwards = asyncio.run(arrivals(address, SCOPE, mixed(7), QUIET_RATE, RECOVERED))
    text = [
        *_sustained("Cached, beside five open pages", cached, spent[1] - spent[0]),
        *_sustained("Uncached, mixed widgets, each another", uncached, spent[3] - spent[2]),
        *_burst(together),
        f"- {EXCESS} times too many requests, {rate:,.0f} a second on {CROWD} connections for"
        f" {seconds} s: {flood.requests:,} answers, {flood.refused:,} of them refusals,"
        f" {flood.failed - flood.refused:,} failures. One more client, {_shares(asked)}:"
        f" {_latencies('refusals', _refused(asked))};"
        f" {_latencies('after the first second', _refused(_settled(asked)))}."
        f" Memory {before:,.0f} MiB before, {after:,.0f} MiB after.",
        f"- A quiet workspace, {QUIET_RATE:.0f} uncached requests a second: alone"
        f" {_latencies('answers', alone)}; meanwhile {_latencies('answers', quiet)},"
        f" {_shares(quiet)}: its p99 is {p99(quiet) / p99(alone):.1f} x its own.",
        f"- The crowd's workspace in the {RECOVERED} s after it, as often: {_shares(afterwards)};"
        f" {_latencies('all', afterwards)}.",
    ]
    head = (
        f"Server and clients share {os.cpu_count()} cores. One server process with its pages,"
        f" {CONNECTIONS} connections; latencies in milliseconds as the client sees them. Before"
        " it each kind of request was asked once over each window, of all types and of"
        " one."
    )
    write_section(f"Endpoint at {rows:,} events", "\n".join([head, "", *text]))
    print(*text, sep="\n")


def _quiet(store: LakeStore) -> None:
    """A second workspace in the same lake."""
    if not store.open(QUIET.workspace_id, QUIET.brand_id).files:
        frames = months(QUIET.brand_id, END, rows=QUIET_ROWS)
        store.write(QUIET.workspace_id, QUIET.brand_id, frames)


def _widgets() -> list[bytes]:
    return [body(group_by=group_by, aggregation="count") for group_by in PAGES]


@contextmanager
def _open_pages(address: str) -> Iterator[None]:
    """Five people who each look at a widget."""
    with chromium() as browser:
        for group_by in PAGES:
            page = browser.new_context().new_page()
            Explore(page, address).open(f"?group_by={group_by}&time_window_days=365")
        yield


def _sustained(name: str, found: Sustained, cpu: float) -> list[str]:
    return [
        f"- {name}: {found.per_second:,.0f} requests/s, p50 {found.p50:,.1f},"
        f" p99 {found.p99:,.1f}; {found.requests:,} requests, {found.hits:,} answered from the"
        f" cache, {found.failed:,} failed;"
        f" {cpu / found.requests * 1000:,.2f} ms of the server's CPU each."
    ]


def _burst(answers: list[Answered]) -> list[str]:
    """Each computation says its own duration in Server-Timing; those who share it repeat it."""
    computed = {answer.timing.split(",")[0] for answer in answers if "miss" in answer.timing}
    return [
        f"- {len(answers)} times the same cold request at once: {len(computed)} computed,"
        f" {_shares(answers)}; {_latencies('all', answers)}."
    ]


def _settled(answers: list[Answered]) -> list[Answered]:
    """Those that were asked when all of a crowd had come, which connects at the same instant."""
    return answers[round(QUIET_RATE) :]


def _refused(answers: list[Answered]) -> list[Answered]:
    return [answer for answer in answers if answer.status == UNAVAILABLE]


def _shares(answers: list[Answered]) -> str:
    counts = Counter(answer.status for answer in answers)
    return ", ".join(f"{count:,} x {status}" for status, count in sorted(counts.items()))


def _latencies(name: str, answers: Sequence[Answered]) -> str:
    times = sorted(answer.milliseconds for answer in answers)
    if not times:
        return f"{name}: none"
    p50 = statistics.median(times)
    return f"{name} p50 {p50:,.1f}, p99 {p99(answers):,.1f}, longest {times[-1]:,.1f}"


if __name__ == "__main__":
    main()
