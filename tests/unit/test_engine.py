"""The way from a request to its rows: what the cache may serve, to whom, and for how long."""

import math
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from threading import Event

import pytest

import engine as library
from engine.cache import Cache
from engine.engine import Engine, utc_now
from engine.errors import InvalidRequest
from engine.pool import Direct
from engine.request import parse
from engine.scope import Scope
from engine.stores.memory import MemoryStore
from tests.contract_cases import BODY
from tests.generate import CATALOGS, MICROSECOND, NOW, SCOPE, append, event, frame

SUM = BODY | {"aggregation": "sum", "value_field": "amount"}


class Clock:
    """Counts how often it was read."""

    def __init__(self):
        self.now = NOW
        self.read = 0

    def __call__(self):
        self.read += 1
        return self.now


class Computing(Direct):
    """Counts what it is given."""

    def __init__(self):
        self.count = 0

    def submit(self, workspace, work):
        self.count += 1
        return super().submit(workspace, work)


class Shop:
    """An engine over events in memory, whose clock and cache move by hand."""

    def __init__(self):
        self.clock = Clock()
        self.seconds = 0.0
        self.store = MemoryStore()
        cache = Cache(seconds=60, timer=lambda: self.seconds)
        self.computing = Computing()
        self.engine = Engine(self.store, cache, self.clock, self.computing)
        self.put(3)

    def put(self, count, scope=SCOPE, **columns):
        events = [event(str(i), NOW - timedelta(hours=1), **columns) for i in range(count)]
        self.store.put(scope.workspace_id, scope.brand_id, frame(events))

    def ask(self, body=BODY, scope=SCOPE, **options):
        return self.engine.aggregate(body, scope, **options)


@pytest.fixture
def shop():
    return Shop()


def test_first_computed_then_cached(shop):
    first, second = shop.ask(), shop.ask()
    assert not first.cache_hit
    assert second.cache_hit
    assert second == replace(first, cache_hit=True)
    assert shop.computing.count == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"event_types": ["aa", "bb"]}, {"event_types": ["bb", "aa"]}),
        ({"event_types": ["aa", "bb"]}, {"event_types": ["bb", "aa", "bb"]}),
        ({"event_types": None}, {"event_types": []}),
        ({"value_field": "amount"}, {"value_field": "price"}),
        ({"value_field": "amount"}, {"value_field": None}),
        ({"value_field": "amount"}, {}),
        (
            {"aggregation": "count_distinct", "value_field": "session_id"},
            {"aggregation": "count_distinct"},
        ),
        ({"limit": 100}, {}),
        ({"time_window_days": 30.0}, {"time_window_days": 30}),
        ({"limit": 1e2}, {"limit": 100}),
    ],
)
def test_requests_of_one_meaning_share_an_answer(shop, one, other):
    shop.ask(BODY | one)
    assert shop.ask(BODY | other).cache_hit
    assert shop.ask(parse(BODY | other)).cache_hit


@pytest.mark.parametrize(
    "change",
    [
        {"event_types": ["agent_view"]},
        {"group_by": "hour"},
        {"group_by": "metadata.day"},
        {"aggregation": "count_distinct"},
        {"aggregation": "avg"},
        {"value_field": "price"},
        {"time_window_days": 31},
        {"limit": 99},
    ],
    ids=str,
)
def test_requests_of_different_meaning_do_not(shop, change):
    body = BODY | {"aggregation": "sum", "value_field": "amount"}
    shop.ask(body)
    assert not shop.ask(body | change).cache_hit
    assert shop.ask(body).cache_hit


def test_scopes_do_not_share_answers(shop):
    scopes = [
        SCOPE,
        replace(SCOPE, catalog_id=CATALOGS[0]),
        replace(SCOPE, catalog_id=CATALOGS[1]),
        replace(SCOPE, brand_id="22222222-2222-4222-8222-222222222222"),
        replace(SCOPE, workspace_id="ws_other"),
    ]
    assert not any(shop.ask(scope=scope).cache_hit for scope in scopes)
    assert all(shop.ask(scope=scope).cache_hit for scope in scopes)
    assert shop.ask(scope=Scope(SCOPE.workspace_id, SCOPE.brand_id.upper())).cache_hit


