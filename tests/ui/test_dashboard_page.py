"""The page of one dashboard without a browser: address, edit mode, drafts, saving."""

import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine import Scope, process
from engine.demo.words import BRANDS, WORKSPACE
from engine.errors import Unavailable
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.widget import Dashboard
from pages.ui.grid.asked import Asked, may_narrow
from pages.ui.session import DRAFT

pytestmark = pytest.mark.usefixtures("demo_shop")
PAGE = str(Path(__file__).parents[2] / "pages" / "dashboard.py")
SCOPE = Scope(WORKSPACE, BRANDS[0])
USUAL = {"event_types": None, "group_by": "none", "aggregation": "count", "time_window_days": 30}


def widget(x: int, title: str, **config: Any) -> dict[str, Any]:
    return {
        "widget_type": "counter",
        "position": {"x": x, "y": 0, "w": 6, "h": 1},
        "config": {"title": title, **USUAL, **config},
    }


@pytest.fixture
def dashboard(request: pytest.FixtureRequest) -> Dashboard:
    slug = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:60]
    raw = {
        "slug": slug,
        "name": "Shop",
        "widgets": [
            widget(0, "Events"),
            widget(6, "Purchases", event_types=["agent_purchase"]),
            widget(12, "Sessions", aggregation="count_distinct"),
        ],
    }
    return process().dashboards.create(WORKSPACE, BRANDS[0], "somebody", raw)


