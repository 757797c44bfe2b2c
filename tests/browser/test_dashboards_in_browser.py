"""The journeys through the list of dashboards, in a browser."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.dashboard import DashboardPage
from tests.browser.explore import Explore
from tests.browser.hostile import NAMES
from tests.browser.server import serving
from tests.browser.shelf import PATIENCE, Shelf, api, listed, of_the_shop

Open = Callable[..., Shelf]


@pytest.fixture
def shelf(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the list in a browser of its own."""
    contexts = []

    def open_page(query: str = "", **options: Any) -> Shelf:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        contexts.append(context)
        return Shelf(context.new_page(), address).open(query)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def board(address: str) -> Iterator[dict[str, Any]]:
    """A dashboard of a test's own, with a name that no other has."""
    of_the_shop(address)
    name = f"Board {uuid.uuid4().hex[:8]}"
    made: dict[str, Any] = api(
        address, "POST", body={"slug": name.lower().replace(" ", "-"), "name": name}
    )
    yield made
    there = [one["id"] for one in listed(address)]
    if made["id"] in there:
        api(address, "DELETE", f"/{made['id']}")


def counter(title: str) -> dict[str, Any]:
    config = {
        "title": title,
        "event_types": None,
        "group_by": "none",
        "aggregation": "count",
        "time_window_days": 30,
    }
    position = {"x": 0, "y": 0, "w": 6, "h": 1}
    return {"widget_type": "counter", "position": position, "config": config}


def test_a_template_is_a_dashboard_in_two_presses(shelf: Open) -> None:
    page = shelf()
    page.use("purchase_funnel")
    page.expect_field("new_name", "Purchase funnel")
    page.type("new_name", "Funil da São João")
    page.expect_field("new_slug", "funil-da-sao-joao")
    page.press("Create")
    page.expect_dashboard("Funil da São João")
    expect(page.page.locator("h3.widget-title")).to_have_count(12)
    page.open()
    page.expect_card("Funil da São João")
    expect(page.card("Funil da São João")).to_contain_text("12 widgets")
    page.menu("Funil da São João", "Move to the trash")
    page.expect_no_card("Funil da São João")


def test_what_is_wrong_is_said_beside_its_control(shelf: Open, board: dict[str, Any]) -> None:
    page = shelf()
    page.page.locator(".st-key-new button").click()
    page.press("Create")
    expect(page.dialog).to_contain_text('"" is not a name: 1 to 120 characters')
    page.type("new_name", "Another")
    page.expect_field("new_slug", "another")
    page.type("new_slug", board["slug"])
    page.press("Create")
    expect(page.dialog).to_contain_text(f"The slug {board['slug']} is taken in this brand")
    page.press("Cancel")
    expect(page.dialog).to_have_count(0)


def test_search_and_stars_find_it(shelf: Open, board: dict[str, Any]) -> None:
    page = shelf()
    page.search(board["name"].upper())
    expect(page.links).to_have_count(1, timeout=PATIENCE)
    page.star(board["name"])
    expect(page.card(board["name"]).locator("[class*=st-key-shelf_favourite_]")).to_have_count(1)
    page.open()
    expect(page.links.first).to_have_text(board["name"])
    page.page.locator(".st-key-shelf_look").get_by_text("Rows").click()
    expect(page.page.locator("[class*=st-key-row_dashboard_]").first).to_be_visible()
    expect(page.links.first).to_have_text(board["name"])


def test_a_duplicate_is_another_dashboard(shelf: Open, board: dict[str, Any]) -> None:
    page = shelf()
    page.menu(board["name"], "Duplicate")
    copy = f"{board['name']} (copy)"
    page.expect_card(copy)
    page.menu(copy, "Rename")
    page.type("rename_name", copy + " renamed")
    page.press("Apply")
    page.expect_card(copy + " renamed")
    page.menu(copy + " renamed", "Move to the trash")
    page.expect_no_card(copy + " renamed")
    page.expect_card(board["name"])


def test_the_trash_gives_back_until_it_is_told_not_to(shelf: Open, board: dict[str, Any]) -> None:
    page = shelf()
    page.menu(board["name"], "Move to the trash")
    page.expect_no_card(board["name"])
    page.unfold_trash()
    page.trashed(board["name"]).get_by_role("button", name="Restore").click()
    page.expect_card(board["name"])
    page.menu(board["name"], "Move to the trash")
    page.expect_no_card(board["name"])
    page.unfold_trash()
    page.trashed(board["name"]).get_by_role("button", name="Delete for ever").click()
    page.press("Delete for ever")
    expect(page.dialog).to_have_count(0)
    expect(page.trashed(board["name"])).to_have_count(0)


