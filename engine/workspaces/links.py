"""Share links: who has the address sees one dashboard or widget, and that in one scope only.

The token is shown once; what is stored does not lead back to it. A link is good for as long as
whoever made it may share what it shows.
"""

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.caches.memory import MemoryAnswers
from engine.database.instants import instant, kept
from engine.database.tables import share_links
from engine.errors import Conflict, Fault, InvalidRequest, NotFound, Unavailable
from engine.scope import Identity, Scope
from engine.workspaces import origins as sites
from engine.workspaces import permissions
from engine.workspaces.audit import Audit
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.rate import RateLimit
from engine.workspaces.readers import not_found
from engine.workspaces.tokens import hashed, new_token
from engine.workspaces.widget import Dashboard, Widget

PARAMETER: Final = "token"
"""The parameter of an address that has one."""
FORM: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
SHOWN: Final = 6
DAYS: Final = (1, 7, 30, None)
"""How long a link may last; None: until it is revoked."""
MOST: Final = 100
"""Links of one dashboard that are neither revoked nor expired."""
REMEMBERED: Final = 1.0
"""Seconds for which a link is believed without asking again."""
NOTED: Final = timedelta(minutes=1)
"""How exactly the last use is known: each note is a write."""
OF_LINK: Final = 300
"""So many times a minute one address may open one link."""
OF_ADDRESS: Final = 1_200
"""And so many times any link, whether there is such a one or not."""

logger = logging.getLogger(__name__)


class State(StrEnum):
    OPEN = "open"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SHUT = "shut"
    """What it showed is gone, or its maker may not share it any more."""


@dataclass(frozen=True)
class ShareLink:
    """begins: the first characters of its token. widget_ids: what it shows, of a whole dashboard
    those that were there when it was made. origins: of sites that may frame it."""

    id: str
    begins: str
    scope: Scope
    dashboard_id: str
    widget_ids: tuple[str, ...]
    is_whole: bool
    may_range: bool
    may_export: bool
    origins: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None

    def ended(self, now: datetime) -> State | None:
        """How it ended by itself, if it did."""
        if self.revoked_at is not None:
            return State.REVOKED
        return State.EXPIRED if self.expires_at is not None and now >= self.expires_at else None


@dataclass(frozen=True)
class Shared:
    """What a link shows now: of the dashboard only the link's own widgets."""

    link: ShareLink
    dashboard: Dashboard

    @property
    def scope(self) -> Scope:
        return self.link.scope

    @property
    def subject(self) -> str:
        """Whoever looks, for the audit log."""
        return f"link:{self.link.begins}…"

    def widget(self, id: str) -> Widget | None:
        return next((one for one in self.dashboard.widgets if one.id == id), None)