def test_new_data_is_a_new_answer(shop):
    assert shop.ask().rows[0].value == 3
    shop.put(5)
    result = shop.ask()
    assert not result.cache_hit
    assert result.rows[0].value == 5
    assert shop.ask().cache_hit


def test_first_data_of_a_brand_is_a_new_answer(shop):
    other = replace(SCOPE, workspace_id="ws_new")
    assert shop.ask(scope=other).rows == ()
    shop.put(1, other)
    assert shop.ask(scope=other).rows[0].value == 1


def test_data_of_another_brand_changes_nothing(shop):
    shop.ask()
    shop.put(5, replace(SCOPE, workspace_id="ws_new"))
    assert shop.ask().cache_hit


def test_a_minute_later_it_is_computed_again(shop):
    first = shop.ask()
    shop.clock.now += timedelta(seconds=59)
    shop.seconds += 59
    served = shop.ask()
    assert served.cache_hit
    assert served.generated_at == served.window_end == first.generated_at == NOW
    shop.clock.now += timedelta(seconds=1)
    shop.seconds += 1
    again = shop.ask()
    assert not again.cache_hit
    assert again.generated_at == NOW + timedelta(minutes=1)
    assert again.window_start == again.generated_at - timedelta(days=30)


def values(shop):
    return [row.value for row in shop.ask(BODY | {"group_by": "none"}).rows]


@pytest.mark.parametrize("ahead", [0, 0.5, 3, 59.9])
def test_what_comes_into_the_window_is_not_kept_out_by_an_answer(shop, ahead):
    """The window ends with a whole second: an event of this one is in it from the next one on."""
    shop.store.put(
        SCOPE.workspace_id,
        SCOPE.brand_id,
        frame([event("1", NOW - timedelta(hours=1)), event("2", NOW + timedelta(seconds=ahead))]),
    )
    assert values(shop) == values(shop) == [1]
    assert shop.computing.count == 1
    shop.clock.now += timedelta(seconds=math.floor(ahead) + 1)
    assert values(shop) == values(shop) == [2]
    assert shop.computing.count == 2
    shop.clock.now += timedelta(seconds=1)
    assert values(shop) == [2]
    assert shop.computing.count == 2


def test_events_of_a_wrong_clock_do_not_end_the_keeping_of_answers(shop):
    future = event("1", NOW + timedelta(days=1))
    shop.store.put(SCOPE.workspace_id, SCOPE.brand_id, frame([future]))
    assert values(shop) == [0]
    shop.clock.now += timedelta(seconds=1)
    assert values(shop) == [0]
    assert shop.computing.count == 1


def test_as_of_neither_reads_nor_fills_the_cache(shop):
    for _ in range(2):
        assert not shop.ask(as_of=NOW).cache_hit
    assert not shop.ask().cache_hit
    assert not shop.ask(as_of=NOW).cache_hit
    assert shop.computing.count == 4


def test_as_of_is_the_end_of_the_window(shop):
    end = NOW - timedelta(hours=1)
    assert shop.ask(as_of=end).rows == ()
    result = shop.ask(as_of=end + MICROSECOND)
    assert result.rows[0].value == 3
    assert result.generated_at == result.window_end == end + MICROSECOND


def test_as_of_in_another_zone_is_told_in_utc(shop):
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    result = shop.ask(as_of=there)
    assert result.generated_at.tzinfo == UTC
    assert result == replace(shop.ask(as_of=NOW), milliseconds=result.milliseconds)
    assert result.window_start == NOW - timedelta(days=30)


