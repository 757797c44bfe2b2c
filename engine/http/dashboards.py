"""/api/workspace/{workspaceId}/dashboards, and one of them below it."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Fault, InvalidRequest
from engine.http.admission import allow, caller, check
from engine.http.body import Room, read, require_json
from engine.http.conditions import versions_of
from engine.http.envelope import json_response
from engine.http.scope import scope_of
from engine.http.sign_in import address_of
from engine.http.turns import Turns
from engine.request import loads
from engine.result import iso
from engine.scope import Scope
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.parse import Changes, NewDashboard, examine_changes, examine_new
from engine.workspaces.permissions import DASHBOARD_FIELD
from engine.workspaces.widget import Dashboard, Listed, Widget

AT_ONCE: Final = 8
"""Threads that may wait for the database."""
WAITS: Final = 5.0
BUSY: Final = "Too many dashboards are asked for at once; ask again in a moment."
BODY_LIMIT: Final = 2 << 20
"""A hundred widgets with the largest configs."""
IN_FLIGHT: Final = 64 << 20
WAY_OUT: Final = "make several dashboards of it"

T = TypeVar("T", NewDashboard, Changes)


class DashboardsEndpoint:
    """Both paths; everything that asks the database happens in a thread."""

    def __init__(self, dashboards: Dashboards) -> None:
        self._dashboards = dashboards
        self._room = Room(IN_FLIGHT)
        self._turns = Turns(AT_ONCE, WAITS, BUSY)

    async def all(self, request: Request) -> Response:
        """GET and POST of the list."""
        return await (self._create(request) if request.method == "POST" else self._list(request))

    async def one(self, request: Request) -> Response:
        """GET, PUT and DELETE of one."""
        steps = {"PUT": self._put, "DELETE": self._delete}
        return await steps.get(request.method, self._get)(request)

    async def _list(self, request: Request) -> Response:
        scope = await self._reader(request)
        found = await self._turns.run(
            self._dashboards.list, scope.workspace_id, scope.brand_id, caller(request).subject
        )
        return json_response({"dashboards": [common(listed) for listed in found]})

    async def _get(self, request: Request) -> Response:
        scope = await self._reader(request)
        found = await self._turns.run(
            self._dashboards.get, scope.workspace_id, scope.brand_id, _id(request)
        )
        return _answer(found)

    async def _create(self, request: Request) -> Response:
        with self._room.share() as share:
            caller(request)
            require_json(request.headers)
            body = await read(request, BODY_LIMIT, way_out=WAY_OUT, share=share)
            scope, faults = await self._writer(request)
            asked, more = _asked(body, examine_new)
            if scope is None or asked is None:
                raise InvalidRequest(faults + more)
            made = await self._turns.run(
                self._dashboards.create,
                scope.workspace_id,
                scope.brand_id,
                caller(request).subject,
                asked,
            )
        return _answer(made, 201, {"Location": f"{request.url.path.rstrip('/')}/{made.id}"})

    async def _put(self, request: Request) -> Response:
        with self._room.share() as share:
            caller(request)
            require_json(request.headers)
            body = await read(request, BODY_LIMIT, way_out=WAY_OUT, share=share)
            scope, faults = await self._writer(request)
            versions, no_match = versions_of(request.headers)
            asked, more = _asked(body, examine_changes)
            if scope is None or asked is None or no_match:
                raise InvalidRequest(faults + no_match + more)
            changed = await self._turns.run(
                self._dashboards.put,
                scope.workspace_id,
                scope.brand_id,
                _id(request),
                caller(request).subject,
                asked,
                versions,
            )
        return _answer(changed)

    async def _delete(self, request: Request) -> Response:
        caller(request)
        scope, faults = await self._writer(request)
        versions, no_match = versions_of(request.headers)
        if scope is None or no_match:
            raise InvalidRequest(faults + no_match)
        await self._turns.run(
            self._dashboards.delete,
            scope.workspace_id,
            scope.brand_id,
            _id(request),
            caller(request).subject,
            versions,
            address_of(request),
        )
        return Response(status_code=204)

    async def _reader(self, request: Request) -> Scope:
        """The scope, which is open to the caller."""
        caller(request)
        scope, faults = scope_of(request)
        if scope is None:
            raise InvalidRequest(faults)
        await check(request, scope)
        return scope

    async def _writer(self, request: Request) -> tuple[Scope | None, list[Fault]]:
        """The scope, which the caller may change, or what is wrong with it."""
        scope, faults = scope_of(request)
        if scope is not None:
            workspace = scope.workspace_id
            await check(request, scope)
            await allow(request, lambda who: self._dashboards.check_writer(who, workspace))
        return scope, faults


def common(dashboard: Dashboard | Listed) -> dict[str, Any]:
    """What a dashboard is, but for its widgets, by the names of the contract."""
    return {
        "id": dashboard.id,
        "workspace_id": dashboard.workspace_id,
        "brand_id": dashboard.brand_id,
        "slug": dashboard.slug,
        "name": dashboard.name,
        "description": dashboard.description,
        "layout": dict(dashboard.layout),
        "created_by": dashboard.created_by,
        "created_at": iso(dashboard.created_at),
        "updated_at": iso(dashboard.updated_at),
    }


def _of_widget(widget: Widget, dashboard: str) -> dict[str, Any]:
    return {
        "id": widget.id,
        "dashboard_id": dashboard,
        "widget_type": widget.widget_type,
        "position": widget.position.to_dict(),
        "config": dict(widget.config),
        "created_at": iso(widget.created_at),
        "updated_at": iso(widget.updated_at),
    }


def _answer(
    dashboard: Dashboard, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    widgets = [_of_widget(widget, dashboard.id) for widget in dashboard.widgets]
    value = common(dashboard) | {"widgets": widgets}
    return json_response(value, status, {"ETag": dashboard.etag, **(headers or {})})


def _asked(
    body: bytes, examine: Callable[[Any], tuple[T | None, list[Fault]]]
) -> tuple[T | None, list[Fault]]:
    try:
        raw = loads(body)
    except InvalidRequest as error:
        return None, list(error.faults)
    return examine(raw)


def _id(request: Request) -> str:
    return str(request.path_params[DASHBOARD_FIELD])
