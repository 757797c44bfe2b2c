"""The dashboards' routes as a client of the original API uses them, on both databases."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.http.openapi import document
from engine.scope import Role
from engine.workspaces.dashboards import Dashboards
from tests.api import wire
from tests.api.boards import CONFIG, PATH, SHOP, WIDGET, Door, People, boards_app
from tests.api.wire import BRAND, NEVER_SEEN, OTHER_BRAND, OTHER_SPACE, SPACE, envelope
from tests.postgres import server

NOW = datetime(2026, 11, 23, 12, 0, 1, 500, tzinfo=UTC)
DASHBOARD = [
    "id",
    "workspace_id",
    "brand_id",
    "slug",
    "name",
    "description",
    "layout",
    "created_by",
    "created_at",
    "updated_at",
]
OF_WIDGET = ["id", "dashboard_id", "widget_type", "position", "config", "created_at", "updated_at"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: Any, tmp_path_factory: Any) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('boards') / 'vitrine.db'}"
    else:
        url = server().url(database=server().new("database"))
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(database: Engine) -> Iterator[Dashboards]:
    store = Dashboards(database, lambda: NOW)
    yield store
    for space, brand in ((SPACE, BRAND), (OTHER_SPACE, OTHER_BRAND)):
        for listed in store.list(space, brand, ""):
            store.delete(space, brand, listed.id, "")


@pytest.fixture
def app(store: Dashboards) -> Starlette:
    return boards_app(store)


@pytest.fixture
def door(client: TestClient) -> Door:
    return Door(client)


def people(store: Dashboards) -> TestClient:
    return TestClient(boards_app(store, auth=People()))


def valid(name: str, value: Any) -> None:
    """Whether the document's schema of that name takes the value."""
    schemas = document()["components"]["schemas"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(value)


def test_a_dashboard_is_made(door: Door) -> None:
    answer = door.ask("POST", json=SHOP | {"description": "All 😀\n"})
    wire.check_headers(answer)
    made = answer.json()
    assert (answer.status_code, list(made)) == (201, [*DASHBOARD, "widgets"])
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert made | {"id": ""} == {
        "id": "",
        "workspace_id": SPACE,
        "brand_id": BRAND,
        "slug": "shop",
        "name": "Shop",
        "description": "All 😀\n",
        "layout": {"version": 1, "cols": 24, "rowHeight": 136},
        "created_by": "demo",
        "created_at": "2026-11-23T12:00:01.000500Z",
        "updated_at": "2026-11-23T12:00:01.000500Z",
        "widgets": [],
    }
    valid("Dashboard", made)
    again = door.ask("GET", answer.headers["Location"])
    assert (again.json(), again.headers["ETag"]) == (made, '"1"')


def test_widgets_are_put_and_read(door: Door) -> None:
    made = door.made()
    config = CONFIG | {"look": "area", "kept": {"as": [1, 1.5, None, "\u0000"]}}
    answer = door.put(made, widgets=[WIDGET, WIDGET | {"config": config, "widget_type": "table"}])
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    board = answer.json()
    valid("Dashboard", board)
    assert door.get(made).json() == board
    [table] = [one for one in board["widgets"] if one["widget_type"] == "table"]
    assert list(table) == OF_WIDGET
    assert (table["dashboard_id"], table["config"]) == (made["id"], config)
    back = door.put(board, widgets=board["widgets"], name="Renamed").json()
    assert back["widgets"] == board["widgets"], "what was read can be sent back"
    only = door.put(made, widgets=[table]).json()
    assert [one["id"] for one in only["widgets"]] == [table["id"]]
    assert door.put(made, widgets=[]).json()["widgets"] == []
    assert door.put(made).json()["name"] == "Renamed"


def test_the_list(door: Door) -> None:
    zoo, ape = door.made(slug="zoo", name="Zoo"), door.made(slug="ape", name="ape")
    door.put(zoo, widgets=[WIDGET])
    answer = door.ask("GET")
    wire.check_headers(answer)
    valid("Dashboards", answer.json())
    assert list(answer.json()) == ["dashboards"]
    first, second = answer.json()["dashboards"]
    assert list(first) == DASHBOARD
    assert (first["id"], second["id"]) == (ape["id"], zoo["id"])
    assert door.ask("HEAD").status_code == 200


def test_a_deleted_dashboard_is_gone(door: Door, store: Dashboards) -> None:
    made = door.made()
    answer = door.ask("DELETE", f"{PATH}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    for method in ("GET", "PUT", "DELETE"):
        given = {"json": {}} if method == "PUT" else {}
        envelope(door.ask(method, f"{PATH}/{made['id']}", **given), 404, "NOT_FOUND")
    assert door.ask("GET").json() == {"dashboards": []}
    assert made["id"] in {listed.id for listed in store.trash(SPACE, BRAND)}
    assert door.made()["id"] != made["id"]


def test_a_slug_is_unique_and_never_changes(door: Door) -> None:
    made = door.made()
    error = envelope(door.ask("POST", json=SHOP), 409, "CONFLICT")
    assert "slug shop is taken" in error["message"]
    for slug in ("shop", "other", None):
        error = envelope(door.put(made, slug=slug), 400, "VALIDATION_ERROR", "slug")
        assert "never changes" in error["message"]


@pytest.mark.parametrize(
    ("tag", "accepted"),
    [
        ('"2"', True),
        ("*", True),
        ('"1", "2"', True),
        ('W/"9" ,"2",', True),
        ('"1"', False),
        ('"3"', False),
        ('W/"2"', False),
        ('"02"', False),
        ('"x", ""', False),
        ('"99999999999999999999"', False),
    ],
)
def test_if_match(door: Door, tag: str, accepted: bool) -> None:
    made = door.made()
    door.put(made, name="Two")
    answer = door.put(made, {"If-Match": tag}, name="Three")
    if accepted:
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
    else:
        error = envelope(answer, 412, "PRECONDITION_FAILED")
        assert "at version 2" in error["message"]
        assert door.get(made).json()["name"] == "Two"
    gone = door.ask("DELETE", f"{PATH}/{made['id']}", {"If-Match": tag.replace("2", "3")})
    assert gone.status_code == (204 if accepted else 412)


@pytest.mark.parametrize("tag", ["2", "", '"2', '2"', "*, *", '"1" "2"', "W/2", ","])
def test_a_malformed_if_match_is_told(door: Door, tag: str) -> None:
    made = door.made()
    envelope(door.put(made, {"If-Match": tag}), 400, "VALIDATION_ERROR", "If-Match")
    answer = door.ask("DELETE", f"{PATH}/{made['id']}", {"If-Match": tag})
    envelope(answer, 400, "VALIDATION_ERROR", "If-Match")


def test_the_brand_comes_from_header_or_query(client: TestClient) -> None:
    headers = {"Authorization": wire.HEADERS["Authorization"]}
    made = client.post(PATH, params={"brand_id": BRAND}, json=SHOP, headers=headers)
    assert made.status_code == 201
    path = f"{PATH}/{made.json()['id']}"
    assert client.get(path, params={"brand_id": BRAND.upper()}, headers=headers).status_code == 200
    for ask in (
        lambda **given: client.get(PATH, headers=headers, **given),
        lambda **given: client.post(PATH, json=SHOP, headers=headers, **given),
        lambda **given: client.get(path, headers=headers, **given),
        lambda **given: client.put(path, json={}, headers=headers, **given),
        lambda **given: client.delete(path, headers=headers, **given),
    ):
        envelope(ask(), 400, "VALIDATION_ERROR", "X-Active-Brand")
        envelope(ask(params={"brand_id": "x"}), 400, "VALIDATION_ERROR", "brand_id")
        envelope(ask(params={"brand_id": NEVER_SEEN}), 403, "AUTH_004")


@pytest.mark.parametrize("least", Role)
def test_roles(database: Engine, store: Dashboards, least: Role) -> None:
    """Everybody reads; who is below the setting saves nothing, also not what is not there."""
    strict = Dashboards(database, lambda: NOW, least)
    with people(strict) as client:
        made = Door(client, "owner").made()
        for role in Role:
            door = Door(client, role)
            assert door.get(made).status_code == 200
            assert door.ask("GET").status_code == 200
            steps = [
                door.ask("POST", json=SHOP | {"slug": f"of-{role}"}),
                door.put(made, name=role),
                door.ask("DELETE", f"{PATH}/{made['id']}", {"If-Match": '"99"'}),
            ]
            if role.reaches(least):
                assert [answer.status_code for answer in steps] == [201, 200, 412]
            else:
                for answer in steps:
                    assert "ask" in envelope(answer, 403, "AUTH_003")["message"].lower()


def test_nobody_sees_what_is_not_theirs(store: Dashboards) -> None:
    """On every route: another workspace or brand is not open, and its ids lead nowhere."""
    elsewhere = f"/api/workspace/{OTHER_SPACE}/dashboards"
    theirs = {"X-Active-Brand": OTHER_BRAND}
    with people(store) as client:
        owner, stranger = Door(client, "owner"), Door(client, "stranger")
        made = owner.made()
        other = stranger.ask("POST", elsewhere, theirs, json=SHOP).json()
        given: dict[str, Any] = {"PUT": {"json": {"name": "x"}}, "POST": {"json": SHOP}}
        for method, path in [
            ("GET", PATH),
            ("POST", PATH),
            *((method, f"{PATH}/{made['id']}") for method in ("GET", "PUT", "DELETE")),
        ]:
            there = path.replace(SPACE, OTHER_SPACE)
            more = given.get(method, {})
            for headers in ((), theirs):
                envelope(stranger.ask(method, path, headers, **more), 403, "AUTH_004")
            envelope(owner.ask(method, there, theirs, **more), 403, "AUTH_004")
            envelope(owner.ask(method, path, theirs, **more), 403, "AUTH_004")
            if made["id"] in path:
                envelope(stranger.ask(method, there, theirs, **more), 404, "NOT_FOUND")
                with_other = path.replace(made["id"], other["id"])
                foreign = envelope(owner.ask(method, with_other, **more), 404, "NOT_FOUND")
                never = path.replace(made["id"], NEVER_SEEN)
                unknown = envelope(owner.ask(method, never, **more), 404, "NOT_FOUND")
                said = foreign["message"].replace(other["id"], NEVER_SEEN)
                assert said == unknown["message"]
            envelope(client.request(method, path, **more), 401, "AUTH_001")
        assert owner.get(made).json() == made
        assert [one["id"] for one in owner.ask("GET").json()["dashboards"]] == [made["id"]]


def test_methods(door: Door) -> None:
    made = door.made()
    for method, path, allowed in [
        ("PATCH", f"{PATH}/{made['id']}", "DELETE, GET, HEAD, PUT"),
        ("POST", f"{PATH}/{made['id']}", "DELETE, GET, HEAD, PUT"),
        ("DELETE", PATH, "GET, HEAD, POST"),
        ("GET", f"{PATH}/aggregate", "POST"),
    ]:
        answer = door.ask(method, path)
        envelope(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"] == allowed
    envelope(door.ask("GET", f"{PATH}/nothing"), 404, "NOT_FOUND")
    envelope(door.ask("GET", f"{PATH}/{made['id']}x"), 404, "NOT_FOUND")


def test_times_are_rfc_3339(door: Door, store: Dashboards) -> None:
    made = door.made()
    store._clock = lambda: NOW.replace(microsecond=0) + timedelta(hours=1)
    after = door.put(made, widgets=[WIDGET]).json()
    times = [after["created_at"], after["updated_at"], after["widgets"][0]["created_at"]]
    assert all(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]{6})?Z", time) for time in times)
    assert after["updated_at"] == "2026-11-23T13:00:01Z"
