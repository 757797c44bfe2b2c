"""Load on the endpoint: wrk for as much as it can take or more, and arrivals at a steady rate."""

import asyncio
import json
import random
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from benchmarks.peers import FIELDS, GROUPS
from engine.contract import AGGREGATIONS
from engine.demo.words import TYPES
from engine.scope import Scope
from tests.browser.server import TOKEN

WINDOWS: Final = (7, 30, 90, 365)
CROWD: Final = 500
"""Connections of those who ask too much."""
QUIET_RATE: Final = 20.0
"""Requests a second of those who do not."""
NO_ANSWER: Final = 0
"""In place of a status where the server closed the connection."""
SCRIPT: Final = """
local bodies, threads, i = {}, {}, 0
hits, refused = 0, 0
for line in io.lines("BODIES") do bodies[#bodies + 1] = line end
wrk.method = "POST"
HEADERS
DELAY
setup = function(thread) table.insert(threads, thread) end
request = function()
  i = i % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[i])
end
response = function(status, headers, body)
  if body:find('"cache_hit":true', 1, true) then hits = hits + 1 end
  if status == 503 then refused = refused + 1 end
end
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.timeout + errors.connect + errors.read + errors.write
  io.write(string.format('\\nresult {"requests": %d, "microseconds": %d, "failed": %d,',
    summary.requests, summary.duration, failed))
  io.write(string.format(' "p50": %f, "p99": %f, "hits": %d, "refused": %d}\\n',
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    threads[1]:get("hits"), threads[1]:get("refused")))
end
"""


class Sustained(NamedTuple):
    """What wrk saw: latencies in milliseconds, answers from the cache, refusals among failures."""

    per_second: float
    p50: float
    p99: float
    requests: int
    failed: int
    hits: int
    refused: int


class Answered(NamedTuple):
    status: int
    milliseconds: float
    timing: str


class Overloaded(NamedTuple):
    """What a crowd saw, one more client of its workspace, and one of a quiet workspace."""

    crowd: Sustained
    asked: list[Answered]
    quiet: list[Answered]


def mixed(seed: int) -> Iterator[bytes]:
    """Bodies of widgets of every kind; hardly ever the same twice."""
    chance = random.Random(seed)
    while True:
        aggregation = chance.choice(AGGREGATIONS)
        types = chance.choice([None, chance.sample(TYPES, chance.randint(1, 4))])
        yield body(
            group_by=chance.choice(GROUPS),
            aggregation=aggregation,
            value_field=FIELDS.get(aggregation),
            event_types=types,
            time_window_days=chance.choice(WINDOWS),
            limit=chance.randint(1, 1000),
        )


def body(**fields: Any) -> bytes:
    return json.dumps({"event_types": None, "time_window_days": 365} | fields).encode()


def sustained(
    address: str,
    scope: Scope,
    bodies: Iterable[bytes],
    connections: int,
    seconds: int,
    pause: float = 0,
) -> Sustained:
    """wrk, one thread: the next body `pause` milliseconds on average after an answer on a
    connection, at random, so that connections do not come in waves.
    """
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "bodies"
        texts.write_bytes(b"\n".join(bodies) + b"\n")
        headers = "\n".join(f'wrk.headers["{k}"] = "{v}"' for k, v in _headers(scope).items())
        script = Path(folder) / "script.lua"
        delay = f"delay = function() return math.random(0, {2 * pause:.0f}) end" if pause else ""
        parts = {"BODIES": str(texts), "HEADERS": headers, "DELAY": delay}
        script.write_text(re.sub("|".join(parts), lambda part: parts[part[0]], SCRIPT))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s"]
        done = subprocess.run(
            [*command, "-s", str(script), address + _path(scope)],
            capture_output=True,
            text=True,
            check=True,
        )
    found = json.loads(done.stdout.split("\nresult ", 1)[1].splitlines()[0])
    per_second = found["requests"] / found.pop("microseconds") * 1e6
    return Sustained(per_second, **found)


