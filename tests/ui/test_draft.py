"""Steps of a draft can be undone and done again; a free place is the first one from above."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pages.ui.grid.draft import STEPS, Draft, State, state_of
from pages.ui.grid.place import in_order, styles

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
PLACES = st.fixed_dictionaries(
    {
        "x": st.integers(0, 23),
        "y": st.integers(0, 12),
        "w": st.integers(1, 24),
        "h": st.integers(1, 5),
    }
).filter(lambda place: place["x"] + place["w"] <= 24)


def widget(name: str, place: dict[str, int]) -> dict[str, Any]:
    return {"id": name, "widget_type": "counter", "position": place, "config": {"title": name}}


def state(*places: dict[str, int]) -> State:
    widgets = tuple(widget(f"w{i}", place) for i, place in enumerate(places))
    return State("Shop", None, widgets)


def cells(place: dict[str, int]) -> set[tuple[int, int]]:
    across = range(place["x"], place["x"] + place["w"])
    down = range(place["y"], place["y"] + place["h"])
    return {(x, y) for x in across for y in down}


@given(st.lists(PLACES, min_size=1, max_size=6), st.lists(PLACES, max_size=8))
def test_undo_and_redo_lead_through_the_same_states(
    places: list[dict[str, int]], moves: list[dict[str, int]]
) -> None:
    first = state(*places)
    draft = Draft(1, first, first, NOON)
    seen = [first]
    for move in moves:
        draft = draft.step(draft.now.moved([{"id": "w0", **move}]), NOON)
        if draft.now != seen[-1]:
            seen.append(draft.now)
    there = draft
    for before in reversed(seen[:-1]):
        draft = draft.undo()
        assert draft.now == before
    assert draft.undo() == draft
    assert not draft.changed
    for after in seen[1:]:
        draft = draft.redo()
        assert draft.now == after
    assert draft == there
    assert draft.redo() == draft


def test_a_step_after_undo_forgets_what_was_undone() -> None:
    first = state({"x": 0, "y": 0, "w": 6, "h": 1})
    draft = Draft(1, first, first, NOON).step(first.without("w0"), NOON).undo()
    other = draft.step(first.moved([{"id": "w0", "x": 3, "y": 0, "w": 6, "h": 1}]), NOON)
    assert other.redo() == other
    assert other.now.widgets[0]["position"]["x"] == 3


def test_steps_are_bounded() -> None:
    first = state({"x": 0, "y": 0, "w": 6, "h": 1})
    draft = Draft(1, first, first, NOON)
    for i in range(STEPS + 20):
        place = {"id": "w0", "x": i % 2, "y": i, "w": 6, "h": 1}
        draft = draft.step(draft.now.moved([place]), NOON)
    assert len(draft.past) == STEPS


@given(st.lists(PLACES, max_size=10), st.integers(1, 24), st.integers(1, 4))
def test_a_free_place_overlaps_nothing_and_is_the_first(
    places: list[dict[str, int]], w: int, h: int
) -> None:
    taken = set().union(*(cells(place) for place in places))
    found = state(*places).free_place(w, h)
    assert (found["w"], found["h"]) == (w, h)
    assert 0 <= found["x"] <= 24 - w
    assert not cells(found) & taken
    earlier = ((x, y) for y in range(found["y"] + 1) for x in range(24 - w + 1))
    for x, y in earlier:
        if (y, x) < (found["y"], found["x"]):
            assert cells({"x": x, "y": y, "w": w, "h": h}) & taken


@given(st.lists(PLACES, max_size=6))
def test_what_is_kept_of_a_draft_comes_back(places: list[dict[str, int]]) -> None:
    first = state(*places)
    draft = Draft(3, first, first, NOON)
    assert state_of(draft.parts()) == first


def test_what_is_no_draft_is_none() -> None:
    for parts in ([], [1], [{"name": "x"}], [{"name": "x", "description": None}, {"id": "1"}]):
        assert state_of(parts) is None


def test_widgets_may_lie_on_each_other() -> None:
    same = {"x": 0, "y": 10_000, "w": 24, "h": 100}
    both = state(same, dict(same)).widgets
    assert styles(both).count("grid-row:10001/span 100") == 2
    assert [one["id"] for one in in_order(both)] == ["w0", "w1"]
