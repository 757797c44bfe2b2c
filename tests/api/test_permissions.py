"""Every route of the permission table x every role x own and foreign: made from the table."""

import json
from itertools import product
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.exports.links import Links
from engine.http import openapi
from engine.http.auth import PeopleAuthenticator
from engine.ingest.inbox import Accepted
from engine.request import parse
from engine.scope import Role, Scope
from engine.settings import Settings
from engine.workspaces.browser import SESSION
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.permissions import LEAST, OF_ROUTE
from tests.api import wire
from tests.api.shop import open_shops, served
from tests.workspaces.people import BRAND, FOREIGN, OTHER, PLACE, SECOND, Crew

EVENT = {"event_type": "agent_view", "event_id": "a"}
BOARD = {"slug": "board", "name": "Board"}
BODIES = {"aggregate": wire.BODY, "events": {"events": [EVENT]}, "dashboards": BOARD}
EXPORT = {"format": "csv", "group_by": "day", "aggregation": "count", "time_window_days": 30}
SCOPES = {
    "own": (PLACE, BRAND),
    "own, second brand": (PLACE, SECOND),
    "foreign": (OTHER, FOREIGN),
    "mixed": (PLACE, FOREIGN),
    "mixed the other way": (OTHER, BRAND),
    "missing brand": (PLACE, wire.NEVER_SEEN),
    "missing": ("ws_nowhere", wire.NEVER_SEEN),
}
WHO = [*(role.value for role in Role), "narrow", "foreign", "key", "narrow key", "nobody"]


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """The endpoint, and by name the tokens of everybody."""
    path = tmp_path_factory.mktemp("permissions") / "vitrine.db"
    crew = Crew(open_database(f"sqlite:///{path}"))
    keys, owner = crew.people.keys, crew.who("owner")
    tokens = {role.value: keys.make(owner, PLACE, role.value, role)[1] for role in Role}
    tokens["foreign"] = keys.make(crew.who("foreign"), OTHER, "key", Role.OWNER)[1]
    tokens["key"] = tokens["viewer"]
    tokens["narrow"] = keys.make(owner, PLACE, "narrow", Role.EDITOR, BRAND)[1]
    tokens["narrow key"] = keys.make(owner, PLACE, "narrow key", Role.VIEWER, BRAND)[1]
    tokens["nobody"] = "sk_live_" + "x" * 43
    inbox = SimpleNamespace(accept=lambda workspace, events: Accepted(events.height, 0))
    app = served(
        open_shops(),
        auth=PeopleAuthenticator(crew.people.access),
        inbox=inbox,
        audit=crew.people.audit,
        dashboards=Dashboards(crew.database, crew.clock),
    )
    with TestClient(app, follow_redirects=False) as client:
        yield crew, client, tokens
    crew.database.dispose()


def ask(client, route, token, place, brand, session=None):
    method, path = route.split(" ")
    address = path.replace("{workspaceId}", place).replace("{dashboardId}", wire.NEVER_SEEN)
    headers = {"X-Active-Brand": brand}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if session is not None:
        headers["Cookie"] = f"other=1; {SESSION}={session}"
    query = EXPORT if path.endswith("/export") else {}
    body = BODIES.get(path.rsplit("/", 1)[-1], {})
    content = {} if method in ("GET", "DELETE") else {"json": body}
    return client.request(method, address, headers=headers, params=query, **content)


def expected(who, route, place, brand):
    """The codes that may be answered, from what the roles are and the table alone."""
    if who == "nobody":
        return {"AUTH_002"}
    home = OTHER if who == "foreign" else PLACE
    role = {"foreign": "owner", "key": "viewer", "narrow": "editor", "narrow key": "viewer"}
    mine = Role(role.get(who, who))
    known = {PLACE: {BRAND, SECOND}, OTHER: {FOREIGN}}[home]
    if who.startswith("narrow"):
        known = {BRAND}
    if place != home:
        return {"AUTH_004"}
    if not mine.reaches(LEAST[OF_ROUTE[route]]):
        return {"AUTH_003"}
    # Whoever may write to all of a workspace may bring a brand that is new there.
    if brand not in known and not (route.endswith("/events") and not who.startswith("narrow")):
        return {"AUTH_004"}
    return {None, "NOT_FOUND", "CONFLICT"}


@pytest.mark.parametrize("route", OF_ROUTE)
def test_routes_x_roles_x_own_and_foreign(door, route):
    _, client, tokens = door
    for who, (name, (place, brand)) in product(WHO, SCOPES.items()):
        answer = ask(client, route, tokens[who], place, brand)
        error = None if answer.status_code < 300 else wire.check_envelope(answer)
        code = None if error is None else error["code"]
        assert code in expected(who, route, place, brand), (who, name, answer.text[:300])
    for place, brand in SCOPES.values():
        wire.envelope(ask(client, route, None, place, brand), 401, "AUTH_001")


