"""What is said of a dashboard's versions, and where a new widget goes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine import process
from engine.demo.words import BRANDS, WORKSPACE
from engine.workspaces.widget import Dashboard
from pages.ui import revisions
from pages.ui.places import raw_widget, with_widget
from pages.ui.view import View

HERE = (WORKSPACE, BRANDS[0])
PAGE = str(Path(__file__).parent / "dialogs_page.py")
BODY = {
    "event_types": None,
    "group_by": "none",
    "aggregation": "count",
    "value_field": None,
    "time_window_days": 30,
    "limit": 100,
}
COUNTER = View(widget_type="counter", look="number")

pytestmark = pytest.mark.usefixtures("demo_shop")


def widget(title: str, x: int = 0, w: int = 6, **config: Any) -> dict[str, Any]:
    raw = raw_widget(title, BODY, COUNTER)
    position = {"x": x, "y": 0, "w": w, "h": 1}
    return raw | {"position": position, "config": raw["config"] | config}


@pytest.fixture
def changed() -> Callable[..., list[str]]:
    """What is said after a dashboard of the widgets One and Two was changed."""
    made = process().dashboards.create(
        *HERE,
        "ana",
        {"slug": "changed", "name": "Before", "widgets": [widget("One"), widget("Two", 6)]},
    )

    def change(act: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> list[str]:
        asked = act([one.to_raw() for one in made.widgets])
        after = process().dashboards.put(*HERE, made.id, "ana", asked)
        before = process().dashboards.revision(*HERE, made.id, after.version - 1)
        process().dashboards.delete(*HERE, made.id, "ana")
        process().dashboards.purge(*HERE, made.id)
        return revisions.changes(before, after)

    return change


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda ws: {"widgets": [*ws, widget("Three", 12)]}, ["Added: Three"]),
        (lambda ws: {"widgets": ws[:1]}, ["Removed: Two"]),
        (lambda ws: {"widgets": [ws[0] | {"widget_type": "table"}, ws[1]]}, ["Changed: One"]),
        (
            lambda ws: {"widgets": [ws[0], ws[1] | {"position": widget("", 9)["position"]}]},
            ["Moved: Two"],
        ),
        (lambda ws: {"name": "After"}, ["Renamed from Before"]),
        (lambda ws: {"description": "New"}, ["Another description"]),
        (
            lambda ws: {"widgets": [widget(f"N{i}", i) for i in range(6)]},
            ["Added: N0, N1, N2, N3, 2 more", "Removed: One, Two"],
        ),
    ],
)
def test_a_version_says_what_it_changed(
    changed: Callable[..., list[str]],
    act: Callable[[list[dict[str, Any]]], dict[str, Any]],
    said: list[str],
) -> None:
    assert changed(act) == said


def test_the_first_version_has_nothing_before_it() -> None:
    overview = process().dashboards.by_slug(*HERE, "shop-overview")
    assert overview is not None
    assert revisions.changes(None, overview) == ["The first version that is kept."]


def test_a_new_widget_takes_the_first_free_place() -> None:
    overview = process().dashboards.by_slug(*HERE, "shop-overview")
    assert isinstance(overview, Dashboard)
    below = max(one.position.y + one.position.h for one in overview.widgets)
    there = with_widget(overview, widget("New"))
    assert there[-1]["position"] == {"x": 0, "y": below, "w": 6, "h": 1}
    assert [one["id"] for one in there[:-1]] == [one.id for one in overview.widgets]


@pytest.mark.parametrize(
    ("kind", "button"), [("revisions", "restore_revision"), ("rename", "rename_done")]
)
def test_a_dialog_changes_nothing_that_was_saved_after_it_was_opened(
    kind: str, button: str
) -> None:
    store = process().dashboards
    made = store.create(*HERE, "ana", {"slug": f"seen-{kind}", "name": "First"})
    store.put(*HERE, made.id, "ana", {"name": "Second"})
    page = AppTest.from_file(PAGE, default_timeout=30)
    page.session_state["opened"] = kind, made.id
    page.run()
    assert not page.exception
    theirs = store.put(*HERE, made.id, "bob", {"name": "Theirs"})
    page.button(key=button).click().run()
    assert store.get(*HERE, made.id) == theirs
    store.delete(*HERE, made.id, "ana")
    store.purge(*HERE, made.id)
