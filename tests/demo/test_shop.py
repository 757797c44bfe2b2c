"""The made-up shop: always the same, and what the pages need to have something to show."""

import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.contract import FIELDS, IDS, KEY, MEASURES
from engine.demo import shop
from engine.demo.shop import months
from engine.demo.words import BRANDS, CATALOGS, WORKSPACE
from engine.numbers import MEASURE_LIMIT
from engine.scope import Scope
from engine.stores.base import EVENTS

END = datetime(2026, 11, 23, 5, 31, 56, 123_456, tzinfo=UTC)
DAYS = 400
ROWS = 60_000
EVENT_TYPE = next(field.pattern for field in FIELDS if field.name == "event_types")


def made(brand, end=END, rows=ROWS, days=DAYS):
    return pl.concat(months(brand, end, rows, days))


@pytest.fixture(scope="module")
def frames():
    return [list(months(brand, END, ROWS, DAYS)) for brand in BRANDS]


@pytest.fixture(scope="module")
def events(frames):
    """All events of both brands, with the number of the brand."""
    brands = (pl.concat(of_brand) for of_brand in frames)
    return pl.concat([frame.with_columns(brand=pl.lit(i)) for i, frame in enumerate(brands)])


def types(events, *names):
    return events.filter(pl.col("event_type").is_in(names))


def test_one_frame_a_month_sorted_by_time(frames):
    for of_brand in frames:
        assert all(frame.schema == EVENTS for frame in of_brand)
        found = [frame["created_at"].dt.strftime("%Y-%m").unique().to_list() for frame in of_brand]
        assert found == [
            *([f"2025-{month:02}"] for month in range(10, 13)),
            *([f"2026-{month:02}"] for month in range(1, 12)),
        ]
        times = pl.concat(of_brand)["created_at"]
        assert times.is_sorted()
        assert END - timedelta(days=DAYS) <= times[0] < END - timedelta(days=DAYS - 2)
        assert END - timedelta(days=2) < times[-1] < END


def test_busy_months_come_in_pieces(monkeypatch):
    whole = list(months(BRANDS[0], END, 3000, 90))
    monkeypatch.setattr(shop, "LARGEST", 200)
    pieces = list(months(BRANDS[0], END, 3000, 90))
    assert len(pieces) > 3 * len(whole)
    assert_frame_equal(pl.concat(pieces), pl.concat(whole))


@pytest.mark.parametrize("brand", BRANDS)
def test_the_same_every_time(brand):
    assert_frame_equal(made(brand, rows=3000, days=90), made(brand, rows=3000, days=90))


ENDS = [
    timedelta(microseconds=1),
    timedelta(hours=7),
    timedelta(days=1),
    timedelta(days=23, hours=5),
    timedelta(days=45),
]


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("earlier", ENDS, ids=str)
def test_a_day_does_not_depend_on_when_it_is_looked_at(brand, earlier):
    """A shop that ends earlier has exactly the events of the later one in the time they share."""
    now, before = (made(brand, end, 4000, 100) for end in (END, END - earlier))
    start, end = END - timedelta(days=100), END - earlier
    shared = [
        frame.filter(pl.col("created_at") >= start, pl.col("created_at") < end)
        for frame in (now, before)
    ]
    assert shared[0].height > 500
    assert_frame_equal(*shared)


def test_a_window_begins_with_the_sessions_that_began_before_it():
    """And with the refunds of days before; a busy shop has both at any time."""
    earlier = END - timedelta(days=1)
    now, before = (made(BRANDS[0], end, 200_000, 8) for end in (END, earlier))
    first_day = pl.col("created_at") < END - timedelta(days=7)
    late = now.filter(first_day)
    assert_frame_equal(late, before.join(late, on="event_id", how="semi", maintain_order="left"))
    assert (
        late.height == before.filter(first_day, pl.col("created_at") >= now["created_at"][0]).height
    )
    assert types(late, "refund").height > 0


def test_the_zone_of_the_clock_does_not_matter():
    there = END.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    assert_frame_equal(made(BRANDS[0], there, 2000, 40), made(BRANDS[0], END, 2000, 40))


@pytest.mark.parametrize(
    "end", [datetime(2026, 11, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)]
)
def test_an_end_at_midnight_of_a_month(end):
    (frame,) = months(BRANDS[1], end, 5000, 20)
    assert end - timedelta(days=20) <= frame["created_at"][0]
    assert frame["created_at"][-1] < end


def test_ids_are_unique_in_the_workspace(events):
    assert events["event_id"].n_unique() == events.height
    assert events["event_id"].null_count() == 0
    by_brand = [set(events.filter(brand=i)["session_id"].drop_nulls()) for i in (0, 1)]
    assert not by_brand[0] & by_brand[1]