def test_naive_as_of_is_refused(shop):
    with pytest.raises(InvalidRequest, match="no time zone") as caught:
        shop.ask(as_of=NOW.replace(tzinfo=None))
    assert [fault.field for fault in caught.value.faults] == ["as_of"]


def test_bad_request_does_not_reach_the_store():
    with pytest.raises(InvalidRequest):
        Engine(store=None).aggregate(BODY | {"limit": 0}, SCOPE)


def test_window_is_days_of_24_hours(shop):
    for days in (1, 30, 365):
        result = shop.ask(BODY | {"time_window_days": days})
        assert result.window_end - result.window_start == timedelta(days=days)


def test_total_groups_and_truncated(shop):
    events = [event(str(i), NOW - timedelta(hours=i + 1), product_id=str(i)) for i in range(7)]
    shop.store.put(SCOPE.workspace_id, SCOPE.brand_id, frame(events))
    for limit, kept, truncated in ((1, 1, True), (6, 6, True), (7, 7, False), (1000, 7, False)):
        result = shop.ask(BODY | {"group_by": "product_id", "limit": limit})
        assert (len(result.rows), result.total_groups, result.truncated) == (kept, 7, truncated)
    assert result.milliseconds > 0
    assert result.data_version == shop.store.snapshot(SCOPE).version


def test_fifty_identical_requests_are_computed_once(shop):
    begun, released = Event(), Event()
    snapshot = shop.store.snapshot(SCOPE)

    class Slow:
        version = snapshot.version
        reaches = snapshot.reaches

        def scan(self, *window):
            begun.set()
            assert released.wait(30)
            return snapshot.scan(*window)

    shop.store.snapshot = lambda scope: Slow()
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(shop.ask) for _ in range(50)]
        assert begun.wait(30)
        released.set()
        results = [one.result() for one in asked]
    assert shop.computing.count == 1
    assert len({(result.rows, result.generated_at) for result in results}) == 1


def test_an_error_of_the_store_is_not_kept(shop):
    snapshot = shop.store.snapshot(SCOPE)

    class Broken:
        version = snapshot.version
        reaches = snapshot.reaches

        def scan(self, *window):
            raise OSError("the disk is gone")

    whole, shop.store.snapshot = shop.store.snapshot, lambda scope: Broken()
    for _ in range(2):
        with pytest.raises(OSError, match="the disk is gone"):
            shop.ask()
    shop.store.snapshot = whole
    assert not shop.ask().cache_hit


PRIMES = [n for n in range(2, 400) if all(n % d for d in range(2, n))]


def test_no_scope_ever_sees_another_hot_or_cold(shop):
    """Each brand and catalog has its own prime: any foreign event shows."""
    own = {}
    primes = iter(PRIMES)
    for w in range(6):
        for b in range(1, 4):
            brand = Scope(f"ws_s{w}", f"{b}" * 8 + "-1111-4111-8111-111111111111")
            amounts = {replace(brand, catalog_id=catalog): next(primes) for catalog in CATALOGS}
            own |= amounts | {brand: sum(amounts.values())}
            events = [
                event(scope.catalog_id, NOW - MICROSECOND, amount=n, catalog_id=scope.catalog_id)
                for scope, n in amounts.items()
            ]
            shop.store.put(brand.workspace_id, brand.brand_id, frame(events))
    rng = random.Random(5)
    hits = 0
    for _ in range(600):
        scope = rng.choice(list(own))
        result = shop.ask(SUM | {"group_by": rng.choice(["none", "day"])}, scope)
        assert [row.value for row in result.rows] == [own[scope]]
        hits += result.cache_hit
    assert 400 < hits < 600


def test_utc_now_is_the_present_second():
    before = datetime.now(UTC)
    now = utc_now()
    assert now.tzinfo == UTC
    assert now.microsecond == 0
    assert before - timedelta(seconds=1) < now <= datetime.now(UTC)


