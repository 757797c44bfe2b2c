"""What the page says of an answer, and what leads on from it."""

import re
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine import process
from engine.errors import Unavailable
from engine.request import parse
from pages.ui import kinds
from tests.ui.explore import (
    EXPLORE,
    SCOPE,
    address_of,
    captions,
    opened,
    request_of,
    rows_of,
)

pytestmark = pytest.mark.usefixtures("demo_shop")


def test_controls_write_the_address_and_links_set_the_controls() -> None:
    page = opened()
    page.selectbox(key="group_by").set_value("metadata.country").run()
    page.selectbox(key="aggregation").set_value("sum").run()
    page.button(key="window_365").click().run()
    page.number_input(key="limit").set_value(5).run()
    said = address_of(page)
    assert said == {
        "group_by": ["metadata.country"],
        "aggregation": ["sum"],
        "value_field": ["amount"],
        "time_window_days": ["365"],
        "limit": ["5"],
    }
    again = opened(**said)
    assert rows_of(again) == rows_of(page)
    assert address_of(again) == said


def test_a_step_back_in_the_browser_is_a_step_back() -> None:
    page = opened()
    page.selectbox(key="group_by").set_value("event_type").run()
    page.query_params.clear()
    page.run()
    assert page.selectbox(key="group_by").value == "day"


def test_an_address_that_lags_behind_its_controls_changes_nothing() -> None:
    page = opened(group_by="event_type")
    page.selectbox(key="group_by").set_value("hour").run()
    page.query_params["group_by"] = "event_type"
    page.number_input(key="limit").set_value(7).run()
    assert page.selectbox(key="group_by").value == "hour"
    assert address_of(page) == {"group_by": ["hour"], "limit": ["7"]}


def test_a_bad_view_of_a_link_is_named() -> None:
    page = opened(look="pie", goal="much", widget_type="funnel", group_by="event_type")
    said = " ".join(warning.value for warning in page.warning)
    assert len(page.warning) == 2
    assert "pie" in said
    assert "much" in said
    assert address_of(page) == {"widget_type": ["funnel"], "group_by": ["event_type"]}


def test_a_look_stays_until_another_type_has_none_of_it() -> None:
    page = opened()
    page.segmented_control(key="shown_look").set_value("area").run()
    assert address_of(page) == {"look": ["area"]}
    page.segmented_control(key="shown_look").set_value("line").run()
    assert address_of(page) == {}
    page.selectbox(key="group_by").set_value("event_type").run()
    assert page.segmented_control(key="shown_look").value == "bars"
    assert address_of(page) == {"group_by": ["event_type"]}


@pytest.mark.parametrize("widget_type", kinds.LOOKS)
def test_every_type_of_widget_is_drawn(widget_type: str) -> None:
    group_by = {"counter": "none", "time_series": "day"}.get(widget_type, "event_type")
    page = opened(group_by=group_by, widget_type=widget_type, compare="true", goal="7")
    assert not page.error
    assert page.segmented_control(key="widget_type").value == widget_type
    shown = len(page.get("plotly_chart")), len(page.dataframe)
    assert shown == {"counter": (0, 1), "table": (0, 2)}.get(widget_type, (1, 1))


def test_it_adds_up_also_when_it_is_cut() -> None:
    page = opened(group_by="product_id", limit=3, time_window_days=365)
    result = process().engine.aggregate(parse(request_of(page)), SCOPE)
    assert f"3 of {result.total_groups:,} products: the largest (limit 3)" in captions(page)
    found = re.search(r"It adds up: ([\d,]+) shown . ([\d,]+) not shown = ([\d,]+)", captions(page))
    assert found is not None
    shown, other, total = (int(number.replace(",", "")) for number in found.groups())
    assert shown == sum(row.value for row in result.rows)
    assert shown + other == total
    everything = process().engine.aggregate(
        replace(parse(request_of(page)), group_by="none"), SCOPE
    )
    assert total == everything.rows[0].value


def test_distinct_sessions_say_their_overlap() -> None:
    assert "times a session is in one more group" in captions(
        opened(group_by="event_type", aggregation="count_distinct")
    )


def test_partial_buckets_are_said_in_words() -> None:
    said = captions(opened(group_by="day", time_window_days=3))
    assert re.search(r"covers [\d.]+ % of the first day and [\d.]+ % of the last day", said)
    assert "UTC" in said
    assert "Computed" in said