def test_a_file_goes_out_and_comes_in(shelf: Open, board: dict[str, Any], address: str) -> None:
    api(address, "PUT", f"/{board['id']}", {"widgets": [counter("Every event")]})
    page = shelf()
    page.menu(board["name"], "Export")
    with page.page.expect_download() as found:
        page.press("Download")
    written = Path(found.value.path()).read_text()
    assert found.value.suggested_filename == f"{board['slug']}.yaml"
    assert "title: Every event" in written
    page.close()
    page.page.locator(".st-key-import button").click()
    drop(page, "same.yaml", written)
    expect(page.dialog).to_contain_text("1 widget")
    page.expect_field("import_slug", f"{board['slug']}-2")
    page.press("Import")
    page.expect_dashboard(board["name"])
    made = next(one for one in listed(address) if one["slug"] == f"{board['slug']}-2")
    assert made["id"] != board["id"]
    api(address, "DELETE", f"/{made['id']}")


def drop(page: Shelf, name: str, content: str) -> None:
    file = {"name": name, "mimeType": "application/yaml", "buffer": content.encode()}
    page.dialog.locator("input[type=file]").set_input_files(file)


def test_every_fault_of_a_file_is_named(shelf: Open) -> None:
    page = shelf()
    page.page.locator(".st-key-import button").click()
    drop(page, "bad.yaml", "slug: Bad Slug\nname: x\nwidgets:\n- widget_type: pie\n")
    for words in ('slug: "Bad Slug" is not a slug', 'widgets[0].widget_type: "pie" is not one of'):
        expect(page.dialog).to_contain_text(words, timeout=PATIENCE)
    expect(page.dialog.get_by_role("button", name="Import", exact=True)).to_have_count(0)
    drop(page, "worse.yaml", "slug: [")
    expect(page.dialog).to_contain_text("is not a plain YAML file", timeout=PATIENCE)


def test_explore_saves_to_a_new_dashboard_and_then_to_it(
    explore: Callable[..., Explore], address: str
) -> None:
    name = f"Kept {uuid.uuid4().hex[:8]}"
    page = explore("?group_by=day&aggregation=sum&value_field=amount&look=area&compare=true")
    kept = Shelf(page.page, address)
    save(page, kept, keep_name=name)
    page.group_by.set("event_type")
    expect(page.title).to_have_text("Sum of amount by event type")
    save(page, kept, keep_title="By type")
    kept.dialog.get_by_role("link", name=f"Open {name}").click()
    kept.expect_dashboard(name)
    titles = page.page.locator("h3.widget-title")
    expect(titles).to_have_text(["Sum of amount by day", "By type"])
    saved = api(address, "GET", f"/{kept.page.url.split('dashboard=')[1].split('&')[0]}")
    first, second = sorted(saved["widgets"], key=lambda one: one["config"]["title"] == "By type")
    assert (first["config"]["look"], first["config"]["compare"]) == ("area", True)
    assert first["position"] == {"x": 0, "y": 0, "w": 12, "h": 3}
    assert second["position"]["x"] == 12
    api(address, "DELETE", f"/{saved['id']}")


def test_explore_adds_to_a_dashboard_that_is_being_edited(
    shelf: Open, board: dict[str, Any], address: str
) -> None:
    kept, name = shelf(), board["name"]
    kept.search(name)
    expect(kept.links).to_have_count(1, timeout=PATIENCE)
    kept.links.first.click()
    kept.expect_dashboard(name)
    board_page = DashboardPage(kept.page, address)
    board_page.press("Edit")
    kept.page.get_by_role("link", name="Explore", exact=True).click()
    page = Explore(kept.page, address)
    expect(page.title).to_be_visible(timeout=PATIENCE)
    page.settle()
    page.page.locator(".st-key-keep button").click()
    kept.pick("keep_dashboard", name)
    kept.press("Save")
    expect(kept.dialog).to_contain_text("among your edits", timeout=PATIENCE)
    assert api(address, "GET", f"/{board['id']}")["widgets"] == []
    kept.dialog.get_by_role("link", name=f"Open {name}").click()
    kept.expect_dashboard(name)
    board_page.press("Save")
    expect(board_page.button("Edit")).to_be_visible(timeout=PATIENCE)
    [saved] = api(address, "GET", f"/{board['id']}")["widgets"]
    assert saved["config"]["group_by"] == "day"


def save(page: Explore, kept: Shelf, **typed: str) -> None:
    page.settle()
    page.page.locator(".st-key-keep button").click()
    expect(kept.dialog).to_be_visible()
    if "keep_name" in typed:
        kept.pick("keep_dashboard", "A new dashboard")
    for field, words in typed.items():
        kept.type(field, words)
    kept.press("Save")
    expect(kept.dialog).to_contain_text("The widget is on", timeout=PATIENCE)
    if "keep_name" in typed:
        kept.close()


