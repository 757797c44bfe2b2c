"""Where everything is: the API below /api, and the health checks."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.engine import Engine
from engine.exports import Draw
from engine.exports.links import Links
from engine.http.admission import Admission, allowed
from engine.http.aggregate import Aggregate
from engine.http.auth import Authenticator
from engine.http.dashboards import DashboardsEndpoint
from engine.http.envelope import Envelope, json_response, translate
from engine.http.events import Events
from engine.http.export import Export
from engine.http.frozen import Frozen
from engine.http.health import Health
from engine.http.openapi import document
from engine.http.shared import SharedExport
from engine.ingest.inbox import Inbox
from engine.scope import Role
from engine.settings import Settings
from engine.workspaces.audit import Audit
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.links import ShareLinks
from engine.workspaces.permissions import (
    AGGREGATE_PATH,
    DASHBOARD_FIELD,
    DASHBOARD_PATH,
    DASHBOARDS_PATH,
    EVENTS_PATH,
    EXPORT_PATH,
    FROZEN_PATH,
    LEAST,
    OF_ROUTE,
    SHARED_EXPORT_PATH,
)
from engine.workspaces.rate import RateLimit

R = TypeVar("R", Route, Mount)
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(
    engine: Engine,
    settings: Settings,
    auth: Authenticator,
    inbox: Inbox,
    health: Health | None = None,
    links: Links | None = None,
    picture: Draw | None = None,
    dashboards: Dashboards | None = None,
    audit: Audit | None = None,
    needs_caller: Callable[[], bool] = lambda: False,
    share_links: ShareLinks | None = None,
) -> list[BaseRoute]:
    """The routes of this product, to put before those of the pages.

    links: recognises the tickets of exports. picture: draws an answer as PNG, where that can be.
    dashboards: those that are kept, where some are.
    audit: notes exports. needs_caller: whether a ticket opens an export only for who may see it,
    as everywhere but in demo mode. share_links: what is open to whoever has the address.
    """
    rate = RateLimit(settings.rate_limit_per_minute)
    admission = Middleware(Admission, auth, rate, settings.requests_at_once)
    aggregate = Aggregate(engine, settings.body_limit)
    links = links or Links(settings.secret)
    export = Export(aggregate, links, picture, audit, needs_caller)
    least = {} if dashboards is None else {"dashboards.write": dashboards.write_role}
    api = _application(
        [
            *_permitted(
                {
                    AGGREGATE_PATH: aggregate.post,
                    EXPORT_PATH: export.get,
                    EVENTS_PATH: Events(inbox).post,
                    **_of_dashboards(dashboards, engine, links, audit, needs_caller),
                },
                LEAST | least,
            ),
            Route("/openapi.json", _openapi),
        ],
        [Middleware(Envelope), admission],
    )
    health = health or Health({})
    probes = _application(
        [Route("/healthz", health.alive), Route("/readyz", health.ready)], [Middleware(Envelope)]
    )
    by_link = []
    if share_links is not None:
        shared = Route(SHARED_EXPORT_PATH, SharedExport(share_links, export).get)
        by_link = [Route(SHARED_EXPORT_PATH, _application([shared], [Middleware(Envelope)]))]
    return [
        *map(_exact, by_link),
        _exact(Mount("/api", api)),
        _exact(Route("/api", api)),
        _exact(Route("/healthz", probes)),
        _exact(Route("/readyz", probes)),
    ]


def _of_dashboards(
    dashboards: Dashboards | None,
    engine: Engine,
    links: Links,
    audit: Audit | None,
    needs_caller: Callable[[], bool],
) -> dict[str, Endpoint]:
    """After those below `dashboards/` that are no dashboard."""
    if dashboards is None:
        return {}
    endpoint = DashboardsEndpoint(dashboards)
    frozen = Frozen(engine, dashboards, links, audit, needs_caller)
    return {
        DASHBOARDS_PATH: endpoint.all,
        FROZEN_PATH: frozen.get,
        DASHBOARD_PATH: endpoint.one,
    }


class RoutesFirst:
    """ASGI middleware: these routes answer before the app it wraps sees the request.

    Given to `st.App(middleware=...)`, unlike `routes=...`, it leaves no request of the API to
    Streamlit's own middleware, which answers `..` in a path with plain text.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for route in self._routes if scope["type"] in ("http", "websocket") else ():
            match, child_scope = route.matches(scope)
            if match is not Match.NONE:
                scope.update(child_scope)
                await route.handle(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _permitted(endpoints: Mapping[str, Endpoint], least: Mapping[str, Role]) -> list[Route]:
    """Routes with the methods that the permission table names for their path; one that it does not
    name raises ValueError, so that nothing opens without a rule."""
    made = []
    for path, endpoint in endpoints.items():
        split = ((route.split(" "), action) for route, action in OF_ROUTE.items())
        actions = {method: action for (method, known), action in split if known == path}
        if not actions:
            raise ValueError(f"{path} is not in the permission table")
        inner = path.removeprefix("/api").replace(
            f"{{{DASHBOARD_FIELD}}}", f"{{{DASHBOARD_FIELD}:uuid}}"
        )
        made.append(Route(inner, allowed(endpoint, actions, least), methods=list(actions)))
    return made


def _application(routes: list[Route], middleware: list[Middleware]) -> Starlette:
    app = Starlette(
        routes=[_exact(route) for route in routes],
        middleware=middleware,
        exception_handlers={HTTPException: translate},
    )
    app.router.redirect_slashes = False
    return app


def _exact(route: R) -> R:
    """Match the whole path whatever it holds, with or without a slash at its end.

    Starlette's own pattern lets a line break pass at the end and stops at one elsewhere.
    """
    pattern = route.path_regex.pattern.removesuffix("$")
    route.path_regex = re.compile(pattern + r"/?\Z", re.DOTALL)
    return route


async def _openapi(_: Request) -> Response:
    return json_response(document())
