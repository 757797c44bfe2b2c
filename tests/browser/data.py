"""The data page as a person uses it: drop a file, look, import, read; connect a table, watch it."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from playwright.sync_api import Locator, Page, TimeoutError, expect

PATIENCE: Final = 60_000


def expect_one(notices: Locator, words: str) -> None:
    """Of the notices that stand there until the page is drawn to its end, one with these words."""
    expect(notices.filter(has_text=words)).to_have_count(1, timeout=PATIENCE)


class Typed:
    """A text control of the form that connects a table, and what is said under it."""

    def __init__(self, page: Page, field: str) -> None:
        self.page = page
        self.root = page.locator(f"[class*='st-key-{field}_source_']")

    def set(self, value: str) -> None:
        self.root.locator("input").fill(value)
        self.root.locator("input").press("Tab")

    def expect(self, value: str) -> None:
        expect(self.root.locator("input")).to_have_value(value, timeout=PATIENCE)

    def expect_error(self, words: str) -> None:
        """Beside it: in the same column, after it."""
        expect_one(self.root.locator("xpath=following-sibling::*").get_by_test_id("stAlert"), words)


class SourceCard:
    """A connected table."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.root = page.locator(f".st-key-card_source_{name}")

    def expect_fact(self, label: str, words: str) -> None:
        metric = self.root.get_by_test_id("stMetric").filter(has_text=label)
        expect(metric).to_contain_text(words, timeout=PATIENCE)

    def expect_progress(self, words: str | re.Pattern[str]) -> None:
        expect(self.root.get_by_test_id("stProgress")).to_contain_text(words, timeout=PATIENCE)

    def expect_error(self, words: str) -> None:
        expect_one(self.root.get_by_test_id("stAlert"), words)

    def press(self, button: str) -> None:
        self.root.get_by_role("button", name=button, exact=True).click()

    def turn(self, button: str, into: str) -> None:
        """Press a button that becomes another one; a click while the card is redrawn is lost."""
        for _ in range(5):
            with suppress(TimeoutError):
                self.root.get_by_role("button", name=button, exact=True).click(timeout=5_000)
            with suppress(AssertionError):
                expect(self.root.get_by_role("button", name=into, exact=True)).to_be_visible()
                return
        raise AssertionError(f"{button} did not become {into}")

    def remove(self) -> None:
        self.root.locator(f".st-key-more_{self.name} button").click()
        self.page.get_by_role("button", name="Remove", exact=True).click()


class Data:
    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, query: str = "") -> Self:
        self.page.goto(f"{self.address}/data{query}")
        expect(self.page.get_by_role("heading", name="Import a file")).to_be_visible(
            timeout=PATIENCE
        )
        return self

    def wait_until_rolled_up(self) -> None:
        """Unfold how answers are computed, once it has something to say."""
        for _ in range(60):
            self.open()
            self.page.get_by_text("How answers are computed").click()
            with suppress(AssertionError):
                expect(self.page.get_by_text("are rolled up;")).to_be_visible(timeout=3_000)
                return
        raise AssertionError("nothing was rolled up in three minutes")

    def card(self, name: str) -> Locator:
        return self.page.locator(f".st-key-card_{name}")

    def upload(self, path: Path) -> None:
        self.page.locator("input[type=file]").set_input_files(path)

    def field(self, name: str) -> Locator:
        """The select of an event field."""
        return self.page.get_by_role("combobox", name=name, exact=True)

    def expect_guess(self, **columns: str) -> None:
        for name, column in columns.items():
            expect(self.field(name)).to_have_value(column, timeout=PATIENCE)

    def start(self) -> None:
        self.page.get_by_role("button", name="Import", exact=True).click()

    def expect_report(self, **counts: str) -> None:
        for label, count in counts.items():
            metric = self.card("report").get_by_test_id("stMetric").filter(has_text=label)
            expect(metric).to_contain_text(count, timeout=PATIENCE)

    def expect_fact(self, name: str, text: str) -> None:
        expect(self.card(f"fact_{name}")).to_contain_text(text, timeout=PATIENCE)

    def unfold_connect(self) -> None:
        self.page.get_by_text("Connect a PostgreSQL table").click()

    def typed(self, field: str) -> Typed:
        return Typed(self.page, field)

    def test_the_connection(self) -> None:
        self.page.get_by_role("button", name="Test the connection").click()

    def connect(self) -> None:
        self.page.get_by_role("button", name="Connect and follow").click()

    def source(self, name: str) -> SourceCard:
        return SourceCard(self.page, name)

    def expect_good(self, words: str) -> None:
        expect_one(self.card("connect").get_by_test_id("stAlert"), words)
