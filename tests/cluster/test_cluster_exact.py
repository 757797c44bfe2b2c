"""Cluster = this machine = plain Python, to the last bit. `--full` compares 1,000 random requests
and starts from every variant on Spark too.
"""

import random

import pytest

from tests.cluster.asking import Both, variants
from tests.cluster.conftest import cluster_at
from tests.faults.sizes import size

SEEDS = range(size(2, 10))


@pytest.fixture(scope="module")
def both(remote, tmp_path_factory):
    home = tmp_path_factory.mktemp("both")
    return Both.over(home, cluster_at(home, remote), 40_000)


def some(requests, remote_is_slow, most):
    """Spark takes half a second for what Sail does in a twentieth of one."""
    requests = list(requests)
    if remote_is_slow:
        return random.Random(1).sample(requests, min(most, len(requests)))
    return requests


def test_every_kind(both, request):
    slow = request.node.callspec.params["remote"] == "spark"
    for asked in some(variants(both.sample), slow, size(20, 10_000)):
        both.check(*asked)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_requests(seed, remote, tmp_path, request):
    slow = request.node.callspec.params["remote"] == "spark"
    both = Both.over(tmp_path, cluster_at(tmp_path, remote), 41_000 + seed)
    drawn = random.Random(seed).sample(list(both.sample.requests()), size(40, 100))
    for asked in some(drawn, slow, size(5, 100)):
        both.check(*asked)


def test_nothing_happened(both):
    body = {"event_types": ["never_sent"], "aggregation": "count", "time_window_days": 1}
    for group_by in ("none", "day", "product_id", "session"):
        asked = body | {"group_by": group_by, "limit": 10}
        both.check(asked, both.sample.instants[0], None)
