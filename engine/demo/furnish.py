"""The dashboard that the demo shop begins with, made once: whoever deletes it is done with it."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.demo.words import BRANDS, WORKSPACE
from engine.errors import Conflict
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.templates import template

TEMPLATE: Final = "shop_overview"
MADE: Final = "demo_dashboard_made"
BY: Final = "demo"


def furnish(dashboards: Dashboards, home: Path) -> None:
    """Make it unless it was made before; a file in `home` remembers that it was.

    Raises Unavailable when the database cannot be reached; nothing is remembered then.
    """
    if (home / MADE).exists():
        return
    # There is one when a process ended before it could remember.
    with suppress(Conflict):
        dashboards.create(WORKSPACE, BRANDS[0], BY, template(TEMPLATE))
    (home / MADE).touch()
