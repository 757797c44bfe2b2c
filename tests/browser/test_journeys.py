"""What people come for, counted in clicks, and the promises made to them on the way."""

import csv
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Download, expect

from engine.demo.words import BRANDS, WORKSPACE
from tests.browser.explore import Explore
from tests.browser.repaint import typical
from tests.browser.server import TOKEN

Open = Callable[..., Explore]
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "X-Active-Brand": BRANDS[0],
    "Content-Type": "application/json",
}


def post(address: str, body: dict[str, Any]) -> tuple[bytes, Any]:
    """The endpoint's answer to a body, also when it is a refusal, and its headers."""
    path = f"{address}/api/workspace/{WORKSPACE}/dashboards/aggregate"
    request = urllib.request.Request(path, json.dumps(body).encode(), HEADERS)
    try:
        with urllib.request.urlopen(request) as response:
            return response.read(), response.headers
    except urllib.error.HTTPError as refusal:
        return refusal.read(), refusal.headers


def test_from_the_first_start_to_the_first_chart(explore: Open) -> None:
    page = explore()
    expect(page.title).to_have_text("Events by day")
    assert page.clicks <= 2


def test_purchases_by_day_and_every_change_is_painted_at_once(explore: Open) -> None:
    page = explore("?group_by=event_type&time_window_days=7")
    page.event_types.set("agent_purchase")
    page.group_by.set("day")
    page.time_window_days.set(30)
    page.aggregation.set("sum")
    expect(page.title).to_have_text("Sum of amount by day")
    page.expect_parameters(
        event_types=["agent_purchase"], aggregation=["sum"], value_field=["amount"]
    )
    assert page.clicks <= 8
    windows = (7, 90, 365, 30) * 2 + (7, 30)
    changes = [lambda days=days: page.time_window_days.set(days) for days in windows]
    milliseconds = typical(page.page, changes)
    print(f"a change is painted after {milliseconds:.0f} ms (median of {len(changes)})")
    assert milliseconds < 3000


def test_a_key_nobody_knew_is_found_by_typing(explore: Open) -> None:
    page = explore()
    page.group_by.type("pay")
    page.group_by.expect("metadata.payment_method")
    expect(page.title).to_have_text("Events by payment_method")
    assert page.clicks <= 4
    expect(page.card).to_contain_text("It adds up")
    page.settle()
    said = re.search(r"It adds up: ([\d,]+) shown . ([\d,]+) not shown = ([\d,]+)", said_on(page))
    assert said is not None
    shown, other, total = (int(number.replace(",", "")) for number in said.groups())
    assert shown + other == total
    assert total > 0


def said_on(page: Explore) -> str:
    return page.card.inner_text()


def receipt(page: Explore) -> list[str]:
    """What is said of the numbers, but for how long ago that was."""
    page.settle()
    lines = said_on(page).splitlines()
    return [re.sub(r"Computed .* ms( · kept for a minute)?", "", line) for line in lines]


def test_a_copied_address_shows_the_same(explore: Open) -> None:
    first = explore()
    first.group_by.set("event_type")
    expect(first.title).to_have_text("Events by event type")
    first.aggregation.set("avg")
    first.value_field.set("price")
    expect(first.title).to_have_text("Average of price by event type")
    first.widget_type.set("top_n")
    first.expect_parameters(
        group_by=["event_type"],
        aggregation=["avg"],
        value_field=["price"],
        widget_type=["top_n"],
    )
    assert len(first.page.url) < 500
    second = explore(first.page.url.removeprefix(first.address + "/"))
    expect(second.title).to_have_text("Average of price by event type")
    second.group_by.expect("event_type")
    second.aggregation.expect("avg")
    second.value_field.expect("price")
    second.widget_type.expect("top_n")
    assert receipt(second) == receipt(first)
    assert second.drawn() == first.drawn()
    assert second.request() == first.request()


SIX: list[dict[str, Any]] = [
    {"group_by": "none"},
    {"group_by": "hour", "time_window_days": 2, "event_types": ["agent_view", "search"]},
    {"group_by": "session", "aggregation": "count_distinct", "limit": 9},
    {"group_by": "product_id", "aggregation": "sum", "value_field": "amount", "limit": 50},
    {"group_by": "metadata.country", "aggregation": "avg", "value_field": "price"},
    {"group_by": "event_type", "aggregation": "avg", "value_field": "duration_ms"},
]


def test_commands_and_programs_run_as_they_are(explore: Open, address: str) -> None:
    page = explore()
    for asked in SIX:
        page.open(f"?{urlencode(asked, doseq=True)}")
        page.settle()
        body = page.request()
        command = page.code("cURL", "curl ")
        program = page.code("Python", "import ")
        wanted = rows_in(post(address, body)[0])
        runs = (["bash", "-c", command], [sys.executable, "-c", program])
        for run in runs:
            printed = subprocess.run(run, capture_output=True, check=True, env=os.environ).stdout
            assert rows_in(printed) == wanted


