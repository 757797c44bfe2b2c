"""Accounts: people, with a password here or an identity at a sign-in provider, or both."""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.database.instants import instant, kept
from engine.database.tables import accounts, sign_ins, tickets
from engine.errors import Conflict, Fault, InvalidRequest, NotFound
from engine.workspaces import passwords
from engine.workspaces.audit import Audit

EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}")
SUBJECT: Final = 300
NAME: Final = 120


@dataclass(frozen=True)
class Account:
    """email: in lower case. subject: the issuer and its own id at a sign-in provider."""

    id: str
    email: str | None
    subject: str | None
    name: str
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None

    @property
    def label(self) -> str:
        """How to speak of the person."""
        return self.name or self.email or self.subject or self.id


class Accounts:
    """Thread-safe, as the database is. What ends an account's sessions ends them here, in the same
    transaction."""

    def __init__(self, database: Engine, clock: Callable[[], datetime], audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def any(self) -> bool:
        """Whether anybody can sign in at all."""
        with self._database.connect() as connection:
            return connection.execute(select(accounts.c.id).limit(1)).first() is not None

    def labels(self, ids: Iterable[str]) -> dict[str, str]:
        """How to speak of these accounts, by id."""
        asked = select(accounts).where(accounts.c.id.in_(list(ids)))
        with self._database.connect() as connection:
            found = [_account(row) for row in connection.execute(asked).all()]
        return {account.id: account.label for account in found}

    def get(self, id: str) -> Account:
        """Raises NotFound."""
        with self._database.connect() as connection:
            return _one(connection, accounts.c.id == id)

    def find(self, email: str) -> Account | None:
        with self._database.connect() as connection:
            row = connection.execute(
                select(accounts).where(accounts.c.email == normal(email))
            ).first()
        return None if row is None else _account(row)

    def add(
        self,
        connection: Connection,
        email: str | None = None,
        *,
        name: str = "",
        password: str | None = None,
        subject: str | None = None,
    ) -> Account:
        """In the caller's transaction. Raises InvalidRequest, or Conflict when it exists."""
        address = None if email is None else checked(email)
        if address is None and not subject:
            raise InvalidRequest([Fault("email", "is required, or a subject of the provider.")])
        if password is not None:
            passwords.check(password, address)
        made = {
            "id": str(uuid.uuid4()),
            "email": address,
            "subject": subject[:SUBJECT] if subject else None,
            "name": " ".join(name.split())[:NAME],
            "password": None if password is None else passwords.hash_of(password),
            "created_at": kept(self._clock()),
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(accounts).values(made))
        except IntegrityError:
            raise Conflict(f"There is an account of {address or subject} already.") from None
        return _one(connection, accounts.c.id == made["id"])

    def recognise(self, email: str, password: str) -> Account | None:
        """The account with this password. Takes as long for an unknown one, and for those that may
        not sign in."""
        with self._database.connect() as connection:
            row = connection.execute(
                select(accounts).where(accounts.c.email == normal(email))
            ).first()
        stored = None if row is None else row.password
        right = passwords.matches(stored, password)
        if row is None or not right or row.disabled_at is not None:
            return None
        if passwords.is_old(row.password):
            self._store(row.id, password)
        return _account(row)

    def of_provider(self, subject: str, email: str | None) -> Account | None:
        """Who a sign-in provider says it is: by subject, else by an e-mail that it has verified,
        which ties the subject to the account for ever. None: nobody here, or disabled."""
        with self._database.connect() as connection:
            known = accounts.c.subject == subject
            row = connection.execute(select(accounts).where(known)).first()
        if row is None and email is not None:
            row = self._link(subject, normal(email))
        return None if row is None or row.disabled_at is not None else _account(row)

    def is_disabled(self, subject: str, email: str | None) -> bool:
        """Whether there is an account of this person that may not sign in."""
        theirs = accounts.c.subject == subject
        if email is not None:
            theirs |= (accounts.c.email == normal(email)) & accounts.c.subject.is_(None)
        asked = select(accounts.c.id).where(theirs & accounts.c.disabled_at.is_not(None))
        with self._database.connect() as connection:
            return connection.execute(asked.limit(1)).first() is not None

    def set_password(self, id: str, password: str, address: str = "") -> None:
        """Ends every session of the account. Raises InvalidRequest, NotFound."""
        passwords.check(password, self.get(id).email, "new_password")
        hashed = passwords.hash_of(password)
        with self._database.begin() as connection:
            connection.execute(update(accounts).where(accounts.c.id == id).values(password=hashed))
            for table in (sign_ins, tickets):
                connection.execute(delete(table).where(table.c.account_id == id))
            self._audit.note(connection, id, "account.password", id, address=address)

    def disable(self, connection: Connection, id: str) -> None:
        """In the caller's transaction, who notes it. Ends the sessions and tickets of the account;
        every way in asks whether it is disabled."""
        connection.execute(
            update(accounts).where(accounts.c.id == id).values(disabled_at=kept(self._clock()))
        )
        for table in (sign_ins, tickets):
            connection.execute(delete(table).where(table.c.account_id == id))

    def enable(self, connection: Connection, id: str) -> None:
        """In the caller's transaction, who notes it."""
        connection.execute(update(accounts).where(accounts.c.id == id).values(disabled_at=None))

    def _link(self, subject: str, email: str) -> Any:
        """Tie the subject to the account with this e-mail that has none, if it may sign in."""
        free = accounts.c.subject.is_(None) & accounts.c.disabled_at.is_(None)
        with self._database.begin() as connection:
            row = connection.execute(
                update(accounts)
                .where((accounts.c.email == email) & free)
                .values(subject=subject)
                .returning(accounts)
            ).first()
            if row is not None:
                self._audit.note(connection, row.id, "account.linked", subject)
                return row
            # Another request of theirs may have been faster.
            return connection.execute(select(accounts).where(accounts.c.subject == subject)).first()

    def _store(self, id: str, password: str) -> None:
        hashed = passwords.hash_of(password)
        with self._database.begin() as connection:
            connection.execute(update(accounts).where(accounts.c.id == id).values(password=hashed))


def normal(email: str) -> str:
    return email.strip().casefold()


def checked(email: str) -> str:
    """The e-mail in normal form; raises InvalidRequest."""
    address = normal(email)
    if not EMAIL.fullmatch(address):
        message = f"{email[:80]!a} is not an e-mail address; write one as name@example.com."
        raise InvalidRequest([Fault("email", message)])
    return address


def _one(connection: Connection, condition: Any) -> Account:
    row = connection.execute(select(accounts).where(condition)).first()
    if row is None:
        raise NotFound("There is no such account.")
    return _account(row)


def _account(row: Any) -> Account:
    return Account(
        row.id,
        row.email,
        row.subject,
        row.name,
        row.password is not None,
        instant(row.created_at),
        instant(row.disabled_at),
    )
