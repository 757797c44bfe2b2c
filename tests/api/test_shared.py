"""What a share link opens over HTTP: its rows as files, and who may frame its page. Every field is
tampered with; whatever is not the link's looks as what is not there."""

import csv
import io
import random
from dataclasses import fields

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.errors import Unavailable
from engine.http.pages import PageHeaders
from engine.scope import Role, Scope
from engine.workspaces import links as module
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.links import ShareLink, ShareLinks
from engine.workspaces.people import People
from engine.workspaces.permissions import SHARED_EXPORT_PATH, SHARED_PATH
from tests.api import wire
from tests.api.shop import open_shops, served
from tests.api.wire import BRAND, CATALOG, OTHER_BRAND, OTHER_SPACE, SPACE
from tests.browser.hostile import HARM
from tests.faults.sizes import record, size
from tests.workspaces.boards import NEVER_SEEN, widget
from tests.workspaces.people import OPERATOR, Clock, email

CONFIG = {"value_field": None, "aggregation": "count", "event_types": None}
SITE = "https://intranet.example.com"


class Desk:
    """A shop's dashboard with a link of each kind, and a foreign shop's."""

    def __init__(self, path):
        self.database = open_database(f"sqlite:///{path / 'vitrine.db'}")
        self.clock = Clock()
        self.engine = open_shops()
        self.dashboards = Dashboards(self.database, self.clock)
        self.people = People.over(self.database, self.clock, self.engine.brands)
        for name, place in (("maker", SPACE), ("foreign", OTHER_SPACE)):
            self.people.members.add(OPERATOR, place, email(name), Role.EDITOR)
        self.links = ShareLinks(
            self.database,
            self.clock,
            self.dashboards,
            self.people.access.of_subject,
            self.people.audit,
        )
        by_product = widget(kind="top_n", group_by="product_id", **CONFIG)
        by_type = widget(6, kind="top_n", group_by="event_type", **CONFIG)
        made = {"slug": "shop", "name": "Shop", "widgets": [by_product, by_type]}
        self.board = self.dashboards.create(SPACE, BRAND, "ana", made)
        made = {"slug": "shop", "name": "Theirs", "widgets": [by_product]}
        self.theirs = self.dashboards.create(OTHER_SPACE, OTHER_BRAND, "bob", made)
        self.first, self.second = (one.id for one in self.board.widgets)
        self.app = served(
            self.engine,
            dashboards=self.dashboards,
            audit=self.people.audit,
            share_links=self.links,
        )

    def who(self, name):
        return self.people.access.of_account(self.people.accounts.find(email(name)))

    def make(self, who="maker", widget_id=None, catalog=None, **options):
        place, board = {
            "maker": ((SPACE, BRAND), self.board),
            "foreign": ((OTHER_SPACE, OTHER_BRAND), self.theirs),
        }[who]
        options = {"days": 7, "may_export": True} | options
        scope = Scope(*place, catalog)
        return self.links.make(self.who(who), scope, board.id, widget_id, **options)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.database.dispose()


@pytest.fixture
def client(desk):
    with TestClient(desk.app) as client:
        yield client


def take(client, token, widget, headers=None, **asked):
    params = {"token": token, "widget": widget, "format": "csv"} | asked
    return client.get(SHARED_EXPORT_PATH, params=params, headers=headers)


def rows(answer):
    assert answer.status_code == 200, answer.text
    return {key: int(value) for key, value, *_ in list(csv.reader(io.StringIO(answer.text)))[1:]}


def refused(answer):
    """The fields that are wrong."""
    assert answer.status_code == 400, answer.text
    error = wire.check_envelope(answer)
    return [one["field"] for one in error["details"]]


def test_the_rows_of_a_widget(desk, client):
    link, token = desk.make()
    answer = take(client, token, desk.first)
    assert sum(rows(answer).values()) == 300
    assert all(key.startswith("one_product") for key in rows(answer))
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    noted = desk.people.audit.of(SPACE)[0]
    assert (noted.action, noted.actor) == ("export", f"link:{link.begins}…")
    assert token not in str(desk.people.audit.of(SPACE))


def test_the_catalog_is_the_links(desk, client):
    _, token = desk.make(catalog=CATALOG)
    assert sum(rows(take(client, token, desk.first)).values()) == 200


def test_the_range_is_the_viewers_only_where_the_link_says_so(desk, client):
    _, token = desk.make(may_range=True)
    assert sum(rows(take(client, token, desk.first, time_window_days="1")).values()) == 24
    for bad in ("0", "366", "-1", "1.5", "", "7x", "٣", "9" * 40):
        refused(take(client, token, desk.first, time_window_days=bad))
    _, token = desk.make()
    answer = take(client, token, desk.first, time_window_days="1")
    assert refused(answer) == ["time_window_days"]


def test_headers_and_parameters_widen_nothing(desk, client):
    _, token = desk.make()
    wider = {
        "X-Active-Brand": OTHER_BRAND,
        "X-Active-Catalog": CATALOG,
        "Authorization": f"Bearer {wire.TOKEN}",
        "Cookie": "vitrine_session=" + "A" * 43,
    }
    assert sum(rows(take(client, token, desk.first, wider)).values()) == 300
    more = {
        "workspace": OTHER_SPACE,
        "brand_id": OTHER_BRAND,
        "catalog_id": CATALOG,
        "event_types": "agent_view",
        "group_by": "session",
        "limit": "1000",
        "dashboard": desk.theirs.id,
    }
    for name, value in more.items():
        assert refused(take(client, token, desk.first, **{name: value})) == [name]


def closed(client, token, widget, **asked):
    answer = take(client, token, widget, **asked)
    return wire.envelope(answer, 404, "NOT_FOUND")["message"]


