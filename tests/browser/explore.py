"""The explore page as a person uses it: controls with set() and expect(), chart and texts."""

import json
import re
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Download, Locator, Page, expect

from pages.ui.controls import NAMES
from pages.ui.toolbar import LOOK_NAMES, SHOWN, TYPE_NAMES

CARD = "[class*=st-key-card_chart]"
PAINTED = f"{CARD} .js-plotly-plot .main-svg, {CARD} [data-painted], {CARD} .stDataFrame"
CALM = "[data-testid=stApp][data-test-script-state=notRunning]"


COUNT_CLICKS = """
    window.clicks = 0;
    document.addEventListener('pointerdown', () => window.clicks++, true);
    document.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') window.clicks++;
    }, true);
"""


class Control:
    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.root = page.locator(f".st-key-{name}")

    def expect_error(self, words: str) -> None:
        """In its card, in the API's own words."""
        card = self.page.locator(".st-key-card_controls")
        expect(card.get_by_test_id("stAlert").filter(has_text=words)).to_have_count(1)


class Select(Control):
    """A picker that is typed into."""

    def set(self, value: str) -> None:
        self.type(NAMES.get(value, value))

    def type(self, words: str) -> None:
        """Take what these words find first."""
        self.root.locator("input").click()
        self.root.locator("input").fill(words)
        self.page.keyboard.press("Enter")

    def expect(self, value: str) -> None:
        """Labels are a word for the name, or the name with its counts."""
        word, name = re.escape(NAMES.get(value, value)), re.escape(value)
        label = re.compile(rf"{word} · {name}|{name}( · .+)?")
        expect(self.root.locator("input")).to_have_value(re.compile(f"^({label.pattern})$"))


class Types(Select):
    """Several of many; the list stays open for more."""

    def type(self, words: str) -> None:
        super().type(words)
        self.page.keyboard.press("Escape")

    def expect(self, *values: str) -> None:
        for value in values:
            expect(self.root.get_by_text(re.compile(rf"^{value}( · .+)?$"))).to_be_visible()


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


class Segments(Control):
    """One of a row of buttons."""

    def __init__(self, page: Page, name: str, labels: dict[str, str]) -> None:
        super().__init__(page, name)
        self.labels = labels

    def button(self, value: str) -> Locator:
        return self.root.get_by_role("radio", name=self.labels[value])

    def set(self, value: str) -> None:
        self.button(value).click()

    def expect(self, value: str) -> None:
        expect(self.button(value)).to_have_attribute("aria-checked", "true")


