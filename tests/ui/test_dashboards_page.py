"""The list of dashboards without a browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine import Identity, process
from engine.demo.words import BRANDS, WORKSPACE
from engine.errors import Unavailable
from engine.scope import Role
from engine.workspaces.templates import TEMPLATES
from engine.workspaces.widget import LAYOUT, Listed
from pages.ui import keep, session, shelf

MAIN = str(Path(__file__).parents[2] / "pages" / "main.py")
HERE = (WORKSPACE, BRANDS[0])
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("demo_shop")


def listed(name: str, **more: Any) -> Listed:
    usual = {
        "id": name,
        "workspace_id": WORKSPACE,
        "brand_id": BRANDS[0],
        "slug": name.lower().replace(" ", "-"),
        "name": name,
        "description": None,
        "layout": LAYOUT,
        "created_by": "ana",
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
        "widget_count": 0,
    }
    return Listed(**(usual | more))


def opened(brand: str = BRANDS[0], **controls: Any) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=30)
    page.query_params["brand"] = brand
    page.run()
    page.switch_page("dashboards.py")
    for name, value in controls.items():
        page.session_state[name] = value
    page.run()
    assert not page.exception
    return page


def links(page: AppTest) -> list[str]:
    return [link.proto.label.replace("\\", "") for link in page.get("page_link")]


def keys(page: AppTest) -> list[str]:
    return [str(button.key) for button in page.button]


@pytest.fixture
def another() -> Iterator[str]:
    """A dashboard beside the shop's overview."""
    made = process().dashboards.create(
        *HERE, "ana", {"slug": "vendas", "name": "Vendas de Março", "description": "São Paulo"}
    )
    yield made.id
    there = [one.id for one in process().dashboards.list(*HERE, "demo")]
    if made.id in there:
        process().dashboards.delete(*HERE, made.id, "ana")
    process().dashboards.purge(*HERE, made.id)


def test_favourites_come_first_then_what_was_opened_then_what_was_changed() -> None:
    hour = timedelta(hours=1)
    there = [
        listed("old", updated_at=NOW - hour),
        listed("new"),
        listed("opened", updated_at=NOW - 9 * hour, opened_at=NOW),
        listed("favourite", updated_at=NOW - 10 * hour, favourite=True),
    ]
    ordered = [one.name for one in shelf.in_order(there)]
    assert ordered == ["favourite", "opened", "new", "old"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["Vendas de Março", "Shop overview"]),
        ("marco VENDAS", ["Vendas de Março"]),
        ("sao", ["Vendas de Março"]),
        ("shop-over", ["Shop overview"]),
        ("  shop   view ", ["Shop overview"]),
        ("nothing", []),
    ],
)
def test_every_word_is_looked_for_without_accents_and_case(words: str, found: list[str]) -> None:
    there = [listed("Vendas de Março", description="São Paulo"), listed("Shop overview")]
    assert [one.name for one in shelf.matching(there, words)] == found


def test_dashboards_of_one_name_are_told_apart_where_one_is_picked() -> None:
    there = [listed("Shop", id="a", slug="shop"), listed("Shop", id="b", slug="shop-2")]
    there += [listed("Other", id="c"), listed("A new dashboard", id="d", slug="odd")]
    found = keep.labels(there)
    assert len(set(found.values())) == len(found) == 5
    assert (found["a"], found["c"]) == ("Shop · shop", "Other")


def test_the_first_start_has_a_dashboard_and_five_templates() -> None:
    page = opened()
    assert links(page) == ["Shop overview"]
    assert [key for key in keys(page) if key.startswith("use_")] == [f"use_{t}" for t in TEMPLATES]
    said = " ".join(html.proto.body for html in page.get("html"))
    assert "12 widgets" in said


def test_links_lead_to_the_dashboard_of_its_brand(another: str) -> None:
    page = opened()
    link = next(one for one in page.get("page_link") if "Vendas" in one.proto.label)
    assert link.proto.page == "dashboard"
    wanted = {f"workspace={WORKSPACE}", f"brand={BRANDS[0]}", f"dashboard={another}"}
    assert set(link.proto.query_string.split("&")) == wanted


