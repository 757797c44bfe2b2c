"""Dashboards to begin with: documents as an export writes them, complete on the demo shop."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from engine.workspaces import document

FOLDER: Final = Path(__file__).with_name("templates")
TEMPLATES: Final = (
    "shop_overview",
    "purchase_funnel",
    "agent_performance",
    "product_performance",
    "live_last_day",
)
"""Names of documents in FOLDER, in the order in which they are offered."""


@cache
def template(name: str) -> dict[str, Any]:
    """What `Dashboards.create` takes: slug, name, description and widgets, of one of TEMPLATES.

    The widgets have no ids: every dashboard that is made has widgets of its own.
    """
    raw = document.read((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    widgets = [{part: widget[part] for part in widget if part != "id"} for widget in raw["widgets"]]
    return raw | {"widgets": widgets}
