"""Dashboards: each change is one transaction, and every version of one can be had back."""

import re
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.database.instants import instant, kept
from engine.database.tables import (
    dashboard_revisions,
    dashboards,
    widgets,
)
from engine.errors import (
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
)
from engine.scope import UUID, Identity, Role
from engine.workspaces import stored
from engine.workspaces.audit import Audit
from engine.workspaces.parse import Changes, NewDashboard, asked_of, parse_changes, parse_new
from engine.workspaces.readers import Readers, not_found
from engine.workspaces.reconcile import made, reconcile
from engine.workspaces.slug import free_slug
from engine.workspaces.stored import of_brand
from engine.workspaces.widget import LAYOUT, Dashboard, Listed, Revision

DASHBOARDS: Final = 1_000
"""Of one brand."""
REVISIONS: Final = 1_000
"""Of one dashboard: the latest."""
TRASH: Final = timedelta(days=30)
TRIES: Final = 5
EVERYTHING: Final = frozenset({"name", "description", "widgets"})

Versions = int | Collection[int] | None
"""What a change may be based on: this version, one of these, or any."""
ListOfDashboards = list[Listed]
ListOfRevisions = list[Revision]


class Dashboards(Readers):
    """The rows of the metadata database. Thread-safe; processes may share the database.

    Brands see only their own: whatever is not theirs is NotFound. When the database cannot be
    reached, all of it raises Unavailable. write_role: the least role that may save.
    """

    def __init__(
        self,
        database: Engine,
        clock: Callable[[], datetime],
        write_role: Role = Role.EDITOR,
    ) -> None:
        super().__init__(database, clock)
        self._write_role = write_role
        self._audit = Audit(database, clock)

    def may_write(self, identity: Identity, workspace: str) -> bool:
        role = identity.role(workspace)
        return role is not None and role.reaches(self._write_role)

    @property
    def write_role(self) -> Role:
        """The least role that saves dashboards."""
        return self._write_role

    def check_writer(self, identity: Identity, workspace: str) -> None:
        """Raise Forbidden unless the role is high enough to save dashboards."""
        if not self.may_write(identity, workspace):
            role = identity.role(workspace) or "no member"
            raise Forbidden(
                f"You are {role} of workspace {workspace}; to save dashboards one must be"
                f" {self._write_role} or above. Ask the workspace's owner.",
                code="AUTH_003",
            )

    def list(self, workspace: str, brand: str, subject: str) -> ListOfDashboards:
        """Those that are not in the trash, by name."""
        there = and_(of_brand(workspace, brand), dashboards.c.deleted_at.is_(None))
        with self._transaction() as connection:
            rows = connection.execute(stored.listing(subject).where(there)).all()
        return sorted(map(stored.listed, rows), key=lambda one: (one.name.casefold(), one.slug))

    def get(self, workspace: str, brand: str, id: str) -> Dashboard:
        """Raises NotFound."""
        with self._transaction() as connection:
            return _found(stored.read(connection, _live(workspace, brand, id)), id)

    def by_slug(self, workspace: str, brand: str, slug: str) -> Dashboard | None:
        there = and_(of_brand(workspace, brand), dashboards.c.deleted_at.is_(None))
        with self._transaction() as connection:
            return stored.read(connection, and_(there, dashboards.c.slug == slug))

    def create(
        self, workspace: str, brand: str, by: str, raw: Mapping[str, Any] | NewDashboard
    ) -> Dashboard:
        """raw: slug, name, description?, layout?, widgets?, whose ids are columns.

        Raises InvalidRequest, and Conflict when the slug is taken or there are too many.
        """
        asked, now = parse_new(raw), self._clock()
        dashboard = Dashboard(
            id=str(uuid.uuid4()),
            workspace_id=workspace,
            brand_id=brand.lower(),
            slug=asked.slug,
            name=asked.name,
            description=asked.description,
            layout=LAYOUT,
            created_by=by,
            created_at=now,
            updated_at=now,
            version=1,
            widgets=made(asked.widgets, now),
        )
        with self._transaction() as connection:
            self._refuse_many(connection, workspace, brand)
            _insert(connection, dashboard)
            stored.add_widgets(connection, dashboard.id, dashboard.widgets)
            stored.add_revision(connection, dashboard, by)
        return dashboard

    def put(
        self,
        workspace: str,
        brand: str,
        id: str,
        by: str,
        raw: Mapping[str, Any] | Changes,
        version: Versions = None,
        adopt: bool = False,
    ) -> Dashboard:
        """raw: name?, description?, widgets?; a known id updates, none inserts, a missing one
        deletes. What would change nothing is no new version.

        adopt: an unknown id is a new widget of that id. Raises NotFound, InvalidRequest, and
        PreconditionFailed when `version` is not the current one.
        """
        changes, now = parse_changes(raw), self._clock()
        with self._transaction() as connection:
            before = self._locked(connection, workspace, brand, id)
            _check_version(before, version)
            after = reconcile(before, changes, now, adopt)
            if after is not before:
                _write(connection, before, after)
                stored.add_revision(connection, after, by)
                _forget_revisions(connection, after)
        return after

    def delete(
        self,
        workspace: str,
        brand: str,
        id: str,
        by: str,
        version: Versions = None,
        address: str = "",
    ) -> None:
        """Into the trash, where it stays for 30 days. Raises NotFound and PreconditionFailed.

        address: the network address of who did it, for the audit log.
        """
        now = self._clock()
        with self._transaction() as connection:
            found = self._locked(connection, workspace, brand, id)
            _check_version(found, version)
            connection.execute(
                update(dashboards).where(dashboards.c.id == id.lower()).values(deleted_at=kept(now))
            )
            self._note(connection, by, "deleted", found, address)
            self._expire(connection, now)

    def trash(self, workspace: str, brand: str) -> ListOfDashboards:
        """What was deleted in the last 30 days, the latest first."""
        there = and_(of_brand(workspace, brand), dashboards.c.deleted_at.is_not(None))
        with self._transaction() as connection:
            self._expire(connection, self._clock())
            rows = connection.execute(
                stored.listing("").where(there).order_by(dashboards.c.deleted_at.desc())
            ).all()
        return [stored.listed(row) for row in rows]

    def restore(self, workspace: str, brand: str, id: str, by: str, address: str = "") -> Dashboard:
        """Out of the trash. Raises NotFound, and Conflict when its slug is taken by now."""
        with self._transaction() as connection:
            self._expire(connection, self._clock())
            found = _found(stored.read(connection, _deleted(workspace, brand, id)), id)
            self._refuse_many(connection, workspace, brand)
            back = update(dashboards).where(_deleted(workspace, brand, id)).values(deleted_at=None)
            try:
                if not connection.execute(back).rowcount:
                    raise not_found(id)
            except IntegrityError:
                raise _taken(found.slug) from None
            self._note(connection, by, "restored", found, address)
        return found

    def purge(self, workspace: str, brand: str, id: str, by: str = "", address: str = "") -> None:
        """Out of the trash for good, with its revisions. Raises NotFound."""
        gone = _deleted(workspace, brand, id)
        with self._transaction() as connection:
            found = _found(stored.read(connection, gone), id)
            if not connection.execute(delete(dashboards).where(gone)).rowcount:
                raise not_found(id)
            self._note(connection, by, "purged", found, address)

    def duplicate(
        self, workspace: str, brand: str, id: str, by: str, name: str | None = None
    ) -> Dashboard:
        """The same widgets under new ids, a new slug and this name. Raises NotFound."""
        source = self.get(workspace, brand, id)
        changes = parse_changes({"name": source.name if name is None else name})
        parts = tuple(replace(asked_of(widget), id=None) for widget in source.widgets)
        for attempt in range(TRIES):
            slug = free_slug(changes.name, self._slugs(workspace, brand))
            new = NewDashboard(slug, changes.name, source.description, parts)
            try:
                return self.create(workspace, brand, by, new)
            except Conflict:
                if attempt == TRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def revisions(self, workspace: str, brand: str, id: str) -> ListOfRevisions:
        """The latest first. Raises NotFound."""
        columns = dashboard_revisions.c
        with self._transaction() as connection:
            _found(stored.read(connection, _live(workspace, brand, id)), id)
            rows = connection.execute(
                select(columns.number, columns.at, columns.by, columns.name, columns.widget_count)
                .where(columns.dashboard_id == id.lower())
                .order_by(columns.number.desc())
            ).all()
        return [Revision(r.number, instant(r.at), r.by, r.name, r.widget_count) for r in rows]

    def revision(self, workspace: str, brand: str, id: str, number: int) -> Dashboard:
        """The dashboard as it was in that version. Raises NotFound."""
        columns = dashboard_revisions.c
        with self._transaction() as connection:
            now = _found(stored.read(connection, _live(workspace, brand, id)), id)
            row = connection.execute(
                select(dashboard_revisions).where(
                    columns.dashboard_id == now.id, columns.number == number
                )
            ).one_or_none()
        if row is None:
            raise NotFound(f"Dashboard {now.id} has no revision {number}; list those there are.")
        return replace(
            now,
            name=row.name,
            description=row.description,
            version=row.number,
            updated_at=instant(row.at),
            widgets=stored.widgets_of_revision(row.widgets),
        )

    def restore_revision(
        self, workspace: str, brand: str, id: str, number: int, by: str, version: Versions = None
    ) -> Dashboard:
        """A new version with the content of an old one. Raises NotFound, PreconditionFailed."""
        old = self.revision(workspace, brand, id, number)
        parts = tuple(map(asked_of, old.widgets))
        changes = Changes(EVERYTHING, old.name, old.description, parts)
        return self.put(workspace, brand, id, by, changes, version, adopt=True)

    def _locked(self, connection: Connection, workspace: str, brand: str, id: str) -> Dashboard:
        """The dashboard, which nobody else changes before this transaction ends.

        SQLite has one writer at a time anyway.
        """
        here = _live(workspace, brand, id)
        connection.execute(select(dashboards.c.id).where(here).with_for_update())
        return _found(stored.read(connection, here), id)

    def _slugs(self, workspace: str, brand: str) -> frozenset[str]:
        """Those of the trash too, so that it can be restored."""
        with self._transaction() as connection:
            slugs = connection.scalars(select(dashboards.c.slug).where(of_brand(workspace, brand)))
            return frozenset(slugs)

    def _note(
        self, connection: Connection, by: str, what: str, dashboard: Dashboard, address: str
    ) -> None:
        self._audit.note(
            connection,
            by,
            f"dashboard.{what}",
            f"{dashboard.name} ({dashboard.slug}) of brand {dashboard.brand_id}",
            workspace=dashboard.workspace_id,
            address=address,
        )

    def _refuse_many(self, connection: Connection, workspace: str, brand: str) -> None:
        here = and_(of_brand(workspace, brand), dashboards.c.deleted_at.is_(None))
        count = connection.scalar(select(func.count()).select_from(dashboards).where(here)) or 0
        if count >= DASHBOARDS:
            raise Conflict(f"A brand has at most {DASHBOARDS:,} dashboards; delete one first.")

    def _expire(self, connection: Connection, now: datetime) -> None:
        connection.execute(delete(dashboards).where(dashboards.c.deleted_at < kept(now - TRASH)))