@pytest.mark.parametrize("route", OF_ROUTE)
def test_foreign_and_missing_look_the_same(door, route):
    _, client, tokens = door
    told = set()
    for name in ("foreign", "mixed the other way", "missing"):
        place, brand = SCOPES[name]
        text = ask(client, route, tokens["viewer"], place, brand).json()["error"]["message"]
        told.add(text.replace(place, "W").replace(brand, "B"))
    assert len(told) == 1


def test_every_route_is_in_the_table(door):
    listed = {
        f"{method.upper()} {path}"
        for path, methods in openapi.document()["paths"].items()
        for method in methods
        if method in ("get", "post", "put", "delete", "patch")
    }
    assert listed - {"GET /api/openapi.json"} == set(OF_ROUTE)


@pytest.mark.parametrize("route", OF_ROUTE)
def test_a_session_is_no_token(door, route):
    """What a cookie holds does not write in a header either."""
    crew, client, _ = door
    method, path = route.split(" ")
    address = path.replace("{workspaceId}", PLACE).replace("{dashboardId}", wire.NEVER_SEEN)
    headers = {"X-Active-Brand": BRAND, "Authorization": f"Session {crew.sign_in('owner')}"}
    wire.envelope(client.request(method, address, headers=headers), 401, "AUTH_002")


@pytest.mark.parametrize("route", OF_ROUTE)
def test_a_browsers_cookie_reads_and_does_not_write(door, route):
    """Another site can make a browser send a request with its cookie, but cannot read answers."""
    crew, client, _ = door
    session = crew.sign_in("owner")
    for place, brand in (SCOPES["own"], SCOPES["foreign"]):
        answer = ask(client, route, None, place, brand, session)
        if route.startswith("GET "):
            assert answer.status_code in ({200, 404} if place == PLACE else {403}), answer.text
        else:
            wire.envelope(answer, 401, "AUTH_001")
        for bad in (session[:-1], session.swapcase(), f"{session}; {SESSION}={session}", ""):
            assert ask(client, route, None, place, brand, bad).status_code == 401


def test_exports_are_noted_with_who_and_where(door):
    crew, client, tokens = door
    before = len(crew.people.audit.of(PLACE))
    route = next(route for route in OF_ROUTE if route.endswith("/export"))
    assert ask(client, route, tokens["viewer"], PLACE, BRAND).status_code == 200
    assert ask(client, route, tokens["viewer"], OTHER, FOREIGN).status_code == 403
    first, *_ = entries = crew.people.audit.of(PLACE)
    assert len(entries) == before + 1
    assert (first.action, first.address) == ("export", "testclient")
    assert first.actor.startswith("key:")
    assert BRAND in first.object


def test_a_ticket_of_an_export_alone_opens_nothing(tmp_path):
    """Outside demo mode it is a person's way, who may have been signed out since."""
    crew = Crew(open_database(f"sqlite:///{tmp_path / 'vitrine.db'}"))
    links = Links("a secret of thirty-two characters")
    path = links.path(parse(wire.BODY), Scope(PLACE, BRAND), "csv")
    auth = PeopleAuthenticator(crew.people.access)
    app = served(open_shops(), auth=auth, links=links, needs_caller=lambda: True)
    with TestClient(app) as client:
        wire.envelope(client.get(path), 401, "AUTH_001")
        for who, status in (("viewer", 200), ("foreign", 403)):
            client.cookies.set(SESSION, crew.sign_in(who))
            assert client.get(path).status_code == status
            client.cookies.clear()
    crew.database.dispose()


def test_each_key_has_a_rate_of_its_own(tmp_path):
    crew = Crew(open_database(f"sqlite:///{tmp_path / 'vitrine.db'}"))
    auth = PeopleAuthenticator(crew.people.access)
    settings = Settings(home=tmp_path, rate_limit_per_minute=3)
    keys = [crew.people.keys.make(crew.who("owner"), PLACE, n, Role.VIEWER)[1] for n in "ab"]
    route = next(iter(OF_ROUTE))
    with TestClient(served(open_shops(), settings, auth)) as client:
        left = [
            ask(client, route, keys[0], PLACE, BRAND).headers["X-RateLimit-Remaining"]
            for _ in range(3)
        ]
        assert left == ["2", "1", "0"]
        wire.envelope(ask(client, route, keys[0], PLACE, BRAND), 429, "RATE_001")
        assert ask(client, route, keys[1], PLACE, BRAND).status_code == 200
        for _ in range(3):
            ask(client, route, "sk_live_guess", PLACE, BRAND)
        wire.envelope(ask(client, route, "sk_live_another", PLACE, BRAND), 429, "RATE_001")
    crew.database.dispose()


def test_a_dead_database_is_no_crash(door, monkeypatch):
    def fail(_):
        raise OperationalError("select", {}, Exception("gone"))

    crew, client, _ = door
    monkeypatch.setattr(crew.people.access, "of_key", fail)
    answer = ask(client, next(iter(OF_ROUTE)), "sk_live_" + "y" * 43, PLACE, BRAND)
    error = wire.envelope(answer, 503, "UNAVAILABLE")
    assert "gone" not in json.dumps(error)
