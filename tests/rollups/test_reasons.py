"""Why rollups do not answer: every reason by name, and the answer by a scan all the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.plan import Plan, Segment, Sources, plan
from engine.request import parse
from engine.rollups import answer, choose, coded, lists, rollups, top, visits
from engine.rollups.coded import hashed
from engine.scope import Scope
from tests.generate import CATALOGS, MICROSECOND, SCOPE, event

NOW = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
HOUR = timedelta(hours=1)
COUNT = {
    "event_types": None,
    "group_by": "none",
    "aggregation": "count",
    "time_window_days": 90,
    "limit": 100,
}
SUM = COUNT | {"aggregation": "sum", "value_field": "amount"}


def days_of_events(days, types=("agent_view", "agent_atc")):
    """A session for each of two types every hour of the last days."""
    return [
        event(
            f"{hour}-{kind}",
            NOW - hour * HOUR,
            event_type=kind,
            session_id=f"s{hour}-{kind}",
            product_id=f"p{hour % 5}",
            metadata={"order": f"o{hour}"},
        )
        for hour in range(1, 24 * days)
        for kind in types
    ]


def reason(brand, body, scope=SCOPE):
    """The one reason why a scan answers; the answer is right."""
    brand.check([(COUNT | body, NOW, scope.catalog_id)])
    planned = brand.engine.planned
    assert planned.is_scan
    (refusal,) = brand.engine.explain(COUNT | body, scope, NOW).refused
    return refusal.reason, refusal.detail


def test_rolled_up(brand):
    brand.write(days_of_events(60))
    brand.build(NOW)
    brand.check([(COUNT, NOW, None)])
    assert [s.source for s in brand.engine.planned.segments] == [
        *("events", "days", "months", "days", "events")
    ]
    assert brand.engine.planned.refused == ()


def test_off_and_not_built(brand):
    brand.write(days_of_events(2))
    assert reason(brand, {})[0] == "rollup_not_built"
    off = Engine(brand.lake)
    assert [r.reason for r in off.explain(COUNT, SCOPE, NOW).refused] == ["rollups_off"]


def test_what_is_not_rolled_up(brand):
    brand.write(days_of_events(3))
    brand.build(NOW)
    catalog = Scope(SCOPE.workspace_id, SCOPE.brand_id, CATALOGS[0])
    assert reason(brand, {}, catalog) == ("catalog_not_rolled_up", CATALOGS[0])
    by_id = SUM | {"value_field": "customer_id"}
    assert reason(brand, by_id) == ("value_field_not_in_rollup", "customer_id")


def test_every_reason_is_named_at_once(brand):
    brand.write(days_of_events(3))
    brand.build(NOW)
    scope = Scope(SCOPE.workspace_id, SCOPE.brand_id, CATALOGS[0])
    body = SUM | {"value_field": "session_id", "group_by": "session", "event_types": ["aa", "bb"]}
    refused = brand.engine.explain(body, scope, NOW).refused
    assert [refusal.reason for refusal in refused] == [
        "catalog_not_rolled_up",
        "value_field_not_in_rollup",
    ]


def test_dimension_with_too_many_values(brand, monkeypatch):
    monkeypatch.setattr(choose, "FLOOR", 20)
    brand.write(days_of_events(60))
    brand.build(NOW)
    name, detail = reason(brand, {"group_by": "metadata.order"})
    assert name == "dimension_not_rolled_up"
    assert detail.startswith("metadata.order: ")
    brand.check([(COUNT | {"group_by": "product_id"}, NOW, None)])
    assert not brand.engine.planned.is_scan


def test_dimension_that_grew_too_large(brand, monkeypatch):
    """Few values in a part of the events, but too many rows in a month."""
    monkeypatch.setattr(choose, "FLOOR", 20)
    monkeypatch.setattr(choose, "too_many_values", lambda values, events: None)
    brand.write(days_of_events(60))
    brand.build(NOW)
    assert reason(brand, {"group_by": "metadata.order"})[0] == "dimension_not_rolled_up"


def test_more_keys_than_are_rolled_up(brand, monkeypatch):
    monkeypatch.setattr(choose, "KEYS", 1)
    brand.write([event("1", NOW - 30 * HOUR, metadata={"aa": "x", "bb": "y"})])
    brand.build(NOW)
    refusal = reason(brand, {"group_by": "metadata.bb"})
    assert refusal == (
        "dimension_not_rolled_up",
        "metadata.bb: 1 metadata keys are rolled up already",
    )
    brand.check([(COUNT | {"group_by": "metadata.aa"}, NOW, None)])
    assert not brand.engine.planned.is_scan


def test_behind_the_lake(brand):
    """A few changed days are read from events; many are not."""
    brand.write(days_of_events(60))
    brand.build(NOW)
    late = [event(f"late{day}", NOW - timedelta(days=day)) for day in range(20, 40)]
    brand.write(late[:3])
    brand.check([(COUNT, NOW, None)])
    assert not brand.engine.planned.is_scan
    brand.write(late[3:])
    assert reason(brand, {})[0] == "rollup_behind_lake"
    brand.build(NOW)
    brand.check([(COUNT, NOW, None)])
    assert not brand.engine.planned.is_scan


def test_table_made_anew(brand):
    brand.write(days_of_events(3))
    brand.build(NOW)
    brand.lake.drop(SCOPE.workspace_id)
    brand.events.clear()
    brand.write([event("new", NOW - 50 * HOUR)])
    assert reason(brand, {}) == ("rollup_behind_lake", "")
    brand.build(NOW)
    brand.check([(COUNT, NOW, None)])
    assert not brand.engine.planned.is_scan


def test_types_that_share_a_bit(brand, monkeypatch):
    for module in (coded, answer, rollups):
        monkeypatch.setattr(module, "LAST_BIT", 1)
    brand.write(days_of_events(3, types=("aa", "bb", "cc")))
    brand.build(NOW)
    assert reason(brand, {"event_types": ["cc"]}) == ("types_need_bitmap", "cc")
    assert reason(brand, {"group_by": "event_type"}) == ("types_need_bitmap", "bb, cc")
    brand.check([(COUNT | {"event_types": ["aa"]}, NOW, None)])
    assert not brand.engine.planned.is_scan
    brand.check([(SUM | {"event_types": ["cc"]}, NOW, None)])
    assert not brand.engine.planned.is_scan


def test_type_that_is_new_today_and_shares_a_bit(brand, monkeypatch):
    for module in (coded, answer, rollups):
        monkeypatch.setattr(module, "LAST_BIT", 1)
    brand.write(days_of_events(3, types=("aa",)))
    brand.build(NOW)
    brand.write([event(kind, NOW - HOUR, event_type=kind) for kind in ("bb", "cc")])
    assert brand.engine.explain(COUNT | {"event_types": ["cc"]}, SCOPE, NOW).is_scan
    assert reason(brand, {"event_types": ["cc"]})[0] == "types_need_bitmap"


@pytest.mark.parametrize("today", [NOW, NOW - timedelta(days=1)])
def test_sessions_that_share_a_hash(brand, monkeypatch, today):
    """In rolled-up days, and in a day that is not rolled up."""
    monkeypatch.setattr(coded, "hashed", lambda ids: hashed(ids) % 3)
    brand.write(days_of_events(1))
    brand.write([event("old", NOW - timedelta(days=3), session_id="old")])
    brand.build(today)
    assert reason(brand, {})[0] == "session_hashes_collide"
    assert reason(brand, {"group_by": "session"})[0] == "session_hashes_collide"
    brand.check([(SUM, NOW, None)])
    assert not brand.engine.planned.is_scan


def test_more_sessions_than_a_list_holds(brand, monkeypatch):
    for module in (lists, top, visits):
        monkeypatch.setattr(module, "LISTED", 10)
    brand.write(days_of_events(3))
    brand.build(NOW)
    assert reason(brand, {"group_by": "session", "limit": 11})[0] == "limit_beyond_lists"
    for types in (None, ["agent_view"], ["agent_view", "agent_atc"]):
        body = COUNT | {"group_by": "session", "limit": 10, "event_types": types}
        brand.check([(body, NOW, None)])
        assert not brand.engine.planned.is_scan


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"broken")])
@pytest.mark.parametrize("kind", ["*.counts.parquet", "*.events.parquet", "*dictionaries.parquet"])
def test_files_that_are_gone_or_broken(brand, spoil, kind):
    brand.write(days_of_events(60))
    brand.write([event("edge", NOW - timedelta(days=90) + HOUR)])
    brand.build(NOW)
    for path in brand.builder.root.rglob(kind):
        spoil(path)
    assert brand.engine.explain(COUNT, SCOPE, NOW).refused[0].reason == "rollup_unreadable"
    brand.check([(COUNT, NOW, None)])
    assert brand.engine.planned.is_scan
    brand.build(NOW)
    brand.check([(COUNT, NOW, None)])
    assert not brand.engine.planned.is_scan


def segments(start, end, **sources):
    request = parse(COUNT | {"time_window_days": (end - start).days})
    planned: Plan = plan(request, SCOPE, end, Sources(**sources))
    assert planned.segments[0].start == planned.start
    assert planned.segments[-1].end == end
    for left, right in zip(planned.segments, planned.segments[1:], strict=False):
        assert left.end == right.start
    return [
        (s.source, s.start.isoformat()[5:16], s.end.isoformat()[5:16]) for s in planned.segments
    ]


def midnight(month, day):
    return datetime(2026, month, day, tzinfo=UTC)


def test_segments_at_midnight():
    """A window of whole days cuts none."""
    upto = midnight(12, 1).date()
    assert segments(midnight(10, 1), midnight(11, 1), upto=upto) == [
        ("days", "10-01T00:00", "11-01T00:00")
    ]
    months = frozenset({midnight(10, 1).date()})
    assert segments(midnight(10, 1), midnight(11, 1), upto=upto, months=months) == [
        ("months", "10-01T00:00", "11-01T00:00")
    ]
    late = midnight(11, 1) + MICROSECOND
    assert [s[0] for s in segments(midnight(10, 1) + MICROSECOND, late, upto=upto)] == [
        *("events", "days", "events")
    ]


def test_segments_around_days_that_changed():
    changed = frozenset({midnight(10, 15).date()})
    found = segments(
        midnight(10, 10), midnight(10, 20), upto=midnight(12, 1).date(), changed=changed
    )
    assert found == [
        ("days", "10-10T00:00", "10-15T00:00"),
        ("events", "10-15T00:00", "10-16T00:00"),
        ("days", "10-16T00:00", "10-20T00:00"),
    ]


def test_segments_of_days_not_yet_rolled_up():
    found = segments(midnight(10, 10), midnight(10, 13), upto=midnight(10, 11).date())
    assert [s[0] for s in found] == ["days", "events", "events"]


def test_segment_is_a_value():
    assert Segment("days", NOW, NOW) == Segment("days", NOW, NOW)
