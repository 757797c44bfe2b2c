"""GET /share/export: the rows of a widget behind a share link that lets them be taken along."""

from typing import Any, Final

from anyio import to_thread
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Fault, InvalidRequest, NotFound
from engine.exports import FORMATS
from engine.http.export import FORMAT, Export
from engine.http.parameters import days_of, faults_of
from engine.http.sign_in import address_of
from engine.request import AggregateRequest, parse
from engine.workspaces.links import PARAMETER, Shared, ShareLinks
from engine.workspaces.widget import Widget

WIDGET: Final = "widget"
DAYS: Final = "time_window_days"
KNOWN: Final = (PARAMETER, WIDGET, FORMAT, DAYS)


class SharedExport:
    """Whoever asks, the link's own scope and widgets are all there is."""

    def __init__(self, links: ShareLinks, export: Export) -> None:
        self._links = links
        self._export = export

    async def get(self, request: Request) -> Response:
        params = request.query_params
        token = params.get(PARAMETER, "") if len(params.getlist(PARAMETER)) == 1 else ""
        shared = await to_thread.run_sync(self._links.open, token, address_of(request))
        widget = None if shared is None else shared.widget(params.get(WIDGET, ""))
        if shared is None or widget is None or not shared.link.may_export:
            raise NotFound("This link opens nothing here: it has ended, or shows something else.")
        asked, form = _asked(params, shared, widget)
        return await self._export.send(
            asked, shared.scope, form, shared.subject, address_of(request)
        )


def _asked(params: QueryParams, shared: Shared, widget: Widget) -> tuple[AggregateRequest, str]:
    """The widget's own request, over other days where the link allows that. Raises
    InvalidRequest."""
    faults = faults_of(params, KNOWN, KNOWN)
    form = params.get(FORMAT, "")
    if form not in FORMATS:
        faults.append(Fault(FORMAT, f"{form[:80]!a} is not one of {', '.join(FORMATS)}."))
    body: dict[str, Any] = widget.body
    days = params.get(DAYS)
    if days is not None and not shared.link.may_range:
        faults.append(Fault(DAYS, "is not to be chosen by this link."))
    elif days is not None:
        body[DAYS] = days_of(days)
    if faults:
        raise InvalidRequest(faults)
    return parse(body), form
