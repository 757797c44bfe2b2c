"""How an answer is looked at: what the address says beside the request."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from engine import AggregateRequest
from pages.ui import kinds
from pages.ui.numbers import FORMATS

GOAL: Final = r"-?\d{1,12}(\.\d{1,6})?"


@dataclass(frozen=True)
class View:
    """Each attribute is an address parameter and a control's key.

    look "" is the usual look of the type; goal is a value that a line marks.
    """

    widget_type: str = kinds.AUTOMATIC
    look: str = ""
    number_format: str = "plain"
    compare: bool = False
    goal: float | None = None

    def fit(self, request: AggregateRequest) -> Self:
        """The type and look that can be drawn: the automatic ones where these cannot."""
        fits = kinds.fitting(request)
        with_look = [fit for fit in fits if self.look in kinds.looks(request, fit)]
        chosen = self.widget_type if self.widget_type in fits else (with_look or fits)[0]
        looks = kinds.looks(request, chosen)
        look = self.look if self.look in looks else looks[0]
        return replace(self, widget_type=chosen, look=look)


NAMES: Final = tuple(asdict(View()))
CHOICES: Final = {
    "widget_type": (kinds.AUTOMATIC, *kinds.LOOKS),
    "look": kinds.LOOK_NAMES,
    "number_format": FORMATS,
}


def from_link(link: Mapping[str, Sequence[str]]) -> tuple[View, dict[str, str]]:
    """What an address says of the view, and the rule that each bad value breaks, by name."""
    values: dict[str, Any] = {}
    bad: dict[str, str] = {}
    for name in (name for name in NAMES if link.get(name)):
        text = link[name][-1]
        if name in CHOICES and text in CHOICES[name]:
            values[name] = text
        elif name in CHOICES:
            bad[name] = "one of " + ", ".join(CHOICES[name])
        elif name == "compare" and text in ("true", "false"):
            values[name] = text == "true"
        elif name == "compare":
            bad[name] = "true or false"
        elif re.fullmatch(GOAL, text, re.ASCII) and math.isfinite(float(text)):
            values[name] = float(text)
        else:
            bad[name] = "a number of at most 12 digits and 6 decimals"
    return View(**values), bad


def to_link(view: View) -> dict[str, str]:
    """The parameters of what differs from the usual view."""
    usual = asdict(View())
    said = {name: value for name, value in asdict(view).items() if value != usual[name]}
    return {name: as_text(value) for name, value in said.items()}


def to_controls(view: View) -> dict[str, Any]:
    """What the controls of a view say; that of the look says nothing of the usual one."""
    return asdict(view) | {"look": view.look or None}


def to_config(view: View) -> dict[str, Any]:
    """What a widget's config keeps of a view: what differs from the usual one of its type."""
    usual = asdict(replace(View(), look=kinds.LOOKS.get(view.widget_type, ("",))[0]))
    said = {name: value for name, value in asdict(view).items() if value not in (usual[name], "")}
    return {name: value for name, value in said.items() if name != "widget_type"}


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)
