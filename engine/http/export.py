"""GET /api/workspace/{workspaceId}/dashboards/aggregate/export."""

from collections.abc import Callable
from functools import partial
from typing import Final

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from engine.contract import FIELDS
from engine.errors import Fault, InvalidRequest, Unavailable
from engine.exports import FORMATS, Draw, file_name
from engine.exports.links import Links
from engine.http.admission import CALLER, caller, check
from engine.http.aggregate import Aggregate, announcements
from engine.http.auth import invalid
from engine.http.parameters import faults_of
from engine.http.scope import BRAND_QUERY, CATALOG_QUERY, scope_of
from engine.http.sign_in import address_of
from engine.request import AggregateRequest, examine, from_query
from engine.result import Result
from engine.scope import Identity, Scope
from engine.workspaces.audit import Audit

FORMAT: Final = "format"
TICKET: Final = "ticket"
ONCE: Final = (*(field.name for field in FIELDS if field.kind != "texts"), FORMAT)
KNOWN: Final = (*(field.name for field in FIELDS), FORMAT, BRAND_QUERY, CATALOG_QUERY, TICKET)
AT_ONCE: Final = 4
"""Tables that are made at once, and pictures that wait for their one browser."""
WAITING: Final = 32
"""Pictures that may wait for that; each takes a fraction of a second."""


class Export:
    """The rows of a request as a file.

    picture draws them as PNG; without it that format is unavailable. audit: notes who took what.
    needs_caller: whether a ticket alone opens nothing.
    """

    def __init__(
        self,
        aggregate: Aggregate,
        links: Links,
        picture: Draw | None = None,
        audit: Audit | None = None,
        needs_caller: Callable[[], bool] = lambda: False,
    ) -> None:
        self._aggregate = aggregate
        self._links = links
        self._picture = picture
        self._audit = audit
        self._needs_caller = needs_caller
        self._tables = CapacityLimiter(AT_ONCE)
        self._pictures = CapacityLimiter(AT_ONCE)

    async def get(self, request: Request) -> Response:
        by_ticket = TICKET in request.query_params
        if not by_ticket or await to_thread.run_sync(self._needs_caller):
            caller(request)
        scope, faults = scope_of(request, catalog_query=CATALOG_QUERY)
        asked, form, more_faults = _asked(request.query_params)
        faults += more_faults
        valid = None if scope is None or asked is None or faults else (asked, scope)
        if by_ticket:
            self._check_ticket(request.query_params.getlist(TICKET), valid, form)
        if scope is not None and isinstance(request.scope[CALLER], Identity):
            await check(request, scope)
        if valid is None:
            raise InvalidRequest(faults)
        who = request.scope[CALLER]
        return await self.send(
            *valid, form, who.subject if isinstance(who, Identity) else "", address_of(request)
        )

    async def send(
        self, asked: AggregateRequest, scope: Scope, form: str, actor: str, address: str
    ) -> Response:
        """The file, which is noted; whoever calls has looked whether they may have it."""
        result = await self._aggregate.answer(asked, scope)
        content = await self._drawn(form, asked, result)
        name = file_name(asked, result, form)
        await to_thread.run_sync(self._note, scope, name, actor, address)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(
            content, headers=announcements(result) | headers, media_type=FORMATS[form].media_type
        )

    async def _drawn(self, form: str, asked: AggregateRequest, result: Result) -> bytes:
        table = FORMATS[form].draw
        if table is not None:
            work = partial(table, asked, result)
            return await to_thread.run_sync(work, limiter=self._tables)
        if self._picture is None:
            raise Unavailable(
                "This server draws no pictures; take csv, xlsx or parquet, or ask the server that"
                " has the pages.",
                retry_after=3600,
            )
        if self._pictures.statistics().tasks_waiting >= WAITING:
            raise Unavailable(f"{WAITING} pictures are waiting already; ask again in a moment.")
        work = partial(self._picture, asked, result)
        return await to_thread.run_sync(work, limiter=self._pictures)

    def _note(self, scope: Scope, name: str, actor: str, address: str) -> None:
        if self._audit is None:
            return
        what = f"{name} of {scope.brand_id}"
        try:
            self._audit.say(actor, "export", what, workspace=scope.workspace_id, address=address)
        except (DBAPIError, PoolTimeout) as error:
            raise Unavailable("Exports cannot be noted now; try again in a moment.") from error

    def _check_ticket(
        self, tickets: list[str], valid: tuple[AggregateRequest, Scope] | None, form: str
    ) -> None:
        """Raise Unauthorized unless the one ticket opens what is asked for, as it is asked for."""
        if valid is None or len(tickets) != 1 or not self._links.opens(tickets[0], *valid, form):
            raise invalid(
                "The link's ticket has expired or is for another export; make the link anew on the"
                " page, or send the header Authorization: Bearer <token>."
            )


def _asked(params: QueryParams) -> tuple[AggregateRequest | None, str, list[Fault]]:
    """The request of an address, the format, and everything that is wrong with them."""
    request, faults = examine(from_query({name: params.getlist(name) for name in params}))
    form = params.get(FORMAT, "")
    if form not in FORMATS:
        message = f"{form[:80]!a} is not one of {', '.join(FORMATS)}. Send for example csv."
        faults.append(Fault(FORMAT, message if FORMAT in params else f"is required: {message}"))
    return request, form, faults + faults_of(params, KNOWN, ONCE)
