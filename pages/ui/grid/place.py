"""Where widgets lie: 24 columns, rows of 136 px, 12 px between them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.workspaces.widget import ROW_HEIGHT

GAP: Final = 12
HEAD: Final = 52
"""Of a card: its title, menu and edges."""
Widget = Mapping[str, Any]
"""A widget as the store takes it: id, widget_type, position, config."""


def place_of(widget: Widget) -> dict[str, int]:
    position = widget["position"]
    return {side: int(position[side]) for side in ("x", "y", "w", "h")}


def title_of(widget: Widget) -> str:
    return str(widget["config"].get("title") or "")


def in_order(widgets: Sequence[Widget]) -> list[Widget]:
    """As they are read: from above, then from the left."""
    return sorted(widgets, key=lambda widget: (widget["position"]["y"], widget["position"]["x"]))


def height(rows: int) -> int:
    """Pixels of a card of so many rows."""
    return ROW_HEIGHT * rows + GAP * (rows - 1)


def room(widget: Widget) -> int:
    """Pixels of what is in its card, beneath the title."""
    return height(place_of(widget)["h"]) - HEAD


def styles(widgets: Sequence[Widget]) -> str:
    """The place of each cell; on a phone they stand one under the other."""
    places = []
    for widget in widgets:
        x, y, w, h = place_of(widget).values()
        places.append(
            f".st-key-cell_{widget['id']}{{--h:{height(h)}px;"
            f"grid-column:{x + 1}/span {w};grid-row:{y + 1}/span {h}}}"
        )
    return f"<style>{''.join(places)}</style>"
