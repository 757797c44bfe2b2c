"""One dashboard as a person uses it: cards, their menus, and the handles of edit mode."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.database.connect import open_database
from engine.demo.words import BRANDS, WORKSPACE
from engine.engine import utc_now
from engine.settings import Settings
from engine.workspaces.dashboards import Dashboards
from tests.browser.explore import CALM

PATIENCE: Final = 60_000
FIELDS: Final = (
    *("event_types", "group_by", "aggregation", "value_field", "time_window_days", "limit"),
)
PLOT: Final = ".js-plotly-plot"
HOUR: Final = timedelta(hours=1)
BUYING: Final = ["agent_purchase"]
USUAL: Final = {
    "event_types": None,
    "group_by": "none",
    "aggregation": "count",
    "time_window_days": 30,
    "limit": 100,
}
AMOUNT: Final = {"aggregation": "sum", "value_field": "amount"}


def widget(
    widget_type: str, x: int, y: int, w: int, h: int, title: str, **config: Any
) -> dict[str, Any]:
    return {
        "widget_type": widget_type,
        "position": {"x": x, "y": y, "w": w, "h": h},
        "config": {"title": title, **USUAL, **config},
    }


def counter(x: int, title: str, **config: Any) -> dict[str, Any]:
    look = {"number_format": "compact", "compare": True}
    return widget("counter", x, 0, 6, 1, title, **(look | config))


TWELVE: Final = [
    counter(0, "Revenue", event_types=BUYING, **AMOUNT),
    counter(6, "Events"),
    counter(12, "Sessions", aggregation="count_distinct"),
    counter(
        18,
        "Average order",
        event_types=BUYING,
        aggregation="avg",
        value_field="amount",
        number_format="EUR",
    ),
    widget(
        "time_series", 0, 1, 16, 3, "Revenue by day", event_types=BUYING, group_by="day", **AMOUNT
    ),
    widget("breakdown_bar", 16, 1, 8, 3, "Events by type", group_by="event_type", look="donut"),
    widget(
        "funnel",
        0,
        4,
        8,
        3,
        "From view to purchase",
        event_types=["agent_view", "agent_atc", "agent_purchase"],
        group_by="event_type",
        aggregation="count_distinct",
    ),
    widget(
        "time_series",
        8,
        4,
        8,
        3,
        "Hours of the week",
        group_by="hour",
        look="heatmap",
        limit=1000,
    ),
    widget(
        "top_n",
        16,
        4,
        8,
        3,
        "Top products",
        event_types=BUYING,
        group_by="product_id",
        limit=10,
        **AMOUNT,
    ),
    widget(
        "time_series",
        0,
        7,
        12,
        2,
        "Sessions by day",
        group_by="day",
        aggregation="count_distinct",
        look="area",
    ),
    widget("breakdown_bar", 12, 7, 12, 2, "Types of events", group_by="event_type"),
    widget("table", 4, 9, 20, 2, "Countries", group_by="metadata.country", limit=20),
]
"""A dashboard of every widget type, with a gap at its end."""


FEW: Final = [
    counter(0, "Events"),
    widget("breakdown_bar", 0, 1, 10, 2, "Types", group_by="event_type"),
    widget("time_series", 10, 1, 10, 2, "Days", group_by="day"),
]


def store(home: Path) -> Dashboards:
    """The dashboards of the server over this home."""
    return Dashboards(open_database(Settings.read(home=home).database), utc_now)


def make(home: Path, widgets: Sequence[dict[str, Any]], slug: str, name: str = "Shop") -> str:
    """The id of a new dashboard of the demo shop's first brand."""
    raw = {"slug": slug, "name": name, "widgets": list(widgets)}
    return store(home).create(WORKSPACE, BRANDS[0], "somebody", raw).id


def saved(home: Path, dashboard: str) -> dict[str, tuple[int, ...]]:
    """Where the saved widgets lie, by title."""
    found = store(home).get(WORKSPACE, BRANDS[0], dashboard)
    return {w.title: tuple(w.position.to_dict().values()) for w in found.widgets}


