"""The data page as a person uses it: drop a file, look, import, read the report."""

from pathlib import Path
from typing import Final, Self

from playwright.sync_api import Locator, Page, expect

PATIENCE: Final = 60_000


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
