"""How long a dashboard of 12 widgets takes to open, and to change its time range.

At a million events on a warm server: uv run python -m tests.browser.opening
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import BrowserContext, Page

from tests.browser.dashboard import PAINTED, PATIENCE, TWELVE, DashboardPage, make
from tests.browser.data import Data
from tests.browser.server import profile, serving

EVENTS: Final = 1_000_000
ROUNDS: Final = 14
VISITS: Final = 4
"""So often has somebody been there that the browser has loaded scripts and kept them compiled."""
WIDE: Final = {"width": 1440, "height": 1840}
WATCH: Final = f"""
    window.times = {{}};
    const look = () => {{
        const now = performance.now();
        if (document.querySelector('[class*=st-key-cell_]')) window.times.frames ??= now;
        if (({PAINTED})() >= {len(TWELVE)}) window.times.painted ??= now;
        else requestAnimationFrame(look);
    }};
    requestAnimationFrame(look);
"""
CHANGE: Final = """(range) => new Promise((resolve) => {
    const seen = () => [...document.querySelectorAll('[class*=st-key-body_]')].map((body) => {
        const trace = body.querySelector('.js-plotly-plot')?._fullData?.[0];
        if (!trace) return body.querySelector('[data-painted]')?.innerText;
        const values = trace.z?.flat() ?? trace.values ?? trace.x ?? [];
        return JSON.stringify([[...values].slice(0, 9), [...(trace.y ?? [])].slice(0, 9)]);
    }).filter((found) => found !== undefined);
    const before = seen();
    const button = [...document.querySelectorAll('.st-key-dashboard_range button')]
        .find((button) => button.innerText.trim() === range);
    const began = performance.now();
    button.click();
    const look = () => {
        const now = seen();
        const all = now.length === before.length && now.every((one, i) => one !== before[i]);
        if (all || performance.now() - began > 20000) resolve(performance.now() - began);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""


def open_once(page: Page, address: str, dashboard: str) -> dict[str, float]:
    """Milliseconds from the navigation to the frames, and to twelve painted widgets."""
    DashboardPage(page, address).open(dashboard)
    page.wait_for_function("() => window.times.painted", timeout=PATIENCE)
    times: dict[str, float] = page.evaluate("() => window.times")
    return times


def in_a_new_tab(context: BrowserContext, address: str, dashboard: str) -> dict[str, float]:
    """The browser starts a process for it."""
    page = context.new_page()
    times = open_once(page, address, dashboard)
    page.close()
    return times


def told(where: str, opened: Sequence[Mapping[str, float]]) -> None:
    for name in ("frames", "painted"):
        found = sorted(times[name] for times in opened)
        middle, longest = median(found), found[-1]
        print(f"{where:12} {name:8} median {middle:5.0f} ms, longest {longest:5.0f} ms")


def change(page: Page, days: int) -> float:
    """Milliseconds until every chart and number has changed."""
    milliseconds: float = page.evaluate(CHANGE, f"{days} d")
    DashboardPage(page, "").settle()
    return milliseconds


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), events=EVENTS) as address,
        tempfile.TemporaryDirectory() as known,
        profile(Path(known), viewport=WIDE) as context,
    ):
        page = context.new_page()
        Data(page, address).wait_until_rolled_up()
        dashboard = make(Path(home), TWELVE, "opening")
        context.add_init_script(WATCH)
        for _ in range(VISITS):
            open_once(page, address, dashboard)
        told("in a tab", [open_once(page, address, dashboard) for _ in range(ROUNDS)])
        told("in a new tab", [in_a_new_tab(context, address, dashboard) for _ in range(ROUNDS)])
        # A year would leave the heatmap as it is: its limit cuts it to the latest thousand hours.
        for days in (7, 90, 30):
            change(page, days)
        found = sorted(change(page, days) for days in (7, 90, 30, 7, 90, 30))
        print(f"range        changed  median {median(found):5.0f} ms, longest {found[-1]:5.0f} ms")


if __name__ == "__main__":
    main()
