"""Made-up events that look for trouble, and requests over them.

Plain dictionaries, for the oracle, and frames of the stores' schema. Two sources: `Sample`, seeded
and fast, for thousands of requests, and strategies for hypothesis, which shrink.
Events are as ingest leaves them: no empty ids, exact measures, numbers of the seven measures out
of metadata.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeAlias

import deltalake
import polars as pl
from hypothesis import strategies as st

from engine.contract import (
    AGGREGATIONS,
    DIMENSIONS,
    IDS,
    MEASURES,
    NUMERIC_AGGREGATIONS,
    VALUE_FIELDS,
)
from engine.scope import Scope
from engine.stores.base import EVENTS

Event: TypeAlias = dict[str, Any]
Body: TypeAlias = dict[str, Any]

SCOPE: Final = Scope("ws_test", "11111111-1111-4111-8111-111111111111")
CATALOGS: Final = (
    "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    "cccccccc-cccc-4ccc-8ccc-cccccccccccc",
)
NEVER_SEEN: Final = CATALOGS[2]
MICROSECOND: Final = timedelta(microseconds=1)

STORED_TYPES: Final = (
    "agent_view",
    "agent_atc",
    "agent_purchase",
    "c2",
    "Agent-View",
    "агент",
    "agent_view\n",
)
"""Some break the pattern and can only be counted under "all"."""
ASKED_TYPES: Final = (*STORED_TYPES[:4], "never_sent", "agent_vie")

TEXTS: Final = (
    "PT",
    "pt",
    "é",  # one code point
    "e\u0301",  # the same to the eye, two code points
    "\U0001f600",
    "\U00010000",  # by UTF-16 it would come before the next one
    "\uffff",
    "\ue000",
    "שלום",
    "\u202eabc",
    "日本",
    " ",
    "a b",
    "a\tb\nc",
    "a\0b",
    "null",
    "true",
    "1",
    "1.5",
    '{"a":[1,2]}',
    "x" * 300,
    "'); drop table events; --",
)
NUMBERS: Final = (
    "12",
    "-3.5",
    "0",
    "-0",
    "-0.0",
    "007",
    "1e3",
    "1E3",
    "1e+3",
    "12e-1",
    "1E-9",
    "1e-7",
    "0.1",
    "0.000001",
    "-0.000001",
    "0.0000005",
    "0.0000015",
    "-0.0000025",
    "0.00000050001",
    "123456789.123456789",
    "9007199254740993",
    "1e23",
    "999999999999999999999999",
    "-999999999999999999999999.999999",
    "0e50",
    "1e-400",
)
"""Finite and small enough to be added up."""
NO_NUMBERS: Final = (
    "1e24",
    "1e30",
    "-1e30",
    "1e400",
    "1000000000000000000000000",
    "999999999999999999999999.9999999",
    "0x1F",
    "１２",
    "١٢",
    " 1",
    "1 ",
    "1\n",
    "1.",
    ".5",
    "+1",
    "1e",
    "1_000",
    "1,5",
    "--1",
    "NaN",
    "Infinity",
    "-Infinity",
    "inf",
    "true",
    "p-1",
    "é",
    "\U0001f600",
)
KEYS: Final = ("country", "_1", "payload", "k" * 63)
STRANGE_KEYS: Final = ("País", "with.dot", "", "k" * 64)
"""Stored, but no request can name them."""
ABSENT_KEY: Final = "nowhere"
GROUP_BYS: Final = (*DIMENSIONS, *(f"metadata.{k}" for k in (*KEYS[:3], "agent_id", ABSENT_KEY)))
WINDOWS: Final = (1, 2, 7, 30, 31, 364, 365)
LIMITS: Final = (1, 2, 3, 10, 100, 1000)
HUGE: Final = Decimal("999999999999.999999")
TINY: Final = Decimal("0.000001")


def frame(events: list[Event]) -> pl.DataFrame:
    return pl.DataFrame(events, schema=EVENTS)


def event(event_id: str, created_at: datetime, **columns: Any) -> Event:
    """An event of which only the given columns say something."""
    blank = dict.fromkeys(EVENTS.names()) | {"event_type": "agent_view"}
    return blank | {"event_id": event_id, "created_at": created_at} | columns


def append(home: Path, scope: Scope, events: pl.DataFrame, **options: Any) -> Path:
    """Commit events to the brand's table of the lake in `home`; the table's folder."""
    table = home / "lake" / scope.workspace_id / scope.brand_id
    deltalake.write_deltalake(
        table,
        events.with_columns(month=pl.col("created_at").dt.strftime("%Y-%m")),
        partition_by=["month"],
        mode="append",
        **options,
    )
    return table


@dataclass(frozen=True)
class Sample:
    """Events with the instants at whose windows' edges some of them lie."""

    seed: int
    events: list[Event]
    instants: list[datetime]

    @property
    def frame(self) -> pl.DataFrame:
        return frame(self.events)

    @classmethod
    def make(cls, seed: int, events: int = 250) -> "Sample":
        rng = random.Random(seed)
        instants = [_instant(rng) for _ in range(2)]
        times = [_time(rng, instants) for _ in range(events - 20)]
        for _ in range(20):
            edge = rng.choice(instants) - rng.choice((0, *WINDOWS)) * timedelta(hours=24)
            times.append(edge + rng.choice((-1, 0, 0, 1)) * MICROSECOND)
        sessions = [(f"s{i}", rng.choice(times)) for i in range(rng.choice((3, 30)))]
        made = [_event(rng, str(i), time, sessions) for i, time in enumerate(times)]
        rng.shuffle(made)
        return cls(seed, made, instants)

    def requests(self) -> Iterator[tuple[Body, datetime, str | None]]:
        """Body, clock and catalog: every group_by x aggregation x value field, the rest drawn."""
        rng = random.Random(self.seed)
        for group_by in GROUP_BYS:
            for aggregation in AGGREGATIONS:
                for field in VALUE_FIELDS if aggregation in NUMERIC_AGGREGATIONS else (None,):
                    body = {
                        "event_types": _types(rng),
                        "group_by": group_by,
                        "aggregation": aggregation,
                        "value_field": field,
                        "time_window_days": rng.choice(WINDOWS),
                        "limit": rng.choice(LIMITS),
                    }
                    yield body, rng.choice(self.instants), rng.choice((None, None, *CATALOGS))