def test_yesterdays_revision_comes_back_and_todays_stays(
    shelf: Open, board: dict[str, Any], address: str, home: Path
) -> None:
    path = f"/{board['id']}"
    api(address, "PUT", path, {"widgets": [counter("Yesterday")]})
    with sqlite3.connect(home / "vitrine.db") as database:
        # Whoever kept it a day ago had a clock of that day.
        day = 86_400_000_000
        database.execute(
            "update dashboard_revisions set at = at - ? where dashboard_id = ?", (day, board["id"])
        )
    database.close()
    there = api(address, "GET", path)["widgets"]
    api(address, "PUT", path, {"widgets": [*there, counter("Today")]})
    page = shelf()
    page.menu(board["name"], "Revisions")
    expect(page.dialog).to_contain_text("Added: Today")
    page.dialog.get_by_role("radio").nth(1).locator("xpath=ancestor::label[1]").click()
    expect(page.dialog).to_contain_text("Added: Yesterday", timeout=PATIENCE)
    page.press("Restore this version")
    expect(page.dialog).to_have_count(0, timeout=PATIENCE)
    restored = api(address, "GET", path)["widgets"]
    assert [one["config"]["title"] for one in restored] == ["Yesterday"]
    page.menu(board["name"], "Revisions")
    expect(page.dialog).to_contain_text("Removed: Today")
    expect(page.dialog.get_by_role("radio")).to_have_count(4)


def test_the_keyboard_reaches_a_dashboard_and_its_menu(shelf: Open, board: dict[str, Any]) -> None:
    page = shelf()
    page.search(board["name"])
    expect(page.links).to_have_count(1, timeout=PATIENCE)
    page.settle()
    page.links.first.focus()
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    expect(page.page.get_by_role("menuitem")).to_have_count(5)
    page.page.keyboard.press("Escape")
    page.links.first.focus()
    page.page.keyboard.press("Enter")
    page.expect_dashboard(board["name"])


def test_names_do_no_harm(shelf: Open, address: str) -> None:
    made = []
    for name in NAMES[::7]:
        plain = "".join(c if c.isprintable() else " " for c in name)[:100]
        slug = f"h{uuid.uuid4().hex[:8]}"
        made.append(api(address, "POST", body={"slug": slug, "name": plain, "description": plain}))
    page = shelf()
    for look in ("Rows", "Cards"):
        page.page.locator(".st-key-shelf_look").get_by_text(look).click()
        page.settle()
        assert page.page.evaluate("window.evil") is None
        assert page.page.locator("[data-evil]").count() == 0
        foreign = page.page.locator("a[href*='other.example'], img[src*='other.example']")
        assert foreign.count() == 0
    for one in made:
        api(address, "DELETE", f"/{one['id']}")


def test_it_fits_a_phone(shelf: Open, board: dict[str, Any]) -> None:
    page = shelf(viewport={"width": 375, "height": 800})
    for look in ("Rows", "Cards"):
        page.page.locator(".st-key-shelf_look").get_by_text(look).click()
        page.settle()
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 375
    page.use("shop_overview")
    expect(page.dialog).to_be_visible()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 375


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_list(shelf: Open, board: dict[str, Any], scheme: str) -> None:
    page = shelf(color_scheme=scheme)
    violations(page)
    page.page.locator(".st-key-new button").click()
    expect(page.dialog).to_be_visible()
    violations(page)
    page.press("Cancel")
    for action in ("Revisions", "Export", "Rename"):
        page.menu(board["name"], action)
        expect(page.dialog).to_be_visible()
        violations(page)
        page.close()


def violations(page: Shelf) -> None:
    page.page.mouse.move(0, 0)
    page.settle()
    page.page.wait_for_timeout(500)
    found = Axe().run(page.page).response["violations"]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found] == []


def test_it_speaks_portuguese(shelf: Open) -> None:
    page = shelf(locale="pt-BR")
    expect(page.page.get_by_role("heading", name="Painéis")).to_be_visible()
    page.use("live_last_day")
    page.expect_field("new_name", "Ao vivo, último dia")


@pytest.mark.parametrize("path", ["dashboards", "dashboard?dashboard={id}"])
def test_a_deep_link_works_on_a_fresh_process(browser: Browser, tmp_path: Path, path: str) -> None:
    """Whoever comes first finds the page in its frame, not the file alone."""
    with serving(tmp_path, events=3000) as address:
        page = browser.new_page()
        made = of_the_shop(address)[0]
        page.goto(f"{address}/{path.format(id=made['id'])}")
        expect(page.get_by_role("link", name="Explore")).to_be_visible(timeout=PATIENCE)
        heading = "Shop overview" if "?" in path else "Dashboards"
        expect(page.get_by_role("heading", name=heading, exact=True).first).to_be_visible(
            timeout=PATIENCE
        )
        page.close()
