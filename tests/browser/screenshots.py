"""The pictures of README: uv run python -m tests.browser.screenshots"""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from tests.browser.data import Data
from tests.browser.explore import Explore
from tests.browser.server import chromium, serving

PICTURES: Final = Path(__file__).with_name("pictures")
WIDE: Final = {"width": 1280, "height": 860}
SETTLING: Final = 2000
"""Milliseconds until charts and tables have settled."""
PHONE: Final = {"width": 375, "height": 812}
SHOTS: Final = [
    ("explore_light", "?group_by=day&time_window_days=90", "light", WIDE),
    (
        "explore_dark",
        "?group_by=metadata.country&aggregation=sum&event_types=agent_purchase"
        "&time_window_days=365&limit=12",
        "dark",
        WIDE,
    ),
    ("explore_phone", "?group_by=event_type&time_window_days=7", "light", PHONE),
]


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), events=1_000_000) as address,
        chromium() as browser,
    ):
        for name, query, scheme, viewport in SHOTS:
            _shoot(browser, address, name, query, color_scheme=scheme, viewport=viewport)
        context = browser.new_context(viewport=WIDE)
        data = Data(context.new_page(), address).open()
        data.page.wait_for_timeout(SETTLING)
        data.page.screenshot(path=PICTURES / "data.png")
        context.close()


def _shoot(browser: Browser, address: str, name: str, query: str, **options: object) -> None:
    context = browser.new_context(**options)
    page = Explore(context.new_page(), address).open(query)
    page.page.wait_for_timeout(SETTLING)
    page.page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