def test_how_it_was_computed_names_what_was_counted() -> None:
    page = AppTest.from_file(EXPLORE, default_timeout=30)
    page.session_state["computed"] = True
    page.query_params["event_types"] = "agent_purchase"
    page.query_params["aggregation"] = "sum"
    page.query_params["value_field"] = "amount"
    page.run()
    steps = dict(page.dataframe[0].value.itertuples(index=False, name=None))
    account = process().engine.account(parse(request_of(page)), SCOPE)
    assert steps["Events of the brand in the window"] == account.brand_events
    assert steps["of the types agent_purchase"] == account.type_events
    assert steps["with a number in amount"] == account.numbers
    assert len(page.dataframe[1].value) == len(account.segments)


def test_names_that_no_event_has_are_met_with_near_ones() -> None:
    page = opened(event_types=["agent_purchse", "agent_view"], group_by="metadata.contry")
    offered = {button.label.replace("\\", "") for button in page.button}
    assert {"agent_purchase", "metadata.country"} <= offered
    near = next(b for b in page.button if b.label.replace("\\", "") == "agent_purchase")
    near.click().run()
    assert page.multiselect(key="event_types").value == ["agent_purchase", "agent_view"]


def test_pickers_say_counts_and_values() -> None:
    opened()
    process().engine.details(SCOPE)
    inventory = process().engine.inventory(SCOPE)
    page = opened()
    types = page.multiselect(key="event_types").options
    name, count = next(iter(inventory.event_types.items()))
    assert types[0] == f"{name} · {count:,}"
    groups = page.selectbox(key="group_by").options
    assert groups[:6] == [
        "Total · none",
        "Event type · event_type",
        "Session · session",
        "Day · day",
        "Hour · hour",
        "Product · product_id",
    ]
    assert len(groups) == 6 + len(inventory.metadata_keys)


def test_labels_of_other_counts_are_understood() -> None:
    page = AppTest.from_file(EXPLORE, default_timeout=30)
    page.session_state["group_by"] = "metadata.country · 9 events"
    page.session_state["event_types"] = ["agent_view · 7"]
    page.session_state["aggregation"] = "Soma · sum"
    page.session_state["value_field"] = "amount"
    page.session_state["_touched"] = True
    page.run()
    assert not page.exception
    assert address_of(page) == {
        "event_types": ["agent_view"],
        "group_by": ["metadata.country"],
        "aggregation": ["sum"],
        "value_field": ["amount"],
    }


def test_a_row_is_looked_behind() -> None:
    page = opened(group_by="event_type", limit=3)
    row = next(box for box in page.selectbox if (box.key or "").startswith("row_"))
    row.set_value(1).run()
    key = rows_of(page)[1][0] if len(page.dataframe) == 1 else page.dataframe[1].value.iloc[1, 0]
    events = page.dataframe[0].value
    assert set(events["event_type"]) == {key}
    assert len(events) == 20
    page.button(key="narrow").click().run()
    assert address_of(page)["event_types"] == [key]


def test_neighbours_are_one_click_away() -> None:
    page = opened(group_by="event_type")
    labels = [button.label for button in page.button if (button.key or "").startswith("go_")]
    assert len(labels) == 8
    assert "Events by day" in labels
    page.button(key=f"go_{labels.index('Events by day')}").click().run()
    assert page.selectbox(key="group_by").value == "day"


def test_what_fails_beside_the_chart_leaves_the_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any, **__: Any) -> Any:
        raise Unavailable("Too much is waiting.")

    for name in ("account", "batch"):
        monkeypatch.setattr(process().engine, name, busy)
    page = opened(group_by="event_type")
    assert captions(page).count("Too much is waiting.") == 2
    assert len(page.get("plotly_chart")) == 1
    assert len(rows_of(page)) > 0


def test_an_empty_answer_offers_ways_out() -> None:
    page = opened(event_types=["never_seen"], time_window_days=7)
    labels = [button.label for button in page.button]
    assert "Look at 30 days" in labels
    next(b for b in page.button if b.label == "All event types").click().run()
    assert len(rows_of(page)) > 0


@pytest.mark.parametrize(
    ("group_by", "said"),
    [
        ("day", "The dashed line is the window before."),
        ("event_type", "The marks are the window before."),
    ],
)
def test_how_the_window_before_is_drawn_is_said(group_by: str, said: str) -> None:
    assert said in captions(opened(group_by=group_by, compare="true", time_window_days=30))
    assert said not in captions(opened(group_by=group_by, time_window_days=30))
