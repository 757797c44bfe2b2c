"""Every answer equals, bit for bit, that of plain Python and that of another engine's SQL.

VITRINE_SWEEP: how many random requests to compare (3,000).
"""

import os
import random
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import DIMENSIONS
from engine.engine import Engine
from engine.scope import Scope
from engine.stores.columns import BUDGET, Columns
from engine.stores.lake import LakeStore
from engine.stores.memory import MemoryStore
from tests import oracle
from tests.duck import Duck
from tests.generate import (
    ABSENT_KEY,
    ASKED_TYPES,
    CATALOGS,
    GROUP_BYS,
    MICROSECOND,
    NOW,
    SCOPE,
    Sample,
    append,
    bodies,
    event,
    event_lists,
    frame,
)

SWEEP = int(os.environ.get("VITRINE_SWEEP", "3000"))
PER_SAMPLE = sum(1 for _ in Sample.make(0).requests())
SEEDS = range(-(-SWEEP // PER_SAMPLE))
BUDGETS = (BUDGET, 0, 20_000)
"""Everything held in memory, nothing, and a little, so that columns come and go."""
LAKE_EVERY = 3
"""A lake answers four times slower than memory, so it is asked each third request."""


def in_memory(events):
    return Engine(MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): frame(events)}))


def in_lake(home, events, commits=1, budget=BUDGET):
    """A lake whose columns are held in memory as far as the budget goes, else read from files."""
    events = frame(events)
    for i in range(commits):
        append(home, SCOPE, events[i::commits])
    return Engine(LakeStore(home / "lake", Columns(budget)))


def ask(engine, body, as_of, catalog):
    """Rows and groups as the oracle gives them."""
    scope = Scope(SCOPE.workspace_id, SCOPE.brand_id, catalog)
    result = engine.aggregate(body, scope, as_of)
    assert result.generated_at == as_of
    assert result.window_start == as_of - timedelta(hours=24 * body["time_window_days"])
    assert result.truncated == (result.total_groups > body["limit"])
    return [tuple(row) for row in result.rows], result.total_groups


def assert_same(answer, expected):
    """Equal values, equal types: repr tells 1 from 1.0 and one double from the next."""
    assert repr(answer) == repr(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_sweep(seed, tmp_path):
    sample = Sample.make(seed)
    memory = in_memory(sample.events)
    lake = in_lake(tmp_path, sample.events, 1 + seed % 3, budget=BUDGETS[seed % 3])
    duck = Duck(sample.frame)
    for i, (body, as_of, catalog) in enumerate(sample.requests()):
        expected = oracle.answer(sample.events, body, as_of, catalog)
        assert_same(ask(memory, body, as_of, catalog), expected)
        assert_same(duck.answer(body, as_of, catalog), expected)
        if (i + seed) % LAKE_EVERY == 0:
            assert_same(ask(lake, body, as_of, catalog), expected)


def clocks():
    far = timezone(timedelta(hours=-9, minutes=-30))
    steps = st.sampled_from([NOW, NOW.replace(microsecond=0), NOW + MICROSECOND])
    return steps | steps.map(lambda instant: instant.astimezone(far))


@settings(max_examples=300)
@given(event_lists(), bodies(), clocks(), st.sampled_from((None, *CATALOGS)))
def test_any_events_in_memory(events, body, as_of, catalog):
    expected = oracle.answer(events, body, as_of, catalog)
    assert_same(ask(in_memory(events), body, as_of, catalog), expected)


@settings(max_examples=30)
@given(
    event_lists(),
    st.lists(bodies(), min_size=1, max_size=4),
    clocks(),
    st.integers(1, 3),
    st.sampled_from(BUDGETS),
)
def test_any_events_in_a_lake(events, asked, as_of, commits, budget):
    with tempfile.TemporaryDirectory() as home:
        lake = in_lake(Path(home), events, commits, budget)
        for body in asked:
            expected = oracle.answer(events, body, as_of)
            assert_same(ask(lake, body, as_of, None), expected)


@pytest.mark.parametrize("budget", BUDGETS)
def test_many_at_once(budget, tmp_path):
    sample = Sample.make(5_000)
    lake = in_lake(tmp_path, sample.events, commits=2, budget=budget)

    def differs(asked):
        return repr(ask(lake, *asked)) != repr(oracle.answer(sample.events, *asked))

    asked = random.Random(1).sample(list(sample.requests()), 80)
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(differs, asked))


