"""How long a dashboard of 12 widgets takes to open, and to change its time range.

At a million events on a warm server: uv run python -m tests.browser.opening
"""

import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from playwright.sync_api import Page
from websockets.sync.client import connect

from tests.browser.dashboard import PAINTED, PATIENCE, TWELVE, DashboardPage, make
from tests.browser.data import Data
from tests.browser.server import ARGUMENTS, chromium, chromium_path, serving

EVENTS: Final = 1_000_000
ROUNDS: Final = 14
VISITS: Final = 4
"""So often has somebody been there before that the tab has its scripts, and has compiled them."""
SETTLED: Final = 4
"""Seconds after a navigation until the page is asked what it saw: to ask would disturb it."""
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


@contextmanager
def browser(folder: Path) -> Iterator[str]:
    """The address at which a browser takes commands. Playwright listens to all that a page does,
    for which a page pays half a second.
    """
    size = f"--window-size={WIDE['width']},{WIDE['height']}"
    options = ["--remote-debugging-port=0", f"--user-data-dir={folder}", size]
    process = subprocess.Popen(
        [str(chromium_path()), *ARGUMENTS, *options], stderr=subprocess.DEVNULL
    )
    try:
        port = folder / "DevToolsActivePort"
        while not port.exists():
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port.read_text().split()[0]}/json"
    finally:
        process.terminate()
        process.wait()


def in_a_new_tab(browser: str, url: str, openings: int = 1) -> list[dict[str, float]]:
    """What `open_once` measures, for each opening, one after the other in a tab of their own."""
    asked = urllib.request.Request(f"{browser}/new?about:blank", method="PUT")
    with urllib.request.urlopen(asked) as answer:
        tab = json.load(answer)
    with connect(tab["webSocketDebuggerUrl"], max_size=None) as socket:

        def do(method: str, **params: str) -> Any:
            socket.send(json.dumps({"id": 1, "method": method, "params": params}))
            while "id" not in (said := json.loads(socket.recv())):
                pass
            return said["result"]

        found = []
        for _ in range(openings):
            do("Page.enable")
            do("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
            do("Page.navigate", url=url)
            times = {}
            while "painted" not in times:
                time.sleep(SETTLED)
                result = do("Runtime.evaluate", expression="JSON.stringify(window.times)")
                times = json.loads(result["result"]["value"])
            found.append(times)
    urllib.request.urlopen(f"{browser}/close/{tab['id']}").close()
    return found


def told(where: str, opened: Sequence[Mapping[str, float]]) -> None:
    for name in ("frames", "painted"):
        found = sorted(times[name] for times in opened)
        middle, longest = median(found), found[-1]
        print(f"{where:12} {name:8} median {middle:5.0f} ms, longest {longest:5.0f} ms")


def change(page: Page, days: int) -> float:
    """Milliseconds until every chart and number has changed."""
    page.locator(".st-key-dashboard_range button", has_text=f"{days} d").wait_for()
    milliseconds: float = page.evaluate(CHANGE, f"{days} d")
    DashboardPage(page, "").settle()
    return milliseconds


def main() -> None:
    with tempfile.TemporaryDirectory() as home, serving(Path(home), events=EVENTS) as address:
        dashboard = make(Path(home), TWELVE, "opening")
        url = f"{address}/dashboard?dashboard={dashboard}"
        with chromium() as other:
            Data(other.new_page(), address).wait_until_rolled_up()
        with (
            # Some of the browser's processes end a moment after it.
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as known,
            browser(Path(known)) as fresh,
        ):
            told("in a tab", in_a_new_tab(fresh, url, VISITS + ROUNDS)[VISITS:])
            told("in a new tab", [in_a_new_tab(fresh, url)[0] for _ in range(ROUNDS)])
        with chromium() as other:
            page = other.new_page(viewport=WIDE)
            page.add_init_script(WATCH)
            open_once(page, address, dashboard)
            told_changes(page)


def told_changes(page: Page) -> None:
    # A year would leave the heatmap as it is: its limit cuts it to the latest thousand hours.
    for days in (7, 90, 30):
        change(page, days)
    found = sorted(change(page, days) for days in (7, 90, 30, 7, 90, 30))
    print(f"range        changed  median {median(found):5.0f} ms, longest {found[-1]:5.0f} ms")


if __name__ == "__main__":
    main()
