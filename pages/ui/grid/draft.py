"""Edits of a dashboard that are not saved yet, each step of them undoable."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from engine.workspaces.widget import COLS
from pages.ui.grid.place import Widget, place_of

STEPS: Final = 100
"""So many can be undone."""


@dataclass(frozen=True)
class State:
    """What a dashboard is at one step."""

    name: str
    description: str | None
    widgets: tuple[Widget, ...]

    def find(self, widget_id: str) -> Widget | None:
        return next((widget for widget in self.widgets if widget["id"] == widget_id), None)

    def moved(self, places: Iterable[Mapping[str, Any]]) -> Self:
        """places: id, x, y, w and h; what is not among them stays."""
        known = {place["id"]: place for place in places}
        widgets = tuple(
            {**widget, "position": place_of({"position": known[widget["id"]]})}
            if widget["id"] in known
            else widget
            for widget in self.widgets
        )
        return replace(self, widgets=widgets)

    def with_widget(self, widget: Widget) -> Self:
        """In the place of the one with its id, else as the last."""
        if self.find(widget["id"]) is None:
            return replace(self, widgets=(*self.widgets, widget))
        widgets = (widget if old["id"] == widget["id"] else old for old in self.widgets)
        return replace(self, widgets=tuple(widgets))

    def without(self, widget_id: str) -> Self:
        widgets = (widget for widget in self.widgets if widget["id"] != widget_id)
        return replace(self, widgets=tuple(widgets))

    def free_place(self, w: int, h: int) -> dict[str, int]:
        """The first place from above where so much is free."""
        taken = [place_of(widget) for widget in self.widgets]
        for y in range(max((place["y"] + place["h"] for place in taken), default=0) + 1):
            for x in range(COLS - w + 1):
                wish = {"x": x, "y": y, "w": w, "h": h}
                if not any(_overlap(wish, place) for place in taken):
                    return wish
        raise AssertionError("under everything there is always a place")


@dataclass(frozen=True)
class Draft:
    """version: of the dashboard that was opened for editing, `saved` is what it was.

    at: when the last step was made. kept: when the store last kept it; another one that it has is
    another tab's.
    """

    version: int
    saved: State
    now: State
    at: datetime
    past: tuple[State, ...] = field(default=())
    future: tuple[State, ...] = field(default=())
    kept: datetime | None = None

    @property
    def changed(self) -> bool:
        return self.now != self.saved

    def step(self, state: State, at: datetime) -> Self:
        """A step that changes nothing is none."""
        if state == self.now:
            return self
        past = (*self.past, self.now)[-STEPS:]
        return replace(self, now=state, past=past, future=(), at=at)

    def undo(self) -> Self:
        if not self.past:
            return self
        *past, now = self.past
        return replace(self, now=now, past=tuple(past), future=(self.now, *self.future))

    def redo(self) -> Self:
        if not self.future:
            return self
        now, *future = self.future
        return replace(self, now=now, past=(*self.past, self.now), future=tuple(future))

    def raw(self) -> dict[str, Any]:
        """For the store, which adopts the ids of new widgets."""
        return asdict(self.now) | {"widgets": [dict(widget) for widget in self.now.widgets]}

    def parts(self) -> list[dict[str, Any]]:
        """For the store of drafts: what it is called, then its widgets."""
        named = {"name": self.now.name, "description": self.now.description}
        return [named, *(dict(widget) for widget in self.now.widgets)]


def state_of(parts: Sequence[Any]) -> State | None:
    """The state that `Draft.parts` kept; None for what is none."""
    try:
        named, *widgets = parts
        for widget in widgets:
            place_of(widget)
            str(widget["id"]), str(widget["widget_type"]), dict(widget["config"])
        return State(str(named["name"]), named["description"], tuple(widgets))
    except (KeyError, TypeError, ValueError):
        return None


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