def expect_kept(home: Path, dashboard: str, title: str, place: tuple[int, ...]) -> None:
    """Wait until the draft has it: the page has heard of what the browser did."""
    for _ in range(PATIENCE // 250):
        draft = store(home).draft("demo", dashboard)
        parts = [] if draft is None else draft.widgets[1:]
        if any(
            part["config"]["title"] == title and tuple(part["position"].values()) == place
            for part in parts
        ):
            return
        time.sleep(0.25)
    raise AssertionError(f"{title} is not kept at {place}")


class DashboardPage:
    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, dashboard: str, query: str = "") -> Self:
        self.page.goto(f"{self.address}/dashboard?dashboard={dashboard}{query}")
        self.page.wait_for_selector(".st-key-grid, .st-key-card_empty", timeout=PATIENCE)
        self.settle()
        return self

    def settle(self) -> None:
        self.page.wait_for_selector(CALM, timeout=PATIENCE)

    def card(self, title: str) -> Locator:
        exact = re.compile(f"^{re.escape(title)}$")
        named = self.page.locator("h3.widget-title", has_text=exact)
        return self.page.locator("[class*=st-key-cell_]").filter(has=named)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def press(self, name: str) -> None:
        self.button(name).click()
        self.settle()

    def edit(self) -> None:
        self.press("Edit")
        self.page.wait_for_selector(".arrange .grid-stack-item", state="attached")

    def handle(self, title: str) -> Locator:
        return self.page.locator(f".arrange .grid-stack-item[aria-label^='{title}.']")

    def place(self, title: str) -> tuple[int, int, int, int]:
        """x, y, w, h as the browser lays the card out."""
        script = """(cell) => {
            const style = getComputedStyle(cell);
            const [x, y] = [style.gridColumnStart, style.gridRowStart].map((n) => n - 1);
            const [w, h] = [style.gridColumnEnd, style.gridRowEnd].map((s) => +s.slice(5));
            return [x, y, w, h];
        }"""
        x, y, w, h = self.card(title).evaluate(script)
        return x, y, w, h

    def expect_place(self, title: str, x: int, y: int, w: int, h: int) -> None:
        """Wait until it lies there; the card, and not only its handle."""
        style = f"{y + 1} / {x + 1} / span {h} / span {w}"
        expect(self.card(title)).to_have_css("grid-area", style, timeout=PATIENCE)

    def drag(self, title: str, columns: float, rows: float) -> None:
        """Take a card by its middle, and let it go so many cells further."""
        self.take(title, columns, rows)
        self.page.mouse.up()

    def take(self, title: str, columns: float, rows: float) -> None:
        """The same, with the card still in hand."""
        box = self.handle(title).bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self._pull(x, y, columns, rows)

    def stretch(self, title: str, columns: float, rows: float) -> None:
        """Pull its lower right corner."""
        self.handle(title).hover()
        box = self.handle(title).locator(".ui-resizable-se").bounding_box()
        assert box is not None
        self._pull(box["x"] + 10, box["y"] + 10, columns, rows)
        self.page.mouse.up()

    def _pull(self, x: float, y: float, columns: float, rows: float) -> None:
        grid = self.page.locator(".st-key-grid").bounding_box()
        assert grid is not None
        step = (grid["width"] + 12) / 24
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + step * columns / 2, y + 148 * rows / 2, steps=6)
        self.page.mouse.move(x + step * columns, y + 148 * rows, steps=12)
        self.page.wait_for_timeout(100)

    def keys(self, title: str, *keys: str) -> None:
        self.handle(title).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def menu(self, title: str, item: str | None = None) -> None:
        """Unfold a card's menu, and take what it offers."""
        self.card(title).get_by_role("button", name="Menu of").click()
        if item is not None:
            popover = self.page.locator("[class*=st-key-acts_]")
            popover.get_by_text(item, exact=True).click()

    def wait_until_painted(self, count: int) -> None:
        self.page.wait_for_function(f"() => ({PAINTED})() >= {count}", timeout=PATIENCE)


PAINTED: Final = """() => [...document.querySelectorAll('[class*=st-key-body_]')].filter((body) =>
    body.querySelector('.js-plotly-plot .main-svg, [data-painted], .stDataFrame canvas, .trouble,'
        + ' .nothing')).length"""
"""How many cards have something in them."""


def drawn(page: DashboardPage, title: str) -> list[float]:
    """The values of a chart, in its order."""
    script = """(plot) => {
        const trace = plot._fullData[0];
        const values = trace.values ?? (trace.orientation === 'h' ? trace.x : trace.y);
        return Array.from(values);
    }"""
    found: list[float] = page.card(title).locator(PLOT).evaluate(script)
    return found


def number(told: str) -> float:
    """What a compact number says, or an amount of money."""
    digits = re.sub(r"[^\d.]", "", told)
    return float(digits) * (1_000_000 if "M" in told else 1000 if "K" in told else 1)


def assert_means(cells: list[list[float]], rows: list[dict[str, Any]], days: int) -> None:
    """Monday to Sunday by hour, the mean of all such hours; those at an end of the window aside."""
    values = {datetime.fromisoformat(row["key"]): row["value"] for row in rows}
    last = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    first = last - timedelta(days=days)
    hours = [first + HOUR * i for i in range(1, days * 24)]
    compared = 0
    for day, line in enumerate(cells):
        for hour, value in enumerate(line):
            same = [one for one in hours if (one.weekday(), one.hour) == (day, hour)]
            if (day, hour) not in ((one.weekday(), one.hour) for one in (first, last)):
                mean = sum(values.get(one, 0) for one in same) / len(same)
                assert value == pytest.approx(mean), (day, hour)
                compared += 1
    assert compared > 160