def rows_in(answer: bytes) -> bytes:
    """The bytes of the rows in an answer."""
    start, end = answer.index(b'"rows":'), answer.index(b',"generated_at"')
    return answer[start:end]


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("?aggregation=sum", {"aggregation": "sum"}, "value_field"),
    (
        "?" + "&".join(f"event_types=type_{i}" for i in range(51)),
        {"event_types": [f"type_{i}" for i in range(51)]},
        "event_types",
    ),
    ("?group_by=metadata.Country", {"group_by": "metadata.Country"}, "group_by"),
]


@pytest.mark.parametrize(("query", "fields", "field"), MISTAKES, ids=lambda v: str(v)[:20])
def test_a_mistake_is_told_in_the_words_of_the_endpoint(
    explore: Open, address: str, query: str, fields: dict[str, Any], field: str
) -> None:
    body = {"event_types": None, "group_by": "day", "aggregation": "count"}
    refusal = json.loads(post(address, body | {"time_window_days": 30} | fields)[0])["error"]
    told = next(fault["message"] for fault in refusal["details"] if fault["field"] == field)
    page = explore(query, painted=False)
    getattr(page, field).expect_error(told)


@pytest.mark.parametrize(
    "query",
    ["?group_by=hour&time_window_days=60", "?group_by=session&limit=100"],
)
def test_what_is_cut_is_said_everywhere(explore: Open, address: str, query: str) -> None:
    page = explore(query)
    page.settle()
    cut = re.search(r"100 of ([\d,]+) (hours: the latest|sessions: the largest)", said_on(page))
    assert cut is not None
    total = cut[1].replace(",", "")
    headers = post(address, page.request())[1]
    assert headers["X-Truncated"] == "true"
    assert headers["X-Total-Groups"] == total
    rows = list(csv.reader(text_of(page.download("CSV")).splitlines()))
    assert len(rows) == 101
    assert f"{int(total):,}" in rows[1][-1] or total in rows[1][-1]


def text_of(download: Download) -> str:
    return download.path().read_text(encoding="utf-8-sig")


def test_a_bar_leads_to_its_events_and_narrows(explore: Open) -> None:
    page = explore("?group_by=event_type")
    first = page.drawn()[0][0]
    page.click_bar(0)
    behind = page.page.locator(".st-key-card_behind")
    expect(behind.locator("h4")).to_have_text(first)
    behind.get_by_role("button", name="Close").click()
    expect(behind).to_have_count(0)
    page.settle()
    page.click_bar(0)
    page.page.get_by_role("button", name="Only this type").click()
    page.expect_parameters(group_by=["event_type"], event_types=[first])
    page.page.go_back()
    page.expect_parameters(group_by=["event_type"])
    expect(page.event_types.root.get_by_role("group", name="Selected values")).to_have_count(0)


def test_a_neighbour_is_one_click_away(explore: Open) -> None:
    page = explore("?group_by=event_type")
    page.page.get_by_role("button", name="Sessions by event type").click()
    expect(page.title).to_have_text("Sessions by event type")
    assert page.clicks == 1


def test_another_language_at_the_same_address(explore: Open) -> None:
    page = explore("?group_by=event_type&aggregation=sum&value_field=amount")
    page.page.get_by_role("button", name="EN", exact=True).click()
    page.page.get_by_role("link", name="Português").click()
    expect(page.title).to_have_text("Soma de amount por tipo de evento", timeout=20_000)
    page.expect_parameters(
        group_by=["event_type"], aggregation=["sum"], value_field=["amount"], lang=["pt"]
    )
    page.time_window_days.set(7)
    expect(page.card).to_contain_text("últimos 7 dias")


def test_a_browser_in_portuguese_reads_portuguese(explore: Open) -> None:
    page = explore("?group_by=hour&look=heatmap&limit=1000", locale="pt-BR")
    expect(page.title).to_have_text("Eventos por hora")
    assert "Mon" not in page.page.locator(".js-plotly-plot").inner_text()
    assert page.page.evaluate("document.documentElement.lang") == "pt"


def test_everything_is_reached_by_keyboard(explore: Open) -> None:
    page = explore("?group_by=event_type")
    page.settle()
    page.page.locator(".st-key-event_types input").focus()
    reached = set()
    for _ in range(45):
        page.page.keyboard.press("Tab")
        reached.add(page.page.evaluate(FOCUSED))
    wanted = {"group_by", "aggregation", "limit", "widget_type", "window_7", "go_0", "go_7"}
    assert wanted - reached == set()


FOCUSED = """() => {
    const inside = document.activeElement?.closest('[class*=st-key-]:not([class*=card_])');
    return inside?.className.match(/st-key-([a-z0-9_]+)/)?.[1] ?? '';
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(explore: Open, scheme: str) -> None:
    page = explore(color_scheme=scheme)
    for query in (
        "?group_by=event_type&compare=true&goal=900&event_types=agent_view&event_types=search",
        "?group_by=day&widget_type=counter&compare=true&event_types=never_seen_type",
        "?group_by=metadata.country&look=donut&limit=0",
    ):
        page.open(query, painted=False)
        page.settle()
        found = Axe().run(page.page).response["violations"]
        assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []
