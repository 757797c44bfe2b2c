"""Charts in a browser: each is drawn once, and what is pointed at is what is drawn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.dashboard import PATIENCE, PLOT, TWELVE, DashboardPage, make
from tests.browser.explore import Explore
from tests.browser.opening import change
from tests.browser.repaint import repaint

COUNT: Final = """
    window.drawn = [];
    // Plotly gives a chart an emitter of its own, then tells each drawing of all of it.
    Object.defineProperty(HTMLElement.prototype, 'emit', {
        configurable: true,
        set(emit) {
            const told = { configurable: true, writable: true, value: emit };
            Object.defineProperty(this, 'emit', told);
            this.on('plotly_beforeplot', () => { window.drawn.push(this); });
        },
    });
"""
DRAWN: Final = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .map((plot) => window.drawn.filter((one) => one === plot).length)"""
TICKS: Final = """() => [...document.querySelectorAll(
    '.js-plotly-plot .xtick text, .js-plotly-plot .ytick text, .js-plotly-plot .legendtext'
)].map((text) => getComputedStyle(text).fill)"""
QUIET: Final = {"light": "rgb(71, 85, 105)", "dark": "rgb(163, 176, 198)"}
ODD: Final = {"width": 1391, "height": 1840}
"""A window whose cards have fractions of a pixel."""
CHARTS: Final = sum(one["widget_type"] not in ("counter", "table") for one in TWELVE)


@pytest.fixture
def counted(browser: Browser) -> Iterator[Page]:
    """A page that counts drawings."""
    context = browser.new_context(viewport=ODD)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(COUNT)
    yield context.new_page()
    context.close()


def test_a_dashboard_draws_each_chart_once(counted: Page, home: Path, address: str) -> None:
    page = DashboardPage(counted, address).open(make(home, TWELVE, "drawn-once"))
    page.wait_until_painted(12)
    for days in (7, 90):
        counted.evaluate("() => { window.drawn = []; }")
        change(counted, days)
        assert counted.evaluate(DRAWN) == [1] * CHARTS


def test_explore_draws_its_chart_once(counted: Page, address: str) -> None:
    page = Explore(counted, address).open("?group_by=day")
    page.settle()
    for days in (7, 90):
        counted.evaluate("() => { window.drawn = []; }")
        repaint(counted, lambda days=days: page.time_window_days.set(days))
        assert counted.evaluate(DRAWN) == [1]


@pytest.mark.parametrize(
    ("title", "of"), [("Revenue by day", "x"), ("Types of events", "hovertext")]
)
def test_what_is_pointed_at_is_what_is_drawn(
    counted: Page, home: Path, address: str, title: str, of: str
) -> None:
    dashboard = make(home, TWELVE, f"pointed-at-{of}")
    page = DashboardPage(counted, address).open(dashboard)
    page.wait_until_painted(12)
    change(counted, 7)
    plot = page.card(title).locator(PLOT)
    place = 3
    x, y = plot.evaluate(
        """(plot, place) => {
            const { xaxis, yaxis } = plot._fullLayout, trace = plot._fullData[0];
            return [
                xaxis._offset + xaxis.d2p(trace.x[place]) - (trace.type === 'bar' ? 2 : 0),
                yaxis._offset + yaxis.d2p(trace.y[place]),
            ];
        }""",
        place,
    )
    plot.hover(position={"x": x, "y": y})
    wanted = plot.evaluate("(plot, [of, i]) => plot._fullData[0][of][i]", [of, place])
    first = wanted[:10] if of == "x" else wanted.removeprefix("<b>").split("</b>")[0]
    expect(plot.locator(".hoverlayer .hovertext")).to_contain_text(first)


def test_charts_turn_dark_with_the_system(counted: Page, home: Path, address: str) -> None:
    page = DashboardPage(counted, address).open(make(home, TWELVE, "turning"))
    page.wait_until_painted(12)
    assert set(counted.evaluate(TICKS)) == {QUIET["light"]}
    counted.emulate_media(color_scheme="dark")
    counted.wait_for_function(f"(dark) => ({TICKS})().includes(dark)", arg=QUIET["dark"])
    page.settle()
    page.wait_until_painted(12)
    assert set(counted.evaluate(TICKS)) == {QUIET["dark"]}