def _instant(rng: random.Random) -> datetime:
    """Midnight, leap day, change of clocks, last microsecond of a year, 1970, another zone."""
    day = rng.choice(
        (
            datetime(2026, 11, 23, tzinfo=UTC),
            datetime(2028, 2, 29, 12, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            datetime(2027, 1, 1, tzinfo=UTC) - MICROSECOND,
            datetime(2026, 6, 30, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=5.5))),
            datetime(1970, 1, 2, 3, 4, 5, tzinfo=UTC),
        )
    )
    return day + rng.choice((0, 1, 123_456, 3_600_000_001)) * MICROSECOND


def _time(rng: random.Random, instants: list[datetime]) -> datetime:
    span = rng.choice((timedelta(hours=3), timedelta(days=3), timedelta(days=400)))
    ahead = timedelta(days=2) if rng.random() < 0.05 else timedelta(0)
    return rng.choice(instants) - rng.random() * span + ahead


def _event(
    rng: random.Random, event_id: str, time: datetime, sessions: list[tuple[str, datetime]]
) -> Event:
    session, around = rng.choice(sessions)
    if rng.random() < 0.2:
        # Near its session's other events, which may be on the other side of midnight.
        time = around + rng.uniform(-6, 6) * timedelta(hours=1)
    ids = dict.fromkeys(IDS[1:])
    for name in ids:
        pool = rng.choice(((None,), NUMBERS, NUMBERS, NO_NUMBERS, ("p1", "p2")))
        ids[name] = rng.choice(pool)
    return event(
        event_id,
        time.astimezone(UTC),
        catalog_id=rng.choice((None, *CATALOGS[:2])),
        event_type=rng.choice(STORED_TYPES[:3] if rng.random() < 0.8 else STORED_TYPES),
        session_id=rng.choice((None, session, session, session, rng.choice(NUMBERS))),
        **ids,
        **{name: _measure(rng) for name in MEASURES},
        metadata=_metadata(rng),
    )


