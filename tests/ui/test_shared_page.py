"""The page behind a share link without a browser, the dialog that makes one, and Admin's list."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine import Scope, process
from engine.caches.memory import MemoryAnswers
from engine.demo.words import BRANDS, WORKSPACE
from engine.errors import Unavailable
from pages.ui import shared as module
from pages.ui import visitor
from pages.ui.grid.asked import Asked
from pages.ui.shared import RANGE, export_path

pytestmark = pytest.mark.usefixtures("demo_shop")
PAGES = Path(__file__).parents[2] / "pages"
SCOPE = Scope(WORKSPACE, BRANDS[0])
USUAL = {"event_types": None, "group_by": "none", "aggregation": "count", "time_window_days": 30}
PLACE = (WORKSPACE, BRANDS[0])
TITLES = ("First", "Second")


def widget(x, title):
    position = {"x": x, "y": 0, "w": 6, "h": 1}
    return {"widget_type": "counter", "position": position, "config": {"title": title, **USUAL}}


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """There is no browser that would say where it is."""
    monkeypatch.setattr(visitor, "address", lambda: "127.0.0.1")


@pytest.fixture
def board(request):
    slug = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:60]
    widgets = [widget(6 * place, title) for place, title in enumerate(TITLES)]
    raw = {"slug": slug, "name": "Board", "widgets": widgets}
    return process().dashboards.create(WORKSPACE, BRANDS[0], "somebody", raw)


def make(board, **options):
    me = visitor.visitor()
    return process().share_links.make(me, SCOPE, board.id, **{"days": 1} | options)


def opened(token, **parameters):
    page = AppTest.from_file(str(PAGES / "shared.py"), default_timeout=60)
    page.query_params["token"] = token
    for name, value in parameters.items():
        page.query_params[name] = value
    return run(page)


def run(page):
    process().share_links._remembered = MemoryAnswers(1.0)
    page.run()
    assert not page.exception
    return page


def said(page):
    parts = [*(part.proto.body for part in page.get("html")), *(m.value for m in page.markdown)]
    return "\n".join(map(str, parts)).replace("\\", "").replace("\u2060", "")


def numbers(page):
    return re.findall(r"data-painted>([^<]+)<", said(page))


def test_it_shows_what_the_link_says_whoever_looks(board, monkeypatch):
    _, token = make(board)
    monkeypatch.setattr(visitor, "visitor", lambda: None)
    page = opened(token, workspace="ws_other", brand=BRANDS[1], time_window_days="7")
    assert len(numbers(page)) == 2
    assert all(title in said(page) for title in ("Board", *TITLES))
    assert not page.segmented_control
    assert not page.selectbox


def test_one_widget_by_itself(board):
    _, token = make(board, widget_id=board.widgets[1].id)
    page = opened(token)
    assert len(numbers(page)) == 1
    assert "Second" in said(page)
    assert not re.search("Board|First", said(page))


def test_what_opens_nothing_says_the_same(board):
    revoked, ended = make(board)
    process().share_links.revoke(visitor.visitor(), WORKSPACE, revoked.id)
    told = set()
    for token in (ended, "A" * 43, "", "<b>", ended + "\n"):
        page = opened(token)
        assert not numbers(page)
        assert "Board" not in said(page)
        told.add(page.markdown[-1].value)
    assert len(told) == 1


def test_an_open_page_closes_at_its_next_step(board):
    link, token = make(board, may_range=True)
    page = opened(token)
    assert numbers(page)
    process().share_links.revoke(visitor.visitor(), WORKSPACE, link.id)
    assert not numbers(run(page))


def test_a_browser_does_not_choose_what_it_was_not_offered(board):
    _, token = make(board)
    page = opened(token)
    own = numbers(page)
    page.session_state[RANGE] = 365
    assert numbers(run(page)) == own
    _, token = make(board, may_range=True)
    for days, changed in ((7, True), (364, False), ("x", False)):
        page = AppTest.from_file(str(PAGES / "shared.py"), default_timeout=60)
        page.query_params["token"] = token
        page.session_state[RANGE] = days
        assert (numbers(run(page)) != own) == changed


def test_without_a_database_nothing_is_shown(board, monkeypatch):
    _, token = make(board)

    def fail(*_):
        raise Unavailable("away for a moment")

    page = opened(token)
    monkeypatch.setattr(process().share_links, "open", fail)
    monkeypatch.setattr(process().share_links, "resolve", fail)
    assert not numbers(run(page))
    assert "away for a moment" in said(page)


@pytest.mark.parametrize("now", ["none", "other", "unavailable"])
def test_fragments_ask_first(board, monkeypatch, now):
    link, token = make(board)
    other = process().share_links.resolve(make(board)[1])

    def resolve(_):
        if now == "unavailable":
            raise Unavailable("away")
        return other if now == "other" else None

    class Again(Exception):
        pass

    def rerun():
        raise Again

    monkeypatch.setattr(process().share_links, "resolve", resolve)
    monkeypatch.setattr(module.session, "share_token", lambda: token)
    monkeypatch.setattr(module.st, "rerun", rerun)
    for fragment in (
        lambda: module._watch.__wrapped__(link.id, board.version),
        lambda: module._menu({"id": "x"}, None, link.id),
        module.Page(other)._grid if now != "other" else lambda: module.still(link.id),
    ):
        with pytest.raises(Again):
            fragment()


def test_what_is_taken_off_the_dashboard_is_gone_from_open_pages(board, monkeypatch):
    begun = []
    link, token = make(board)
    monkeypatch.setattr(module.session, "share_token", lambda: token)
    monkeypatch.setattr(module.st, "rerun", lambda: begun.append(1))
    module._watch.__wrapped__(link.id, board.version)
    assert not begun
    first, second = (one.to_raw() for one in board.widgets)
    process().dashboards.put(*PLACE, board.id, "ana", {"widgets": [second]})
    process().share_links._remembered = MemoryAnswers(1.0)
    module._watch.__wrapped__(link.id, board.version)
    assert len(begun) == 1
    module._menu(first, Asked(), link.id)
    assert len(begun) == 2


def test_the_dialog_makes_a_link_and_ends_it(board):
    page = AppTest.from_file(str(PAGES / "dashboard.py"), default_timeout=60)
    page.query_params["dashboard"] = board.id
    run(page)
    page.button(key="share").click().run()
    assert not page.exception
    page.toggle(key="share_range").set_value(True)
    page.text_area(key="share_origins").set_value("https://a.example, https://b.example")
    [submit] = [button for button in page.button if button.label == "Make a link"]
    submit.click()
    run(page)
    # Without a browser the whole page runs, and the dialog folds.
    page.button(key="share").click()
    run(page)
    [token] = re.findall(r"/share\?token=([\w-]{43})$", "\n".join(c.value for c in page.code), re.M)
    assert "<iframe" in page.code[1].value
    found = process().share_links.resolve(token)
    assert found.link.may_range
    assert not found.link.may_export
    assert found.link.origins == ("https://a.example", "https://b.example")
    assert "Public by link" in said(run(page))
    assert token not in "\n".join(c.value for c in page.code)
    page.button(key="share").click().run()
    page.button(key=f"end_link_{found.link.id}").click()
    run(page)
    assert process().share_links.resolve(token) is None


def test_an_address_is_told_as_it_is(board):
    assert export_path("t", "w", "csv", 0) == "/share/export?token=t&widget=w&format=csv"
    assert export_path("t", "w", "csv", 7).endswith("&time_window_days=7")
