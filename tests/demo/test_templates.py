"""Templates are whole: every place of the grid is filled, and on the demo shop every widget says
something.
"""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import polars as pl
import pytest

from engine.bootstrap import Engine
from engine.cache import Cache
from engine.contract import FIELDS
from engine.demo.shop import months
from engine.demo.words import BRANDS, WORKSPACE
from engine.request import parse
from engine.result import Result
from engine.scope import Scope
from engine.stores.memory import MemoryStore
from engine.workspaces.templates import TEMPLATES, template
from engine.workspaces.widget import COLS
from pages.ui import kinds
from pages.ui.grid.answers import view_of

END = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEAST = {"shop_overview": 12}


@pytest.fixture(scope="module", params=BRANDS)
def shop(request: pytest.FixtureRequest) -> tuple[Engine, Scope]:
    """A brand of the shop as the first start makes it, its last days."""
    since = END - timedelta(days=182)
    frame = pl.concat(months(request.param, END, since=since))
    store = MemoryStore()
    store.put(WORKSPACE, request.param, frame)
    return Engine(store, Cache(seconds=60), lambda: END), Scope(WORKSPACE, request.param)


def widgets(name: str) -> list[dict[str, Any]]:
    return list(template(name)["widgets"])


def body(widget: dict[str, Any]) -> dict[str, Any]:
    config = widget["config"]
    return {field.name: config[field.name] for field in FIELDS if field.name in config}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_place_is_filled_once(name: str) -> None:
    filled: list[tuple[int, int]] = []
    for widget in widgets(name):
        place = widget["position"]
        across = range(place["x"], place["x"] + place["w"])
        filled += product(across, range(place["y"], place["y"] + place["h"]))
    rows = {y for _, y in filled}
    assert sorted(filled) == sorted(product(range(COLS), range(len(rows))))
    assert len(widgets(name)) >= LEAST.get(name, 10)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_widget_is_drawn_as_it_says(name: str) -> None:
    for widget in widgets(name):
        request = parse(body(widget))
        seen = view_of(widget)
        fitted = seen.fit(request)
        assert fitted.widget_type == widget["widget_type"] in kinds.LOOKS, widget
        assert fitted.look == (seen.look or kinds.LOOKS[widget["widget_type"]][0]), widget
        assert widget["config"]["title"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_widget_says_something_of_the_demo_shop(
    name: str, shop: tuple[Engine, Scope]
) -> None:
    engine, scope = shop
    for widget in widgets(name):
        request = parse(body(widget))
        result = engine.aggregate(request, scope)
        assert isinstance(result, Result)
        assert any(row.secondary > 0 for row in result.rows), widget["config"]["title"]
        assert not (request.is_time and result.truncated), widget["config"]["title"]
