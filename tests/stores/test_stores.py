"""One suite for every store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from polars.testing import assert_frame_equal

from engine.stores.base import EVENTS
from tests.generate import CATALOGS, MICROSECOND, NOW, SCOPE, Sample, event
from tests.stores.places import ALWAYS, PLACES, columns_of, ids, scan, some

OTHER_BRAND = replace(SCOPE, brand_id="22222222-2222-4222-8222-222222222222")
OTHER_WORKSPACE = replace(SCOPE, workspace_id="ws_test2")


@pytest.fixture(params=PLACES)
def place(request, tmp_path):
    return PLACES[request.param](tmp_path)


def test_unknown_brand_is_empty(place):
    place.add(OTHER_BRAND, some("1"))
    snapshot = place.store.snapshot(SCOPE)
    assert_frame_equal(scan(snapshot), EVENTS.to_frame().drop("metadata"))
    assert scan(snapshot, ALWAYS, columns_of("b", "a")).columns[-2:] == ["metadata.a", "metadata.b"]
    assert snapshot.all_events().collect().schema == EVENTS
    assert snapshot.all_events().collect().height == 0


def test_window_without_events_is_empty(place):
    place.add(SCOPE, some("1", metadata={"a": "x"}))
    snapshot = place.store.snapshot(SCOPE)
    later = NOW, NOW + timedelta(days=1)
    assert_frame_equal(scan(snapshot, later), EVENTS.to_frame().drop("metadata"))
    assert ids(snapshot, later, "a") == []


def test_every_column_comes_back(place):
    sample = Sample.make(7)
    place.add(SCOPE, sample.events)
    snapshot = place.store.snapshot(SCOPE)
    expected = sample.frame.sort("event_id")
    assert_frame_equal(snapshot.all_events().collect().sort("event_id"), expected)
    assert_frame_equal(scan(snapshot), expected.drop("metadata"))


@pytest.mark.parametrize("name", sorted(columns_of("country", "nowhere")))
def test_exactly_the_columns_asked_for(place, name):
    place.add(SCOPE, Sample.make(7, events=50).events)
    for window in (ALWAYS, (NOW, NOW)):
        found = place.store.snapshot(SCOPE).scan(*window, frozenset({name})).collect()
        assert found.columns == [name]


def test_version_changes_with_the_data_and_only_then(place):
    versions = [place.store.snapshot(SCOPE).version]
    for i in range(3):
        place.add(SCOPE, some(str(i)))
        versions.append(place.store.snapshot(SCOPE).version)
        assert place.store.snapshot(SCOPE).version == versions[-1]
        place.add(OTHER_BRAND, some(str(i)))
        assert place.store.snapshot(SCOPE).version == versions[-1]
    assert len(set(versions)) == 4


def test_snapshot_stays_as_it_was(place):
    place.add(SCOPE, some("1", metadata={"a": "x"}))
    snapshot = place.store.snapshot(SCOPE)
    place.add(SCOPE, some("2", "3"))
    assert ids(snapshot) == ["1"]
    assert ids(snapshot, ALWAYS, "a") == ["1"]
    assert ids(place.store.snapshot(SCOPE)) == ["1", "2", "3"]


# File statistics know milliseconds only, cut off.
INSTANTS = [NOW.replace(microsecond=us) for us in (0, 1, 999, 1_000, 123_456, 999_999)] + [
    NOW.replace(year=1969, microsecond=us) for us in (1, 123_456, 999_999)
]


@pytest.mark.parametrize("keys", [(), ("a",)], ids=["plain", "metadata"])
@pytest.mark.parametrize("instant", INSTANTS, ids=str)
def test_window_is_half_open_to_the_microsecond(place, instant, keys):
    place.add(SCOPE, [event("1", instant, metadata={"a": "x"})])
    snapshot = place.store.snapshot(SCOPE)
    far = timedelta(days=1)
    steps = [MICROSECOND * n for n in (1, 56, 499, 1_000, 123_456, 999_999)]
    assert ids(snapshot, (instant, instant + MICROSECOND), *keys) == ["1"]
    assert ids(snapshot, (instant, instant), *keys) == []
    for step in steps:
        assert ids(snapshot, (instant - step, instant + far), *keys) == ["1"]
        assert ids(snapshot, (instant + step, instant + far), *keys) == []
        assert ids(snapshot, (instant - far, instant + step), *keys) == ["1"]
        assert ids(snapshot, (instant - far, instant - step + MICROSECOND), *keys) == []


def test_event_between_the_last_millisecond_of_statistics_and_its_microsecond(place):
    place.add(SCOPE, [event("1", NOW.replace(microsecond=123_456))])
    window = NOW.replace(microsecond=123_400), NOW + timedelta(days=1)
    assert ids(place.store.snapshot(SCOPE), window) == ["1"]


def test_metadata_keys_become_columns(place):
    found = [None, {}, {"a": None}, {"a": ""}, {"b": "y"}, {"a": "x"}, {"a": " ", "b": "é"}]
    place.add(SCOPE, [event(str(i), NOW, metadata=m) for i, m in enumerate(found)])
    place.add(SCOPE, [event("7", NOW, metadata={"a": "x", "product_id": "p"}, product_id="q")])
    keys = ("a", "b", "nowhere", "product_id")
    scanned = scan(place.store.snapshot(SCOPE), ALWAYS, columns_of(*keys))
    assert scanned.select("^metadata.*$").to_dict(as_series=False) == {
        "metadata.a": [None, None, None, None, None, "x", " ", "x"],
        "metadata.b": [None, None, None, None, "y", None, "é", None],
        "metadata.nowhere": [None] * 8,
        "metadata.product_id": [None] * 7 + ["p"],
    }
    assert scanned["product_id"].to_list() == [None] * 7 + ["q"]


def test_columns_stand_beside_each_other(place):
    """Also those that were read at different times."""
    sample = Sample.make(8)
    for part in range(3):
        place.add(SCOPE, sample.events[part::3])
    window = NOW - timedelta(days=60), NOW + timedelta(days=900)
    snapshot = place.store.snapshot(SCOPE)
    ids(snapshot, window)
    ids(snapshot, ALWAYS, "country")
    found = scan(snapshot, window, columns_of("country"))
    expected = {
        e["event_id"]: ((e["metadata"] or {}).get("country") or None, e["amount"])
        for e in sample.events
        if window[0] <= e["created_at"] < window[1]
    }
    rows = found.select("event_id", "metadata.country", "amount").iter_rows()
    assert {key: rest for key, *rest in rows} == {key: [*rest] for key, rest in expected.items()}


def test_brands_do_not_see_each_other(place):
    place.add(SCOPE, some("mine"))
    place.add(OTHER_BRAND, some("brand"))
    place.add(OTHER_WORKSPACE, some("workspace"))
    for scope, name in ((SCOPE, "mine"), (OTHER_BRAND, "brand"), (OTHER_WORKSPACE, "workspace")):
        assert ids(place.store.snapshot(scope)) == [name]
        assert place.store.snapshot(scope).all_events().collect()["event_id"].to_list() == [name]


def test_a_catalog_is_not_the_stores_work(place):
    place.add(SCOPE, some("1", catalog_id=CATALOGS[0]) + some("2", catalog_id=None))
    assert ids(place.store.snapshot(replace(SCOPE, catalog_id=CATALOGS[1]))) == ["1", "2"]


def test_brands(place):
    assert place.store.brands() == {}
    for scope in (OTHER_WORKSPACE, OTHER_BRAND, SCOPE):
        place.add(scope, some("1"))
    assert place.store.brands() == {
        "ws_test": [SCOPE.brand_id, OTHER_BRAND.brand_id],
        "ws_test2": [SCOPE.brand_id],
    }


def test_readers_while_it_grows(place):
    """Totals never go down, and no read fails."""
    place.add(SCOPE, some("0", metadata={"a": "x"}))
    done = []

    def read(_):
        seen = [0]
        while len(done) < 8 or len(seen) < 3:
            keys = ("a",) if len(seen) % 2 else ()
            seen.append(len(ids(place.store.snapshot(SCOPE), ALWAYS, *keys)))
        return seen

    with ThreadPoolExecutor(3) as pool:
        reading = pool.map(read, range(3))
        for i in range(8):
            place.add(SCOPE, some(f"more{i}", metadata={"a": "x"}))
            done.append(i)
        for seen in reading:
            assert seen == sorted(seen)
    assert len(ids(place.store.snapshot(SCOPE))) == 9