def test_what_is_typed_narrows_the_list(another: str) -> None:
    page = opened()
    assert set(links(page)) == {"Shop overview", "Vendas de Março"}
    page.text_input(key="search").set_value("paulo").run()
    assert links(page) == ["Vendas de Março"]
    page.text_input(key="search").set_value("*nothing*").run()
    assert links(page) == []
    assert "No dashboard has *nothing*" in page.info[0].value.replace("\\", "")
    page.button(key="all").click().run()
    assert len(links(page)) == 2


def test_a_star_makes_a_favourite_which_comes_first(another: str) -> None:
    page = opened()
    page.button(key=f"shelf_star_{another}").click().run()
    assert links(page)[0] == "Vendas de Março"
    assert "is a favourite" in page.button(key=f"shelf_star_{another}").label
    page.button(key=f"shelf_star_{another}").click().run()
    assert page.button(key=f"shelf_star_{another}").label.startswith("Make")


def test_rows_show_the_same(another: str) -> None:
    assert set(links(opened(shelf_look="rows"))) == {"Shop overview", "Vendas de Março"}


def test_a_name_becomes_a_slug_until_one_is_typed() -> None:
    page = opened()
    page.button(key="new").click().run()
    page.text_input(key="new_name").set_value("Vendas: São Paulo!").run()
    assert page.session_state["new_slug"] == "vendas-sao-paulo"
    page.button(key="new").click().run()
    page.text_input(key="new_name").set_value("Shop overview").run()
    assert page.session_state["new_slug"] == "shop-overview-2"
    page.button(key="new").click().run()
    page.text_input(key="new_slug").set_value("mine").run()
    assert page.session_state["new_slugged"]


def test_a_template_proposes_its_name_and_description() -> None:
    page = opened()
    page.button(key="use_purchase_funnel").click().run()
    assert page.text_input(key="new_name").value == "Purchase funnel"
    assert page.text_input(key="new_slug").value == "purchase-funnel"
    assert page.text_area(key="new_description").value.startswith("Where sessions go on to buy")


def test_what_was_deleted_is_restored_from_the_trash(another: str) -> None:
    process().dashboards.delete(*HERE, another, "ana")
    page = opened(trash=True)
    assert links(page) == ["Shop overview"]
    page.button(key=f"restore_{another}").click().run()
    assert set(links(page)) == {"Shop overview", "Vendas de Março"}


def test_a_slug_that_is_taken_by_now_is_said_beside_what_is_restored(another: str) -> None:
    process().dashboards.delete(*HERE, another, "ana")
    taker = process().dashboards.create(*HERE, "ana", {"slug": "vendas", "name": "Taker"})
    page = opened(trash=True)
    page.button(key=f"restore_{another}").click().run()
    assert "The slug vendas is taken" in page.error[0].value.replace("\\", "")
    process().dashboards.delete(*HERE, taker.id, "ana")
    process().dashboards.purge(*HERE, taker.id)


def test_a_brand_without_dashboards_says_what_to_do_next() -> None:
    page = opened(brand=BRANDS[1])
    assert links(page) == []
    assert "Begin with a template below" in page.info[0].value
    assert {"new", "import"} <= set(keys(page))


def test_who_may_not_save_sees_no_way_to(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Identity("eva", {WORKSPACE: frozenset(BRANDS)}, roles={WORKSPACE: Role.VIEWER})
    monkeypatch.setattr(session, "identity", lambda: reader)
    page = opened()
    assert links(page) == ["Shop overview"]
    assert not {"new", "import"} & set(keys(page))
    assert not any(key.startswith("use_") for key in keys(page))
    names = [re.sub(r":\S+ ", "", option) for option in page.get("menu_button")[0].options]
    assert names == ["Revisions", "Export"]


def test_a_role_that_ended_after_the_page_was_drawn_saves_nothing(
    another: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    process().dashboards.delete(*HERE, another, "ana")
    page = opened(trash=True)
    reader = Identity("eva", {WORKSPACE: frozenset(BRANDS)}, roles={WORKSPACE: Role.VIEWER})
    monkeypatch.setattr(session, "identity", lambda: reader)
    page.button(key=f"restore_{another}").click().run()
    assert links(page) == ["Shop overview"]
    monkeypatch.undo()
    assert another in [one.id for one in process().dashboards.trash(*HERE)]


def test_a_database_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Any:
        raise Unavailable("Dashboards cannot be read now.")

    monkeypatch.setattr(process().dashboards, "list", away)
    assert "cannot be read now" in opened().error[0].value.replace("\\", "")