def test_lake_files_read_by_another_engine(tmp_path):
    sample = Sample.make(1_000)
    in_lake(tmp_path, sample.events, commits=2)
    files = [str(path) for path in tmp_path.rglob("*.parquet")]
    assert len(files) > 2
    duck = Duck(files)
    for body, as_of, catalog in list(sample.requests())[::5]:
        expected = oracle.answer(sample.events, body, as_of, catalog)
        assert_same(duck.answer(body, as_of, catalog), expected)


def body_of(**changes):
    smallest = {"event_types": None, "group_by": "none", "aggregation": "count", "limit": 1000}
    return smallest | {"time_window_days": 30} | changes


@pytest.mark.parametrize("seed", range(3))
def test_buckets_of_a_window_add_up_to_its_total(seed):
    sample = Sample.make(2_000 + seed)
    memory = in_memory(sample.events)
    for as_of in sample.instants:
        (total,), _ = ask(memory, body_of(), as_of, None)
        for group_by in GROUP_BYS:
            rows, _ = ask(memory, body_of(group_by=group_by), as_of, None)
            assert sum(value for _, value, _ in rows) == total[1] > 0


def test_event_types_add_up_to_all():
    sample = Sample.make(2_010)
    events = [e for e in sample.events if e["event_type"] in ASKED_TYPES]
    memory = in_memory(events)
    body = body_of(group_by="metadata.country", time_window_days=365)
    whole, _ = ask(memory, body, sample.instants[0], None)
    parts = Counter()
    for event_type in ASKED_TYPES:
        rows, _ = ask(memory, body | {"event_types": [event_type]}, sample.instants[0], None)
        parts.update({key: value for key, value, _ in rows})
    assert parts == {key: value for key, value, _ in whole}
    assert len(parts) > 2


@pytest.mark.parametrize("group_by", [*DIMENSIONS, "metadata.country", f"metadata.{ABSENT_KEY}"])
@pytest.mark.parametrize("aggregation", ["count", "count_distinct", "sum", "avg"])
def test_nothing_happened(group_by, aggregation, tmp_path):
    """One row of zeros without a dimension, no rows otherwise, wherever there are no events."""
    body = body_of(group_by=group_by, aggregation=aggregation, value_field="amount")
    expected = ([("all", 0, 0)], 1) if group_by == "none" else ([], 0)
    old = [event("1", NOW - timedelta(days=400), amount=1)]
    for engine in (in_memory([]), in_memory(old), in_lake(tmp_path, old)):
        assert_same(ask(engine, body, NOW, None), expected)
    assert_same(ask(Engine(LakeStore(tmp_path / "none")), body, NOW, None), expected)


@pytest.mark.parametrize("value_field", ["amount", "product_id", "session_id"])
@pytest.mark.parametrize("aggregation", ["sum", "avg"])
def test_no_numbers(aggregation, value_field):
    """Groups of events without a number are 0 and last, in the order of their keys."""
    events = [
        event("1", NOW - MICROSECOND, metadata={"country": "b"}),
        event("2", NOW - MICROSECOND, metadata={"country": "a"}, product_id="x", session_id="NaN"),
        event(
            *("3", NOW - MICROSECOND),
            **{"metadata": {"country": "c"}, "product_id": "-5", "session_id": "-5", "amount": -5},
        ),
    ]
    body = body_of(group_by="metadata.country", aggregation=aggregation, value_field=value_field)
    expected = [("c", -5, 1), ("a", 0, 0), ("b", 0, 0)], 3
    assert_same(ask(in_memory(events), body, NOW, None), expected)
    assert_same(oracle.answer(events, body, NOW), expected)


