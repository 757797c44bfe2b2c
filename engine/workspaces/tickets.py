"""Tickets: each opens one door once, for a while. Stored hashed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from engine.database.instants import kept
from engine.database.tables import tickets
from engine.workspaces.tokens import hashed, new_token

SIGN_IN: Final = "sign_in"
SET_UP: Final = "set_up"
INVITATION: Final = "invitation"
SPENT: Final = "spent"
"""No ticket, but what was made elsewhere and has opened a door here."""
LASTS: Final = {
    SIGN_IN: timedelta(minutes=1),
    SET_UP: timedelta(hours=24),
    INVITATION: timedelta(days=7),
    SPENT: timedelta(hours=1),
}


@dataclass(frozen=True)
class Ticket:
    kind: str
    account_id: str | None


class Tickets:
    def __init__(self, database: Engine, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def issue(
        self,
        connection: Connection,
        kind: str,
        account_id: str | None = None,
        bound_to: str | None = None,
    ) -> str:
        """A new ticket; former ones of this kind for the account are void, but those of a sign-in.

        bound_to: a browser's own token; in the hands of another one the ticket opens nothing.
        """
        if kind != SIGN_IN:
            of_account = tickets.c.account_id.is_not_distinct_from(account_id)
            connection.execute(delete(tickets).where((tickets.c.kind == kind) & of_account))
        connection.execute(delete(tickets).where(tickets.c.expires_at <= kept(self._clock())))
        token = new_token()
        connection.execute(
            insert(tickets).values(
                hash=hashed(token),
                kind=kind,
                account_id=account_id,
                bound_to=None if bound_to is None else hashed(bound_to),
                expires_at=kept(self._clock() + LASTS[kind]),
            )
        )
        return token

    def spend(self, connection: Connection, token: str) -> bool:
        """Remember for an hour that a token made elsewhere was used; False when it was before."""
        row = {
            "hash": hashed(token),
            "kind": SPENT,
            "expires_at": kept(self._clock() + LASTS[SPENT]),
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(tickets).values(row))
        except IntegrityError:
            return False
        return True

    def look(self, kind: str, token: str) -> Ticket | None:
        """What a ticket opens, without using it."""
        with self._database.connect() as connection:
            row = connection.execute(select(tickets).where(self._good(kind, token))).first()
        return None if row is None else Ticket(row.kind, row.account_id)

    def use(
        self, connection: Connection, kind: str, token: str, bound_to: str | None = None
    ) -> Ticket | None:
        """The ticket, which is gone with that, also where its browser is another one's."""
        row = connection.execute(
            delete(tickets)
            .where(self._good(kind, token))
            .returning(tickets.c.kind, tickets.c.account_id, tickets.c.bound_to)
        ).first()
        given = None if bound_to is None else hashed(bound_to)
        if row is None or (row.bound_to is not None and row.bound_to != given):
            return None
        return Ticket(row.kind, row.account_id)

    def _good(self, kind: str, token: str) -> ColumnElement[bool]:
        return (
            (tickets.c.hash == hashed(token))
            & (tickets.c.kind == kind)
            & (tickets.c.expires_at > kept(self._clock()))
        )
