"""The explore page as a person uses it: controls with set() and expect(), chart and texts."""

import json
import re
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

PAINTED = "[class*=st-key-card_chart] .js-plotly-plot .main-svg"


class Control:
    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.root = page.locator(f".st-key-{name}")


class Select(Control):
    """A picker that is typed into."""

    def set(self, value: str) -> None:
        self.root.locator("input").click()
        self.root.locator("input").fill(value)
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Escape")

    def expect(self, value: str) -> None:
        expect(self.root.locator("input")).to_have_value(value)


class Types(Select):
    """Several of many."""

    def expect(self, *values: str) -> None:
        for value in values:
            expect(self.root.get_by_text(value, exact=True)).to_be_visible()


class Number(Control):
    def set(self, value: int) -> None:
        self.root.locator("input").fill(str(value))
        self.page.keyboard.press("Enter")

    def expect(self, value: int) -> None:
        expect(self.root.locator("input")).to_have_value(str(value))


class Window(Control):
    def set(self, days: int) -> None:
        self.page.get_by_role("button", name=f"{days} d", exact=True).first.click()

    def expect(self, days: int) -> None:
        expect(self.root.get_by_role("slider")).to_have_value(str(days))


class Explore:
    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.requested: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))
        self.event_types = Types(page, "event_types")
        self.group_by = Select(page, "group_by")
        self.aggregation = Select(page, "aggregation")
        self.value_field = Select(page, "value_field")
        self.time_window_days = Window(page, "time_window_days")
        self.limit = Number(page, "limit")

    def open(self, query: str = "") -> Self:
        self.page.goto(f"{self.address}/{query}")
        self.page.wait_for_selector(PAINTED, timeout=60_000)
        return self

    @property
    def title(self) -> Locator:
        return self.page.locator(".st-key-card_chart h3")

    @property
    def notices(self) -> Locator:
        return self.page.get_by_test_id("stAlert")

    def expect_parameters(self, **parameters: list[str]) -> None:
        pattern = ".*".join(re.escape(name) for name in sorted(parameters))
        expect(self.page).to_have_url(re.compile(pattern))
        assert parse_qs(urlsplit(self.page.url).query) == parameters

    def request(self) -> dict[str, Any]:
        """The request the page says it asks."""
        self.page.get_by_role("tab", name="JSON").click()
        code = self.page.get_by_test_id("stCode").first
        expect(code).to_be_visible()
        body: dict[str, Any] = json.loads(code.inner_text())
        return body

    def expect_code(self, words: str) -> None:
        """The page has got as far as to say these words of its request."""
        self.page.get_by_role("tab", name="JSON").click()
        expect(self.page.get_by_test_id("stCode").first).to_contain_text(words)

    def command(self) -> str:
        """The request as a command to run."""
        self.page.get_by_role("tab", name="cURL").click()
        code = self.page.get_by_test_id("stCode").last
        expect(code).to_be_visible()
        return code.inner_text()

    def drawn(self) -> list[tuple[str, float]]:
        """The keys and values of the chart, in its order."""
        script = """() => {
            const plot = document.querySelector('[class*=st-key-card_chart] .js-plotly-plot');
            const trace = plot._fullData[0], bars = trace.orientation === 'h';
            const list = (values) => Array.from(values);
            return {
                keys: bars ? list(plot._fullLayout.yaxis.ticktext) : list(trace.x),
                values: list(bars ? trace.x : trace.y),
            };
        }"""
        found = self.page.evaluate(script)
        return list(zip(found["keys"], found["values"], strict=True))

    def expect_drawn(self, keys: list[str]) -> None:
        """Wait for the chart to show these keys; charts are painted after the page's texts."""
        script = """(keys) => {
            const plot = document.querySelector('[class*=st-key-card_chart] .js-plotly-plot');
            const texts = plot?._fullLayout?.yaxis?.ticktext;
            return texts && JSON.stringify(Array.from(texts)) === JSON.stringify(keys);
        }"""
        self.page.wait_for_function(script, arg=keys, timeout=30_000)
