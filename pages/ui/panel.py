"""A set of controls that says one request and how it is looked at: Explore's, or a drawer's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pages.ui import session


@dataclass(frozen=True)
class Panel:
    """before stands before the names of the controls, so that two sets do not share a value."""

    before: str = ""

    def key(self, name: str) -> str:
        return self.before + name

    def says(self, name: str, initial: Any = None) -> Any:
        """What a control says, also before it is drawn."""
        return session.control(self.key(name), initial)

    def set(self, name: str, value: object) -> None:
        """Give a control another value; to be called before it is drawn, as callbacks are."""
        session.set_control(self.key(name), value)

    def put(self, values: Mapping[str, object]) -> None:
        """Let controls that are not yet drawn begin with these values."""
        session.put_controls({self.key(name): value for name, value in values.items()})


EXPLORE: Final = Panel()
"""The controls whose names are those of the address."""