def test_about_as_many_as_asked_for_and_how_they_are_shared(events):
    sizes = [events.filter(brand=i).height for i in (0, 1)]
    assert sum(sizes) == pytest.approx(ROWS, rel=0.1)
    assert sizes[0] / sum(sizes) == pytest.approx(0.7, abs=0.03)


def test_names_are_valid():
    for brand in BRANDS:
        for catalog in CATALOGS:
            assert Scope(WORKSPACE, brand, catalog).brand_id == brand


def test_the_canonical_types_and_others_that_can_be_asked_for(events):
    for i in (0, 1):
        found = events.filter(brand=i)["event_type"].unique().to_list()
        assert {"agent_view", "agent_atc", "agent_purchase"} < set(found)
        assert len(found) == 11
        assert all(re.fullmatch(EVENT_TYPE, name) for name in found)


def test_enough_metadata_keys_that_can_be_grouped_by(events):
    for i in (0, 1):
        entries = (
            events.filter(brand=i)
            .select(pair=pl.col("metadata").map.entries())
            .explode("pair")
            .unnest("pair")
        )
        keys = entries["key"].unique().to_list()
        assert len(keys) >= 12
        assert all(re.fullmatch(KEY, key) for key in keys)
        assert entries["value"].null_count() == 0
        assert "" not in entries["value"]
        sizes = entries.group_by("key").agg(pl.col("value").n_unique())
        assert sizes["value"].min() > 1


def test_two_catalogs_and_events_without_one(events):
    found = events.group_by("brand", "catalog_id").len()
    assert sorted(found["catalog_id"].drop_nulls().unique()) == sorted(CATALOGS)
    assert found.height == 6


def test_every_measure_and_id_is_used(events):
    for name in (*MEASURES, *IDS):
        for i in (0, 1):
            used = events.filter(brand=i)[name]
            assert 0 < used.null_count() < len(used)
            assert used.n_unique() > 2


def test_measures_make_sense(events):
    for name in MEASURES:
        assert events[name].abs().max() < MEASURE_LIMIT
    purchases, refunds = types(events, "agent_purchase"), types(events, "refund")
    assert purchases["amount"].min() > 0
    assert refunds.height > 5
    assert refunds["amount"].max() < 0
    assert refunds["amount"].null_count() == purchases["amount"].null_count() == 0
    others = events.filter(~pl.col("event_type").is_in(["agent_purchase", "refund"]))
    assert others["amount"].drop_nulls().is_empty()
    assert events["rating"].drop_nulls().is_between(1, 5).all()
    assert events["score"].drop_nulls().is_between(0, 1).all()
    assert events["quantity"].drop_nulls().min() >= 1
    assert events["duration_ms"].drop_nulls().min() >= 0


def test_a_refund_gives_back_what_was_paid(events):
    paid = types(events, "agent_purchase").select("brand", "customer_id", "product_id", "amount")
    returned = types(events, "refund").filter(
        pl.col("created_at") > END - timedelta(days=DAYS - 5), pl.col("customer_id").is_not_null()
    )
    matched = returned.with_columns(-pl.col("amount")).join(
        paid.unique(), on=["brand", "customer_id", "product_id", "amount"]
    )
    assert matched.height == returned.height > 0


def test_sessions_are_short_and_purchases_come_after_views(events):
    sessions = events.drop_nulls("session_id").group_by("session_id", maintain_order=True)
    spans = sessions.agg(
        pl.len(),
        first=pl.col("created_at").first(),
        last=pl.col("created_at").last(),
        kinds=pl.col("event_type"),
        countries=pl.col("metadata").map.get("country").n_unique(),
    )
    assert (spans["last"] - spans["first"]).max() < timedelta(days=1)
    assert spans["len"].max() <= 40
    assert spans["countries"].max() == 1
    whole = spans.filter(pl.col("first") > END - timedelta(days=DAYS - 1))
    for kinds in whole["kinds"].to_list():
        if "agent_purchase" in kinds:
            order = [kinds.index(name) for name in ("agent_view", "agent_atc", "agent_purchase")]
            assert all(before < after for before, after in pairwise(order))


def test_some_events_have_no_session(events):
    clients = events.filter(pl.col("event_type") != "refund")
    assert 0 < clients["session_id"].null_count() / clients.height < 0.03
    assert types(events, "refund")["session_id"].drop_nulls().is_empty()


@pytest.mark.parametrize("rows", [0, 1, 50])
def test_hardly_any_events(rows):
    found = [frame for brand in BRANDS for frame in months(brand, END, rows, 30)]
    assert all(frame.schema == EVENTS and frame.height for frame in found)
    assert sum(frame.height for frame in found) < rows + 100