def opened(dashboard: Dashboard, **parameters: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for name, value in {"dashboard": dashboard.id, **parameters}.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def pressed(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def step(page: AppTest, dashboard: Dashboard, x: int) -> None:
    """What letting go of the first card in another column does."""
    draft = page.session_state[DRAFT + dashboard.id]
    place = {"id": dashboard.widgets[0].id, "x": x, "y": 1, "w": 6, "h": 1}
    moved = draft.step(draft.now.moved([place]), draft.at)
    page.session_state[DRAFT + dashboard.id] = moved


def shown(page: AppTest) -> str:
    return "\n".join(str(html.value) for html in page.get("html"))


def now(dashboard: Dashboard) -> Dashboard:
    return process().dashboards.get(WORKSPACE, BRANDS[0], dashboard.id)


def test_every_card_has_its_title_and_number(dashboard: Dashboard) -> None:
    page = opened(dashboard)
    for one in dashboard.widgets:
        assert f"widget-title'>{one.title}</h3>" in shown(page)
    body = USUAL | {"limit": 100}
    value = process().engine.aggregate(body, SCOPE).rows[0].value
    assert f"data-painted>{value:,}</div>" in shown(page)


def test_the_address_narrows_all_widgets(dashboard: Dashboard) -> None:
    page = opened(dashboard, time_window_days="7", event_types="agent_view")
    body = USUAL | {"time_window_days": 7, "event_types": ["agent_view"]}
    value = process().engine.aggregate(body, SCOPE).rows[0].value
    assert f"data-painted>{value:,}</div>" in shown(page)
    assert "about other event types" in shown(page)
    pressed(page, "only_type")
    assert "event_types" not in page.query_params
    assert page.query_params["time_window_days"] in ("7", ["7"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("time_window_days", "31"), ("refresh", "2"), ("event_types", "No Type")],
)
def test_what_a_link_may_not_say_is_named(dashboard: Dashboard, name: str, value: str) -> None:
    page = opened(dashboard, **{name: value})
    assert value in page.warning[0].value.replace("\\", "")
    assert name not in page.query_params


def test_other_event_types_leave_nothing() -> None:
    asked = Asked(days=7, event_type="a")
    assert asked.body({"event_types": None, "time_window_days": 30}) == {
        "event_types": ["a"],
        "time_window_days": 7,
    }
    assert asked.body({"event_types": ["b"], "time_window_days": 30}) is None


def test_a_time_series_that_its_limit_cuts_says_so(dashboard: Dashboard) -> None:
    days = widget(0, "Days", group_by="day", limit=5) | {"widget_type": "time_series"}
    widgets = {"widgets": [days]}
    process().dashboards.put(WORKSPACE, BRANDS[0], dashboard.id, "somebody", widgets)
    # Soon after midnight the 31st has no events yet.
    assert re.search(r"5 of 3[01] days: the latest \(limit 5\)", shown(opened(dashboard)))
    widgets = {"widgets": [days | {"config": days["config"] | {"limit": 31}}]}
    process().dashboards.put(WORKSPACE, BRANDS[0], dashboard.id, "somebody", widgets)
    assert "the latest" not in shown(opened(dashboard))
    assert "31 of " in shown(opened(dashboard, time_window_days="365"))


def test_only_names_that_a_request_may_have_narrow_a_dashboard() -> None:
    assert may_narrow("agent_view")
    assert not any(may_narrow(name) for name in ("", "Agent View", "agent-view"))


def test_an_unknown_dashboard_is_told_of(dashboard: Dashboard) -> None:
    process().dashboards.delete(WORKSPACE, BRANDS[0], dashboard.id, "somebody")
    page = opened(dashboard)
    assert "no such dashboard" in page.info[0].value


def test_edits_are_kept_undone_and_saved(dashboard: Dashboard) -> None:
    page = pressed(opened(dashboard), "edit")
    assert page.button(key="save").disabled
    step(page, dashboard, 18)
    page.run()
    assert not page.button(key="save").disabled
    pressed(page, "undo")
    assert page.button(key="save").disabled
    pressed(page, "redo")
    assert now(dashboard) == dashboard
    pressed(page, "save")
    assert now(dashboard).version == 2
    assert [w.position.x for w in now(dashboard).widgets] == [6, 12, 18]
    assert process().dashboards.draft("demo", dashboard.id) is None


def test_a_draft_of_an_earlier_visit_is_offered(dashboard: Dashboard) -> None:
    page = pressed(opened(dashboard), "edit")
    step(page, dashboard, 18)
    pressed(page.run(), "undo")
    pressed(page, "redo")
    later = opened(dashboard)
    assert any("not saved" in text.value for text in later.markdown)
    pressed(later, "go_on")
    pressed(later, "save")
    assert now(dashboard).widgets[-1].position.x == 18
    assert not [b for b in opened(dashboard).button if b.key == "go_on"]


def test_a_discarded_draft_is_gone(dashboard: Dashboard) -> None:
    page = pressed(opened(dashboard), "edit")
    step(page, dashboard, 18)
    pressed(page.run(), "undo")
    pressed(page, "redo")
    pressed(opened(dashboard), "discard")
    assert not [b for b in opened(dashboard).button if b.key == "go_on"]


def test_whoever_saves_second_is_told(dashboard: Dashboard) -> None:
    page = pressed(opened(dashboard), "edit")
    step(page, dashboard, 18)
    other = process().dashboards.put(
        WORKSPACE, BRANDS[0], dashboard.id, "ana", {"name": "Ana's"}, version=1
    )
    page.run()
    pressed(page, "save")
    told = "\n".join(text.value for text in page.markdown)
    assert "ana saved version 2" in told
    assert now(dashboard) == other
    assert page.button(key="save_copy")


def test_editing_goes_on_with_what_was_left_behind(dashboard: Dashboard) -> None:
    page = pressed(opened(dashboard), "edit")
    step(page, dashboard, 18)
    pressed(page.run(), "undo")
    pressed(page, "redo")
    later = pressed(opened(dashboard), "edit")
    assert not later.button(key="save").disabled


def test_edits_outlive_the_dashboard_that_somebody_deletes(dashboard: Dashboard) -> None:
    page = pressed(opened(dashboard), "edit")
    step(page, dashboard, 18)
    process().dashboards.delete(WORKSPACE, BRANDS[0], dashboard.id, "ana")
    page.run()
    assert any("still here" in text.value for text in page.markdown)
    # There is no other page to go to in this test.
    page.button(key="save_copy").click().run()
    there = process().dashboards.list(WORKSPACE, BRANDS[0], "demo")
    made = next(one for one in there if one.name == "Shop (copy)")
    copy = process().dashboards.get(WORKSPACE, BRANDS[0], made.id)
    assert [w.position.x for w in copy.widgets] == [6, 12, 18]
    process().dashboards.delete(WORKSPACE, BRANDS[0], made.id, "ana")
    process().dashboards.purge(WORKSPACE, BRANDS[0], made.id)


def test_no_revision_is_restored_over_what_is_not_saved(dashboard: Dashboard) -> None:
    page = pressed(opened(dashboard), "edit")
    assert not page.button(key="revisions").disabled
    step(page, dashboard, 18)
    assert page.run().button(key="revisions").disabled


def test_a_second_tab_neither_overwrites_nor_drops_the_edits_of_the_first(
    dashboard: Dashboard,
) -> None:
    first, second = (pressed(opened(dashboard), "edit") for _ in range(2))
    for page, x in ((first, 18), (second, 17)):
        step(page, dashboard, x)
        pressed(page.run(), "undo")
        pressed(page, "redo")
    assert not first.warning
    assert "Another tab" in second.warning[0].value.replace("\\", "")
    pressed(second, "undo")
    pressed(second, "leave")
    kept = process().dashboards.draft("demo", dashboard.id)
    assert kept is not None
    assert kept.widgets[1]["position"]["x"] == 18
    pressed(first, "save")
    assert process().dashboards.draft("demo", dashboard.id) is None


def test_a_draft_that_cannot_be_kept_is_said_to_be_in_this_tab_only(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = pressed(opened(dashboard), "edit")
    step(page, dashboard, 18)
    page.run()

    def unavailable(*_: object) -> None:
        raise Unavailable("The database is away.")

    monkeypatch.setattr(Dashboards, "keep_draft", unavailable)
    monkeypatch.setattr(Dashboards, "drop_draft", unavailable)
    pressed(page, "undo")
    pressed(page, "redo")
    assert "database is away" in page.warning[0].value.replace("\\", "")
    assert not page.button(key="save").disabled
