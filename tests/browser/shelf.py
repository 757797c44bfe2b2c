"""The list of dashboards as a person uses it, and the API that a test prepares it with."""

import json
import re
import urllib.request
from typing import Any, Self

from playwright.sync_api import Locator, Page, expect

from engine.demo.words import BRANDS, WORKSPACE
from tests.browser.explore import CALM
from tests.browser.server import TOKEN

PATIENCE = 30_000


def api(address: str, method: str, path: str = "", body: Any = None) -> Any:
    """What the API answers about dashboards."""
    request = urllib.request.Request(
        f"{address}/api/workspace/{WORKSPACE}/dashboards{path}",
        None if body is None else json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {TOKEN}",
            "X-Active-Brand": BRANDS[0],
            "Content-Type": "application/json",
        },
        method=method,
    )
    with urllib.request.urlopen(request) as response:
        text = response.read()
    return json.loads(text) if text else None


class Shelf:
    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, query: str = "") -> Self:
        self.page.goto(f"{self.address}/dashboards{query}")
        expect(self.page.locator(".st-key-new")).to_be_visible(timeout=PATIENCE)
        self.settle()
        return self

    def settle(self) -> None:
        """Wait until the server has said everything."""
        self.page.wait_for_selector(CALM)

    @property
    def links(self) -> Locator:
        return self.page.locator("[class*=st-key-shelf_name_] a")

    def card(self, name: str) -> Locator:
        """The card of a dashboard, or its row."""
        cards = self.page.locator("[class*=st-key-card_dashboard_], [class*=st-key-row_dashboard_]")
        return cards.filter(has=self.page.get_by_role("link", name=name, exact=True))

    def expect_card(self, name: str) -> None:
        expect(self.card(name)).to_have_count(1, timeout=PATIENCE)

    def expect_no_card(self, name: str) -> None:
        expect(self.card(name)).to_have_count(0, timeout=PATIENCE)

    def search(self, words: str) -> None:
        self.page.locator(".st-key-search input").fill(words)

    def star(self, name: str) -> None:
        self.card(name).locator("[class*=st-key-shelf_star_] button").click()

    def menu(self, name: str, action: str) -> None:
        self.settle()
        self.card(name).locator("[class*=st-key-shelf_menu_] button").click()
        self.page.get_by_role("menuitem", name=re.compile(f"{action}$")).click()

    def use(self, template: str) -> None:
        self.page.locator(f".st-key-use_{template} button").click()

    def type(self, field: str, words: str) -> None:
        """Into a control of the dialog that is open."""
        control = self.page.locator(f".st-key-{field}").locator("input, textarea").first
        control.fill(words)
        control.press("Tab")

    def pick(self, field: str, words: str) -> None:
        """The option of a picker that these words find first."""
        self.settle()
        picker = self.page.locator(f".st-key-{field} input")
        picker.click()
        picker.fill(words)
        self.page.keyboard.press("Enter")
        expect(picker).to_have_value(words)

    def expect_field(self, field: str, value: str) -> None:
        control = self.page.locator(f".st-key-{field} input")
        expect(control).to_have_value(value, timeout=PATIENCE)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def press(self, button: str) -> None:
        """In the dialog that is open."""
        self.settle()
        self.dialog.get_by_role("button", name=button, exact=True).click()

    def close(self) -> None:
        self.page.keyboard.press("Escape")
        expect(self.dialog).to_have_count(0)

    def unfold_trash(self) -> None:
        self.page.locator(".st-key-trash summary").click()

    def trashed(self, name: str) -> Locator:
        return self.page.locator("[class*=st-key-trashed_]").filter(has_text=name)

    def expect_dashboard(self, name: str) -> None:
        """The page of a dashboard, with this name."""
        title = self.page.locator("h2.dashboard-name")
        expect(title).to_have_text(name, timeout=PATIENCE)
