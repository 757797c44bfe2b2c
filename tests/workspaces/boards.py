"""Raw dashboards and widgets for tests, and the store on either database."""

from datetime import UTC, datetime, timedelta

from engine.workspaces.dashboards import Dashboards

WORKSPACE = "ws_shop"
OTHER_WORKSPACE = "ws_other"
BRAND = "11111111-1111-4111-8111-11111111111a"
OTHER_BRAND = "22222222-2222-4222-8222-22222222222b"
NEVER_SEEN = "99999999-9999-4999-8999-999999999999"
CONFIG = {
    "title": "Sales",
    "event_types": ["agent_purchase"],
    "group_by": "day",
    "aggregation": "sum",
    "value_field": "amount",
    "time_window_days": 30,
    "goal": 2.5,
}
SHOP = {"slug": "shop", "name": "Shop"}


def widget(x=0, y=0, w=6, h=2, kind="time_series", **config):
    """Raw, and new."""
    position = {"x": x, "y": y, "w": w, "h": h}
    return {"widget_type": kind, "position": position, "config": CONFIG | config}


def raw(dashboard):
    return [one.to_raw() for one in dashboard.widgets]


class Clock:
    """Each look is a second later."""

    def __init__(self):
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now


class Boards:
    """A brand's dashboards, by a person called ana."""

    def __init__(self, database, clock=None):
        self.store = Dashboards(database, clock or Clock())
        self.scope = (WORKSPACE, BRAND)

    def create(self, *widgets, **fields):
        return self.store.create(*self.scope, "ana", SHOP | {"widgets": list(widgets)} | fields)

    def put(self, dashboard, *widgets, version=None, **options):
        changes = {"widgets": list(widgets)}
        return self.store.put(*self.scope, dashboard.id, "ana", changes, version, **options)

    def change(self, dashboard, version=None, **changes):
        return self.store.put(*self.scope, dashboard.id, "ana", changes, version)

    def get(self, dashboard):
        return self.store.get(*self.scope, dashboard.id)
