"""Frozen copies: one file that loads and runs nothing, for those who may see the dashboard."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import polars as pl
import pytest
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.engine import Engine
from engine.exports.frozen import BLOCK, Part, read, write
from engine.exports.links import SECONDS, Links
from engine.exports.receipt import verify
from engine.request import parse
from engine.scope import Scope
from engine.stores.memory import MemoryStore
from engine.workspaces.dashboards import Dashboards
from tests.api import wire
from tests.api.boards import Door, People
from tests.api.shop import NOW, events, open_shops, served
from tests.api.wire import BRAND, CATALOG, OTHER_BRAND, OTHER_SPACE, SPACE
from tests.browser.hostile import NAMES
from tests.workspaces.boards import Clock, widget

PLAIN = {"value_field": None, "aggregation": "count", "event_types": None}
KINDS = ("none", "day", "hour", "event_type", "product_id", "session", "metadata.shop")
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
    *("h1", "h2", "p", "div", "details", "summary", "pre", "code", "script"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "text", "rect", "circle", "polyline", "path"),
}
AT = {"group_by": "day", "aggregation": "avg", "value_field": "amount", "event_types": None}


@pytest.fixture
def board(tmp_path):
    """The client, the dashboard and the links of the door."""
    database = open_database(f"sqlite:///{tmp_path / 'vitrine.db'}")
    store = Dashboards(database, Clock())
    widgets = [widget(0, 2 * i, title=kind, group_by=kind, **PLAIN) for i, kind in enumerate(KINDS)]
    widgets.append(widget(12, 0, title="mean", time_window_days=3, limit=2, **AT))
    made = {"slug": "shop", "name": "Shop", "description": "All of it", "widgets": widgets}
    dashboard = store.create(SPACE, BRAND, "ana", made)
    links = Links("a secret of thirty-two characters")
    app = served(open_shops(), auth=People(), dashboards=store, links=links)
    with TestClient(app) as client:
        yield client, dashboard, links
    database.dispose()


def address(dashboard, place=SPACE):
    return f"/api/workspace/{place}/dashboards/{dashboard.id}/frozen"


def taken(client, dashboard, who="viewer", **asked):
    answer = Door(client, who).ask("GET", address(dashboard), params=asked)
    assert answer.status_code == 200, answer.text
    return answer


class Seen(HTMLParser):
    """Elements, and the attributes that could load or run something."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.harmful = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        for name, value in attributes:
            fetches = name in ("src", "href", "srcset", "data", "action", "poster", "background")
            if fetches or name.startswith("on") or name == "style":
                self.harmful.append((tag, name, value))


def test_a_copy_has_everything_in_it(board):
    client, dashboard, _ = board
    answer = taken(client, dashboard)
    page = answer.text
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="shop_2')
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    seen = Seen(page)
    assert set(seen.elements) <= ALLOWED
    assert seen.harmful == []
    assert seen.elements.count("script") == 1
    assert BLOCK in page
    assert "default-src 'none'" in page
    assert seen.elements.count("section") == len(KINDS) + 1
    receipts = read(page)
    assert [one["request"]["group_by"] for one in receipts] == [*KINDS[:1], "day", *KINDS[1:]]
    assert sum(value for _, value, _ in receipts[4]["rows"]) == 300
    assert all(one["receipt"] in page for one in receipts)
    assert "one_product_1" in page
    assert "two_" not in page


def test_its_receipts_hold(board):
    client, dashboard, _ = board
    for one in read(taken(client, dashboard, catalog_id=CATALOG).text):
        assert one["scope"]["catalog_id"] == CATALOG
        verdict = verify(one, open_shops())
        assert (verdict.same, verdict.said) == (True, ())


