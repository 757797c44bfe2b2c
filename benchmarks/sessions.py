"""Fifty people who have one dashboard open, which refreshes by itself: memory and time.

    uv run python -m benchmarks.sessions [--rows 1_000_000] [--sessions 50]

Each is a WebSocket that does what a browser does: it opens the page, and asks for the grid again
when that is due. What a browser draws of it is not in these figures.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.results import write_section
from benchmarks.usage import cpu, memory
from engine.demo.words import BRANDS, WORKSPACE
from tests.browser.server import TOKEN, running

EXPIRED: Final = 61.0
"""Seconds after which no answer is kept any more."""
WAVES: Final = 3
CHARTS: Final = 8
"""Of the dashboard; its other four widgets are numbers."""
LARGEST: Final = 64 << 20
"""Bytes of one message."""


class Session:
    """What one browser knows of its page."""

    def __init__(self, socket: ClientConnection, query: str) -> None:
        self._socket = socket
        self._query = query
        self.due: dict[str, float] = {}
        self.received = 0
        self.charts = 0

    async def open(self) -> float:
        """Seconds until the page is complete."""
        return await self._run("")

    async def refresh(self) -> float:
        """Seconds until all that the page repeats is there again."""
        return sum([await self._run(fragment) for fragment in list(self.due)])

    async def _run(self, fragment: str) -> float:
        asked = BackMsg()
        state = asked.rerun_script
        state.query_string = self._query
        state.page_name = "dashboard"
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment)
        began = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            data = await self._socket.recv()
            self.received += len(data)
            told.ParseFromString(data if isinstance(data, bytes) else data.encode())
            kind = told.WhichOneof("type")
            if kind == "delta":
                self.charts += told.delta.new_element.WhichOneof("type") == "plotly_chart"
            elif kind == "auto_rerun":
                self.due[told.auto_rerun.fragment_id] = told.auto_rerun.interval
            elif kind == "script_finished":
                if told.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise ValueError("the page failed")
                return time.perf_counter() - began


@asynccontextmanager
async def opened(address: str, query: str) -> AsyncIterator[tuple[Session, float]]:
    """A session whose page is complete, and the seconds that took."""
    stream = address.replace("http", "ws", 1) + "/_stcore/stream"
    async with connect(stream, subprotocols=[Subprotocol("streamlit")], max_size=LARGEST) as socket:
        session = Session(socket, query)
        took = await session.open()
        if session.charts < CHARTS:
            raise ValueError(f"the page has {session.charts} charts; {CHARTS} were expected")
        yield session, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sessions", type=int, default=50)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        running(Path(home), options.rows) as (address, process),
    ):
        _until_warm(address)
        query = f"dashboard={_dashboard(address)}&refresh=1"
        text = asyncio.run(_measure(address, process, query, options.sessions))
    about = (
        f"{os.cpu_count()} cores, {options.rows:,} events, server and clients on one machine."
        f" {options.sessions} sessions with the 12 widgets of Shop overview, refreshed every"
        " minute, which is when no answer is kept any more."
    )
    write_section("Open sessions", f"{about}\n\n{text}")
    print(text)


async def _measure(address: str, process: int, query: str, count: int) -> str:
    async with AsyncExitStack() as stack:
        # The first one pays for what all share.
        await stack.enter_async_context(opened(address, query))
        before, spent = await _settled(process), cpu(process)
        sessions: list[Session] = []
        seconds: list[float] = []
        for _ in range(count):
            session, took = await stack.enter_async_context(opened(address, query))
            sessions.append(session)
            seconds.append(took)
        each = (cpu(process) - spent) / count
        grown = await _settled(process) - before
        waves = [await _wave(sessions, process) for _ in range(WAVES)]
        after = await _settled(process)
    received = sum(session.received for session in sessions) / count / (1 + WAVES)
    waited = [seconds_of for seconds_of, _ in waves]
    spent_on_waves = [cpu_of for _, cpu_of in waves]
    return "\n".join(
        [
            f"- Opening one: median {_ms(statistics.median(seconds))}, longest"
            f" {_ms(max(seconds))}; {_ms(each)} of the server's CPU, {received / 1e3:,.0f} KB.",
            f"- Memory: {before:,.0f} MiB with one session, {grown / count:,.2f} MiB for each"
            f" more; {after:,.0f} MiB after {WAVES} refreshes of all.",
            f"- All refresh at once: the last has its page after {_ms(statistics.median(waited))}"
            f" (median of {WAVES}, longest {_ms(max(waited))}), with"
            f" {_ms(statistics.median(spent_on_waves) / count)} of CPU each, which is"
            f" {statistics.median(spent_on_waves) / 60 / (os.cpu_count() or 1):.1%} of the machine"
            " when it is every minute.",
        ]
    )


async def _settled(process: int) -> float:
    """Memory in MiB, once the server has given back what it no longer needs."""
    last = memory(process, "VmRSS")
    for _ in range(30):
        await asyncio.sleep(2)
        now = memory(process, "VmRSS")
        if abs(now - last) < 1:
            return now
        last = now
    return last


async def _wave(sessions: list[Session], process: int) -> tuple[float, float]:
    """Seconds until all are complete, and of the server's CPU."""
    await asyncio.sleep(EXPIRED)
    began, spent = time.perf_counter(), cpu(process)
    await asyncio.gather(*(session.refresh() for session in sessions))
    return time.perf_counter() - began, cpu(process) - spent


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _until_warm(address: str) -> None:
    while not (_asked(f"{address}/readyz")["warm"] and _dashboards(address)):
        time.sleep(1)


def _dashboard(address: str) -> str:
    return str(_dashboards(address)[0]["id"])


def _dashboards(address: str) -> list[Any]:
    path = f"/api/workspace/{WORKSPACE}/dashboards?brand_id={BRANDS[0]}"
    return list(_asked(address + path).get("dashboards", []))


def _asked(address: str) -> dict[str, Any]:
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
    try:
        with urllib.request.urlopen(request) as answer:
            told: dict[str, Any] = msgspec.json.decode(answer.read())
    except urllib.error.HTTPError:
        return {"warm": False}
    return told


if __name__ == "__main__":
    main()
