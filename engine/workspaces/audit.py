"""The audit log: who did what, when and from where. Rows are added with the change itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, insert, or_, select

from engine.database.instants import instant, kept
from engine.database.tables import audit, members

LONGEST: Final = 300


@dataclass(frozen=True)
class Entry:
    """actor: the subject of who did it, or "" for a command or nobody known. object: to whom or
    what. address: the network address, or `command`."""

    at: datetime
    workspace_id: str | None
    actor: str
    action: str
    object: str
    address: str


class Audit:
    def __init__(self, database: Engine, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def note(
        self,
        connection: Connection,
        actor: str,
        action: str,
        object: str = "",
        *,
        workspace: str | None = None,
        address: str = "",
    ) -> None:
        """Within the transaction of what is noted, so that there is neither without the other."""
        connection.execute(
            insert(audit).values(
                at=kept(self._clock()),
                workspace_id=workspace,
                actor=actor,
                action=action,
                object=object[:LONGEST],
                address=address[:LONGEST],
            )
        )

    def say(
        self,
        actor: str,
        action: str,
        object: str = "",
        *,
        workspace: str | None = None,
        address: str = "",
    ) -> None:
        """Note what changes nothing in the database, such as an export."""
        with self._database.begin() as connection:
            self.note(connection, actor, action, object, workspace=workspace, address=address)

    def of(self, workspace: str, limit: int = 200, skip: int = 0) -> list[Entry]:
        """The newest first: what was done in the workspace, and the sign-ins of its members."""
        theirs = select(members.c.account_id).where(members.c.workspace_id == workspace)
        asked = (
            select(audit)
            .where(
                or_(
                    audit.c.workspace_id == workspace,
                    audit.c.workspace_id.is_(None) & audit.c.actor.in_(theirs),
                )
            )
            .order_by(audit.c.id.desc())
            .limit(limit)
            .offset(skip)
        )
        with self._database.connect() as connection:
            rows = connection.execute(asked).all()
        return [
            Entry(instant(row.at), row.workspace_id, row.actor, row.action, row.object, row.address)
            for row in rows
        ]
