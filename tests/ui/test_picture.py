"""A picture of an answer: drawn by one browser that stays open; without one, that is said."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from engine.engine import Engine
from engine.errors import Unavailable
from engine.request import parse
from engine.stores.memory import MemoryStore
from pages.ui.picture import Pictures, figure
from tests.contract_cases import BODY
from tests.generate import NOW, SCOPE, event, frame

KEYS = ("", "<img src=http://x/y>", '<a href="javascript:x">a</a>', "a\nb", "\u202eabc", "x" * 300)


@pytest.fixture(scope="module")
def engine():
    events = [
        event(str(i), NOW - timedelta(hours=5 * i), product_id=key or None)
        for i, key in enumerate(KEYS)
    ]
    return Engine(MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): frame(events)}))


@pytest.fixture
def pictures():
    pictures = Pictures()
    yield pictures
    pictures.stop()


def answer(engine, **changes):
    request = parse(BODY | {"time_window_days": 2} | changes)
    return request, engine.aggregate(request, SCOPE, NOW + timedelta(minutes=5))


def test_one_browser_draws_them_all(engine, pictures):
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed; apt-get install chromium")
    asked = [
        answer(engine, **changes)
        for changes in (
            {"group_by": "none"},
            {"group_by": "none", "aggregation": "avg", "value_field": "amount"},
            {"group_by": "hour"},
            {"group_by": "day", "event_types": ["never_sent"]},
            {"group_by": "product_id"},
        )
    ]
    first = pictures(*asked[0])
    browser = pictures._browser
    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(lambda one: pictures(*one), asked))
    assert pictures._browser is browser
    for png in (first, *drawn):
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        assert [int.from_bytes(png[at : at + 4], "big") for at in (16, 20)] == [1920, 1080]
    assert len({*drawn}) == len(asked)
    pictures.stop()
    assert pictures._browser is None
    assert pictures(*asked[0]) == first


def test_where_there_is_no_browser(engine, pictures, monkeypatch, tmp_path):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="need a chromium") as raised:
        pictures(*answer(engine))
    assert raised.value.headers == {"Retry-After": "3600"}


def test_a_browser_that_does_not_start(engine, pictures, monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    with pytest.raises(Unavailable, match="does not answer"):
        pictures(*answer(engine))


def test_names_are_texts(engine):
    drawn = json.dumps(figure(*answer(engine, group_by="product_id")).to_plotly_json(), default=str)
    assert "&lt;img" in drawn
    assert "<img" not in drawn
    assert "<a " not in drawn
    assert "\\u202e" not in drawn
    assert "(none)" in drawn
    assert "x" * 41 not in drawn


def test_it_says_what_is_left_out(engine):
    request, result = answer(engine, group_by="product_id", limit=3)
    assert "the largest 3 of 6" in figure(request, result).layout.title.text
    request, result = answer(engine, group_by="hour", limit=2)
    assert "the latest 2 of 6" in figure(request, result).layout.title.text
