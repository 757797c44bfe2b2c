"""The pictures of README: uv run python -m tests.browser.screenshots"""

import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser

from engine.workspaces.templates import TEMPLATES, template
from tests.browser.dashboard import DashboardPage
from tests.browser.data import Data
from tests.browser.explore import Explore
from tests.browser.server import chromium, serving
from tests.browser.shelf import Shelf, api, listed

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
        shoot_dashboards(browser, address)
        shop = next(one["id"] for one in listed(address) if one["slug"] == "shop-overview")
        for name, scheme, viewport in OF_DASHBOARD:
            shoot_dashboard(browser, address, shop, name, scheme, viewport)
        shoot_sharing(browser, address, shop)


def shoot_dashboards(browser: Browser, address: str) -> None:
    """The list, with a dashboard of each template; the drawer over the first of them."""
    for name in TEMPLATES[1:]:
        raw = template(name)
        made = api(address, "POST", body={n: raw[n] for n in ("slug", "name", "description")})
        api(address, "PUT", f"/{made['id']}", {"widgets": raw["widgets"]})
    context = browser.new_context(viewport=WIDE)
    page = Shelf(context.new_page(), address).open()
    page.star("Shop overview")
    page.settle()
    page.page.mouse.move(0, 0)
    page.page.wait_for_timeout(SETTLING)
    page.page.screenshot(path=PICTURES / "dashboards_light.png")
    page.card("Shop overview").get_by_role("link").click()
    page.expect_dashboard("Shop overview")
    page.page.get_by_role("button", name="Edit", exact=True).click()
    page.page.get_by_role("button", name="Add a widget").click()
    page.pick("drawer_group_by", "Event type · event_type")
    page.settle()
    page.page.wait_for_timeout(SETTLING)
    page.page.screenshot(path=PICTURES / "drawer_light.png")
    context.close()


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
    page.wait_until_painted(12)
    if name.endswith("edit"):
        page.edit()
        page.page.wait_for_timeout(SETTLING)
        page.take("From view to purchase", 4.4, 3.2)
    page.page.wait_for_timeout(SETTLING)
    page.page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


def shoot_sharing(browser: Browser, address: str, dashboard: str) -> None:
    """The dialog with a new link, and what it shows on a telephone."""
    context = browser.new_context(viewport=WIDE)
    page = DashboardPage(context.new_page(), address).open(dashboard)
    page.wait_until_painted(9)
    page.press("Share")
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_text("in 30 days", exact=True).click()
    dialog.get_by_text("They may change the time range").click()
    dialog.get_by_role("button", name="Make a link").click()
    code = dialog.locator("[data-testid=stCode]").first
    code.wait_for()
    page.page.wait_for_timeout(SETTLING)
    page.page.screenshot(path=PICTURES / "share_light.png")
    shared = code.inner_text().strip()
    context.close()
    context = browser.new_context(viewport=PHONE, color_scheme="dark", locale="pt-BR")
    guest = context.new_page()
    guest.goto(shared)
    guest.locator(".js-plotly-plot .main-svg").first.wait_for()
    guest.wait_for_timeout(SETTLING)
    guest.screenshot(path=PICTURES / "shared_phone.png")
    context.close()


if __name__ == "__main__":
    main()
