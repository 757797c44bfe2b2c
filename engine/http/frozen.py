"""GET /api/workspace/{workspaceId}/dashboards/{dashboardId}/frozen: a dashboard as one file."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from anyio import to_thread
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from engine.engine import Engine, utc_now
from engine.errors import Fault, InvalidRequest, NotFound, Unavailable
from engine.exports.frozen import Part, write
from engine.exports.links import Links
from engine.http.admission import CALLER, caller, check
from engine.http.auth import invalid
from engine.http.parameters import days_of, faults_of
from engine.http.scope import BRAND_QUERY, CATALOG_QUERY, scope_of
from engine.http.sign_in import address_of
from engine.http.turns import Turns
from engine.request import AggregateRequest, parse
from engine.scope import Identity, Scope
from engine.workspaces.audit import Audit
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.permissions import DASHBOARD_FIELD
from engine.workspaces.widget import Dashboard, Widget

TICKET: Final = "ticket"
DAYS: Final = "time_window_days"
TYPE: Final = "event_types"
KNOWN: Final = (BRAND_QUERY, CATALOG_QUERY, DAYS, TYPE, TICKET)
AT_ONCE: Final = 4
WAITS: Final = 5.0
BUSY: Final = "Too many copies are made at once; ask again in a moment."
OTHER_TYPES: Final = "This widget is about other event types than the chosen one."
PROBE: Final[Mapping[str, Any]] = {
    "event_types": None,
    "group_by": "none",
    "aggregation": "count",
    DAYS: 1,
}
"""A request that is valid, to look at what would stand in its place."""
Asked = tuple[Scope, str, int | None, str | None]
"""The scope, the dashboard's id, and the days and the event type of all of it."""


class Frozen:
    """audit: notes who took what. needs_caller: whether a ticket alone opens nothing."""

    def __init__(
        self,
        engine: Engine,
        dashboards: Dashboards,
        links: Links,
        audit: Audit | None,
        needs_caller: Callable[[], bool],
    ) -> None:
        self._engine = engine
        self._dashboards = dashboards
        self._links = links
        self._audit = audit
        self._needs_caller = needs_caller
        self._turns = Turns(AT_ONCE, WAITS, BUSY)

    async def get(self, request: Request) -> Response:
        params = request.query_params
        by_ticket = TICKET in params
        if not by_ticket or await to_thread.run_sync(self._needs_caller):
            caller(request)
        scope, faults = scope_of(request, catalog_query=CATALOG_QUERY)
        days, event_type, more_faults = _asked(request)
        faults += more_faults
        id = str(request.path_params[DASHBOARD_FIELD])
        valid = None if scope is None or faults else (scope, id, days, event_type)
        if by_ticket:
            self._check_ticket(params.getlist(TICKET), valid)
        if scope is not None and isinstance(request.scope[CALLER], Identity):
            await check(request, scope)
        if valid is None:
            raise InvalidRequest(faults)
        return await self._turns.run(self._answer, request, *valid)

    def _check_ticket(self, tickets: list[str], valid: Asked | None) -> None:
        if valid is None or len(tickets) != 1 or not self._links.opens_copy(tickets[0], *valid):
            raise invalid(
                "The ticket has expired or is for another copy; make it anew on the page, or send"
                " the header Authorization: Bearer <token>."
            )

    def _answer(
        self, request: Request, scope: Scope, id: str, days: int | None, event_type: str | None
    ) -> Response:
        dashboard = self._dashboards.get(scope.workspace_id, scope.brand_id, id)
        at = utc_now()
        parts = self._parts(dashboard, scope, days, event_type)
        page = write(dashboard.name, dashboard.description, scope, parts, at)
        name = f"{dashboard.slug}_{at:%Y%m%dT%H%M%SZ}.html"
        self._note(request, scope, name)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(page, headers=headers, media_type="text/html; charset=utf-8")

    def _parts(
        self, dashboard: Dashboard, scope: Scope, days: int | None, event_type: str | None
    ) -> list[Part]:
        """All answers from one state of the events."""
        requests = [_request(one, days, event_type) for one in dashboard.widgets]
        asked = [one for one in requests if isinstance(one, AggregateRequest)]
        answers = iter(self._engine.batch(asked, scope))
        return [
            Part(widget.title, request, next(answers))
            if isinstance(request, AggregateRequest)
            else Part(widget.title, None, request)
            for widget, request in zip(dashboard.widgets, requests, strict=True)
        ]

    def _note(self, request: Request, scope: Scope, name: str) -> None:
        if self._audit is None:
            return
        who = request.scope[CALLER]
        actor = who.subject if isinstance(who, Identity) else ""
        what = f"{name} of {scope.brand_id}"
        at = address_of(request)
        try:
            self._audit.say(actor, "export", what, workspace=scope.workspace_id, address=at)
        except (DBAPIError, PoolTimeout) as error:
            raise Unavailable("Exports cannot be noted now; try again in a moment.") from error


def _request(
    widget: Widget, days: int | None, event_type: str | None
) -> AggregateRequest | InvalidRequest | NotFound:
    """As the page asks it, or why it is not asked."""
    body = widget.body | ({} if days is None else {DAYS: days})
    if event_type is not None:
        if event_type not in (body.get(TYPE) or [event_type]):
            return NotFound(OTHER_TYPES)
        body[TYPE] = [event_type]
    try:
        return parse(body)
    except InvalidRequest as error:
        return error


def _asked(request: Request) -> tuple[int | None, str | None, list[Fault]]:
    """The days and the type that the whole copy is about, and what is wrong with the address."""
    params = request.query_params
    faults = faults_of(params, KNOWN, (DAYS, TYPE))
    said, event_type = params.get(DAYS), params.get(TYPE)
    probe = dict(PROBE)
    if said is not None:
        probe[DAYS] = days_of(said)
    if event_type is not None:
        probe[TYPE] = [event_type]
    try:
        valid = parse(probe)
    except InvalidRequest as error:
        return None, None, faults + list(error.faults)
    return None if said is None else valid.time_window_days, event_type, faults
