"""Members: which account may do what in which workspace, perhaps in some of its brands only."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select, update

from engine.database.instants import kept
from engine.database.tables import accounts, members, workspaces
from engine.errors import Conflict, Fault, Forbidden, InvalidRequest, NotFound
from engine.scope import Identity, Role, faults_of
from engine.workspaces import permissions
from engine.workspaces.accounts import Account, Accounts
from engine.workspaces.audit import Audit
from engine.workspaces.places import Places
from engine.workspaces.tickets import INVITATION, Tickets

OF_WHOLE: Final = (Role.OWNER, Role.ADMIN)
"""These roles are about a whole workspace."""


@dataclass(frozen=True)
class Member:
    """brands: None for every brand. name and email: the account's."""

    workspace_id: str
    account_id: str
    role: Role
    brands: frozenset[str] | None
    name: str = ""
    email: str | None = None
    disabled: bool = False
    invited: bool = False


@dataclass(frozen=True)
class Added:
    """A new member; invitation: a token with which they choose a password, shown this once."""

    member: Member
    invitation: str | None


class Members:
    """Everything that changes checks who does it, and is noted."""

    def __init__(
        self,
        database: Engine,
        clock: Callable[[], datetime],
        accounts: Accounts,
        places: Places,
        tickets: Tickets,
        audit: Audit,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._places = places
        self._tickets = tickets
        self._audit = audit

    def of_account(self, account_id: str) -> list[Member]:
        with self._database.connect() as connection:
            return _members(connection, members.c.account_id == account_id)

    def of(self, by: Identity, workspace: str) -> list[Member]:
        """Raises Forbidden."""
        permissions.check(by, "members.manage", workspace)
        with self._database.connect() as connection:
            found = _members(connection, members.c.workspace_id == workspace)
        return sorted(found, key=lambda m: (tuple(Role).index(m.role), m.email or m.name))

    def add(
        self,
        by: Identity,
        workspace: str,
        email: str,
        role: Role,
        brands: Iterable[str] | None = None,
        address: str = "",
    ) -> Added:
        """Raises Forbidden, InvalidRequest, Conflict when it is a member already."""
        _check_grant(by, workspace, role)
        some = checked(workspace, role, brands)
        known = self._accounts.find(email)
        with self._database.begin() as connection:
            self._places.found(connection, workspace)
            account = known or self._accounts.add(connection, email)
            self.join(connection, workspace, account, role, some)
            # An account that was there before is not this workspace's to hand out.
            invitation = None if known else self._tickets.issue(connection, INVITATION, account.id)
            what = f"{account.label} {role}{_listed(some)}"
            self._note(connection, by, "member.added", what, workspace, address)
            return Added(_one(connection, workspace, account.id), invitation)

    def join(
        self,
        connection: Connection,
        workspace: str,
        account: Account,
        role: Role,
        brands: frozenset[str] | None = None,
    ) -> None:
        """Within the caller's transaction, who has checked everything. Raises Conflict."""
        key = (members.c.workspace_id == workspace) & (members.c.account_id == account.id)
        if connection.execute(select(members.c.role).where(key)).first() is not None:
            raise Conflict(f"{account.label} is a member of {workspace} already.")
        connection.execute(
            insert(members).values(
                workspace_id=workspace,
                account_id=account.id,
                role=role,
                brand_ids=None if brands is None else json.dumps(sorted(brands)),
                created_at=kept(self._clock()),
            )
        )

    def change(
        self,
        by: Identity,
        workspace: str,
        account_id: str,
        role: Role,
        brands: Iterable[str] | None = None,
        address: str = "",
    ) -> Member:
        """Raises Forbidden, InvalidRequest, NotFound, Conflict for the last owner."""
        _check_grant(by, workspace, role)
        some = checked(workspace, role, brands)
        with self._database.begin() as connection:
            self._alone(connection, workspace)
            before = _one(connection, workspace, account_id)
            self._check_change(connection, by, before, role)
            connection.execute(
                update(members)
                .where(_key(workspace, account_id))
                .values(role=role, brand_ids=None if some is None else json.dumps(sorted(some)))
            )
            what = f"{before.email or before.name} {before.role} -> {role}{_listed(some)}"
            self._note(connection, by, "member.changed", what, workspace, address)
            return _one(connection, workspace, account_id)

    def remove(self, by: Identity, workspace: str, account_id: str, address: str = "") -> None:
        """Raises Forbidden, NotFound, Conflict for the last owner."""
        permissions.check(by, "members.manage", workspace)
        with self._database.begin() as connection:
            self._alone(connection, workspace)
            before = _one(connection, workspace, account_id)
            self._check_change(connection, by, before, None)
            connection.execute(delete(members).where(_key(workspace, account_id)))
            what = before.email or before.name
            self._note(connection, by, "member.removed", what, workspace, address)

    def invite(self, by: Identity, workspace: str, account_id: str, address: str = "") -> str:
        """A new invitation for a member who cannot sign in yet; the former one is void. Raises
        Forbidden, NotFound, Conflict."""
        permissions.check(by, "members.manage", workspace)
        with self._database.begin() as connection:
            member = self._own(connection, workspace, account_id)
            if not member.invited:
                raise Conflict(f"{member.email or member.name} can sign in already.")
            what = member.email or member.name
            self._note(connection, by, "member.invited", what, workspace, address)
            return self._tickets.issue(connection, INVITATION, account_id)

    def disable(self, by: Identity, workspace: str, account_id: str, address: str = "") -> None:
        """End the account: its sessions at once, and every way in. Raises Forbidden, NotFound,
        Conflict for the last owner, or for members of other workspaces too."""
        permissions.check(by, "members.manage", workspace)
        with self._database.begin() as connection:
            self._alone(connection, workspace)
            before = self._own(connection, workspace, account_id)
            self._check_change(connection, by, before, None)
            self._accounts.disable(connection, account_id)
            what = before.email or before.name
            self._note(connection, by, "account.disabled", what, workspace, address)

    def enable(self, by: Identity, workspace: str, account_id: str, address: str = "") -> None:
        """Let a disabled account in again. Raises Forbidden, NotFound, Conflict."""
        permissions.check(by, "members.manage", workspace)
        with self._database.begin() as connection:
            before = self._own(connection, workspace, account_id)
            self._check_change(connection, by, before, before.role)
            self._accounts.enable(connection, account_id)
            what = before.email or before.name
            self._note(connection, by, "account.enabled", what, workspace, address)

    def _own(self, connection: Connection, workspace: str, account_id: str) -> Member:
        """A member of this workspace only: what is done to the account concerns no other."""
        member = _one(connection, workspace, account_id)
        if len(_members(connection, members.c.account_id == account_id)) > 1:
            raise Conflict(
                f"{member.email or member.name} is a member of other workspaces too; remove the"
                f" member from {workspace} instead."
            )
        return member

    def _alone(self, connection: Connection, workspace: str) -> None:
        """Two owners who remove each other must not both be right."""
        row = select(workspaces.c.id).where(workspaces.c.id == workspace).with_for_update()
        connection.execute(row)

    def _check_change(
        self, connection: Connection, by: Identity, before: Member, role: Role | None
    ) -> None:
        if before.role is not Role.OWNER:
            return
        permissions.check(by, "owners.manage", before.workspace_id)
        of_workspace = _members(connection, members.c.workspace_id == before.workspace_id)
        others = [
            member
            for member in of_workspace
            if member.role is Role.OWNER
            and not member.disabled
            and member.account_id != before.account_id
        ]
        if role is not Role.OWNER and not others:
            raise Conflict(
                f"{before.email or before.name} is the last owner of {before.workspace_id};"
                " make somebody else an owner first."
            )

    def _note(
        self, connection: Connection, by: Identity, action: str, what: str, workspace: str, at: str
    ) -> None:
        self._audit.note(connection, by.subject, action, what, workspace=workspace, address=at)


def checked(workspace: str, role: Role, brands: Iterable[str] | None) -> frozenset[str] | None:
    """The brands of a membership in normal form. Raises InvalidRequest."""
    if brands is None:
        return None
    some = frozenset(brand.strip().lower() for brand in brands)
    faults = [
        Fault("brands", fault.message)
        for brand in sorted(some)
        for fault in faults_of(workspace, brand, None)
    ]
    if role in OF_WHOLE:
        faults.append(Fault("brands", f"{role} is of the whole workspace; name no brands."))
    elif not some:
        faults.append(Fault("brands", "name at least one, or leave all of them open."))
    if faults:
        raise InvalidRequest(faults)
    return some


def _check_grant(by: Identity, workspace: str, role: Role) -> None:
    """Nobody gives away more than they have."""
    permissions.check(by, "members.manage", workspace)
    mine = by.role(workspace)
    if mine is None or not mine.reaches(role):
        raise Forbidden(
            f"Only an {role} can make somebody {role} of {workspace}, and you are {mine};"
            " ask one of them.",
            code="AUTH_003",
        )


def _key(workspace: str, account_id: str) -> Any:
    return (members.c.workspace_id == workspace) & (members.c.account_id == account_id)


def _one(connection: Connection, workspace: str, account_id: str) -> Member:
    found = _members(connection, _key(workspace, account_id))
    if not found:
        raise NotFound(f"There is no such member of workspace {workspace}.")
    return found[0]


def _members(connection: Connection, condition: Any) -> list[Member]:
    asked = (
        select(
            members,
            accounts.c.name,
            accounts.c.email,
            accounts.c.disabled_at,
            accounts.c.password,
            accounts.c.subject,
        )
        .join(accounts, accounts.c.id == members.c.account_id)
        .where(condition)
    )
    return [
        Member(
            row.workspace_id,
            row.account_id,
            Role(row.role),
            None if row.brand_ids is None else frozenset(json.loads(row.brand_ids)),
            row.name,
            row.email,
            row.disabled_at is not None,
            row.password is None and row.subject is None,
        )
        for row in connection.execute(asked).all()
    ]


def _listed(brands: frozenset[str] | None) -> str:
    return "" if brands is None else f" of {', '.join(sorted(brands))}"
