"""A dashboard in a browser: what it shows, how it is arranged, and that no edit is lost."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from engine.database.connect import open_database
from engine.demo.words import BRANDS, WORKSPACE
from engine.settings import Settings
from tests.browser.dashboard import (
    BUYING,
    FEW,
    FIELDS,
    PATIENCE,
    PLOT,
    TWELVE,
    DashboardPage,
    assert_means,
    drawn,
    expect_kept,
    make,
    number,
    saved,
    store,
    widget,
)
from tests.browser.opening import WATCH, change, open_once
from tests.browser.server import posted, serving

Open = Callable[..., DashboardPage]
PHONE: Final = {"width": 375, "height": 800}
HOSTILE: Final = "<img src=x onerror=alert(1)> ![x](http://evil.example/x.png)"


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def own_address(own_home: Path) -> Iterator[str]:
    with serving(own_home, events=60_000) as address:
        yield address


@pytest.fixture
def new_page(browser: Browser, own_address: str) -> Iterator[Open]:
    """Opens a browser of its own."""
    contexts = []

    def open_page(**options: Any) -> DashboardPage:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1500}} | options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return DashboardPage(context.new_page(), own_address)

    expect.set_options(timeout=PATIENCE)
    yield open_page
    expect.set_options(timeout=5_000)
    for context in contexts:
        context.close()


BOXES: Final = """() => {
    const grid = document.querySelector('.st-key-grid').getBoundingClientRect();
    const cells = [...document.querySelectorAll('[class*=st-key-cell_]')].map((cell) => {
        const { x, y, width, height } = cell.getBoundingClientRect();
        const title = cell.querySelector('h3.widget-title').innerText;
        return [title, [x - grid.x, y - grid.y, width, height]];
    });
    return [grid.width, Object.fromEntries(cells)];
}"""
"""Where all cells lie, at one moment: the page may still move as a whole."""


def test_twelve_widgets_show_what_the_endpoint_answers(
    new_page: Open, own_home: Path, own_address: str
) -> None:
    page = new_page().open(make(own_home, TWELVE, "twelve"))
    page.wait_until_painted(12)
    answered = {
        one["config"]["title"]: posted(
            own_address, {name: one["config"].get(name) for name in FIELDS}
        )["rows"]
        for one in TWELVE
    }
    for title in ("Revenue", "Events", "Sessions", "Average order"):
        told = page.card(title).locator(".number").inner_text()
        assert number(told) == pytest.approx(answered[title][0]["value"], rel=0.006), title
    for title in ("Events by type", "From view to purchase", "Top products", "Types of events"):
        values = [row["value"] for row in answered[title]]
        shown = drawn(page, title)
        least = min(len(shown), 8)
        assert least >= 3
        assert shown[:least] == values[:least], title
    for title in ("Revenue by day", "Sessions by day"):
        days = page.card(title).locator(PLOT).evaluate("(plot) => plot._fullData[0].x")
        found = dict(zip((day[:10] for day in days), drawn(page, title), strict=True))
        rows = {row["key"]: row["value"] for row in answered[title]}
        assert len(rows) >= 10
        assert {day: value for day, value in found.items() if value} == rows, title
    cells = page.card("Hours of the week").locator(PLOT).evaluate("(plot) => plot._fullData[0].z")
    assert_means(cells, answered["Hours of the week"], 30)
    table = page.card("Countries").locator("canvas tbody tr")
    expect(table.nth(2)).to_be_attached()
    for line, row in zip(table.all(), answered["Countries"], strict=False):
        texts = line.locator("td").all_inner_texts()
        assert texts[0] == row["key"]
        assert int(re.sub(r"\D", "", texts[1])) == row["value"]


def test_opening_and_a_change_do_not_take_long(
    new_page: Open, own_home: Path, own_address: str
) -> None:
    """The limits are for a machine that does ten other things; figures are in the README."""
    dashboard = make(own_home, TWELVE, "soon")
    page = new_page().page
    page.add_init_script(WATCH)
    open_once(page, own_address, dashboard)
    assert open_once(page, own_address, dashboard)["painted"] < 15_000
    assert change(page, 7) < 10_000


def test_full_screen_has_the_number_and_its_table(
    new_page: Open, own_home: Path, own_address: str
) -> None:
    page = new_page().open(make(own_home, FEW, "full-screen"))
    page.wait_until_painted(len(FEW))
    page.menu("Events", "Full screen")
    dialog = page.page.get_by_role("dialog")
    expect(dialog.locator(".number")).to_be_visible()
    total = posted(own_address, {name: FEW[0]["config"].get(name) for name in FIELDS})["rows"][0]
    told = dialog.locator(".number").inner_text()
    assert number(told) == pytest.approx(total["value"], rel=0.006)
    expect(dialog.locator(".stDataFrame")).to_be_visible()


def test_cards_lie_exactly_where_the_contract_says(new_page: Open, own_home: Path) -> None:
    page = new_page().open(make(own_home, TWELVE, "exact"))
    page.wait_until_painted(12)
    width, boxes = page.page.evaluate(BOXES)
    step = (width + 12) / 24
    for one in TWELVE:
        x, y, w, h = one["position"].values()
        expected = (x * step, y * 148, w * step - 12, h * 148 - 12)
        assert boxes[one["config"]["title"]] == pytest.approx(expected, abs=1)


def test_what_a_limit_cut_is_said_in_the_card_itself(new_page: Open, own_home: Path) -> None:
    dashboard = make(own_home, TWELVE, "cut")
    page = new_page().open(dashboard, "&time_window_days=365")
    page.wait_until_painted(12)
    note = page.card("Sessions by day").locator("p.cut")
    expect(note).to_contain_text("(limit 100)")
    inside = """(note) => {
        const [inner, outer] = [note, note.closest('[class*=st-key-cell_]')]
            .map((element) => element.getBoundingClientRect());
        return inner.top >= outer.top && inner.bottom <= outer.bottom
            && inner.left >= outer.left && inner.right <= outer.right;
    }"""
    assert note.evaluate(inside)


def test_arrange_undo_save_and_find_it_again(new_page: Open, own_home: Path) -> None:
    dashboard = make(own_home, FEW, "arrange")
    page = new_page().open(dashboard)
    page.edit()
    page.drag("Days", 2, 2)
    page.expect_place("Days", 12, 3, 10, 2)
    expect_kept(own_home, dashboard, "Days", (12, 3, 10, 2))
    page.stretch("Types", 2, 1)
    page.expect_place("Types", 0, 1, 12, 3)
    expect_kept(own_home, dashboard, "Types", (0, 1, 12, 3))
    page.keys("Events", "ArrowRight")
    expect_kept(own_home, dashboard, "Events", (1, 0, 6, 1))
    page.keys("Events", "Shift+ArrowRight")
    expect_kept(own_home, dashboard, "Events", (1, 0, 7, 1))
    expect(page.page.locator(".arrange-said")).to_have_text("Column 2, row 1, 7 wide, 1 high")
    page.settle()
    assert saved(own_home, dashboard)["Days"] == (10, 1, 10, 2)
    for title, *place in (("Events", 1, 0, 6, 1), ("Events", 0, 0, 6, 1), ("Types", 0, 1, 10, 2)):
        page.press("Undo")
        page.expect_place(title, *place)
        page.settle()
    page.page.keyboard.press("Control+z")
    page.expect_place("Days", 10, 1, 10, 2)
    page.settle()
    for title, *place in (("Days", 12, 3, 10, 2), ("Types", 0, 1, 12, 3), ("Events", 1, 0, 6, 1)):
        page.press("Redo")
        page.expect_place(title, *place)
        page.settle()
    page.page.keyboard.press("Control+Shift+z")
    page.expect_place("Events", 1, 0, 7, 1)
    page.settle()
    page.press("Save")
    expect(page.button("Edit")).to_be_visible()
    assert saved(own_home, dashboard) == {
        "Events": (1, 0, 7, 1),
        "Types": (0, 1, 12, 3),
        "Days": (12, 3, 10, 2),
    }
    page.open(dashboard)
    page.expect_place("Types", 0, 1, 12, 3)


def test_the_second_editor_is_told_and_overwrites_nothing(new_page: Open, own_home: Path) -> None:
    dashboard = make(own_home, FEW, "two")
    first, second = new_page().open(dashboard), new_page().open(dashboard)
    first.edit()
    second.edit()
    first.keys("Events", "ArrowRight")
    expect_kept(own_home, dashboard, "Events", (1, 0, 6, 1))
    first.settle()
    first.press("Save")
    expect(first.button("Edit")).to_be_visible()
    second.keys("Days", "ArrowDown")
    expect(second.button("Save")).to_be_enabled()
    second.press("Save")
    dialog = second.page.get_by_role("dialog")
    expect(dialog).to_contain_text("demo saved version 2")
    assert saved(own_home, dashboard)["Days"] == (10, 1, 10, 2)
    expect(dialog.get_by_role("link", name="Look at theirs")).to_be_visible()
    dialog.get_by_role("button", name="Save mine as a copy").click()
    expect(second.page.locator("h2.dashboard-name")).to_have_text("Shop (copy)")
    assert saved(own_home, dashboard)["Events"] == (1, 0, 6, 1)
    copy = re.search(r"dashboard=([0-9a-f-]{36})", second.page.url)
    assert copy is not None
    assert saved(own_home, copy.group(1))["Days"] == (10, 2, 10, 2)


def test_leaving_with_changes_asks(new_page: Open, own_home: Path) -> None:
    dashboard = make(own_home, FEW, "leaving")
    page = new_page().open(dashboard)
    page.menu("Days", "Remove")
    expect(page.card("Days")).to_have_count(0)
    page.menu("Types", "Duplicate")
    expect(page.card("Types (copy)")).to_be_visible()
    page.press("Done")
    page.page.get_by_role("dialog").get_by_role("button", name="Throw away").click()
    expect(page.card("Days")).to_be_visible()
    expect(page.button("Edit")).to_be_visible()
    assert len(saved(own_home, dashboard)) == 3
    page.open(dashboard)
    expect(page.button("Continue")).to_have_count(0)


def test_range_and_event_type_change_all_and_the_address(
    new_page: Open, own_home: Path, own_address: str
) -> None:
    page = new_page().open(make(own_home, FEW, "range"))
    page.wait_until_painted(3)
    page.page.locator(".st-key-dashboard_range").get_by_text("7 d", exact=True).click()
    page.page.wait_for_url("**time_window_days=7**")
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.js-plotly-plot')].some((plot) =>"
        " plot._fullData?.[0].x?.length === 8)"
    )
    week = posted(
        own_address,
        {
            "event_types": None,
            "group_by": "event_type",
            "aggregation": "count",
            "time_window_days": 7,
        },
    )["rows"]
    page.settle()
    assert drawn(page, "Types")[:3] == [row["value"] for row in week[:3]]
    bar = page.card("Types").locator(".barlayer .point path").first
    bar.click(force=True)
    expect(page.button(f"Only {week[0]['key']}")).to_be_visible()
    page.page.wait_for_url(f"**event_types={week[0]['key']}**")
    expect(page.card("Types").locator(".barlayer .point path")).to_have_count(1)
    page.press(f"Only {week[0]['key']}")
    expect(page.card("Types").locator(".barlayer .point path").nth(1)).to_be_attached()
    assert "event_types" not in page.page.url


@pytest.mark.parametrize(
    ("widget_type", "look", "points"),
    [
        ("breakdown_bar", "donut", ".scatterlayer .point"),
        ("breakdown_bar", "columns", ".barlayer .point path"),
        ("funnel", "funnel", ".funnellayer .point path"),
    ],
)
def test_a_click_on_an_event_type_narrows_whatever_draws_it(
    new_page: Open, own_home: Path, own_address: str, widget_type: str, look: str, points: str
) -> None:
    body = {"group_by": "event_type", "aggregation": "count", "time_window_days": 30}
    types = widget(widget_type, 0, 0, 12, 3, "Types", look=look, **body)
    page = new_page().open(make(own_home, [types], look))
    page.wait_until_painted(1)
    key = posted(own_address, {"event_types": None, **body})["rows"][0]["key"]
    page.card("Types").locator(points).first.click(force=True)
    page.page.wait_for_url(f"**event_types={key}**")
    expect(page.card("Types").get_by_role("figure")).to_have_accessible_name(re.compile("1 row"))
    page.press(f"Only {key}")
    expect(page.card("Types").get_by_role("figure")).to_have_accessible_name(re.compile("rows"))


def test_one_broken_widget_is_told_of_in_its_card(new_page: Open, own_home: Path) -> None:
    broken = widget("counter", 12, 0, 6, 1, HOSTILE, event_types=["Nope!"])
    odd = widget("top_n", 18, 0, 6, 1, "Odd", group_by="product_id", goal="x", look="wall")
    dashboard = _made_anyway(own_home, [*FEW, broken, odd])
    requested: list[str] = []
    page = new_page()
    page.page.on("request", lambda request: requested.append(request.url))
    page.open(dashboard)
    page.wait_until_painted(5)
    expect(page.page.locator(".trouble")).to_have_count(1)
    expect(page.page.locator(".trouble")).to_contain_text("event_types")
    expect(page.card("Events").locator(".number")).to_be_visible()
    expect(page.page.locator("[class*=st-key-cell_] img[src=x]")).to_have_count(0)
    assert not [url for url in requested if "evil.example" in url]


def _made_anyway(home: Path, widgets: list[dict[str, Any]]) -> str:
    """A dashboard that its parser would refuse: as an older version may have stored it."""
    fine = [w | {"config": w["config"] | {"event_types": BUYING}} for w in widgets]
    dashboard = make(home, fine, "broken")
    kept = store(home).get(WORKSPACE, BRANDS[0], dashboard)
    database = open_database(Settings.read(home=home).database)
    with database.begin() as connection:
        for asked, stored in zip(widgets, fine, strict=True):
            id = next(w.id for w in kept.widgets if w.title == stored["config"]["title"])
            connection.execute(
                text("update widgets set config = :config where id = :id"),
                {"config": json.dumps(asked["config"]), "id": id},
            )
    return dashboard


def test_on_a_phone_cards_stand_in_reading_order(new_page: Open, own_home: Path) -> None:
    page = new_page(viewport=PHONE).open(make(own_home, TWELVE, "phone"))
    page.wait_until_painted(12)
    boxes = page.page.locator("[class*=st-key-cell_]").evaluate_all(
        "(cells) => cells.map((cell) => [cell.querySelector('h3').innerText,"
        " cell.getBoundingClientRect().top, cell.getBoundingClientRect().width])"
    )
    order = sorted(TWELVE, key=lambda one: (one["position"]["y"], one["position"]["x"]))
    by_height = sorted(boxes, key=lambda box: box[1])
    assert [title for title, _, _ in by_height] == [one["config"]["title"] for one in order]
    assert all(300 < width <= 375 for _, _, width in boxes)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 375


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(new_page: Open, own_home: Path, scheme: str) -> None:
    page = new_page(color_scheme=scheme).open(make(own_home, TWELVE, f"axe-{scheme}"))
    page.wait_until_painted(12)
    for state in ("view", "edit"):
        if state == "edit":
            page.edit()
        found = Axe().run(page.page)
        told = [
            (one["id"], [n["html"][:200] for n in one["nodes"][:3]])
            for one in found.response["violations"]
        ]
        assert not told, (state, told)


def test_a_wall_shows_nothing_but_the_dashboard(new_page: Open, own_home: Path) -> None:
    page = new_page().open(make(own_home, FEW, "wall"), "&wall=true")
    page.wait_until_painted(3)
    expect(page.page.get_by_test_id("stHeader")).to_be_hidden()
    expect(page.page.locator(".st-key-dashboard_range")).to_be_hidden()
    page.press("Leave full screen")
    expect(page.page.locator(".st-key-dashboard_range")).to_be_visible()
    assert "wall" not in page.page.url