class ShareLinks:
    """Thread-safe; processes may share the database. What changes checks who does it, and is noted.

    rights: what a maker may do now, by subject. When the database cannot be reached, all of it
    raises Unavailable, and no link is believed.
    """

    def __init__(
        self,
        database: Engine,
        clock: Callable[[], datetime],
        dashboards: Dashboards,
        rights: Callable[[str], Identity | None],
        audit: Audit,
    ) -> None:
        self._database = database
        self._clock = clock
        self._dashboards = dashboards
        self._rights = rights
        self._audit = audit
        self._remembered = MemoryAnswers(REMEMBERED, entries=10_000)
        self._of_link = RateLimit(OF_LINK)
        self._of_address = RateLimit(OF_ADDRESS)

    def make(
        self,
        by: Identity,
        scope: Scope,
        dashboard_id: str,
        widget_id: str | None = None,
        *,
        days: int | None,
        may_range: bool = False,
        may_export: bool = False,
        origins: Iterable[str] = (),
        address: str = "",
    ) -> tuple[ShareLink, str]:
        """The link, and its token, which nobody can see again. days: one of DAYS.

        Raises Forbidden, NotFound, InvalidRequest, and Conflict when there are too many.
        """
        self._check(by, scope)
        where = (scope.workspace_id, scope.brand_id)
        dashboard = self._dashboards.get(*where, dashboard_id)
        there = [widget.id for widget in dashboard.widgets]
        if widget_id is not None and widget_id not in there:
            raise NotFound(f"There is no widget {widget_id[:80]!a} on this dashboard.")
        if days not in DAYS:
            known = ", ".join(map(str, DAYS[:-1]))
            raise InvalidRequest([Fault("days", f"{days!a} is not one of {known} or null.")])
        token, now = new_token(), self._clock()
        row: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "hash": hashed(token),
            "begins": token[:SHOWN],
            "workspace_id": scope.workspace_id,
            "brand_id": scope.brand_id,
            "catalog_id": scope.catalog_id,
            "dashboard_id": dashboard.id,
            "widget_ids": json.dumps(there if widget_id is None else [widget_id]),
            "is_whole": widget_id is None,
            "may_range": may_range,
            "may_export": may_export,
            "origins": json.dumps(sites.checked(origins)),
            "created_by": by.subject,
            "created_at": kept(now),
            "expires_at": None if days is None else kept(now + timedelta(days=days)),
        }
        self._insert(row, dashboard, by, address)
        made = self._rows(share_links.c.id == row["id"])
        return made[0], token

    def of_dashboard(self, by: Identity, scope: Scope, dashboard_id: str) -> list[ShareLink]:
        """The newest first. Raises Forbidden."""
        self._check(by, scope)
        return self._rows(_of(scope.workspace_id, scope.brand_id, dashboard_id))

    def of_workspace(self, by: Identity, workspace: str) -> list[ShareLink]:
        """The newest first. Raises Forbidden."""
        permissions.check(by, "links.manage", workspace)
        return self._rows(share_links.c.workspace_id == workspace)

    def is_public(self, workspace: str, brand: str, dashboard_id: str) -> bool:
        """Whether some link shows something of this dashboard to whoever has it now."""
        links = self._rows(_of(workspace, brand, dashboard_id))
        return any(self.state(link) is State.OPEN for link in links)

    def state(self, link: ShareLink) -> State:
        """As it is now, for those who may see the list."""
        return link.ended(self._clock()) or (
            State.SHUT if self._shown(link) is None else State.OPEN
        )

    def revoke(self, by: Identity, workspace: str, id: str, address: str = "") -> None:
        """Raises Forbidden, NotFound, also for a link of another workspace or brand."""
        permissions.check(by, "links.make", workspace)
        found = self._rows((share_links.c.id == id) & (share_links.c.workspace_id == workspace))
        if not found or not _is_theirs(by, found[0]):
            raise NotFound(f"There is no such share link of workspace {workspace}.")
        here = (share_links.c.id == id) & share_links.c.revoked_at.is_(None)
        now = kept(self._clock())
        with self._reach(), self._database.begin() as connection:
            ended = connection.execute(update(share_links).where(here).values(revoked_at=now))
            if ended.rowcount:
                what = f"{found[0].begins}… of {found[0].dashboard_id}"
                self._audit.note(
                    connection,
                    by.subject,
                    "link.revoked",
                    what,
                    workspace=workspace,
                    address=address,
                )

    def open(self, token: str, address: str) -> Shared | None:
        """`resolve` for somebody at this address, who is counted. Raises TooManyRequests too."""
        self._of_address.take(address).check()
        shared = self.resolve(token)
        if shared is not None:
            self._of_link.take(shared.link.id, address).check()
        return shared

    def framers(self, token: str, address: str) -> tuple[str, ...]:
        """The origins of sites that may frame what the link shows."""
        shared = self.open(token, address)
        return () if shared is None else shared.link.origins

    def resolve(self, token: str) -> Shared | None:
        """What the link with this token shows now; None for every other one, whatever the reason.

        Tokens are compared by the database as SHA-256: how long that takes says nothing of them.
        """
        if not FORM.fullmatch(token):
            return None
        known = self._remembered.get(hashed(token))
        if known is not None:
            remembered: Shared | None = known.answer
            return remembered
        found = self._rows(share_links.c.hash == hashed(token))
        shared = None
        if found and found[0].ended(self._clock()) is None:
            shared = self._shown(found[0])
        if shared is not None:
            self._note_use(shared.link)
        self._remembered.put(hashed(token), shared)
        return shared

    def _shown(self, link: ShareLink) -> Shared | None:
        """None where its maker may not share it now, or it is not there."""
        scope = link.scope
        with self._reach():
            maker = self._rights(link.created_by)
        if (
            maker is None
            or not permissions.allows(maker, "links.make", scope.workspace_id)
            or scope.brand_id not in maker.brands.get(scope.workspace_id, ())
        ):
            return None
        try:
            dashboard = self._dashboards.get(scope.workspace_id, scope.brand_id, link.dashboard_id)
        except NotFound:
            return None
        widgets = tuple(one for one in dashboard.widgets if one.id in link.widget_ids)
        if not widgets and not link.is_whole:
            return None
        return Shared(link, replace(dashboard, widgets=widgets))

    def _check(self, by: Identity, scope: Scope) -> None:
        permissions.check(by, "links.make", scope.workspace_id)
        by.check(scope)

    def _insert(
        self, row: dict[str, Any], dashboard: Dashboard, by: Identity, address: str
    ) -> None:
        here = _of(row["workspace_id"], row["brand_id"], dashboard.id)
        due = share_links.c.expires_at.is_(None) | (share_links.c.expires_at > row["created_at"])
        lasting = here & share_links.c.revoked_at.is_(None) & due
        with self._reach(), self._database.begin() as connection:
            count = connection.scalar(select(func.count()).select_from(share_links).where(lasting))
            if (count or 0) >= MOST:
                raise Conflict(f"This dashboard has {MOST} links already; revoke one first.")
            try:
                connection.execute(insert(share_links).values(row))
            except IntegrityError:
                raise not_found(dashboard.id) from None
            widget = "" if row["is_whole"] else f", widget {json.loads(row['widget_ids'])[0]}"
            self._audit.note(
                connection,
                by.subject,
                "link.made",
                f"{row['begins']}… of {dashboard.id}{widget}",
                workspace=row["workspace_id"],
                address=address,
            )

    def _note_use(self, link: ShareLink) -> None:
        now = self._clock()
        if link.used_at is not None and now - link.used_at < NOTED:
            return
        try:
            with self._database.begin() as connection:
                mine = share_links.c.id == link.id
                connection.execute(update(share_links).where(mine).values(used_at=kept(now)))
        except (DBAPIError, PoolTimeout):
            # A note that is missing is no reason to shut a door.
            logger.warning("the last use of a share link could not be noted")

    def _rows(self, condition: ColumnElement[bool]) -> list[ShareLink]:
        asked = select(share_links).where(condition).order_by(share_links.c.created_at.desc())
        with self._reach(), self._database.connect() as connection:
            return [_link(row) for row in connection.execute(asked).all()]

    @contextmanager
    def _reach(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            message = "Share links cannot be looked up now; try again in a moment."
            raise Unavailable(message, retry_after=5) from error


def _is_theirs(by: Identity, link: ShareLink) -> bool:
    """Whether they may end it: it is of a brand that is open to them, or they manage all links."""
    workspace = link.scope.workspace_id
    of_brand = link.scope.brand_id in by.brands.get(workspace, ())
    return of_brand or permissions.allows(by, "links.manage", workspace)


def _of(workspace: str, brand: str, dashboard_id: str) -> ColumnElement[bool]:
    return (
        (share_links.c.workspace_id == workspace)
        & (share_links.c.brand_id == brand)
        & (share_links.c.dashboard_id == dashboard_id.lower())
    )


def _link(row: Any) -> ShareLink:
    return ShareLink(
        row.id,
        row.begins,
        Scope(row.workspace_id, row.brand_id, row.catalog_id),
        row.dashboard_id,
        tuple(json.loads(row.widget_ids)),
        bool(row.is_whole),
        bool(row.may_range),
        bool(row.may_export),
        tuple(json.loads(row.origins)),
        row.created_by,
        instant(row.created_at),
        instant(row.expires_at),
        instant(row.revoked_at),
        instant(row.used_at),
    )
