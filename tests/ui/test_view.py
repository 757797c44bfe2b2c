from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import parse
from pages.ui import kinds
from pages.ui.view import CHOICES, View, from_link, to_link

VIEWS = st.builds(
    View,
    widget_type=st.sampled_from(CHOICES["widget_type"]),
    look=st.sampled_from(["", *CHOICES["look"]]),
    number_format=st.sampled_from(CHOICES["number_format"]),
    compare=st.booleans(),
    goal=st.none() | st.integers(-(10**9), 10**9).map(lambda n: n / 1000),
)


def asked(group_by: str, aggregation: str = "count"):
    field = {"value_field": "amount"} if aggregation in ("sum", "avg") else {}
    body = {"event_types": None, "group_by": group_by, "aggregation": aggregation}
    return parse(body | {"time_window_days": 7} | field)


@given(VIEWS)
def test_an_address_brings_a_view_back(view: View) -> None:
    link = {name: [text] for name, text in to_link(view).items()}
    assert from_link(link) == (view, {})


def test_the_usual_view_needs_no_address() -> None:
    assert to_link(View()) == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("widget_type", "pie"),
        ("look", "Line"),
        ("number_format", "XXX"),
        ("compare", "yes"),
        ("goal", "1e9"),
        ("goal", "inf"),
        ("goal", "nan"),
        ("goal", "1\n"),
        ("goal", "12345678901234"),
    ],
)
def test_a_bad_value_is_named_and_not_used(name: str, text: str) -> None:
    view, bad = from_link({name: [text]})
    assert view == View()
    assert list(bad) == [name]


@pytest.mark.parametrize(
    ("group_by", "automatic"),
    [
        ("none", "counter"),
        ("day", "time_series"),
        ("hour", "time_series"),
        ("event_type", "breakdown_bar"),
        ("session", "top_n"),
        ("product_id", "top_n"),
        ("metadata.country", "top_n"),
    ],
)
def test_the_chart_follows_from_the_request(group_by: str, automatic: str) -> None:
    request = asked(group_by)
    assert View().fit(request).widget_type == automatic
    assert kinds.fitting(request)[0] == automatic


def test_every_type_and_look_fits_some_request() -> None:
    requests = [asked(g, a) for g in ("none", "hour", "event_type", "session") for a in ("count",)]
    pairs = {(t, look) for r in requests for t in kinds.fitting(r) for look in kinds.looks(r, t)}
    assert pairs == {(t, look) for t, looks in kinds.LOOKS.items() for look in looks}


def test_what_does_not_fit_falls_back_until_it_does() -> None:
    funnel = View(widget_type="funnel")
    assert funnel.fit(asked("day")).widget_type == "time_series"
    assert funnel.fit(asked("event_type")).widget_type == "funnel"


def test_a_look_chooses_its_type() -> None:
    donut = View(look="donut")
    assert donut.fit(asked("product_id")) == replace(donut, widget_type="breakdown_bar")
    assert donut.fit(asked("product_id", "avg")).look == "ranking"
    assert View(look="heatmap").fit(asked("day")).look == "line"