def test_inventory(shop):
    events = [
        event("1", NOW, event_type="b", metadata={"k": "x", "l": "y"}, catalog_id=CATALOGS[0]),
        event("2", NOW - timedelta(days=500), event_type="a", metadata={"k": "x"}),
        event("3", NOW + timedelta(days=5), event_type="a", metadata=None),
        event("4", NOW, event_type="c", metadata={}, catalog_id=CATALOGS[0]),
    ]
    shop.store.put(SCOPE.workspace_id, SCOPE.brand_id, frame(events))
    found = shop.engine.inventory(SCOPE)
    assert found.events == 4
    assert (found.first, found.last) == (events[1]["created_at"], events[2]["created_at"])
    assert list(found.event_types.items()) == [("a", 2), ("b", 1), ("c", 1)]
    assert list(found.metadata_keys.items()) == [("k", 2), ("l", 1)]
    narrowed = shop.engine.inventory(replace(SCOPE, catalog_id=CATALOGS[0]))
    assert narrowed.event_types == {"b": 1, "c": 1}
    assert narrowed.first == narrowed.last == NOW


def test_inventory_is_taken_once_for_each_state(shop):
    first = shop.engine.inventory(SCOPE)
    assert shop.engine.inventory(SCOPE) is first
    assert shop.engine.inventory(replace(SCOPE, catalog_id=CATALOGS[0])).events == 0
    shop.put(5)
    assert shop.engine.inventory(SCOPE).events == 5


def test_inventory_of_nothing(shop):
    found = shop.engine.inventory(replace(SCOPE, workspace_id="ws_none"))
    assert (found.events, found.first, found.last) == (0, None, None)
    assert found.event_types == found.metadata_keys == {}


def test_brands(shop):
    assert shop.engine.brands() == {SCOPE.workspace_id: [SCOPE.brand_id]}


def test_library_over_a_home(tmp_path):
    append(tmp_path, SCOPE, frame([event("1", NOW - MICROSECOND)]))
    connected = library.connect(tmp_path)
    assert connected.brands() == {SCOPE.workspace_id: [SCOPE.brand_id]}
    result = connected.aggregate(BODY, SCOPE, NOW)
    assert result.rows == (library.Row("2026-11-23", 1, 0),)
    assert not connected.aggregate(BODY, SCOPE).cache_hit
    assert connected.aggregate(BODY, SCOPE).cache_hit


@pytest.mark.parametrize("name", library.__all__)
def test_public_names_exist(name):
    assert getattr(library, name) is not None


def test_batch_answers_each_in_its_place(shop):
    """From one state and one clock; a bad request does not spoil the others."""
    bodies = [SUM, BODY | {"limit": 0}, BODY, SUM | {"group_by": "event_type"}, BODY]
    answers = shop.engine.batch(bodies, SCOPE)
    assert shop.clock.read == 1
    assert isinstance(answers.pop(1), InvalidRequest)
    asked = [body for body in bodies if body.get("limit") != 0]
    assert [answer.rows for answer in answers] == [shop.ask(body).rows for body in asked]
    assert {(answer.generated_at, answer.data_version) for answer in answers} == {(NOW, "0")}


def test_batch_until_answers_windows_that_ended_then(shop):
    """Each at its own end, as `aggregate` with as_of does; the second time from memory."""
    ends = [NOW, NOW - timedelta(days=1), NOW - timedelta(days=3)]
    asked = [(SUM | {"group_by": "event_type"}, end) for end in ends]
    answers = shop.engine.batch_until([*asked, (BODY | {"limit": 0}, NOW)], SCOPE)
    assert isinstance(answers.pop(), InvalidRequest)
    assert [answer.generated_at for answer in answers] == ends
    once = [shop.engine.aggregate(body, SCOPE, as_of=end) for body, end in asked]
    assert [answer.rows for answer in answers] == [answer.rows for answer in once]
    again = shop.engine.batch_until(asked, SCOPE)
    assert all(answer.cache_hit for answer in again)
    assert [answer.rows for answer in again] == [answer.rows for answer in once]
