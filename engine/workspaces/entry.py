"""How people get in and out: from the form by a ticket to the session in the browser's cookie."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from engine.errors import Conflict, Fault, InvalidRequest, Unauthorized
from engine.scope import Role
from engine.workspaces import passwords
from engine.workspaces.accounts import Account, Accounts, normal
from engine.workspaces.attempts import Attempts
from engine.workspaces.audit import Audit
from engine.workspaces.claimed import Claimed
from engine.workspaces.members import Members
from engine.workspaces.places import Places
from engine.workspaces.sign_ins import SignIns
from engine.workspaces.tickets import INVITATION, SET_UP, SIGN_IN, SPENT, Tickets


@dataclass(frozen=True)
class Visit:
    """A browser at the door. token: made up for it when it first came, in a cookie of its own; a
    ticket is good in this browser only. address: where it is."""

    token: str
    address: str = ""


class Entry:
    def __init__(
        self,
        database: Engine,
        clock: Callable[[], datetime],
        accounts: Accounts,
        members: Members,
        places: Places,
        sign_ins: SignIns,
        tickets: Tickets,
        attempts: Attempts,
        audit: Audit,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._members = members
        self._places = places
        self._sign_ins = sign_ins
        self._tickets = tickets
        self._attempts = attempts
        self._audit = audit

    def by_password(self, email: str, password: str, visit: Visit) -> str:
        """A ticket for `complete`. Raises Unauthorized, TooManyRequests; neither says whether there
        is such an account."""
        self._attempts.begin(normal(email), visit.address)
        account = self._accounts.recognise(email, password)
        if account is None:
            self._note_failure(email, visit)
            raise Unauthorized("E-mail or password is wrong.", code="AUTH_002")
        self._attempts.succeeded(normal(email), visit.address)
        return self._ticket(account, visit)

    def awaits(self, claimed: Claimed) -> bool:
        """Whether a sign-in provider said so a moment ago, and nobody came in by it yet."""
        return claimed.is_new(self._clock()) and self._tickets.look(SPENT, claimed.nonce) is None

    def by_provider(self, claimed: Claimed, visit: Visit) -> str:
        """A ticket for whom a sign-in provider recognised, once. Raises Unauthorized."""
        account = self._accounts.of_provider(claimed.subject, claimed.email)
        if account is None:
            self._audit.say("", "sign_in.refused", claimed.subject, address=visit.address)
            raise Unauthorized(self._why_not(claimed), code="AUTH_002")
        with self._database.begin() as connection:
            if not (
                claimed.is_new(self._clock()) and self._tickets.spend(connection, claimed.nonce)
            ):
                raise Unauthorized("This way in was used or has expired; sign in again.")
            return self._tickets.issue(connection, SIGN_IN, account.id, visit.token)

    def _why_not(self, claimed: Claimed) -> str:
        """They have shown who they are, so they may know."""
        if self._accounts.is_disabled(claimed.subject, claimed.email):
            return "Your account is disabled; ask an owner or admin to let you in again."
        if claimed.unverified:
            return (
                "The sign-in provider has not verified your e-mail; verify it there, then sign in"
                " again."
            )
        return (
            "You are known to the sign-in provider but not here; ask an owner or admin to add"
            " your e-mail."
        )

    def complete(self, ticket: str, visit: Visit, former: str | None = None) -> str:
        """The token of a new session, for the cookie; the browser's former one ends.

        Raises Unauthorized for a ticket that was used, is another browser's or has expired.
        """
        session = None
        with self._database.begin() as connection:
            good = self._tickets.use(connection, SIGN_IN, ticket, visit.token)
            if good is not None and good.account_id is not None:
                if former is not None:
                    self._sign_ins.end(connection, former)
                session = self._sign_ins.begin(connection, good.account_id, visit.address)
                self._audit.note(connection, good.account_id, "sign_in", address=visit.address)
        if session is None:
            raise Unauthorized("This way in was used or has expired; sign in again.")
        return session

    def is_open(self, session: str) -> bool:
        return self._sign_ins.account_of(session) is not None

    def leave(self, session: str, address: str = "") -> None:
        """End a session; in a moment no process believes it any more."""
        with self._database.begin() as connection:
            who = self._sign_ins.end(connection, session)
            if who is not None:
                self._audit.note(connection, who, "sign_out", address=address)

    def change_password(self, account_id: str, old: str, new: str, visit: Visit) -> str:
        """Ends every session; the ticket begins a new one here. Raises InvalidRequest,
        TooManyRequests."""
        account = self._accounts.get(account_id)
        name = account.email or account.id
        self._attempts.begin(name, visit.address)
        if account.email is None or self._accounts.recognise(account.email, old) is None:
            raise InvalidRequest([Fault("old_password", "is not your password.")])
        self._attempts.succeeded(name, visit.address)
        self._accounts.set_password(account_id, new, visit.address)
        return self._ticket(account, visit)

    def set_up_link(self) -> str | None:
        """The token of a link that makes the first owner; None when there are accounts."""
        if self._accounts.any():
            return None
        with self._database.begin() as connection:
            return self._tickets.issue(connection, SET_UP)

    def may_set_up(self, token: str) -> bool:
        return not self._accounts.any() and self._tickets.look(SET_UP, token) is not None

    def set_up(self, token: str, workspace: str, email: str, password: str, visit: Visit) -> str:
        """Make the first account, an owner of the workspace. Raises InvalidRequest, Conflict,
        Unauthorized."""
        if not self.may_set_up(token):
            raise Unauthorized("This set-up link was used or has expired; start the server anew.")
        with self._database.begin() as connection:
            account = self._accounts.add(connection, email, password=password)
            if self._tickets.use(connection, SET_UP, token) is None:
                raise Conflict("Somebody else was first; sign in instead.")
            self._places.found(connection, workspace)
            self._members.join(connection, workspace, account, Role.OWNER)
            self._audit.note(
                connection,
                account.id,
                "member.added",
                f"{account.label} {Role.OWNER}",
                workspace=workspace,
                address=visit.address,
            )
        return self._ticket(account, visit)

    def invited(self, token: str) -> Account | None:
        """Whose invitation this is; None when they have another way in by now."""
        ticket = self._tickets.look(INVITATION, token)
        if ticket is None or ticket.account_id is None:
            return None
        account = self._accounts.get(ticket.account_id)
        return None if account.has_password or account.subject is not None else account

    def accept(self, token: str, password: str, visit: Visit) -> str:
        """Choose the first password. Raises InvalidRequest, Unauthorized."""
        account = self.invited(token)
        if account is not None:
            passwords.check(password, account.email)
        with self._database.begin() as connection:
            used = self._tickets.use(connection, INVITATION, token)
        if account is None or used is None:
            raise Unauthorized("This invitation was used or has expired; ask for a new one.")
        self._accounts.set_password(account.id, password, visit.address)
        return self._ticket(account, visit)

    def _ticket(self, account: Account, visit: Visit) -> str:
        with self._database.begin() as connection:
            return self._tickets.issue(connection, SIGN_IN, account.id, visit.token)

    def _note_failure(self, email: str, visit: Visit) -> None:
        """The log names accounts only: what somebody typed may be a password. Known or not, it is
        one transaction."""
        account = self._accounts.find(email)
        with self._database.begin() as connection:
            self._audit.note(
                connection,
                "" if account is None else account.id,
                "sign_in.refused",
                address=visit.address,
            )
