"""Sessions that go on: in another day, another month, or a day that is not rolled up."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from engine.contract import AGGREGATIONS
from engine.rollups import coded, state, top, visits
from engine.rollups.coded import hashed
from tests.generate import event
from tests.rollups.brand import Brand, bodies

NOW = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
TYPES = ("agent_view", "agent_atc", "agent_purchase")
CHOICES = (None, ["agent_view"], ["agent_view", "agent_atc"])


def visit(name, session, day, hour=5, **columns):
    """An event of a session on a day of 2026, such as "10-03"."""
    columns = {"product_id": "p", "amount": 1} | columns
    at = datetime.fromisoformat(f"2026-{day}T{hour:02}:00:00+00:00")
    return event(name, at, session_id=session, **columns)


def check(brand, now=NOW):
    """The answers are right, and from rollups."""
    asked = bodies(CHOICES, AGGREGATIONS)
    assert brand.check([(body, now, None) for body in asked]) == len(asked)


@pytest.fixture
def in_october(brand: Brand):
    """A session of two days of a month that is over, and of no other."""
    brand.write([visit("1", "s", "10-03"), visit("2", "s", "10-04"), visit("0", "t", "10-05")])
    brand.build(NOW)
    return brand


@pytest.mark.parametrize("day", ["11-23", "11-08"])
def test_a_session_of_two_days_of_a_month_goes_on(in_october, day):
    """Today or in a day that has changed, and when it has been built."""
    in_october.write([visit("3", "s", day, 1, event_type="agent_atc")])
    check(in_october)
    in_october.build(NOW + timedelta(days=1))
    check(in_october, NOW + timedelta(days=1))


def test_a_session_of_two_days_goes_on_in_their_month(in_october):
    """The month is not read as a whole then."""
    in_october.write([visit("3", "s", "10-06")])
    check(in_october)
    in_october.write([visit("4", "s", "11-23", 1)])
    check(in_october)
    in_october.build(NOW)
    check(in_october)


@pytest.mark.parametrize(
    "days",
    [
        ("11-23", "11-23"),
        ("11-23", "11-08"),
        ("11-20", "11-23"),
        ("11-19", "11-20", "11-22"),
    ],
    ids=["today", "today and a changed day", "rolled up and today", "in a later build"],
)
def test_two_sessions_with_one_hash(brand, monkeypatch, days):
    """The last to come is another one than those before."""
    monkeypatch.setattr(coded, "hashed", lambda ids: hashed(ids.str.replace("^same.*", "same")))
    brand.write([visit("0", "t", "11-08"), visit("1", "t", "11-18")])
    brand.build(NOW - timedelta(days=2))
    *early, last = days
    brand.write([visit(f"early{i}", "same", day, 1) for i, day in enumerate(early)])
    if "11-08" not in days:
        brand.build(NOW - timedelta(days=1))
    brand.write([visit("last", "same too", last, 1)])
    if last != "11-08":
        brand.build(NOW)
    brand.check([(body, NOW, None) for body in bodies(CHOICES, AGGREGATIONS)])


@pytest.mark.parametrize("listed", [4, visits.LISTED])
@pytest.mark.parametrize("seed", range(3))
def test_sessions_of_few_days(brand, monkeypatch, seed, listed):
    """Whatever comes in whatever order between builds."""
    for module in (visits, state, top):
        monkeypatch.setattr(module, "LISTED", listed)
    rng = random.Random(seed)
    clock = NOW - timedelta(days=12)
    rolled_up = 0
    for commit in range(8):
        after = rng.choice(((0, 0, 1, 2), (25,)))
        brand.write([made(rng, f"{commit}-{i}", rng.choice(after)) for i in range(12)])
        if commit == 0 or rng.random() < 0.5:
            brand.build(clock - timedelta(days=rng.randrange(2)))
        asked = bodies(
            CHOICES,
            AGGREGATIONS,
            time_window_days=rng.choice((30, 45, 60)),
            limit=rng.choice((2, 100)),
        )
        rolled_up += brand.check([(body, clock, None) for body in rng.sample(asked, 12)])
        clock += timedelta(days=rng.randrange(3))
    assert rolled_up > 24


def made(rng, name, after):
    """An event of one of 24 sessions, so many days after the first day of its own."""
    session = rng.randrange(24)
    day = NOW - timedelta(days=22 + session - after)
    return event(
        name,
        day.replace(hour=rng.randrange(6)),
        session_id=f"s{session}" if session else None,
        event_type=rng.choice(TYPES),
        product_id=f"p{rng.randrange(3)}",
        amount=rng.choice((None, 1, 1, 2, 2, -3)),
        metadata={"colour": f"c{rng.randrange(3)}"},
    )
