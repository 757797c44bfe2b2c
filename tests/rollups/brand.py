"""One brand's lake with rollups that may be behind it, and the same events as a list."""

from datetime import UTC

from deltalake import DeltaTable

from engine.engine import Engine
from engine.rollups.build import Builder
from engine.rollups.rollups import Rollups
from engine.scope import Scope
from engine.stores.lake import LakeStore
from tests import oracle
from tests.generate import SCOPE, frame


def bodies(types, aggregations, **changes):
    """Requests by every kind of dimension."""
    return [
        {
            "event_types": chosen,
            "group_by": group_by,
            "aggregation": aggregation,
            "value_field": "amount",
            "time_window_days": 60,
            "limit": 100,
        }
        | changes
        for group_by in ("none", "event_type", "day", "session", "product_id", "metadata.colour")
        for aggregation in aggregations
        for chosen in types
    ]


class Recording(Engine):
    """Remembers how it answered last."""

    def _partials(self, *arguments):
        self.planned, partials = super()._partials(*arguments)
        return self.planned, partials


class Brand:
    def __init__(self, home):
        self.lake = LakeStore(home / "lake")
        self.events = []
        self.builder = Builder(self.lake, home / "rollups")
        self.engine = Recording(self.lake, rollups=Rollups(home / "rollups", self.lake))

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
            rolled_up += not self.engine.planned.is_scan
        return rolled_up
