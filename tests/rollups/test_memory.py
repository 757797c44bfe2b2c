"""What is kept in memory stays within bounds, whatever is asked."""

from datetime import UTC, datetime, timedelta

import polars as pl

from engine.rollups.kept import OVERHEAD, Kept
from tests.generate import SCOPE, event

NOW = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
COUNT = {"event_types": None, "aggregation": "count", "time_window_days": 30}


def made(kept, keys):
    """Those of the keys whose frame is not held."""
    found = []
    for key in keys:
        kept.get(key, lambda key=key: found.append(key) or pl.DataFrame())
    return found


def test_the_least_recently_used_goes_first():
    kept = Kept(3 * OVERHEAD)
    assert made(kept, "abc") == ["a", "b", "c"]
    assert made(kept, "a") == []
    assert made(kept, "d") == ["d"]
    assert made(kept, "acd") == []
    assert made(kept, "b") == ["b"]


def test_a_frame_larger_than_the_budget_is_kept_alone():
    kept = Kept(OVERHEAD)
    large = pl.DataFrame({"a": range(1000)})
    for _ in range(2):
        assert kept.get("large", lambda: large) is large
    assert made(kept, ("small", "small")) == ["small"]
    assert kept.get("large", pl.DataFrame).is_empty()


def test_keys_that_no_event_has_are_forgotten(brand):
    """A dictionary for each would be filled with every event that comes."""
    brand.write([event("1", NOW - timedelta(days=2), metadata={"colour": "red"})])
    brand.build(NOW)
    for name in ("colour", "made_up"):
        brand.check([(COUNT | {"group_by": f"metadata.{name}"}, NOW, None)])
        assert not brand.engine.planned.is_scan
    opened = brand.engine._rollups.open(SCOPE, brand.lake.snapshot(SCOPE))
    assert opened.known.metadata == ["metadata.colour"]
    brand.write([event("2", NOW - timedelta(hours=1), metadata={"made_up": "x"})])
    brand.check([(COUNT | {"group_by": "metadata.made_up"}, NOW, None)])
    assert not brand.engine.planned.is_scan
