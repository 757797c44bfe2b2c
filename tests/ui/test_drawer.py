"""The drawer without a browser: what its controls say becomes a widget, and back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from engine.request import parse
from engine.workspaces.parse import parse_new
from engine.workspaces.templates import TEMPLATES, template
from pages.ui import kinds
from pages.ui.grid.answers import view_of
from pages.ui.numbers import FORMATS
from pages.ui.places import raw_widget
from pages.ui.view import View

PAGE = str(Path(__file__).with_name("drawer_page.py"))
WIDGET = {
    "id": "12345678-1234-4234-8234-123456789abc",
    "widget_type": "time_series",
    "position": {"x": 3, "y": 4, "w": 9, "h": 2},
    "config": {
        "title": "Sales",
        "event_types": ["agent_purchase", "agent_view"],
        "group_by": "day",
        "aggregation": "sum",
        "value_field": "amount",
        "time_window_days": 90,
        "limit": 50,
        "look": "columns",
        "number_format": "EUR",
        "compare": True,
        "goal": 1000,
        "colour": "kept as it came",
    },
}

pytestmark = pytest.mark.usefixtures("demo_shop")


def opened(widget: dict[str, Any] | None = None) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=30)
    page.session_state["widget"] = widget
    page.run()
    assert not page.exception
    return page


def made(page: AppTest) -> dict[str, Any]:
    page.button(key="drawer_done").click().run()
    assert not page.exception
    raw: dict[str, Any] = page.session_state["made"]
    parse_new({"slug": "any", "name": "Any", "widgets": [raw]})
    return raw


def test_a_new_widget_is_what_the_controls_say() -> None:
    page = opened()
    page.selectbox(key="drawer_group_by").set_value("event_type").run()
    page.button(key="drawer_window_7").click().run()
    page.segmented_control(key="drawer_shown_look").set_value("donut").run()
    raw = made(page)
    assert raw == {
        "widget_type": "breakdown_bar",
        "position": raw["position"],
        "config": {
            "title": "Events by event type",
            "event_types": None,
            "group_by": "event_type",
            "aggregation": "count",
            "value_field": None,
            "time_window_days": 7,
            "limit": 100,
            "look": "donut",
        },
    }


def test_an_applied_widget_that_nobody_changed_is_the_same() -> None:
    assert made(opened(WIDGET)) == WIDGET


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_widget_of_a_template_comes_back_the_same(name: str) -> None:
    for widget in template(name)["widgets"]:
        request = parse({n: widget["config"][n] for n in parse_names()})
        body = widget["config"] | {}
        fields = {n: body[n] for n in parse_names()}
        again = raw_widget(widget["config"]["title"], fields, view_of(widget).fit(request))
        usual = kinds.LOOKS[widget["widget_type"]][0]
        expected = {n: v for n, v in body.items() if (n, v) != ("look", usual)}
        assert (again["widget_type"], again["config"]) == (widget["widget_type"], expected)


def parse_names() -> tuple[str, ...]:
    return ("event_types", "group_by", "aggregation", "value_field", "time_window_days", "limit")


def test_the_title_follows_the_request_until_one_is_typed() -> None:
    page = opened()
    title = page.text_input(key="drawer_title")
    assert title.value == "Events by day"
    page.selectbox(key="drawer_aggregation").set_value("count_distinct").run()
    assert page.text_input(key="drawer_title").value == "Sessions by day"
    page.text_input(key="drawer_title").set_value("Visitors").run()
    page.selectbox(key="drawer_group_by").set_value("hour").run()
    assert page.text_input(key="drawer_title").value == "Visitors"
    page.text_input(key="drawer_title").set_value("").run()
    assert page.text_input(key="drawer_title").value == "Sessions by hour"


def test_a_title_that_somebody_gave_stays() -> None:
    page = opened(WIDGET)
    page.selectbox(key="drawer_group_by").set_value("hour").run()
    assert made(page)["config"]["title"] == "Sales"


def test_what_is_wrong_is_said_beside_its_control_and_not_applied() -> None:
    page = opened()
    page.selectbox(key="drawer_aggregation").set_value("sum").run()
    assert page.selectbox(key="drawer_value_field").value == "amount"
    page.selectbox(key="drawer_value_field").set_value(None).run()
    assert "is required when aggregation is sum" in page.error[0].value.replace("\\", "")
    assert page.button(key="drawer_done").disabled


def test_a_preview_is_drawn_as_explore_draws_it() -> None:
    page = opened(WIDGET)
    assert len(page.get("plotly_chart")) == 1
    page.segmented_control(key="drawer_widget_type").set_value("table").run()
    assert len(page.dataframe) == 1


@given(
    group_by=st.sampled_from(["none", "event_type", "day", "hour", "product_id"]),
    aggregation=st.sampled_from(["count", "count_distinct", "avg"]),
    widget_type=st.sampled_from([kinds.AUTOMATIC, *kinds.LOOKS]),
    look=st.sampled_from(["", *kinds.LOOK_NAMES]),
    number_format=st.sampled_from(FORMATS),
    compare=st.booleans(),
    goal=st.none() | st.integers(-1000, 1000).map(float),
)
def test_a_view_that_is_saved_is_read_back(
    group_by: str, aggregation: str, goal: float | None, **seen: Any
) -> None:
    body = {
        "event_types": None,
        "group_by": group_by,
        "aggregation": aggregation,
        "value_field": "price" if aggregation == "avg" else None,
        "time_window_days": 30,
        "limit": 100,
    }
    request = parse(body)
    fitted = View(goal=goal, **seen).fit(request)
    assert view_of(raw_widget("Any", body, fitted)).fit(request) == fitted