def test_it_is_about_what_the_page_is_about(board):
    client, dashboard, _ = board
    asked = {"time_window_days": "1", "event_types": "agent_view"}
    receipts = read(taken(client, dashboard, **asked).text)
    assert {one["request"]["time_window_days"] for one in receipts} == {1}
    assert {tuple(one["request"]["event_types"]) for one in receipts} == {("agent_view",)}
    assert receipts[0]["rows"] == [["all", 8, 8]]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"time_window_days": "0"}, "time_window_days"),
        ({"time_window_days": "٣"}, "time_window_days"),
        ({"event_types": "A B"}, "event_types"),
        ({"group_by": "day"}, "group_by"),
        ({"brand_id": OTHER_BRAND}, "X-Active-Brand"),
        ({"catalog_id": "x"}, "catalog_id"),
    ],
)
def test_what_cannot_be_asked(board, asked, field):
    client, dashboard, _ = board
    answer = Door(client, "viewer").ask("GET", address(dashboard), params=asked)
    assert answer.status_code == 400, answer.text
    error = wire.check_envelope(answer)
    assert field in {one["field"].split("[")[0] for one in error["details"]}


def test_who_may_not_see_it_gets_no_copy(board):
    client, dashboard, _ = board
    wire.envelope(Door(client, "nobody").ask("GET", address(dashboard)), 401, "AUTH_001")
    stranger = Door(client, "stranger")
    wire.envelope(stranger.ask("GET", address(dashboard)), 403, "AUTH_004")
    theirs = {"X-Active-Brand": OTHER_BRAND}
    there = address(dashboard, OTHER_SPACE)
    foreign = wire.envelope(stranger.ask("GET", there, theirs), 404, "NOT_FOUND")
    missing = there.replace(dashboard.id, wire.NEVER_SEEN)
    other = wire.envelope(stranger.ask("GET", missing, theirs), 404, "NOT_FOUND")
    assert foreign["message"].replace(dashboard.id, "") == other["message"].replace(
        wire.NEVER_SEEN, ""
    )


def test_a_ticket_opens_one_copy_for_five_minutes(board, monkeypatch):
    client, dashboard, links = board
    scope, now = Scope(SPACE, BRAND), links._clock()
    path = links.copy_path(scope, dashboard.id, 7, None)
    assert client.get(path).status_code == 200
    tampered = [
        path.replace("time_window_days=7", "time_window_days=8"),
        path.replace("&time_window_days=7", ""),
        path + f"&catalog_id={CATALOG}",
        path + "&event_types=agent_view",
        path.replace(BRAND, OTHER_BRAND),
        path.replace(SPACE, OTHER_SPACE),
        path.replace(dashboard.id, wire.NEVER_SEEN),
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        path + "&" + urlsplit(path).query.split("&")[-1],
        path.replace("ticket=", "ticket=1"),
    ]
    body = {"event_types": None, "group_by": "none", "aggregation": "count", "time_window_days": 7}
    of_rows = links.ticket(parse(body), scope, "csv")
    tampered.append(re.sub(r"ticket=.*", f"ticket={of_rows}", path))
    for one in tampered:
        wire.envelope(client.get(one), 401, "AUTH_002")
    monkeypatch.setattr(links, "_clock", lambda: now + SECONDS + 1)
    wire.envelope(client.get(path), 401, "AUTH_002")


def test_hostile_names_are_text():
    """In titles, keys, the name and the description: nothing of them is an element."""
    frame = events("one", len(NAMES)).with_columns(product_id=pl.Series(list(NAMES)))
    store = MemoryStore({(SPACE, BRAND): frame})
    engine, scope = Engine(store, clock=lambda: NOW), Scope(SPACE, BRAND)
    body = {"event_types": None, "aggregation": "count", "time_window_days": 30, "limit": 1000}
    request = parse(body | {"group_by": "product_id"})
    answer = engine.aggregate(request, scope)
    assert len(answer.rows) == len(NAMES)
    more = ("</script><img src=x onerror=evil()>", "<!--", "]]>", "\ud800", "a\u202eb", "\x00")
    parts = [Part(name, request, answer) for name in (*NAMES[:8], *more)]
    for name in (*NAMES[::7], *more):
        page = write(name, name, scope, parts, NOW).decode()
        seen = Seen(page)
        assert set(seen.elements) <= ALLOWED
        assert seen.harmful == []
        assert seen.elements.count("script") == 1
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", page)
        assert len(read(page)) == len(parts)
        assert {key for key, _, _ in read(page)[0]["rows"]} == set(NAMES)
