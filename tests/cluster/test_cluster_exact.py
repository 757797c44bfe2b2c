"""Cluster = this machine = plain Python, to the last bit: all variants of all group bys, and 1,000
random requests. Spark takes half a second for each: it is asked for all with `--full` only.
"""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.engine import Engine
from engine.stores.lake import LakeStore
from tests.cluster.asking import Both, variants
from tests.cluster.conftest import cluster_at
from tests.faults.sizes import size
from tests.generate import GROUP_BYS, NOW, SCOPE, append, event, frame

SEEDS = range(10)


@pytest.fixture(scope="module")
def both(remote, tmp_path_factory):
    home = tmp_path_factory.mktemp("both")
    return Both.over(home, cluster_at(home, remote), 40_000)


@pytest.fixture
def few(request):
    """Whether the server is asked for some of it only."""
    return request.node.callspec.params["remote"] == "standalone"


def some(requests, few, most):
    requests = list(requests)
    return random.Random(most).sample(requests, min(most, len(requests)) if few else len(requests))


@pytest.mark.parametrize("group_by", GROUP_BYS)
def test_every_kind(group_by, both, few):
    for asked in some(variants(both.sample, group_by), few, size(1, 100)):
        both.check(*asked)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_requests(seed, remote, tmp_path, few):
    both = Both.over(tmp_path, cluster_at(tmp_path, remote), 41_000 + seed)
    drawn = random.Random(seed).sample(list(both.sample.requests()), 100)
    for asked in some(drawn, few, size(4, 100)):
        both.check(*asked)


def test_nothing_happened(both):
    body = {"event_types": ["never_sent"], "aggregation": "count", "time_window_days": 1}
    for group_by in ("none", "day", "product_id", "session"):
        asked = body | {"group_by": group_by, "limit": 10}
        both.check(asked, both.sample.instants[0], None)


def test_a_file_of_one_event(remote, tmp_path):
    """Its numbers and its instant are those of the file, not the rounded ones of statistics."""
    lake = LakeStore(tmp_path / "lake")
    at = NOW - timedelta(days=1, microseconds=-1)
    append(tmp_path, SCOPE, frame([event("one", at, amount=Decimal("646132049753.22358"))]))
    body = {"event_types": None, "group_by": "none", "aggregation": "sum", "value_field": "amount"}
    engine = Engine(lake, cluster=cluster_at(tmp_path, remote))
    for as_of, expected in ((at, 0), (at + timedelta(microseconds=1), 646132049753.22358)):
        rows = engine.aggregate(body | {"time_window_days": 1}, SCOPE, as_of).rows
        assert rows[0].value == expected
