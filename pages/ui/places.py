"""A new widget, and a place for it."""

from collections.abc import Mapping
from typing import Any

from engine.workspaces.widget import TITLE, Dashboard
from pages.ui import view
from pages.ui.grid.editing import SIZES, USUAL_SIZE, state
from pages.ui.view import View


def raw_widget(title: str, body: Mapping[str, Any], fitted: View) -> dict[str, Any]:
    """A new widget as `Dashboards.put` takes it, at the left above, in the usual size of its type.

    body: a valid request's; fitted: a view that fits it.
    """
    width, height = SIZES.get(fitted.widget_type, USUAL_SIZE)
    return {
        "widget_type": fitted.widget_type,
        "position": {"x": 0, "y": 0, "w": width, "h": height},
        "config": {TITLE: title, **body, **view.to_config(fitted)},
    }


def with_widget(dashboard: Dashboard, widget: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The raw widgets of the dashboard and a new one, in the first free place of its size."""
    now = state(dashboard)
    place = now.free_place(widget["position"]["w"], widget["position"]["h"])
    return [*map(dict, now.widgets), {**widget, "position": place}]
