"""The dashboards' routes in front of a store on either database, and people of every role."""

from typing import Any, Final

from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.errors import Unauthorized
from engine.scope import Identity, Role
from engine.workspaces.dashboards import Dashboards
from tests.api import wire
from tests.api.shop import open_shops, served
from tests.api.wire import BRAND, OTHER_BRAND, OTHER_SPACE, SPACE

PATH: Final = f"/api/workspace/{SPACE}/dashboards"
CONFIG: Final = {
    "title": "Sales",
    "event_types": None,
    "group_by": "day",
    "aggregation": "count",
    "time_window_days": 30,
}
WIDGET: Final[dict[str, Any]] = {
    "widget_type": "counter",
    "position": {"x": 0, "y": 0, "w": 6, "h": 2},
    "config": CONFIG,
}
SHOP: Final = {"slug": "shop", "name": "Shop"}


class People:
    """A token is a role in SPACE; `stranger` is an owner elsewhere."""

    def identify(self, authorization: str | None) -> Identity:
        name = (authorization or "").removeprefix("Bearer ")
        if name == "stranger":
            brands = {OTHER_SPACE: frozenset({OTHER_BRAND})}
            return Identity(name, brands, roles={OTHER_SPACE: Role.OWNER})
        if name not in list(Role):
            raise Unauthorized("who?", headers={"WWW-Authenticate": "Bearer"})
        return Identity(name, {SPACE: frozenset({BRAND})}, roles={SPACE: Role(name)})


class Door:
    """Requests as this person, about BRAND unless they say otherwise."""

    def __init__(self, client: TestClient, who: str = wire.TOKEN) -> None:
        self._client = client
        self._headers = wire.HEADERS | {"Authorization": f"Bearer {who}"}

    def ask(self, method: str, path: str = PATH, headers: Any = (), **given: Any) -> Any:
        sent = self._headers | dict(headers)
        return self._client.request(method, path, headers=sent, **given)

    def made(self, **fields: Any) -> dict[str, Any]:
        answer = self.ask("POST", json=SHOP | fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def put(self, dashboard: Any, headers: Any = (), **changes: Any) -> Any:
        return self.ask("PUT", f"{PATH}/{dashboard['id']}", headers, json=changes)

    def get(self, dashboard: Any) -> Any:
        return self.ask("GET", f"{PATH}/{dashboard['id']}")


def boards_app(store: Dashboards, **options: Any) -> Starlette:
    return served(open_shops(), dashboards=store, **options)
