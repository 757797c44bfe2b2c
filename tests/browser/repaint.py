"""How long a change takes from the click to the painted chart, measured inside the browser.

At a million events on a warm server: uv run python -m tests.browser.repaint
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Page

from tests.browser.data import Data
from tests.browser.explore import CALM, Explore
from tests.browser.server import chromium, serving

EVENTS: Final = 1_000_000
WINDOWS: Final = (7, 90, 365, 30)
ROUNDS: Final = 10

START = """() => {
    const chart = () => {
        const plot = document.querySelector('[class*=st-key-card_chart] .js-plotly-plot');
        const data = plot?._fullData?.[0];
        const ends = data ? [data.x?.[0], data.x?.[data.x.length - 1], data.y?.[0]] : [];
        return JSON.stringify([data?.x?.length, ends]);
    };
    const before = chart();
    window.repainted = new Promise((resolve) => {
        let began = null;
        const look = () => {
            if (began !== null && chart() !== before) resolve(performance.now() - began);
            else requestAnimationFrame(look);
        };
        const start = () => { began ??= performance.now(); };
        document.addEventListener('pointerdown', start, { capture: true, once: true });
        document.addEventListener('keydown', start, { capture: true, once: true });
        requestAnimationFrame(look);
    });
}"""


def repaint(page: Page, change: Callable[[], None]) -> float:
    """Milliseconds from the first press of `change` to a chart with other data."""
    page.evaluate(START)
    change()
    milliseconds: float = page.evaluate("() => window.repainted")
    page.wait_for_selector(CALM)
    return milliseconds


def typical(page: Page, changes: list[Callable[[], None]]) -> float:
    """The median over changes."""
    return median(repaint(page, change) for change in changes)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), events=EVENTS) as address,
        chromium() as browser,
    ):
        tab = browser.new_page()
        Data(tab, address).wait_until_rolled_up()
        page = Explore(tab, address)
        for group_by in ("day", "event_type", "product_id", "metadata.country"):
            page.open(f"?group_by={group_by}")
            page.settle()
            # The first round warms what a server has only once.
            for days in WINDOWS:
                repaint(page.page, lambda days=days: page.time_window_days.set(days))
            found = sorted(
                repaint(page.page, lambda days=days: page.time_window_days.set(days))
                for days in (*WINDOWS, *WINDOWS, *WINDOWS)[:ROUNDS]
            )
            print(f"{group_by:17} median {median(found):4.0f} ms, longest {found[-1]:4.0f} ms")


if __name__ == "__main__":
    main()
