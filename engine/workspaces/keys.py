"""API keys: how programs get in. Shown once; what is stored does not lead back to them."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, insert, select, update

from engine.database.instants import instant, kept
from engine.database.tables import api_keys
from engine.errors import Fault, Forbidden, InvalidRequest, NotFound
from engine.scope import Identity, Role, faults_of
from engine.workspaces import permissions
from engine.workspaces.audit import Audit
from engine.workspaces.places import Places
from engine.workspaces.tokens import hashed, new_token

BEGIN: Final = "sk_live_"
FORM: Final = re.compile(r"sk_live_[A-Za-z0-9_-]{43}", re.ASCII)
SHOWN: Final = len(BEGIN) + 6
NAME: Final = 120
MOST_DAYS: Final = 3650
NOTED: Final = timedelta(minutes=1)
"""How exactly the last use is known: each note is a write."""


@dataclass(frozen=True)
class Key:
    """begins: its first characters. role: of a member at most editor where brand is given."""

    id: str
    workspace_id: str
    name: str
    begins: str
    role: Role
    brand_id: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Keys:
    def __init__(
        self, database: Engine, clock: Callable[[], datetime], places: Places, audit: Audit
    ) -> None:
        self._database = database
        self._clock = clock
        self._places = places
        self._audit = audit

    def make(
        self,
        by: Identity,
        workspace: str,
        name: str,
        role: Role,
        brand: str | None = None,
        days: int | None = None,
        address: str = "",
    ) -> tuple[Key, str]:
        """The key, and its text, which nobody can see again. Raises Forbidden, InvalidRequest."""
        permissions.check(by, "keys.manage", workspace)
        mine = by.role(workspace)
        if mine is None or not mine.reaches(role):
            raise Forbidden(f"A key cannot have more than your own role {mine}.", code="AUTH_003")
        name = " ".join(name.split())
        brand = None if brand is None else brand.strip().lower()
        faults = [] if brand is None else _renamed(faults_of(workspace, brand, None))
        if not 1 <= len(name) <= NAME:
            faults.append(Fault("name", f"has {len(name)} characters; take 1 to {NAME}."))
        if days is not None and not 1 <= days <= MOST_DAYS:
            faults.append(Fault("days", f"{days} is not from 1 to {MOST_DAYS}."))
        if brand is not None and not Role.EDITOR.reaches(role):
            faults.append(Fault("role", f"{role} is of the whole workspace; take editor or less."))
        if faults:
            raise InvalidRequest(faults)
        text, now = BEGIN + new_token(), self._clock()
        row: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "workspace_id": workspace,
            "name": name,
            "begins": text[:SHOWN],
            "hash": hashed(text),
            "role": role,
            "brand_id": brand,
            "created_by": by.subject,
            "created_at": kept(now),
            "expires_at": None if days is None else kept(now + timedelta(days=days)),
        }
        with self._database.begin() as connection:
            self._places.found(connection, workspace)
            connection.execute(insert(api_keys).values(row))
            self._audit.note(
                connection,
                by.subject,
                "key.made",
                f"{row['begins']}… {name} {role}",
                workspace=workspace,
                address=address,
            )
            made = connection.execute(select(api_keys).where(api_keys.c.id == row["id"])).one()
        return _key(made), text

    def of(self, by: Identity, workspace: str) -> list[Key]:
        """The newest first. Raises Forbidden."""
        permissions.check(by, "keys.manage", workspace)
        asked = select(api_keys).where(api_keys.c.workspace_id == workspace)
        with self._database.connect() as connection:
            rows = connection.execute(asked.order_by(api_keys.c.created_at.desc())).all()
        return [_key(row) for row in rows]

    def revoke(self, by: Identity, workspace: str, id: str, address: str = "") -> None:
        """Raises Forbidden, NotFound, also for a key of another workspace."""
        permissions.check(by, "keys.manage", workspace)
        here = (api_keys.c.id == id) & (api_keys.c.workspace_id == workspace)
        with self._database.begin() as connection:
            row = connection.execute(select(api_keys).where(here)).first()
            if row is None:
                raise NotFound(f"There is no such key of workspace {workspace}.")
            if row.revoked_at is None:
                connection.execute(
                    update(api_keys).where(here).values(revoked_at=kept(self._clock()))
                )
                what = f"{row.begins}… {row.name}"
                self._audit.note(
                    connection,
                    by.subject,
                    "key.revoked",
                    what,
                    workspace=workspace,
                    address=address,
                )

    def recognise(self, text: str) -> Key | None:
        """The key with this text, if it is good now."""
        if not FORM.fullmatch(text):
            return None
        now, mine = self._clock(), api_keys.c.hash == hashed(text)
        with self._database.connect() as connection:
            row = connection.execute(select(api_keys).where(mine)).first()
        key = None if row is None else _key(row)
        if key is None or not key.is_good(now):
            return None
        if key.used_at is None or now - key.used_at >= NOTED:
            with self._database.begin() as connection:
                connection.execute(update(api_keys).where(mine).values(used_at=kept(now)))
        return key


def _renamed(faults: list[Fault]) -> list[Fault]:
    return [Fault("brand", fault.message) for fault in faults]


def _key(row: Any) -> Key:
    return Key(
        row.id,
        row.workspace_id,
        row.name,
        row.begins,
        Role(row.role),
        row.brand_id,
        row.created_by,
        instant(row.created_at),
        instant(row.expires_at),
        instant(row.used_at),
        instant(row.revoked_at),
    )
