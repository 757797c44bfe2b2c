"""Sessions of signed-in browsers: in the database, so that every process ends them at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from engine.database.instants import instant, kept
from engine.database.tables import accounts, sign_ins
from engine.workspaces.tokens import hashed, new_token

LASTS: Final = timedelta(days=14)
IDLE: Final = timedelta(days=3)
NOTED: Final = timedelta(minutes=5)
"""How exactly it is known when a session was last seen: each note is a write."""


class SignIns:
    def __init__(self, database: Engine, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, connection: Connection, account_id: str, address: str) -> str:
        """The token of a new session; it is only in the browser's cookie."""
        now = self._clock()
        connection.execute(delete(sign_ins).where(sign_ins.c.expires_at <= kept(now)))
        token = new_token()
        connection.execute(
            insert(sign_ins).values(
                hash=hashed(token),
                account_id=account_id,
                created_at=kept(now),
                seen_at=kept(now),
                expires_at=kept(now + LASTS),
                address=address,
            )
        )
        return token

    def account_of(self, token: str) -> str | None:
        """Whose session this is; None when it has ended or the account is disabled."""
        now = self._clock()
        with self._database.connect() as connection:
            row = connection.execute(
                select(sign_ins.c.account_id, sign_ins.c.seen_at)
                .join(accounts, accounts.c.id == sign_ins.c.account_id)
                .where(
                    (sign_ins.c.hash == hashed(token))
                    & (sign_ins.c.expires_at > kept(now))
                    & (sign_ins.c.seen_at > kept(now - IDLE))
                    & accounts.c.disabled_at.is_(None)
                )
            ).first()
        if row is None:
            return None
        if now - instant(row.seen_at) >= NOTED:
            self._note(token, now)
        account: str = row.account_id
        return account

    def end(self, connection: Connection, token: str) -> str | None:
        """Whose session it was."""
        ended: str | None = connection.execute(
            delete(sign_ins)
            .where(sign_ins.c.hash == hashed(token))
            .returning(sign_ins.c.account_id)
        ).scalar()
        return ended

    def _note(self, token: str, now: datetime) -> None:
        with self._database.begin() as connection:
            connection.execute(
                update(sign_ins).where(sign_ins.c.hash == hashed(token)).values(seen_at=kept(now))
            )
