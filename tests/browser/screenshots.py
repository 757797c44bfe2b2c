"""The pictures of README: uv run python -m tests.browser.screenshots"""

import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser

from tests.browser.dashboard import TWELVE, DashboardPage, make
from tests.browser.data import Data
from tests.browser.explore import Explore
from tests.browser.server import chromium, serving

PICTURES: Final = Path(__file__).with_name("pictures")
WIDE: Final = {"width": 1280, "height": 1080}
TALL: Final = {"width": 1280, "height": 1500}
SETTLING: Final = 2000
"""Milliseconds until charts and tables have settled."""
PHONE: Final = {"width": 375, "height": 1180}
SHOTS: Final = [
    ("explore_light", "?group_by=day&time_window_days=90&compare=true", "light", WIDE, "en"),
    (
        "explore_dark",
        "?group_by=metadata.country&aggregation=sum&value_field=amount&number_format=EUR"
        "&event_types=agent_purchase&time_window_days=90&limit=12&compare=true",
        "dark",
        WIDE,
        "en",
    ),
    ("explore_phone", "?group_by=event_type&time_window_days=7&look=donut", "light", PHONE, "en"),
    (
        "explore_portuguese",
        "?group_by=hour&time_window_days=41&limit=1000&look=heatmap",
        "light",
        WIDE,
        "pt-BR",
    ),
]


DASHBOARD: Final = {"width": 1440, "height": 1790}
LONG_PHONE: Final = {"width": 375, "height": 1500}
OF_DASHBOARD: Final = [
    ("dashboard_light", "light", DASHBOARD),
    ("dashboard_dark", "dark", DASHBOARD),
    ("dashboard_edit", "light", DASHBOARD),
    ("dashboard_phone", "light", LONG_PHONE),
]


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), events=1_000_000) as address,
        chromium() as browser,
    ):
        context = browser.new_context(viewport=TALL)
        data = Data(context.new_page(), address)
        data.wait_until_rolled_up()
        data.page.wait_for_timeout(SETTLING)
        data.page.screenshot(path=PICTURES / "data.png")
        context.close()
        for shot in SHOTS:
            _shoot(browser, address, *shot)
        dashboard = make(Path(home), TWELVE, "shop-overview", "Shop overview")
        for name, scheme, viewport in OF_DASHBOARD:
            shoot_dashboard(browser, address, dashboard, name, scheme, viewport)


def _shoot(
    browser: Browser, address: str, name: str, query: str, scheme: str, viewport: Any, locale: str
) -> None:
    context = browser.new_context(color_scheme=scheme, viewport=viewport, locale=locale)
    page = Explore(context.new_page(), address).open(query)
    page.page.wait_for_timeout(SETTLING)
    page.page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


def shoot_dashboard(
    browser: Browser, address: str, dashboard: str, name: str, scheme: str, viewport: Any
) -> None:
    """The one of edit mode with a card in hand."""
    context = browser.new_context(color_scheme=scheme, viewport=viewport)
    page = DashboardPage(context.new_page(), address).open(dashboard)
    page.wait_until_painted(len(TWELVE))
    if name.endswith("edit"):
        page.edit()
        page.page.wait_for_timeout(SETTLING)
        page.take("From view to purchase", 4.4, 3.2)
    page.page.wait_for_timeout(SETTLING)
    page.page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