def test_everything_that_is_not_the_links_looks_the_same(desk, client):
    _, token = desk.make()
    _, of_one = desk.make(widget_id=desk.first)
    _, private = desk.make(may_export=False)
    revoked, ended = desk.make()
    desk.links.revoke(desk.who("maker"), SPACE, revoked.id)
    _, theirs = desk.make("foreign")
    [foreign] = [one.id for one in desk.theirs.widgets]
    told = {
        closed(client, *pair)
        for pair in (
            ("A" * 43, desk.first),
            (ended, desk.first),
            (private, desk.first),
            (of_one, desk.second),
            (token, foreign),
            (theirs, desk.first),
            (token, NEVER_SEEN),
            (token, ""),
            (token, f"{desk.first}\n"),
            (token, desk.first.upper()),
            ("", desk.first),
            (token, desk.board.id),
        )
    }
    assert len(told) == 1
    many = client.get(f"{SHARED_EXPORT_PATH}?token={token}&token={token}&widget={desk.first}")
    assert wire.envelope(many, 404, "NOT_FOUND")["message"] in told


def test_tampered_tokens_never_open_anything(desk, client):
    """Each character, and many at random: no 5xx, no row."""
    made = [desk.make()[1] for _ in range(3)]
    chance = random.Random(11)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_%=.\u00e9\0"
    tried = {*HARM, "0" * 43, made[0][:-1], made[0] + "\n", made[0] + " "}
    for _ in range(size(300, 20_000)):
        token = list(chance.choice(made))
        for _ in range(chance.randint(1, 4)):
            token[chance.randrange(len(token))] = chance.choice(letters)
        tried.add("".join(token))
    tried -= set(made)
    module_limit = desk.links._of_address
    module_limit._limit = 10**9
    assert {take(client, token, desk.first).status_code for token in tried} == {404}
    assert take(client, made[0], desk.first).status_code == 200
    record("Tampered share links", f"{len(tried):,} distinct tokens, each the same 404.")


def test_openings_are_limited(desk, monkeypatch):
    monkeypatch.setattr(module, "OF_ADDRESS", 5)
    links = ShareLinks(
        desk.database,
        desk.clock,
        desk.dashboards,
        desk.people.access.of_subject,
        desk.people.audit,
    )
    _, token = desk.make()
    with TestClient(served(desk.engine, share_links=links)) as client:
        for _ in range(5):
            assert take(client, "A" * 43, desk.first).status_code == 404
        answer = take(client, token, desk.first)
        wire.envelope(answer, 429, "RATE_001")
        assert int(answer.headers["Retry-After"]) >= 1


def test_a_dead_database_is_503(desk, monkeypatch):
    def fail(*_):
        raise Unavailable("away")

    monkeypatch.setattr(desk.links, "open", fail)
    with TestClient(desk.app) as client:
        wire.envelope(take(client, "A" * 43, desk.first), 503, "UNAVAILABLE")


def test_only_reading(desk, client):
    for method in ("POST", "PUT", "DELETE"):
        answer = client.request(method, SHARED_EXPORT_PATH)
        wire.envelope(answer, 405, "METHOD_NOT_ALLOWED")


def page(desk):
    async def answer(_):
        return Response("<html>", headers={"Cache-Control": "no-cache"}, media_type="text/html")

    routes = [Route(path, answer) for path in ("/", SHARED_PATH, "/share/", "/share/x", "/admin")]
    middleware = [Middleware(PageHeaders, lambda: True, "", desk.links.framers)]
    return TestClient(Starlette(routes=routes, middleware=middleware))


def framed_by(answer):
    policy = answer.headers["Content-Security-Policy"]
    [said] = [part for part in policy.split("; ") if part.startswith("frame-ancestors")]
    return said.removeprefix("frame-ancestors "), answer.headers.get("X-Frame-Options")


def test_only_the_sites_of_a_good_link_frame_its_page(desk):
    nobody = ("'none'", "DENY")
    link, token = desk.make(origins=[SITE, "https://b.example:8443"])
    _, private = desk.make()
    client = page(desk)
    open_to = framed_by(client.get(f"{SHARED_PATH}?token={token}"))
    assert open_to == (f"{SITE} https://b.example:8443", None)
    for address in (
        f"{SHARED_PATH}?token={private}",
        f"{SHARED_PATH}?token={token[:-1]}",
        f"{SHARED_PATH}?token={token}&token={private}",
        f"{SHARED_PATH}?token={private}&token={token}",
        f"{SHARED_PATH}?TOKEN={token}",
        SHARED_PATH,
        f"/share/?token={token}",
        f"/share/x?token={token}",
        f"/?token={token}",
        f"/admin?token={token}",
    ):
        assert framed_by(client.get(address)) == nobody, address
    desk.links.revoke(desk.who("maker"), SPACE, link.id)
    desk.links._remembered._seconds = 0
    assert framed_by(client.get(f"{SHARED_PATH}?token={token}")) == nobody


def test_the_page_of_a_link_gives_no_cookie_and_is_not_kept(desk):
    _, token = desk.make()
    answer = page(desk).get(f"{SHARED_PATH}?token={token}", headers={"Accept": "text/html"})
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]


def test_a_page_is_not_framed_while_links_cannot_be_looked_up(desk, monkeypatch):
    def fail(*_):
        raise Unavailable("away")

    monkeypatch.setattr(desk.links, "open", fail)
    answer = page(desk).get(f"{SHARED_PATH}?token={'A' * 43}")
    assert (answer.status_code, framed_by(answer)) == (200, ("'none'", "DENY"))


def test_what_a_link_is_has_no_token_in_it():
    assert not {field.name for field in fields(ShareLink)} & {"token", "hash"}