def _live(workspace: str, brand: str, id: str) -> ColumnElement[bool]:
    return and_(_one(workspace, brand, id), dashboards.c.deleted_at.is_(None))


def _deleted(workspace: str, brand: str, id: str) -> ColumnElement[bool]:
    return and_(_one(workspace, brand, id), dashboards.c.deleted_at.is_not(None))


def _one(workspace: str, brand: str, id: str) -> ColumnElement[bool]:
    """Raises NotFound for what cannot be an id."""
    if not re.fullmatch(UUID, id.lower()):
        raise not_found(id)
    return and_(of_brand(workspace, brand), dashboards.c.id == id.lower())


def _found(dashboard: Dashboard | None, id: str) -> Dashboard:
    if dashboard is None:
        raise not_found(id)
    return dashboard


def _taken(slug: str) -> Conflict:
    return Conflict(f"The slug {slug} is taken in this brand; choose another one, or delete that.")


def _check_version(dashboard: Dashboard, versions: Versions) -> None:
    if versions is None:
        return
    expected = (versions,) if isinstance(versions, int) else versions
    if dashboard.version not in expected:
        raise PreconditionFailed(
            f"Somebody changed this dashboard: it is at version {dashboard.version} now. Read it"
            " again, and save what you changed on top of that."
        )


