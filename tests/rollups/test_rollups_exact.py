"""Rollups on = rollups off = plain Python, to the last bit, whatever happens to the events.

VITRINE_SWEEP: how many random requests to compare (2,000).
"""

import os
import random
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rollups import answer, coded, lists, rollups, top, visits
from engine.rollups.coded import hashed
from tests.generate import NOW, Sample, bodies, event_lists
from tests.rollups.brand import Brand

SWEEP = int(os.environ.get("VITRINE_SWEEP", "2000"))
ASKED = 75
"""Requests of a sample at each of its states."""
SEEDS = range(-(-SWEEP // (4 * ASKED)))


def short_lists(patch):
    """Lists of first sessions leave sessions out."""
    for module in (visits, lists, top):
        patch.setattr(module, "LISTED", 3)


def few_bits(patch):
    """Event types share a bit of a mask."""
    for module in (coded, answer, rollups):
        patch.setattr(module, "LAST_BIT", 2)


def weak_hash(patch):
    """Sessions share a hash."""
    patch.setattr(coded, "hashed", lambda ids: hashed(ids) % 7)


SHAPES = (lambda _: None, short_lists, few_bits, weak_hash)


@pytest.mark.parametrize("seed", SEEDS)
def test_sweep(seed, brand, monkeypatch):
    """New days, late events, compaction, deletion: after each, answers are right at once, and
    still when the rollups have caught up.
    """
    shape = SHAPES[seed % len(SHAPES)]
    shape(monkeypatch)
    sample = Sample.make(20_000 + seed)
    rng = random.Random(seed)
    requests = [(body, as_of, None) for body, as_of, _ in sample.requests()]
    for made in sample.events[:120]:
        # A type and a key that the rollups have not met when they come.
        made["event_type"] = made["event_type"].replace("c2", "agent_view")
        made["metadata"] = made["metadata"] and {
            key: text for key, text in made["metadata"].items() if key != "country"
        }
    early, later, latest = sample.events[:120], sample.events[120:200], sample.events[200:]
    clocks = sorted(
        instant + timedelta(days=rng.choice((-40, -1, 0, 1))) for instant in sample.instants
    )

    brand.write(early)
    brand.build(clocks[0])
    rolled_up = brand.check(rng.sample(requests, ASKED))
    brand.write(later)
    rolled_up += brand.check(rng.sample(requests, ASKED))
    brand.build(clocks[1])
    for part in (latest[::2], latest[1::2]):
        brand.write(part)
    if rng.random() < 0.5:
        brand.compact()
    rolled_up += brand.check(rng.sample(requests, ASKED))
    brand.delete(rng.choice(["p1", "12", "-3.5", "p-1"]))
    brand.build(clocks[1] + timedelta(days=1))
    rolled_up += brand.check(rng.sample(requests, ASKED))
    assert rolled_up > (ASKED / 2 if shape is weak_hash else ASKED)


@settings(max_examples=30)
@given(
    st.lists(event_lists(), min_size=1, max_size=3),
    st.lists(bodies(), min_size=1, max_size=4),
    st.sampled_from((-30, -1, 0, 1, 30)),
)
def test_any_events(commits, asked, days):
    """Rolled up after each commit but the last."""
    with tempfile.TemporaryDirectory() as home:
        brand = Brand(Path(home))
        for events in commits:
            brand.build(NOW + timedelta(days=days))
            brand.write(events)
        brand.check([(body, NOW, None) for body in asked])
        brand.build(NOW + timedelta(days=days))
        brand.check([(body, NOW, None) for body in asked])