async def burst(address: str, scope: Scope, body: bytes, times: int) -> list[Answered]:
    """The same request on so many open connections at the same instant."""
    ends = [await _open(address) for _ in range(times)]
    answers = await asyncio.gather(*(_ask(end, scope, body) for end in ends))
    await _close(ends)
    return answers


async def arrivals(
    address: str, scope: Scope, bodies: Iterator[bytes], rate: float, seconds: float
) -> list[Answered]:
    """Requests that come at this rate, whether or not the ones before have been answered."""
    loop = asyncio.get_running_loop()
    free: list[Any] = []
    calls: list[asyncio.Task[Answered]] = []

    async def call(body: bytes) -> Answered:
        while free and free[-1][0].at_eof():
            free.pop()[1].close()
        end = free.pop() if free else await _open(address)
        answered = await _ask(end, scope, body)
        free.append(end)
        return answered

    began = loop.time()
    for number, one in enumerate(islice(bodies, round(rate * seconds))):
        await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
        calls.append(asyncio.create_task(call(one)))
    answers = await asyncio.gather(*calls)
    await _close(free)
    return answers


async def warm_up(address: str, *scopes: Scope) -> None:
    """What a day's first visitors do: each kind of request over each window has been asked once, of
    all types and of one.
    """
    for group_by, aggregation, days, types in product(
        GROUPS, AGGREGATIONS, WINDOWS, (None, TYPES[:1])
    ):
        one = body(
            group_by=group_by,
            aggregation=aggregation,
            value_field=FIELDS.get(aggregation),
            time_window_days=days,
            event_types=types,
        )
        for scope in scopes:
            await burst(address, scope, one, 1)


async def overload(
    address: str, crowd: Scope, quiet: Scope, rate: float, seconds: int
) -> Overloaded:
    """`rate` requests a second of a crowd in one workspace, beside a quiet one."""
    # Made before: this process also looks how long the others wait.
    bodies, pause = list(islice(mixed(4), 100_000)), 1000 * CROWD / rate
    return Overloaded(
        *await asyncio.gather(
            asyncio.to_thread(sustained, address, crowd, bodies, CROWD, seconds, pause),
            arrivals(address, crowd, mixed(5), QUIET_RATE, seconds),
            arrivals(address, quiet, mixed(6), QUIET_RATE, seconds),
        )
    )


def p99(answers: Sequence[Answered]) -> float:
    """Milliseconds within which 99 of 100 came."""
    times = sorted(answer.milliseconds for answer in answers)
    return times[min(len(times) - 1, len(times) * 99 // 100)]


async def _open(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(address)
    return await asyncio.open_connection(place.hostname, place.port)


async def _close(ends: Iterable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    for _, writer in ends:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in ends), return_exceptions=True)


async def _ask(
    end: tuple[asyncio.StreamReader, asyncio.StreamWriter], scope: Scope, body: bytes
) -> Answered:
    reader, writer = end
    headers = _headers(scope) | {"Host": "127.0.0.1", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    loop = asyncio.get_running_loop()
    began = loop.time()
    writer.write(f"POST {_path(scope)} HTTP/1.1\r\n{lines}\r\n".encode() + body)
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        await reader.readexactly(int(fields["content-length"]))
    except (asyncio.IncompleteReadError, ConnectionError):
        return Answered(NO_ANSWER, (loop.time() - began) * 1000, "")
    milliseconds = (loop.time() - began) * 1000
    return Answered(int(head.split(" ", 2)[1]), milliseconds, fields.get("server-timing", ""))


def _path(scope: Scope) -> str:
    return f"/api/workspace/{scope.workspace_id}/dashboards/aggregate"


def _headers(scope: Scope) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {TOKEN}",
        "X-Active-Brand": scope.brand_id,
        "Content-Type": "application/json",
    }
