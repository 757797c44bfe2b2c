"""What the dashboards' routes refuse: each fault by its field, all of them at once, never a 500."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.http import dashboards as endpoint
from engine.workspaces.dashboards import Dashboards
from tests.api.boards import CONFIG, PATH, SHOP, WIDGET, Door, boards_app
from tests.api.wire import HEADERS, SPACE, check_envelope, envelope
from tests.postgres import server

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def app(tmp_path_factory: Any) -> Iterator[Starlette]:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('boards') / 'vitrine.db'}")
    yield boards_app(Dashboards(database, lambda: NOW))
    database.dispose()


@pytest.fixture(scope="module")
def door(app: Starlette) -> Iterator[Door]:
    with TestClient(app) as client:
        yield Door(client)


@pytest.fixture(scope="module")
def board(door: Door) -> Any:
    made = door.made(slug="refusals")
    return door.put(made, widgets=[WIDGET]).json()


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 0


NEW = [
    ({}, ["slug", "name"]),
    ({"slug": None, "name": None, "description": 1, "layout": None}, None),
    (SHOP | {"slug": "Shop"}, ["slug"]),
    (SHOP | {"slug": "shop\n"}, ["slug"]),
    (SHOP | {"slug": "s"}, ["slug"]),
    (SHOP | {"slug": "s" * 64}, ["slug"]),
    (SHOP | {"slug": "1shop"}, ["slug"]),
    (SHOP | {"name": ""}, ["name"]),
    (SHOP | {"name": "x" * 121}, ["name"]),
    (SHOP | {"name": "a\nb"}, ["name"]),
    (SHOP | {"name": "a\0"}, ["name"]),
    (SHOP | {"name": "\ud800"}, ["name"]),
    (SHOP | {"name": True}, ["name"]),
    (SHOP | {"description": "x" * 2001}, ["description"]),
    (SHOP | {"description": "a\0"}, ["description"]),
    (SHOP | {"layout": {"version": 2}}, ["layout"]),
    (SHOP | {"layout": {"version": True}}, ["layout"]),
    (SHOP | {"layout": {"cols": 24, "gap": 1}}, ["layout"]),
    (SHOP | {"brand_id": SPACE, "widgets": [], "\ud800": 1}, ["brand_id", "widgets", '"\\ud800"']),
    ([SHOP], ["body"]),
    (None, ["body"]),
]


@pytest.mark.parametrize(("body", "fields"), NEW)
def test_a_new_dashboard_that_is_none(door: Door, body: Any, fields: list[str] | None) -> None:
    answer = door.ask("POST", content=json.dumps(body))
    envelope(answer, 400, "VALIDATION_ERROR", *(fields or body))


def of_widget(**parts: Any) -> Any:
    return WIDGET | parts


def at(**numbers: Any) -> Any:
    return of_widget(position=WIDGET["position"] | numbers)


def configured(**parts: Any) -> Any:
    return of_widget(config=CONFIG | parts)


WIDGETS = [
    ({}, ["widget_type", "position", "config"]),
    (1, [""]),
    (of_widget(widget_type="pie"), ["widget_type"]),
    (of_widget(widget_type=["counter"]), ["widget_type"]),
    (of_widget(position={}), ["position.x", "position.y", "position.w", "position.h"]),
    (of_widget(position=[0, 0, 1, 1]), ["position"]),
    (at(x=-1, y=1.5, w=0, h=101), ["position.x", "position.y", "position.w", "position.h"]),
    (at(x="1"), ["position.x"]),
    (at(x=True), ["position.x"]),
    (at(x=19), ["position.w"]),
    (at(y=10_001, z=1), ["position.y", "position.z"]),
    (of_widget(config=[]), ["config"]),
    (of_widget(id="1", more=1), ["id", "more"]),
    (configured(aggregation="sum"), ["config.value_field"]),
    (configured(limit=0, group_by="month"), ["config.group_by", "config.limit"]),
    (configured(title=1), ["config.title"]),
    (configured(title="x" * 201), ["config.title"]),
    (configured(note="x" * 16_384), ["config"]),
    (configured(note=nested(40)), ["config"]),
    (configured(note="\ud800"), ["config.note"]),
    (configured(note={"\ud800": 1}), ["config.note"]),
    (configured(note=[0, 1e999], more={"deep": "\ud800"}), None),
]


@pytest.mark.parametrize(("widget", "fields"), WIDGETS)
def test_a_widget_that_is_none(
    door: Door, board: Any, widget: Any, fields: list[str] | None
) -> None:
    body = json.dumps({"widgets": [WIDGET, widget]}).replace("Infinity", "1e999")
    answer = door.ask("PUT", f"{PATH}/{board['id']}", content=body)
    given = fields or ["config.note[1]", "config.more.deep"]
    names = [f"widgets[1].{field}".rstrip(".") for field in given]
    envelope(answer, 400, "VALIDATION_ERROR", *names)
    assert door.get(board).json() == board


def test_a_set_that_is_none(door: Door, board: Any) -> None:
    known = board["widgets"][0]
    for widgets, fields in (
        (None, ["widgets"]),
        ({}, ["widgets"]),
        ([WIDGET] * 101, ["widgets"]),
        ([known, known], ["widgets[1].id"]),
        ([known, known | {"id": known["id"].upper()}], ["widgets[1].id"]),
        ([WIDGET | {"id": SHOP["slug"]}, WIDGET | {"id": board["id"]}], ["widgets[0].id"]),
        ([known, WIDGET | {"id": board["id"]}], ["widgets[1].id"]),
    ):
        envelope(door.put(board, widgets=widgets), 400, "VALIDATION_ERROR", *fields)
    assert door.get(board).json() == board
    many = door.put(door.made(slug="many"), widgets=[WIDGET] * 100)
    assert len(many.json()["widgets"]) == 100


def test_everything_at_once(door: Door, board: Any) -> None:
    headers = {"X-Active-Brand": "x", "If-Match": "x"}
    body = {"slug": "x", "name": "", "widgets": [{}], "more": 1}
    path = f"/api/workspace/nowhere/dashboards/{board['id']}"
    answer = door.ask("PUT", path, headers, json=body)
    widget = [f"widgets[0].{name}" for name in ("widget_type", "position", "config")]
    fields = ["workspaceId", "X-Active-Brand", "If-Match", "slug", "name", *widget, "more"]
    envelope(answer, 400, "VALIDATION_ERROR", *fields)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"name": NaN}', b'{"name": "a", "name": "b"}', b"\xff", b"[" * 100_000, b"{}{}"],
)
def test_bodies_that_are_no_json(door: Door, board: Any, body: bytes) -> None:
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{board['id']}")):
        answer = door.ask(method, path, content=body)
        envelope(answer, 400, "VALIDATION_ERROR", "body")


def test_bodies_of_other_kinds_and_sizes(door: Door, board: Any) -> None:
    path = f"{PATH}/{board['id']}"
    for method, place in (("POST", PATH), ("PUT", path)):
        answer = door.ask(method, place, {"Content-Type": "text/plain"}, content=b"{}")
        envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
        answer = door.ask(method, place, content=b" " * (endpoint.BODY_LIMIT + 1))
        envelope(answer, 413, "PAYLOAD_TOO_LARGE")
    largest = configured(note="x" * (16_384 - len(json.dumps(CONFIG)) - 12))
    assert door.put(door.made(slug="large"), widgets=[largest] * 100).status_code == 200


def test_a_database_that_is_away(tmp_path: Path) -> None:
    name = server().new("database")
    database = open_database(server().url(database=name))
    store = Dashboards(database, lambda: NOW)
    with TestClient(boards_app(store)) as client:
        door = Door(client)
        board = door.made()
        database.dispose()
        with server().connect() as connection:
            connection.execute(f"alter database {name} rename to {name}_away")
        for answer in (
            door.ask("GET"),
            door.get(board),
            door.ask("POST", json=SHOP),
            door.put(board, name="x"),
            door.ask("DELETE", f"{PATH}/{board['id']}"),
        ):
            error = envelope(answer, 503, "UNAVAILABLE")
            assert error["message"].startswith("Dashboards cannot be read or saved now")
            assert name not in error["message"]
        with server().connect() as connection:
            connection.execute(f"alter database {name}_away rename to {name}")
        assert door.get(board).json() == board
    database.dispose()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*WIDGET]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
almost = st.fixed_dictionaries(
    {},
    optional={
        "slug": json_values,
        "name": json_values,
        "description": json_values,
        "widgets": json_values
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "id": json_values,
                    "widget_type": json_values | st.just("table"),
                    "position": json_values | st.just(WIDGET["position"]),
                    "config": json_values | json_values.map(lambda v: CONFIG | {"more": v}),
                },
            ),
            max_size=3,
        ),
    },
)


@hypothesis.given(body=almost | json_values, method=st.sampled_from(["POST", "PUT"]))
@hypothesis.settings(max_examples=300)
def test_nothing_breaks_it(door: Door, board: Any, body: Any, method: str) -> None:
    path = PATH if method == "POST" else f"{PATH}/{board['id']}"
    answer = door.ask(method, path, content=json.dumps(body))
    if answer.status_code not in (200, 201):
        assert answer.status_code in (400, 409)
        check_envelope(answer)


def test_who_is_not_known_sends_no_body(app: Starlette) -> None:
    with TestClient(app) as client:
        headers = {"X-Active-Brand": HEADERS["X-Active-Brand"]}
        for method in ("POST", "GET"):
            envelope(client.request(method, PATH, headers=headers), 401, "AUTH_001")
