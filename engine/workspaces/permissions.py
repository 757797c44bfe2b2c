"""Who may do what: the one table that routes, pages and tests are made from."""

from dataclasses import dataclass
from typing import Final

from engine.errors import Forbidden
from engine.scope import WORKSPACE_FIELD, Identity, Role

DASHBOARD_FIELD: Final = "dashboardId"
OF_WORKSPACE: Final = f"/api/workspace/{{{WORKSPACE_FIELD}}}"
DASHBOARDS_PATH: Final = f"{OF_WORKSPACE}/dashboards"
DASHBOARD_PATH: Final = f"{DASHBOARDS_PATH}/{{{DASHBOARD_FIELD}}}"
AGGREGATE_PATH: Final = f"{DASHBOARDS_PATH}/aggregate"
EXPORT_PATH: Final = f"{AGGREGATE_PATH}/export"
FROZEN_PATH: Final = f"{DASHBOARD_PATH}/frozen"
EVENTS_PATH: Final = f"{OF_WORKSPACE}/events"


@dataclass(frozen=True)
class Permission:
    """The least role an action takes, the routes that do it (`METHOD path`), and the pages that
    show it (their url_path)."""

    action: str
    least: Role
    routes: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()


PERMISSIONS: Final = (
    Permission(
        "aggregate",
        Role.VIEWER,
        routes=(f"POST {AGGREGATE_PATH}", f"GET {EXPORT_PATH}"),
        pages=("explore", "data"),
    ),
    Permission(
        "dashboards.view",
        Role.VIEWER,
        routes=(f"GET {DASHBOARDS_PATH}", f"GET {DASHBOARD_PATH}", f"GET {FROZEN_PATH}"),
        pages=("dashboards", "dashboard"),
    ),
    Permission(
        "dashboards.write",  # the least role is a setting, dashboards.write_role
        Role.EDITOR,
        routes=(f"POST {DASHBOARDS_PATH}", f"PUT {DASHBOARD_PATH}", f"DELETE {DASHBOARD_PATH}"),
    ),
    Permission("links.make", Role.EDITOR),
    Permission("events.write", Role.EDITOR, routes=(f"POST {EVENTS_PATH}",)),
    Permission("members.manage", Role.ADMIN, pages=("admin",)),
    Permission("owners.manage", Role.OWNER),
    Permission("brands.manage", Role.ADMIN),
    Permission("keys.manage", Role.ADMIN),
    Permission("links.manage", Role.ADMIN),
    Permission("audit.view", Role.ADMIN),
)

BY_LINK: Final = ("shared",)
"""Pages that no role opens, but a share link."""
SHARED_PATH: Final = "/share"
"""The address of that page; its parameter `token` is the link's."""
SHARED_EXPORT_PATH: Final = f"{SHARED_PATH}/export"
"""Where the rows of one of its widgets are as a file."""

LEAST: Final = {permission.action: permission.least for permission in PERMISSIONS}
OF_ROUTE: Final = {route: p.action for p in PERMISSIONS for route in p.routes}
OF_PAGE: Final = {page: p.action for p in PERMISSIONS for page in p.pages}


def allows(identity: Identity, action: str, workspace: str) -> bool:
    role = identity.role(workspace)
    return role is not None and role.reaches(LEAST[action])


def check(identity: Identity, action: str, workspace: str) -> None:
    """Raise Forbidden: AUTH_004 for no member of the workspace, AUTH_003 for too small a role."""
    role = identity.role(workspace)
    if role is None:
        raise Forbidden(f"No access to workspace {workspace}; ask the workspace's owner.")
    if not role.reaches(LEAST[action]):
        raise refusal(identity, action, workspace, LEAST[action])


def refusal(identity: Identity, action: str, workspace: str, least: Role) -> Forbidden:
    return Forbidden(
        f"{action} takes the role {least} in workspace {workspace}, and yours is"
        f" {identity.role(workspace)}; ask an owner or admin of the workspace.",
        code="AUTH_003",
    )


def opens(identity: Identity, page: str) -> bool:
    """Whether a page shows something in at least one workspace of the visitor."""
    return identity.founds or any(allows(identity, OF_PAGE[page], w) for w in identity.roles)
