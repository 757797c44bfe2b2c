"""POST /api/workspace/{workspaceId}/events."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import starmap
from typing import Final

import polars as pl
from starlette.requests import Request
from starlette.responses import Response

from engine.engine import utc_now
from engine.errors import Fault, Forbidden, InvalidRequest, Unavailable
from engine.http.admission import caller
from engine.http.body import Room, is_ndjson, read
from engine.http.envelope import json_response
from engine.http.scope import BRAND_QUERY, scope_of
from engine.http.turns import Turns
from engine.ingest.inbox import Accepted, Inbox, parts_of
from engine.ingest.normalise import normalise
from engine.ingest.posted import PARTS, Rejected, events_of_json, events_of_lines, posted
from engine.scope import BRAND_FIELD, CATALOG_FIELD, WORKSPACE_FIELD, Identity

AT_ONCE: Final = 4
"""Threads that may store events: enough to compute while others wait for the disk."""

WAITS: Final = 2.0
"""Seconds for which a request may wait for one of them."""

BODY_LIMIT: Final = 4 << 20
IN_FLIGHT: Final = 64 << 20
"""Bytes of all bodies that are arriving, waiting or being stored."""

BUSY: Final = "Too many events arrive at once; send these again in a moment."
WAY_OUT: Final = "send the events in several requests"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where events go that do not say so themselves."""

    workspace: str
    brand: str | None
    catalog: str | None


class Events:
    """The endpoint; everything after the body has arrived happens in a thread."""

    def __init__(self, inbox: Inbox, clock: Callable[[], datetime] = utc_now) -> None:
        self._inbox = inbox
        self._clock = clock
        self._room = Room(IN_FLIGHT)
        self._turns = Turns(AT_ONCE, WAITS, BUSY)

    async def post(self, request: Request) -> Response:
        identity = caller(request)
        lines = is_ndjson(request.headers)
        with self._room.share() as share:
            body = await read(request, BODY_LIMIT, way_out=WAY_OUT, share=share)
            return await self._turns.run(self._answer, identity, request, body, lines)

    def _answer(self, identity: Identity, request: Request, body: bytes, lines: bool) -> Response:
        place, faults = _place(request)
        if place is not None and not identity.may_write(place.workspace, place.brand):
            what = "those without a brand" if place.brand is None else f"brand {place.brand}"
            raise Forbidden(
                f"No access to {what} in workspace {place.workspace};"
                " ask the workspace's owner, or use one of your own brands."
            )
        values, more_faults = events_of_lines(body) if lines else events_of_json(body)
        if place is None or more_faults:
            raise InvalidRequest(faults + more_faults)
        raw = posted(values, place.brand, place.catalog, place.workspace)
        normal = normalise(raw.frame, self._clock(), _source(place, body), brand=None)
        events, foreign = _writable(normal.events, identity, place)
        _refuse_many_parts(events)
        accepted = self._accept(place.workspace, events)
        rejected = [*raw.rejected, *starmap(Rejected, normal.rejected.iter_rows()), *foreign]
        rejected.sort(key=lambda reason: reason.index)
        return json_response(
            {
                "stored": accepted.stored,
                "duplicates": accepted.duplicates,
                "rejected": [asdict(reason) for reason in rejected],
            }
        )

    def _accept(self, workspace: str, events: pl.DataFrame) -> Accepted:
        if events.is_empty():
            return Accepted(stored=0, duplicates=0)
        try:
            return self._inbox.accept(workspace, events)
        except OSError as error:
            logger.exception("events of %s were not stored", workspace)
            message = "Events cannot be stored now; send them again in a moment."
            raise Unavailable(message, retry_after=5) from error


def _place(request: Request) -> tuple[Place | None, list[Fault]]:
    """The scope of the request, but for the brand, which is not required here."""
    scope, faults = scope_of(request)
    if scope is not None:
        return Place(scope.workspace_id, scope.brand_id, scope.catalog_id), []
    if BRAND_FIELD not in request.headers and BRAND_QUERY not in request.query_params:
        faults = [fault for fault in faults if fault.field != BRAND_FIELD]
    if faults:
        return None, faults
    return Place(request.path_params[WORKSPACE_FIELD], None, request.headers.get(CATALOG_FIELD)), []


def _source(place: Place, body: bytes) -> str:
    """Names events without an id: the same again for the same request, and for no other."""
    digest = hashlib.blake2b(f"{place.brand} {place.catalog} ".encode(), digest_size=16)
    digest.update(body)
    return digest.hexdigest()


def _refuse_many_parts(events: pl.DataFrame) -> None:
    parts = parts_of(events).height
    if parts > PARTS:
        message = (
            f"are spread over {parts:,} months of brands, more than the {PARTS} of one request;"
            " sort them by brand and time and send parts."
        )
        raise InvalidRequest([Fault("events", message)])


def _writable(
    events: pl.DataFrame, identity: Identity, place: Place
) -> tuple[pl.DataFrame, list[Rejected]]:
    """The events that may be stored, and why the others may not: it is their brand."""
    brands = events["brand_id"].unique().to_list()
    if place.brand is None:
        closed = [b for b in brands if not identity.may_write(place.workspace, b)]
        reason = f"{{}} is not open to you in workspace {place.workspace}"
    else:
        closed = [b for b in brands if b != place.brand]
        reason = f"{{}} differs from the request's own brand {place.brand}; send one of them"
    if not closed:
        return events, []
    shut = pl.col("brand_id").is_in(closed, nulls_equal=True)
    rows = events.filter(shut).select("row", "brand_id")
    rejected = [Rejected(row, "brand_id", reason.format(brand)) for row, brand in rows.iter_rows()]
    return events.filter(~shut), rejected
