"""Workspaces and the names of their brands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.database.instants import kept
from engine.database.tables import api_keys, brands, members, workspaces
from engine.errors import Fault, InvalidRequest, NotFound
from engine.scope import BRAND_FIELD, Identity, faults_of
from engine.workspaces import permissions
from engine.workspaces.audit import Audit

NAME: Final = 120


@dataclass(frozen=True)
class Brand:
    id: str
    name: str


class Places:
    def __init__(self, database: Engine, clock: Callable[[], datetime], audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def found(self, connection: Connection, workspace: str, name: str = "") -> None:
        """Make the workspace known, if it is not yet. Raises InvalidRequest."""
        faults = [f for f in faults_of(workspace, None, None) if f.field != BRAND_FIELD]
        if faults:
            raise InvalidRequest([Fault("workspace", fault.message) for fault in faults])
        make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = make(workspaces).values(
            id=workspace, name=name[:NAME] or workspace, created_at=kept(self._clock())
        )
        connection.execute(row.on_conflict_do_nothing())

    def name(self, workspace: str) -> str:
        with self._database.connect() as connection:
            asked = select(workspaces.c.name).where(workspaces.c.id == workspace)
            return connection.execute(asked).scalar() or workspace

    def brands(self, workspace: str) -> list[Brand]:
        """Those that have a name, by name."""
        asked = select(brands.c.id, brands.c.name).where(brands.c.workspace_id == workspace)
        with self._database.connect() as connection:
            rows = connection.execute(asked).all()
        return sorted((Brand(row.id, row.name) for row in rows), key=lambda brand: brand.name)

    def name_brand(
        self, by: Identity, workspace: str, brand: str, name: str, address: str = ""
    ) -> None:
        """Give a brand a name, which makes it known. Raises Forbidden, InvalidRequest."""
        permissions.check(by, "brands.manage", workspace)
        brand, name = brand.strip().lower(), " ".join(name.split())
        faults = [Fault("brand", f.message) for f in faults_of(workspace, brand, None)]
        if not 1 <= len(name) <= NAME:
            faults.append(Fault("name", f"has {len(name)} characters; take 1 to {NAME}."))
        if faults:
            raise InvalidRequest(faults)
        with self._database.begin() as connection:
            self.found(connection, workspace)
            make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            row = make(brands).values(
                workspace_id=workspace, id=brand, name=name, created_at=kept(self._clock())
            )
            connection.execute(
                row.on_conflict_do_update(
                    index_elements=[brands.c.workspace_id, brands.c.id], set_={"name": name}
                )
            )
            self._note(connection, by, "brand.named", f"{brand} {name}", workspace, address)

    def forget_brand(self, by: Identity, workspace: str, brand: str, address: str = "") -> None:
        """Take the name away; its events stay. Raises Forbidden, NotFound."""
        permissions.check(by, "brands.manage", workspace)
        with self._database.begin() as connection:
            gone = connection.execute(
                delete(brands).where((brands.c.workspace_id == workspace) & (brands.c.id == brand))
            )
            if not gone.rowcount:
                raise NotFound(f"There is no brand {brand[:80]!a} in workspace {workspace}.")
            self._note(connection, by, "brand.forgotten", brand, workspace, address)

    def known(self) -> dict[str, list[str]]:
        """workspace -> brands that have a name."""
        found: dict[str, list[str]] = {}
        with self._database.connect() as connection:
            for row in connection.execute(select(brands.c.workspace_id, brands.c.id)).all():
                found.setdefault(row.workspace_id, []).append(row.id)
        return found

    def is_empty(self, workspace: str) -> bool:
        """Whether nobody is a member and no key opens it."""
        with self._database.connect() as connection:
            return not any(
                connection.execute(
                    select(table.c.workspace_id).where(table.c.workspace_id == workspace).limit(1)
                ).first()
                for table in (members, api_keys)
            )

    def _note(
        self, connection: Connection, by: Identity, action: str, what: str, workspace: str, at: str
    ) -> None:
        self._audit.note(connection, by.subject, action, what, workspace=workspace, address=at)
