"""What an address asks of a dashboard: one time range, one event type, refreshing, the wall."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pages.ui import session
from pages.ui.controls import askable
from pages.ui.words import say

RANGES: Final = (7, 30, 90, 365)
MINUTES: Final = (1, 5, 15)
NAMES: Final = ("time_window_days", "event_types", "refresh", "wall")
RANGE: Final = "dashboard_range"
TYPE: Final = "dashboard_type"
REFRESH: Final = "dashboard_refresh"
WALL: Final = "dashboard_wall"
OWN: Final = 0
"""Each widget has its own time range."""


@dataclass(frozen=True)
class Asked:
    """days: OWN, or of all widgets; event_type: the only one; refresh: minutes, 0 for never."""

    days: int = OWN
    event_type: str | None = None
    refresh: int = 0
    wall: bool = False

    def body(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """A widget's request as asked; None when it is about other event types."""
        found = dict(body)
        if self.days != OWN:
            found["time_window_days"] = self.days
        if self.event_type is not None:
            types = found.get("event_types") or [self.event_type]
            if self.event_type not in types:
                return None
            found["event_types"] = [self.event_type]
        return found


def read() -> Asked:
    """What the controls say, once a new address was understood; the address then says the same."""
    if session.address_is_news(NAMES, first=RANGE):
        session.put_controls(_understood(session.link_parameters()))
    asked = Asked(
        days=session.control(RANGE) or OWN,
        event_type=session.control(TYPE),
        refresh=session.control(REFRESH) or 0,
        wall=bool(session.control(WALL)),
    )
    # What is no longer drawn would lose what it says.
    session.put_controls({TYPE: asked.event_type, WALL: asked.wall})
    session.write_address(_said(asked), NAMES)
    return asked


def may_narrow(event_type: str) -> bool:
    """Whether requests may name it: what is stored may be called anything."""
    return bool(askable("event_types", {event_type: 0}))


def _understood(link: Mapping[str, list[str]]) -> dict[str, object]:
    days = _number(link, "time_window_days", RANGES)
    refresh = _number(link, "refresh", MINUTES)
    types = link.get("event_types", [])
    event_type = types[-1] if types and may_narrow(types[-1]) else None
    if types and event_type is None:
        _refuse("event_types", types[-1], say("the name of an event type"))
    return {RANGE: days, TYPE: event_type, REFRESH: refresh, WALL: link.get("wall") == ["true"]}


def _number(link: Mapping[str, list[str]], name: str, choices: tuple[int, ...]) -> int:
    said = (link.get(name) or [""])[-1]
    if said in map(str, choices):
        return int(said)
    if said:
        _refuse(name, said, say("one of {choices}", choices=", ".join(map(str, choices))))
    return 0


def _refuse(name: str, said: str, rule: str) -> None:
    session.say_of_link(
        say("The link asked for {name} = {asked}.", name=name, asked=said[:80])
        + " "
        + say("It has to be {rule}.", rule=rule)
    )


def _said(asked: Asked) -> dict[str, list[str]]:
    values = {
        "time_window_days": asked.days,
        "event_types": asked.event_type,
        "refresh": asked.refresh,
        "wall": "true" if asked.wall else None,
    }
    return {name: [str(value)] for name, value in values.items() if value}
