"""A new widget, and where it goes: the first place of its size that is free."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.workspaces.widget import COLS, TITLE
from pages.ui import view
from pages.ui.view import View

SIZES: Final = {
    "counter": (6, 1),
    "time_series": (12, 3),
    "breakdown_bar": (8, 3),
    "funnel": (8, 3),
    "table": (8, 3),
    "top_n": (8, 3),
}
"""Columns and rows that a new widget of a type takes."""


def raw_widget(title: str, body: Mapping[str, Any], fitted: View) -> dict[str, Any]:
    """A new widget as `Dashboards.put` takes it, in the usual size of its type."""
    width, height = SIZES[fitted.widget_type]
    return {
        "widget_type": fitted.widget_type,
        "position": {"x": 0, "y": 0, "w": width, "h": height},
        "config": {TITLE: title, **body, **view.to_config(fitted)},
    }


def first_free(taken: Iterable[Mapping[str, int]], width: int, height: int) -> dict[str, int]:
    """The topmost place, then the leftmost, where nothing of `taken` lies.

    taken: positions {x, y, w, h} on the grid of COLS columns; width is at most COLS.
    """
    there = list(taken)
    below = max((place["y"] + place["h"] for place in there), default=0)
    for y in range(below + 1):
        for x in range(COLS - width + 1):
            place = {"x": x, "y": y, "w": width, "h": height}
            if not any(overlap(place, other) for other in there):
                return place
    raise AssertionError("below all others there is room")


def overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
