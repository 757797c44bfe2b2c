"""What other people call their things is text on every surface: it loads and runs nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import expect

from engine.demo.words import WORKSPACE
from tests.browser.explore import Explore
from tests.browser.hostile import HARM, INJECTED, NAMES
from tests.browser.server import ROOT

Open = Callable[..., Explore]
LARGE = HARM[0] + "x" * (1 << 20)
"""A megabyte."""
BRAND = "33333333-3333-4333-8333-333333333333"
"""In the demo's workspace: another one would be offered where files are imported."""


@pytest.fixture(scope="module")
def shop(home: Path, address: str) -> str:
    """Three events of every name, in every field that pages show."""
    path = home / "hostile.ndjson"
    now = datetime.now(UTC)
    with path.open("w") as file:
        for i, name in enumerate([*NAMES * 3, LARGE]):
            event = {
                "event_type": "view",
                "event_id": f"{i}{name}",
                "created_at": (now - timedelta(minutes=i + 1)).isoformat(),
                "session_id": name,
                "product_id": name,
                "agent_id": name,
                "customer_id": name,
                "amount": i,
                "metadata": {"name": name, name[:2_000]: "key"},
            }
            print(json.dumps(event), file=file)
    command = [sys.executable, "-m", "engine.ingest", str(path)]
    command += ["--workspace", WORKSPACE, "--brand", BRAND]
    environment = os.environ | {"VITRINE_HOME": str(home)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return urlencode({"workspace": WORKSPACE, "brand": BRAND})


def check(page: Explore) -> None:
    page.settle()
    # Charts and tables are painted after the last message; a picture of another host loads then.
    page.page.wait_for_timeout(300)
    assert page.page.evaluate(INJECTED) == []
    assert page.page.evaluate("window.evil") is None
    assert [url for url in page.requested if "other.example" in url.partition("?")[0]] == []


def test_there_are_a_hundred() -> None:
    assert len(set(NAMES)) == 100


def test_names_in_charts_tables_and_behind_rows(explore: Open, shop: str) -> None:
    page = explore(f"?{shop}&group_by=product_id")
    # Text cut to its first 40 characters is no longer the markup: the whole of it is in the hover.
    for place in range(0, 20, 4):
        page.hover_bar(place)
        check(page)
    for widget_type in ("breakdown_bar", "funnel", "table", "counter", "top_n"):
        page.widget_type.set(widget_type)
        page.widget_type.expect(widget_type)
        check(page)
    page.click_bar(2)
    expect(page.page.locator(".st-key-card_behind")).to_be_visible()
    expect(page.page.locator(".st-key-card_behind .stDataFrame")).to_be_visible()
    check(page)
    page.open_list("row_")
    check(page)


@pytest.mark.parametrize("group_by", ["session", "metadata.name"])
def test_names_of_other_groups(explore: Open, shop: str, group_by: str) -> None:
    page = explore(f"?{shop}&group_by={group_by}&look=donut&limit=1000")
    check(page)
    page.open_list("group_by")
    check(page)


def test_names_in_the_address(explore: Open, shop: str) -> None:
    page = explore(f"?{shop}")
    for start in range(0, len(HARM), 10):
        names = HARM[start : start + 10]
        types = "".join(f"&event_types={quote(name)}" for name in names)
        bad = quote(names[0])
        page.open(f"?{shop}{types}&look={bad}&goal={bad}&limit={bad}")
        expect(page.notices.first).to_be_visible()
        check(page)


def test_names_that_are_pasted(explore: Open, shop: str) -> None:
    page = explore(f"?{shop}")
    page.paste(json.dumps(dict.fromkeys(HARM, 1)))
    expect(page.page.get_by_test_id("stAlert").first).to_be_visible()
    check(page)


def test_names_on_the_data_page(explore: Open, shop: str, address: str) -> None:
    page = explore(f"?{shop}")
    page.page.goto(f"{address}/data?{shop}")
    expect(page.page.locator(".stDataFrame").first).to_be_visible(timeout=20_000)
    check(page)
    for table in page.page.locator(".stDataFrame").all():
        table.scroll_into_view_if_needed()
        check(page)
