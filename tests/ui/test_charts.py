"""What charts are drawn from; how they look is for the browser's tests and a person's eyes."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from engine import Result, Row, parse
from pages.ui import charts, counter, session, spark
from pages.ui.charts import bars, heat
from pages.ui.charts.drawing import Drawing, nice
from pages.ui.view import View

END = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "language", lambda: "en")


def drawing(
    rows: Sequence[tuple[str, float, int]],
    view: View | None = None,
    *,
    group_by: str = "event_type",
    aggregation: str = "count",
    days: int = 2,
    groups: int | None = None,
    before: Sequence[tuple[str, float, int]] | None = None,
    **more: Any,
) -> Drawing:
    body = {"event_types": None, "group_by": group_by, "aggregation": aggregation}
    request = parse(body | {"value_field": "amount", "time_window_days": days})

    def result(rows: Sequence[tuple[str, float, int]], end: datetime) -> Result:
        found = tuple(Row(*row) for row in rows)
        start = end - timedelta(days=days)
        return Result(found, end, False, groups or len(found), start, "v", 1.0)

    earlier = None if before is None else result(before, END - timedelta(days=days))
    seen = (view or View()).fit(request)
    return Drawing(request, result(rows, END), seen, previous=earlier, **more)


DAYS = [("2026-11-21", 5, 2), ("2026-11-23", 7, 3)]


@pytest.mark.parametrize("look", ["line", "area", "columns"])
def test_gaps_are_filled_and_edges_are_marked(look: str) -> None:
    figure = charts.figure(drawing(DAYS, View(look=look), group_by="day"))
    first = figure.data[0]
    assert [f"{x:%Y-%m-%d}" for x in first.x] == ["2026-11-21", "2026-11-22", "2026-11-23"]
    assert list(first.y) == [5, 0, 7]
    if look == "columns":
        assert list(first.marker.pattern.shape) == ["/", "", "/"]
    else:
        assert list(first.marker.symbol) == ["circle-open", "circle", "circle-open"]
        hatched = [trace for trace in figure.data if trace.fillpattern.shape == "/"]
        assert [len(trace.x) for trace in hatched] == [2, 2]
    assert "partial: 50 % of it" in first.hovertext[0]
    assert "partial" not in first.hovertext[1]


def test_an_average_of_nothing_is_a_gap_and_a_dash() -> None:
    rows = [("2026-11-21", 5.0, 2), ("2026-11-22", 0, 0), ("2026-11-23", 7.0, 3)]
    first = charts.figure(drawing(rows, group_by="day", aggregation="avg")).data[0]
    assert list(first.y) == [5.0, None, 7.0]
    assert "Average of amount: —" in first.hovertext[1]


def test_a_sum_over_nothing_is_a_dash() -> None:
    drawn = drawing([("a", 3.5, 2), ("", 0, 0)], aggregation="sum", group_by="metadata.k")
    figure = charts.figure(drawn)
    assert [text.strip() for text in figure.data[1].text] == ["3.50", "—"]
    assert list(figure.layout.yaxis.ticktext) == ["1. a", "2. (none)"]


def test_others_complete_a_ranking_that_is_cut() -> None:
    drawn = drawing([("a", 6, 1), ("b", 3, 1)], group_by="product_id", groups=68_509, total=10)
    figure = charts.figure(drawn)
    assert list(figure.data[1].x) == [1]
    assert figure.layout.yaxis.ticktext[-1] == "68,507 others"
    crowd = drawing([("a", 6, 1), ("b", 3, 1)], group_by="product_id", groups=68_509, total=1_000)
    assert list(charts.figure(crowd).layout.yaxis.ticktext) == ["1. a", "2. b"]
    averages = drawing([("a", 6.0, 1)], group_by="product_id", aggregation="avg", groups=9)
    assert "others" not in str(charts.figure(averages).layout.yaxis.ticktext)


def test_slices_of_one_name_stay_apart() -> None:
    drawn = drawing([("x" * 90, 6, 1), ("x" * 91, 3, 1)], View(look="donut"), total=9)
    pie = charts.figure(drawn).data[0]
    assert len(set(pie.labels)) == 2
    assert list(pie.values) == [6, 3]


def test_points_to_click_lie_on_their_slice() -> None:
    """Clockwise from above; a slice is there to be clicked however thin, others are no row."""
    rows = [("a", 600, 1), ("b", 299, 1), ("c", 1, 1)]
    points = charts.figure(drawing(rows, View(look="donut"), groups=9, total=1000)).data[1]
    turns = [math.atan2(x, y) / math.tau % 1 for x, y in zip(points.x, points.y, strict=True)]
    ends = {0: (0, 0.6), 1: (0.6, 0.899), 2: (0.899, 0.9), None: (0.9, 1)}
    assert all(
        ends[place][0] < turn < ends[place][1]
        for place, turn in zip(points.customdata, turns, strict=True)
    )
    assert Counter(points.customdata) == {0: 72, 1: 36, 2: 1, None: 12}
    assert "<b>b</b>" in points.hovertext[72]


def test_a_step_says_which_row_it_is() -> None:
    rows = [("view", 100, 1), ("buy", 10, 1)]
    chosen = drawing(rows, View(widget_type="funnel"), steps=("buy", "cart", "view"))
    assert list(charts.figure(chosen).data[0].customdata) == [1, None, 0]


def test_a_funnel_goes_the_way_that_was_chosen() -> None:
    rows = [("view", 100, 1), ("buy", 10, 1), ("cart", 5, 1)]
    funnel = View(widget_type="funnel")
    chosen = charts.figure(drawing(rows, funnel, steps=("view", "cart", "buy")))
    assert list(chosen.layout.yaxis.ticktext) == ["view", "cart", "buy"]
    assert chosen.data[0].text[1] == "5 · 5 %"
    free = charts.figure(drawing(rows, funnel))
    assert list(free.layout.yaxis.ticktext) == ["view", "buy", "cart"]


def test_a_step_of_a_funnel_without_events_is_there() -> None:
    """Or the steps after it would be shares of another one."""
    steps = ("view", "cart", "buy")
    funnel = View(widget_type="funnel")
    drawn = charts.figure(drawing([("buy", 10, 1), ("cart", 5, 1)], funnel, steps=steps))
    assert list(drawn.layout.yaxis.ticktext) == ["view", "cart", "buy"]
    assert list(drawn.data[0].text) == ["0", "5", "10"]
    cut = drawing([("buy", 10, 1), ("cart", 5, 1)], funnel, steps=steps, groups=3)
    assert list(charts.figure(cut).layout.yaxis.ticktext) == ["cart", "buy"]
    assert list(charts.figure(cut).data[0].text) == ["5", "10"]


def test_others_have_no_more_digits_than_sums() -> None:
    rows = [("a", 0.1, 1), ("b", 0.2, 1)]
    look = View(widget_type="top_n")
    drawn = drawing(rows, look, aggregation="sum", groups=3, total=0.3)
    name, value = bars.rest(drawn, 2) or ("", -1)
    assert (name, value) == ("1 other", 0)


def test_the_window_before_is_compared_bucket_by_bucket() -> None:
    before = [("2026-11-19", 4, 1), ("2026-11-20", 2, 1), ("2026-11-21", 1, 1)]
    drawn = drawing(DAYS, group_by="day", before=before)
    assert [bucket.value for bucket in drawn.before] == [4, 2, 1]
    assert [bucket.start for bucket in drawn.before] == [b.start for b in drawn.buckets]
    assert [b.share for b in drawn.before] == [b.share for b in drawn.buckets]
    assert "Before: 4" in charts.figure(drawn).data[0].hovertext[0]


def test_changes_stand_beside_bars() -> None:
    drawn = drawing([("a", 6, 1), ("b", 3, 1)], before=[("a", 4, 1)])
    labels = [text.strip() for text in charts.figure(drawn).data[1].text]
    assert labels == ["6 +50 %", "3"]


@pytest.mark.parametrize(("look", "axis"), [("bars", "x0"), ("columns", "y0")])
def test_a_goal_is_a_line_within_sight(look: str, axis: str) -> None:
    figure = charts.figure(drawing([("a", 6, 1)], View(look=look, goal=50)))
    assert figure.layout.shapes[0][axis] == 50
    assert "Goal 50" in figure.layout.annotations[0].text
    if look == "bars":
        assert figure.layout.xaxis.range[1] > 50


def test_hours_of_the_week_are_means_of_whole_hours() -> None:
    hours = {f"2026-11-{day}T10:00:00Z": (9, 8) for day in (14, 21)}
    rows = [(key, value, n) for key, (value, n) in hours.items()]
    rows.append(("2026-11-16T10:00:00Z", 30, 1))
    drawn = drawing(rows, View(look="heatmap"), group_by="hour", days=14)
    means = heat.hours_of_week(drawn)
    assert means[5, 10] == 9
    assert means[0, 10] == 15  # one Monday with 30, one with none
    assert charts.figure(drawn).data[0].z[5][10] == 9


def test_averages_of_hours_weigh_as_much_as_their_numbers() -> None:
    rows = [("2026-11-14T10:00:00Z", 10.0, 1), ("2026-11-21T10:00:00Z", 4.0, 3)]
    drawn = drawing(rows, View(look="heatmap"), group_by="hour", aggregation="avg", days=14)
    assert heat.hours_of_week(drawn) == {(5, 10): 5.5}


HOSTILE = "<img src=x onerror=alert(1)><a href='http://other.example'>b</a>"


@pytest.mark.parametrize("look", sorted(charts.DRAW))
def test_names_are_harmless_in_every_look(look: str) -> None:
    time = look in ("line", "area", "heatmap")
    group_by = ("hour" if look == "heatmap" else "day") if time else "event_type"
    view = View(widget_type="funnel" if look == "funnel" else "automatic", look=look)
    if look == "ranking":
        group_by = "metadata.k"
    rows = (
        [("2026-11-22" + "T10:00:00Z" * (look == "heatmap"), 1, 1)] if time else [(HOSTILE, 3, 1)]
    )
    drawn = drawing(rows, view, group_by=group_by, total=3)
    assert drawn.view.look == look
    json = charts.figure(drawn).to_json()
    assert "<img" not in json
    assert "\\u003cimg" not in json
    assert "<a " not in json


def test_a_description_says_the_largest() -> None:
    said = charts.describe(drawing([("a", 6, 1), ("b", 1234, 1)]))
    assert said == "Events by event type, last 2 days: 2 rows, the largest is b with 1,234."


@pytest.mark.parametrize(("low", "high"), [(0, 7), (-3, 1e6), (0.001, 0.002), (1e11, 3e11)])
def test_ticks_are_few_and_round(low: float, high: float) -> None:
    places = nice(low, high)
    assert 2 <= len(places) <= 7
    assert all(low - 1e-9 <= place <= high + 1e-9 for place in places)
    steps = {round(b - a, 9) for a, b in pairwise(places)}
    assert max(steps) - min(steps) <= max(steps) * 1e-6
    assert f"{max(steps):e}"[0] in "125"
    assert nice(4, 4) == [4]


def test_sparks_hold_only_numbers() -> None:
    for picture in (spark.line([1, None, 3, 4, math.pi]), spark.line([]), spark.bars([3, -2, 0])):
        assert picture.startswith("<img alt=''")
        assert "nan" not in picture


@pytest.mark.parametrize(
    ("total", "before", "words"),
    [(120, 100, "+20 %"), (80, 100, "−20 %"), (80, 0, "0 in the window before"), (None, 1, "—")],
)
def test_a_counter_says_what_became_of_it(
    monkeypatch: pytest.MonkeyPatch, total: float, before: float, words: str
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(counter.st, "html", drawn.append)
    totals = {"total": total, "before_total": before}
    counter.counter(drawing([("all", 0, 0)], View(goal=160), group_by="none", **totals))
    assert words in drawn[0]
    assert "of the goal of 160" in drawn[0]


@pytest.mark.parametrize("look", ["bars", "ranking", "funnel"])
def test_numbers_have_room_beside_the_longest_bar(look: str) -> None:
    """Whatever the width: a share of it is too little on a narrow card."""
    few = charts.figure(drawing([("a", 6, 1), ("b", 5, 1)], View(look=look)))
    many = charts.figure(drawing([("a", 600_000_000, 1), ("b", 500_000_000, 1)], View(look=look)))
    assert many.layout.margin.r > few.layout.margin.r >= 16


@pytest.mark.parametrize("look", charts.DRAW)
def test_a_browser_has_no_reason_to_draw_twice(look: str) -> None:
    group_by = {"line": "day", "area": "day", "heatmap": "hour"}.get(look, "event_type")
    seen = drawing(DAYS, View(look=look), group_by=group_by)
    layout = charts.filling(seen, room=232).to_plotly_json()["layout"]
    assert "template" not in layout
    assert layout["datarevision"]
    assert layout["height"] == 232


def test_the_longest_name_has_its_room() -> None:
    rows = [("a", 5, 2), ("newsletter_signup", 3, 1)]
    margin = charts.figure(drawing(rows, View(look="bars"))).layout.margin
    assert 111 <= margin.l <= 120, "its 94.5 pixels in Inter, and 17 around them"
