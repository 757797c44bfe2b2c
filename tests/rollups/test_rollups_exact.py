"""Rollups on = rollups off = plain Python, to the last bit, whatever happens to the events.

VITRINE_SWEEP: how many random requests to compare (3,000).
"""

import os
import random
from datetime import UTC, timedelta

import pytest
from deltalake import DeltaTable

from engine.engine import Engine
from engine.rollups.build import Builder
from engine.rollups.rollups import Rollups
from engine.scope import Scope
from engine.stores.lake import LakeStore
from tests import oracle
from tests.generate import SCOPE, Sample, frame

SWEEP = int(os.environ.get("VITRINE_SWEEP", "3000"))
ASKED = 75
"""Requests of a sample at each of its states."""
SEEDS = range(-(-SWEEP // (4 * ASKED)))


class Brand:
    """One brand's lake with rollups that may be behind it, and the same events as a list."""

    def __init__(self, home):
        self.lake = LakeStore(home / "lake")
        self.events = []
        self.builder = Builder(self.lake, home / "rollups")
        self.engine = Engine(self.lake, rollups=Rollups(home / "rollups", self.lake))

    def write(self, events):
        self.events += events
        ordered = frame(events).sort("created_at", maintain_order=True)
        self.lake.write(SCOPE.workspace_id, SCOPE.brand_id, [ordered])

    def delete(self, customer):
        self.events = [e for e in self.events if e["customer_id"] != customer]
        self.lake.delete(SCOPE.workspace_id, SCOPE.brand_id, f"customer_id = '{customer}'")

    def compact(self):
        DeltaTable(self.lake.path(SCOPE.workspace_id, SCOPE.brand_id)).optimize.compact()

    def build(self, instant):
        today = instant.astimezone(UTC).date()
        return self.builder.build(SCOPE.workspace_id, SCOPE.brand_id, today)

    def check(self, requests):
        """Compare the answers; how many of them came from rollups."""
        rolled_up = 0
        for body, as_of, catalog in requests:
            scope = Scope(SCOPE.workspace_id, SCOPE.brand_id, catalog)
            result = self.engine.aggregate(body, scope, as_of)
            answer = [tuple(row) for row in result.rows], result.total_groups
            assert repr(answer) == repr(oracle.answer(self.events, body, as_of, catalog)), body
            rolled_up += not self.engine.explain(body, scope, as_of).is_scan
        return rolled_up


@pytest.fixture
def brand(tmp_path):
    return Brand(tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_sweep(seed, brand):
    """New days, late events, compaction, deletion: after each, answers are right at once, and
    still when the rollups have caught up.
    """
    sample = Sample.make(20_000 + seed)
    rng = random.Random(seed)
    requests = [(body, as_of, None) for body, as_of, _ in sample.requests()]
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
    assert rolled_up > ASKED