def test_window_is_half_open_to_the_microsecond(tmp_path):
    start = NOW - timedelta(hours=24)
    at = {
        "before": start - MICROSECOND,
        "start": start,
        "after": start + MICROSECOND,
        "last": NOW - MICROSECOND,
        "end": NOW,
        "future": NOW + timedelta(days=300),
    }
    events = [event(name, instant, product_id=name) for name, instant in at.items()]
    body = body_of(group_by="product_id", time_window_days=1)
    expected = [("after", 1, 0), ("last", 1, 0), ("start", 1, 0)], 3
    for engine in (in_memory(events), in_lake(tmp_path, events)):
        assert_same(ask(engine, body, NOW, None), expected)


def test_time_keeps_the_latest_and_others_the_largest():
    events = [
        event(f"{day}-{n}", NOW - timedelta(days=day), product_id=f"p{day}")
        for day in range(1, 10)
        for n in range(10 - day if day < 9 else 2)
    ]
    memory = in_memory(events)
    days = [(NOW - timedelta(days=day)).strftime("%Y-%m-%d") for day in range(1, 10)]
    rows, groups = ask(memory, body_of(group_by="day", limit=3), NOW, None)
    assert rows == [(days[2], 7, 0), (days[1], 8, 0), (days[0], 9, 0)]
    assert groups == 9
    rows, groups = ask(memory, body_of(group_by="product_id", limit=8), NOW, None)
    # p8 and p9 tie with two each: the smaller key stays.
    assert [key for key, _, _ in rows] == [f"p{day}" for day in range(1, 9)]
    assert groups == 9


def test_time_before_1970():
    """Days and hours begin at or before their events, not nearer to 1970."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    events = [event("1", epoch - MICROSECOND), event("2", epoch), event("3", epoch)]
    for group_by, keys in (
        ("day", ["1969-12-31", "1970-01-01"]),
        ("hour", ["1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"]),
    ):
        rows, _ = ask(in_memory(events), body_of(group_by=group_by), epoch + MICROSECOND, None)
        assert rows == [(keys[0], 1, 0), (keys[1], 2, 0)]


def test_keys_are_ordered_by_code_point():
    keys = ["\U00010000", "\uffff", "\ue000", "é", "e\u0301", "z", "Z", "a", "10", "9", ""]
    events = [event(key, NOW - MICROSECOND, product_id=key or None) for key in keys]
    rows, _ = ask(in_memory(events), body_of(group_by="product_id"), NOW, None)
    assert [key for key, _, _ in rows] == sorted(keys)
    assert all(before < after for before, after in pairwise(k.encode() for k, _, _ in rows))


def test_missing_key_is_one_group():
    """Absent, null and empty."""
    found = [None, {}, {"country": None}, {"country": ""}, {"other": "x"}, {"country": "PT"}]
    events = [event(str(i), NOW - MICROSECOND, metadata=m) for i, m in enumerate(found)]
    rows, groups = ask(in_memory(events), body_of(group_by="metadata.country"), NOW, None)
    assert rows == [("", 5, 0), ("PT", 1, 0)]
    assert groups == 2


def test_sums_do_not_depend_on_the_order_of_events(tmp_path):
    sample = Sample.make(3_000)
    shuffled = random.Random(1).sample(sample.events, len(sample.events))
    engines = in_memory(sample.events), in_memory(shuffled), in_lake(tmp_path, shuffled, commits=3)
    for body, as_of, catalog in sample.requests():
        if body["aggregation"] == "avg" and body["value_field"] in ("value", "product_id"):
            answers = {repr(ask(engine, body, as_of, catalog)) for engine in engines}
            assert len(answers) == 1


def test_clock_may_stand_in_any_zone():
    sample = Sample.make(4_000)
    memory = in_memory(sample.events)
    body = body_of(group_by="hour")
    as_of = sample.instants[0].astimezone(UTC)
    here = ask(memory, body, as_of, None)
    for hours in (-11.5, -3, 5.75, 14):
        there = as_of.astimezone(timezone(timedelta(hours=hours)))
        assert_same(ask(memory, body, there, None), here)
