"""Who asks about what: a scope names a brand's events, an identity says which scopes are open."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.errors import Fault, Forbidden, InvalidRequest

WORKSPACE = r"ws_[a-z0-9]+"
WORKSPACE_LENGTH = 128
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
BRAND_FIELD = "X-Active-Brand"
CATALOG_FIELD = "X-Active-Catalog"
WORKSPACE_FIELD = "workspaceId"
DEMO_SUBJECT = "demo"


@dataclass(frozen=True)
class Scope:
    """One brand of one workspace, narrowed to a catalog when one is given.

    Raises InvalidRequest for a malformed id. UUIDs are kept in lower case.
    """

    workspace_id: str
    brand_id: str
    catalog_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "brand_id", str(self.brand_id).lower())
        if self.catalog_id is not None:
            object.__setattr__(self, "catalog_id", str(self.catalog_id).lower())
        faults = faults_of(self.workspace_id, self.brand_id, self.catalog_id)
        if faults:
            raise InvalidRequest(faults)


class Role(StrEnum):
    """What a member may do in a workspace, from most to least; engine/workspaces/permissions.py
    says what that is."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"

    def reaches(self, least: "Role") -> bool:
        """Whether this role is `least` or above it."""
        return ROLES.index(self) <= ROLES.index(least)


ROLES = tuple(Role)


@dataclass(frozen=True)
class Identity:
    """Who was recognised, and the brands open to them by workspace, with their role there.

    founds: may bring events to workspaces and brands that do not exist yet, which makes them.
    roles: by workspace; whoever founds is an owner elsewhere. whole: the workspaces of which every
    brand is open, those too that are still to come. name: for people.
    """

    subject: str
    brands: Mapping[str, frozenset[str]]
    founds: bool = False
    roles: Mapping[str, Role] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    name: str = ""

    def role(self, workspace_id: str) -> Role | None:
        """None for who is no member of the workspace; a member without a role is a viewer."""
        if workspace_id in self.roles:
            return self.roles[workspace_id]
        if self.founds:
            return Role.OWNER
        return Role.VIEWER if self.brands.get(workspace_id) else None

    def check(self, scope: Scope) -> None:
        """Raise Forbidden unless the scope's brand is open; unknown and foreign look the same."""
        if scope.brand_id not in self.brands.get(scope.workspace_id, frozenset()):
            raise Forbidden(
                f"No access to brand {scope.brand_id} in workspace {scope.workspace_id};"
                " ask the workspace's owner, or use one of your own brands."
            )

    def may_write(self, workspace_id: str, brand_id: str | None) -> bool:
        """Whether events of this brand may be added to the workspace; None is those without one."""
        role = self.role(workspace_id)
        if role is None or not role.reaches(Role.EDITOR):
            return False
        if self.founds or workspace_id in self.whole:
            return True
        brands = self.brands.get(workspace_id, frozenset())
        return bool(brands) if brand_id is None else brand_id in brands

    def may_bring(self, workspace_id: str, brand_id: str | None) -> bool:
        """Whether a whole file or table may be read into the workspace; None is one whose rows say
        their brand, which may be any."""
        if brand_id is None and not (self.founds or workspace_id in self.whole):
            return False
        return self.may_write(workspace_id, brand_id)


def demo_identity(brands: Mapping[str, Iterable[str]]) -> Identity:
    """Who everybody is in demo mode: on the loopback address, and everything is open to them."""
    open_to_all = {name: frozenset(ids) for name, ids in brands.items()}
    return Identity(DEMO_SUBJECT, open_to_all, founds=True, name="demo")


def faults_of(workspace_id: str, brand_id: str | None, catalog_id: str | None) -> list[Fault]:
    """What is malformed in the parts of a scope."""
    faults = []
    if not re.fullmatch(WORKSPACE, workspace_id) or len(workspace_id) > WORKSPACE_LENGTH:
        faults.append(
            Fault(
                WORKSPACE_FIELD,
                f"{workspace_id[:80]!a} is not a workspace id: ws_ and then a-z or 0-9,"
                f" at most {WORKSPACE_LENGTH} characters.",
            )
        )
    if brand_id is None:
        faults.append(
            Fault(
                BRAND_FIELD,
                "a brand is required: send the header X-Active-Brand or the query brand_id,"
                " a UUID.",
            )
        )
    elif not re.fullmatch(UUID, brand_id.lower()):
        faults.append(Fault(BRAND_FIELD, f"{brand_id[:80]!a} is not a UUID."))
    if catalog_id is not None and not re.fullmatch(UUID, catalog_id.lower()):
        faults.append(Fault(CATALOG_FIELD, f"{catalog_id[:80]!a} is not a UUID."))
    return faults
