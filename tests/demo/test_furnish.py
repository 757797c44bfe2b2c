"""The demo shop begins with a dashboard, once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.bootstrap import Parts, build
from engine.demo.words import BRANDS, WORKSPACE
from engine.settings import Settings

HERE = (WORKSPACE, BRANDS[0])


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Parts]:
    """A start of the product over the same home."""

    def begin(events: int = 3000) -> Parts:
        parts = build(Settings(home=tmp_path, demo_events=events))
        parts.demo.build()
        return parts

    return begin


def names(parts: Parts) -> list[str]:
    return [one.name for one in parts.dashboards.list(*HERE, "demo")]


def test_the_first_start_makes_the_overview(start: Callable[..., Parts]) -> None:
    parts = start()
    assert names(parts) == ["Shop overview"]
    assert names(start()) == ["Shop overview"]
    (made,) = parts.dashboards.list(*HERE, "demo")
    assert (made.slug, made.widget_count) == ("shop-overview", 12)


def test_who_deletes_it_is_done_with_it(start: Callable[..., Parts]) -> None:
    parts = start()
    (made,) = parts.dashboards.list(*HERE, "demo")
    parts.dashboards.delete(*HERE, made.id, "demo")
    parts.dashboards.purge(*HERE, made.id)
    again = start()
    again.demo.furnish()
    assert names(again) == []


def test_a_start_that_ended_before_it_could_remember_makes_no_second(
    start: Callable[..., Parts], tmp_path: Path
) -> None:
    start()
    (tmp_path / "demo_dashboard_made").unlink()
    assert names(start()) == ["Shop overview"]


def test_a_shop_from_before_gets_it_too(start: Callable[..., Parts], tmp_path: Path) -> None:
    parts = start()
    (made,) = parts.dashboards.list(*HERE, "demo")
    parts.dashboards.delete(*HERE, made.id, "demo")
    (tmp_path / "demo_dashboard_made").unlink()
    assert parts.demo.ready
    parts.demo.furnish()
    assert names(parts) == ["Shop overview"]


def test_without_a_shop_there_is_none(start: Callable[..., Parts]) -> None:
    assert names(start(events=0)) == []