class Explore:
    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.requested: list[str] = []
        page.add_init_script(COUNT_CLICKS)
        page.on("request", lambda request: self.requested.append(request.url))
        self.event_types = Types(page, "event_types")
        self.group_by = Select(page, "group_by")
        self.aggregation = Select(page, "aggregation")
        self.value_field = Select(page, "value_field")
        self.time_window_days = Window(page, "time_window_days")
        self.limit = Number(page, "limit")
        types = {name: label for name, (_, label) in TYPE_NAMES.items()}
        self.widget_type = Segments(page, "widget_type", types)
        self.look = Segments(page, SHOWN, LOOK_NAMES)
        self.number_format = Select(page, "number_format")
        self.goal = Number(page, "goal")

    def open(self, query: str = "", painted: bool = True) -> Self:
        """painted: whether there is to be an answer."""
        self.page.goto(f"{self.address}/{query}")
        wanted = PAINTED if painted else ".st-key-limit"
        self.page.wait_for_selector(wanted, timeout=60_000)
        return self

    def download(self, name: str) -> Download:
        self.page.get_by_role("button", name="Download", exact=True).click()
        with self.page.expect_download() as found:
            self.page.get_by_role("link", name=name, exact=True).click()
        return found.value

    def settle(self) -> None:
        """Wait until the server has said everything."""
        self.page.wait_for_selector(CALM)

    def display(self) -> None:
        """Unfold look, number format, comparison and goal."""
        self.page.get_by_role("button", name="Display").click()

    @property
    def clicks(self) -> int:
        """Clicks and Enter keys since the page was opened."""
        found: int = self.page.evaluate("window.clicks")
        return found

    @property
    def title(self) -> Locator:
        return self.page.locator(".st-key-card_chart h3")

    @property
    def notices(self) -> Locator:
        return self.page.get_by_test_id("stAlert")

    @property
    def card(self) -> Locator:
        """Chart, and all that is said of it."""
        return self.page.locator(".st-key-card_chart")

    def expect_parameters(self, **parameters: list[str]) -> None:
        self.page.wait_for_function(
            """(expected) => {
                const found = {};
                for (const [name, value] of new URLSearchParams(location.search))
                    (found[name] ??= []).push(value);
                const sorted = (given) => JSON.stringify(Object.entries(given).sort());
                return sorted(found) === sorted(expected);
            }""",
            arg=parameters,
        )

    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def code(self, tab: str, words: str) -> str:
        """The request as a program; `words` tell it from that of the tab before."""
        self.tab(tab)
        code = self.page.get_by_test_id("stCode").filter(has_text=words)
        expect(code).to_be_visible()
        return code.inner_text()

    def request(self) -> dict[str, Any]:
        """The request the page says it asks."""
        self.settle()
        body: dict[str, Any] = json.loads(self.code("JSON", '"time_window_days"'))
        return body

    def expect_code(self, words: str) -> None:
        """The page has got as far as to say these words of its request."""
        self.code("JSON", words)

    def command(self) -> str:
        """The request as a command to run."""
        return self.code("cURL", "curl ")

    def paste(self, text: str) -> None:
        self.tab("Paste")
        area = self.page.locator(".st-key-paste textarea")
        area.fill(text)
        area.press("Control+Enter")
        self.page.get_by_role("button", name="Use it").click()

    def drawn(self) -> list[tuple[str, float]]:
        """The keys and values of the chart, in its order."""
        script = """() => {
            const plot = document.querySelector('[class*=st-key-card_chart] .js-plotly-plot');
            const trace = plot._fullData[0], bars = trace.orientation === 'h';
            const list = (values) => Array.from(values);
            const name = (text) => text.replace(/^[0-9]+[.] /, '');
            return {
                keys: bars ? list(plot._fullLayout.yaxis.ticktext).map(name) : list(trace.x),
                values: list(bars ? trace.x : trace.y),
            };
        }"""
        found = self.page.evaluate(script)
        return list(zip(found["keys"], found["values"], strict=False))

    def expect_drawn(self, keys: list[str]) -> None:
        """Wait for the chart to begin with these keys; it is painted after the page's texts."""
        script = """(keys) => {
            const plot = document.querySelector('[class*=st-key-card_chart] .js-plotly-plot');
            const texts = plot?._fullLayout?.yaxis?.ticktext;
            const name = (text) => text.replace(/^[0-9]+[.] /, '');
            const shown = texts && Array.from(texts).slice(0, keys.length).map(name);
            return JSON.stringify(shown) === JSON.stringify(keys);
        }"""
        self.page.wait_for_function(script, arg=keys, timeout=30_000)

    def click_bar(self, place: int) -> None:
        """Click the bar at this place, counted from 0."""
        self.page.locator(f"{CARD} .js-plotly-plot .barlayer .point path").nth(place).click(
            force=True
        )

    def hover_bar(self, place: int) -> None:
        self.page.locator(f"{CARD} .js-plotly-plot .barlayer .point path").nth(place).hover(
            force=True
        )

    def open_list(self, control: str) -> None:
        """Unfold the options of a picker."""
        picker = self.page.locator(f"[class*=st-key-{control}] input")
        picker.scroll_into_view_if_needed()
        self.settle()
        self.page.wait_for_timeout(500)  # a list closes when the page moves under it
        picker.click()
        expect(self.page.get_by_role("option").first).to_be_visible()
