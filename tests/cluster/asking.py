"""Requests for a cluster and for this machine, over one lake; what both have to answer."""

from engine.engine import Engine
from engine.scope import Scope
from engine.stores.lake import LakeStore
from tests import oracle
from tests.generate import CATALOGS, GROUP_BYS, SCOPE, Sample, append, frame

VARIANTS = (
    {"aggregation": "count"},
    {"aggregation": "count", "event_types": ["agent_atc", "agent_view"], "limit": 3},
    {"aggregation": "count", "catalog": CATALOGS[0]},
    {"aggregation": "count", "time_window_days": 1, "limit": 1},
    {"aggregation": "count_distinct"},
    {"aggregation": "count_distinct", "event_types": ["agent_view", "c2"], "limit": 2},
    {"aggregation": "sum", "value_field": "amount"},
    {"aggregation": "sum", "value_field": "value", "limit": 2},
    {"aggregation": "sum", "value_field": "product_id", "limit": 10},
    {"aggregation": "avg", "value_field": "price", "catalog": CATALOGS[1]},
    {"aggregation": "avg", "value_field": "customer_id", "limit": 3},
    {"aggregation": "avg", "value_field": "session_id", "event_types": ["agent_view"]},
    {"aggregation": "avg", "value_field": "rating", "time_window_days": 7, "limit": 2},
)


def variants(sample, group_by):
    """Every variant of a group by: body, clock, catalog."""
    first = GROUP_BYS.index(group_by)
    for i, changes in enumerate(VARIANTS, first):
        body = {"event_types": None, "time_window_days": 365, "limit": 100, **changes}
        body["group_by"] = group_by
        catalog = body.pop("catalog", None)
        yield body, sample.instants[i % len(sample.instants)], catalog


class Both:
    """The same lake asked by a cluster, by a scan here, and in plain Python."""

    def __init__(self, home, cluster, sample):
        self.sample = sample
        self.lake = LakeStore(home / "lake")
        self.there = Engine(self.lake, cluster=cluster)
        self.here = Engine(self.lake)

    @classmethod
    def over(cls, home, cluster, seed):
        """A table with files of both of our writers, some of them joined."""
        both = cls(home, cluster, Sample.make(seed))
        events = both.sample.events
        append(home, SCOPE, frame(events[:100]))
        for part in (events[100:180], events[180:]):
            ordered = frame(part).sort("created_at", maintain_order=True)
            both.lake.write(SCOPE.workspace_id, SCOPE.brand_id, [ordered])
        both.lake.tidy(SCOPE.workspace_id, SCOPE.brand_id)
        return both

    def check(self, body, as_of, catalog):
        scope = Scope(SCOPE.workspace_id, SCOPE.brand_id, catalog)
        expected = repr(oracle.answer(self.sample.events, body, as_of, catalog))
        for engine in (self.here, self.there):
            result = engine.aggregate(body, scope, as_of)
            answer = [tuple(row) for row in result.rows], result.total_groups
            assert repr(answer) == expected, body