def _insert(connection: Connection, dashboard: Dashboard) -> None:
    try:
        connection.execute(insert(dashboards).values(stored.dashboard_row(dashboard)))
    except IntegrityError:
        raise _taken(dashboard.slug) from None


def _write(connection: Connection, before: Dashboard, after: Dashboard) -> None:
    """Bring the rows from one version to the other."""
    values = stored.dashboard_row(after)
    changing = ("name", "description", "version", "updated_at")
    connection.execute(
        update(dashboards)
        .where(dashboards.c.id == after.id)
        .values({name: values[name] for name in changing})
    )
    old = {widget.id: widget for widget in before.widgets}
    new = {widget.id: widget for widget in after.widgets}
    changed = [id for id in old if id not in new or new[id] is not old[id]]
    here = widgets.c.dashboard_id == after.id
    if changed:
        connection.execute(delete(widgets).where(here, widgets.c.id.in_(changed)))
    stored.add_widgets(connection, after.id, [w for w in new.values() if old.get(w.id) is not w])


def _forget_revisions(connection: Connection, dashboard: Dashboard) -> None:
    columns = dashboard_revisions.c
    connection.execute(
        delete(dashboard_revisions).where(
            columns.dashboard_id == dashboard.id, columns.number <= dashboard.version - REVISIONS
        )
    )