def _measure(rng: random.Random) -> Decimal | None:
    kind = rng.randrange(8)
    if kind < 2:
        return None
    if kind < 4:
        return Decimal(rng.randrange(-2, 4))
    if kind < 6:
        return Decimal(rng.randrange(-(10**7), 10**8)).scaleb(-2)
    if kind == 6:
        return rng.choice((1, -1)) * rng.choice((HUGE, TINY, Decimal(0), HUGE - TINY))
    return Decimal(rng.randrange(-(10**18) + 1, 10**18)).scaleb(-6)


def _metadata(rng: random.Random) -> dict[str, str | None] | None:
    if rng.random() < 0.2:
        return rng.choice((None, {}))
    known = rng.sample((*KEYS, *STRANGE_KEYS), 4)
    found = {key: rng.choice((None, "", *TEXTS[:4], rng.choice(TEXTS))) for key in known}
    for name in rng.sample(IDS, 2):
        found[name] = rng.choice((None, "", rng.choice(NUMBERS), rng.choice(NO_NUMBERS)))
    return found | {"amount": "n/a"}


def _types(rng: random.Random) -> list[str] | None:
    return rng.choice((None, [], rng.choices(ASKED_TYPES, k=rng.randrange(1, 5))))


def bodies() -> st.SearchStrategy[Body]:
    """Valid bodies."""
    keys = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
    types = st.sampled_from(ASKED_TYPES) | st.from_regex(r"[a-z][a-z0-9_]{1,8}", fullmatch=True)

    def needed(body: Body) -> bool:
        return body["value_field"] is not None or body["aggregation"] not in NUMERIC_AGGREGATIONS

    return st.fixed_dictionaries(
        {
            "event_types": st.none() | st.lists(types, max_size=5),
            "group_by": st.sampled_from(GROUP_BYS) | keys.map("metadata.{}".format),
            "aggregation": st.sampled_from(AGGREGATIONS),
            "value_field": st.none() | st.sampled_from(VALUE_FIELDS),
            "time_window_days": st.sampled_from(WINDOWS) | st.integers(1, 365),
            "limit": st.sampled_from(LIMITS) | st.integers(1, 1000),
        }
    ).filter(needed)


NOW: Final = datetime(2026, 11, 23, 5, 31, 56, 123_400, tzinfo=UTC)
"""The clock of the events below."""


def times() -> st.SearchStrategy[datetime]:
    """Around NOW and the edges of the windows that end there."""
    edges = st.sampled_from([NOW - timedelta(hours=24 * days) for days in (0, *WINDOWS)])
    near = st.builds(lambda edge, step: edge + step * MICROSECOND, edges, st.integers(-2, 2))
    return near | st.integers(-400 * 86_400, 10 * 86_400).map(lambda s: NOW + timedelta(seconds=s))


def event_lists(max_size: int = 25) -> st.SearchStrategy[list[Event]]:
    text = st.characters(codec="utf-8")
    texts = st.sampled_from(TEXTS) | st.text(text, min_size=1, max_size=4)
    ids = st.none() | st.sampled_from(NUMBERS) | st.sampled_from(NO_NUMBERS) | texts
    measures = st.none() | st.sampled_from([TINY, -TINY, HUGE, -HUGE, Decimal(1)])
    measures |= st.decimals(-HUGE, HUGE, places=6)
    values = st.none() | st.just("") | texts
    keys = st.sampled_from((*KEYS[:3], *IDS)) | st.text(text, max_size=3)
    made = st.fixed_dictionaries(
        {
            "event_id": st.just("e"),
            "catalog_id": st.sampled_from((None, *CATALOGS[:2])),
            "event_type": st.sampled_from(STORED_TYPES),
            "session_id": st.sampled_from((None, "s1", "s2", "12")) | ids,
            **dict.fromkeys(IDS[1:], ids),
            "created_at": times(),
            **dict.fromkeys(MEASURES, measures),
            "metadata": st.none() | st.dictionaries(keys, values, max_size=4),
        }
    )
    return st.lists(made, max_size=max_size)
