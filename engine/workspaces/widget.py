"""Dashboards and the widgets on them, as they are read: frozen, valid and in order."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from engine.contract import FIELDS

COLS: Final = 24
ROW_HEIGHT: Final = 136
LAYOUT: Final = {"version": 1, "cols": COLS, "rowHeight": ROW_HEIGHT}
WIDGET_TYPES: Final = ("counter", "time_series", "breakdown_bar", "funnel", "table", "top_n")
REQUEST_NAMES: Final = tuple(field.name for field in FIELDS)
TITLE: Final = "title"


@dataclass(frozen=True)
class Position:
    """In cells of the grid, `x` and `y` from 0 on; x + w is at most COLS."""

    x: int
    y: int
    w: int
    h: int

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Widget:
    """config: the title, the six request fields and whatever else its maker keeps there."""

    id: str
    widget_type: str
    position: Position
    config: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime

    @property
    def title(self) -> str:
        return str(self.config.get(TITLE, ""))

    @property
    def body(self) -> dict[str, Any]:
        """The request fields that the config has, as the aggregate endpoint takes them."""
        return {name: self.config[name] for name in REQUEST_NAMES if name in self.config}

    def to_raw(self) -> dict[str, Any]:
        """As `Dashboards.put` takes it."""
        return {
            "id": self.id,
            "widget_type": self.widget_type,
            "position": self.position.to_dict(),
            "config": dict(self.config),
        }


@dataclass(frozen=True)
class Head:
    """What a dashboard is without its widgets. version: one more at every accepted change."""

    id: str
    workspace_id: str
    brand_id: str
    slug: str
    name: str
    description: str | None
    layout: Mapping[str, Any]
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True)
class Dashboard(Head):
    """widgets: in order of y and x."""

    widgets: tuple[Widget, ...] = ()

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


@dataclass(frozen=True)
class Listed(Head):
    """A dashboard in a list of them.

    favourite, opened_at: of the person who asks. deleted_at: since when it is in the trash.
    """

    widget_count: int
    favourite: bool = False
    opened_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True)
class Revision:
    """number: the version that the dashboard had; by: who made it so."""

    number: int
    at: datetime
    by: str
    name: str
    widget_count: int


@dataclass(frozen=True)
class Draft:
    """Edits that are not saved. version: what they are based on; widgets: raw, perhaps invalid."""

    version: int
    widgets: list[Any]
    at: datetime
