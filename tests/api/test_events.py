"""Posted events are stored, each once, and in answers soon after."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.bootstrap import build
from engine.contract import IDS, MEASURES
from engine.errors import Unavailable
from engine.http.app import standalone
from engine.settings import Settings
from tests.api import wire
from tests.api.intake import GOOD, NDJSON, TIME, Intake, Workspace
from tests.api.shop import served
from tests.api.test_isolation import Members
from tests.api.wire import BRAND, CATALOG, OTHER_BRAND, envelope

NOTHING: dict[str, Any] = {"stored": 0, "duplicates": 0, "rejected": []}
NO_ID = {"event_type": "agent_view", "created_at": TIME}
NO_TIME = {"event_id": "e", "event_type": "agent_view"}


@pytest.fixture(scope="module")
def intake(tmp_path_factory: Any) -> Iterator[Intake]:
    with Intake(tmp_path_factory.mktemp("intake")) as intake:
        yield intake


@pytest.fixture
def space(intake: Intake) -> Workspace:
    return intake.workspace()


def lines(*events: Any) -> str:
    return "\n".join(map(json.dumps, events))


def test_a_full_event(space: Workspace) -> None:
    event = GOOD | {
        **{name: f"{name}-1" for name in IDS},
        **{name: i + 0.25 for i, name in enumerate(MEASURES)},
        "catalog_id": CATALOG.upper(),
        "metadata": {"country": "PT", "n": 1.0, "deep": {"b": [1], "a": None}, "gone": None},
        "Device Type": "mobile",
        "workspace_id": space.name,
    }
    assert space.send(event) == NOTHING | {"stored": 1}
    [stored] = space.stored()
    metadata = {"country": "PT", "n": "1", "deep": '{"a":null,"b":[1]}', "device_type": "mobile"}
    assert stored == {
        **{name: event[name] for name in ("event_id", "event_type", *IDS)},
        **{name: i + Decimal("0.25") for i, name in enumerate(MEASURES)},
        "created_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "catalog_id": CATALOG,
        "metadata": metadata,
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"eventType": "agent-view"}, {"event_type": "agent_view"}),
        ({"event_type": "one", "eventType": "two"}, {"event_type": "one"}),
        ({"event_id": None, "eventId": "x"}, {"event_id": "x"}),
        ({"sessionId": "s"}, {"session_id": "s"}),
        ({"productId": "p", "agentId": "a"}, {"product_id": "p", "agent_id": "a"}),
        ({"customerId": 7}, {"customer_id": "7"}),
        ({"session_id": "s", "sessionId": "t"}, {"session_id": "s", "metadata": {}}),
        ({"session_id": None, "sessionId": "t"}, {"session_id": "t"}),
        ({"visitorId": "v"}, {"session_id": "v", "metadata": {"visitor_id": "v"}}),
        ({"session_id": "", "visitorId": "v"}, {"session_id": "v"}),
        (
            {"sessionId": "s", "visitorId": "v"},
            {"session_id": "s", "metadata": {"visitor_id": "v"}},
        ),
        ({"created_at": None, "createdAt": TIME}, {}),
        ({"created_at": None, "timestamp": 1767323045000006}, {}),
        ({"created_at": None, "timestamp": "1767323045000006"}, {}),
        ({"timestamp": "2026-01-02T23:00:00Z"}, {}),
        ({"revenue": 12.5}, {"amount": Decimal("12.5"), "metadata": {}}),
        ({"revenue": 12.5, "amount": 0}, {"amount": Decimal(0)}),
        ({"durationMs": "90"}, {"duration_ms": Decimal(90)}),
        ({"catalogId": CATALOG}, {"catalog_id": CATALOG}),
        ({"productIds": ["p"]}, {"product_id": "p", "metadata": {"product_ids": '["p"]'}}),
        ({"productIds": []}, {"product_id": None, "metadata": {"product_ids": "[]"}}),
        (
            {"productIds": ["p", "q"]},
            {"product_id": None, "metadata": {"product_ids": '["p","q"]'}},
        ),
        ({"productIds": ["p"], "product_id": "q"}, {"product_id": "q"}),
        ({"productIds": "p"}, {"product_id": None, "metadata": {"product_ids": "p"}}),
        ({"utmSource": "x", "HTTPCode": 200}, {"metadata": {"utm_source": "x", "httpcode": "200"}}),
        ({"utmSource": "x", "utm_source": "y"}, {"metadata": {"utm_source": "y"}}),
        ({"utm_source": "y", "utmSource": "x"}, {"metadata": {"utm_source": "y"}}),
        ({"page": "x", "metadata": {"page": "y"}}, {"metadata": {"page": "y"}}),
        ({"page": "x", "metadata": {"page": None}}, {"metadata": {"page": "x"}}),
        ({"page": None}, {"metadata": {}}),
        ({"row": 1, "fault": "f"}, {"metadata": {"row": "1", "fault": "f"}}),
        ({"metadata": '{"a": 1.50}'}, {"metadata": {"a": "1.5"}}),
        ({"metadata": None}, {"metadata": {}}),
        ({"metadata": {"amount": 5}}, {"amount": Decimal(5), "metadata": {"amount": "5"}}),
        ({"amount": True, "price": "x", "score": [1]}, dict.fromkeys(("amount", "price", "score"))),
        ({"amount": "1e2", "price": 0.1234567}, {"amount": 100, "price": Decimal("0.123457")}),
        ({"workspace_id": None, "workspaceId": ""}, {"metadata": {}}),
        ({"session_id": {"b": 1, "a": 2.0}}, {"session_id": '{"a":2,"b":1}'}),
        ({"session_id": "\ud800é", "metadata": {"\udfff": "\ud800"}}, {"session_id": "\ufffdé"}),
        ({"session_id": "\0"}, {"session_id": "\0"}),
    ],
)
def test_names_and_values(space: Workspace, event: Any, expected: dict[str, Any]) -> None:
    eventful = GOOD if "eventType" not in event else GOOD | {"event_type": None}
    assert space.send(eventful | event) == NOTHING | {"stored": 1}
    [stored] = space.stored()
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert {name: stored[name] for name in expected} == expected
    assert stored["created_at"] == moment


BAD: list[tuple[Any, str]] = [
    (None, "event"),
    ([], "event"),
    ("text", "event"),
    ({}, "event_type"),
    (GOOD | {"event_type": ""}, "event_type"),
    (GOOD | {"created_at": "yesterday"}, "created_at"),
    (GOOD | {"created_at": True}, "created_at"),
    (GOOD | {"created_at": 10**400}, "created_at"),
    (GOOD | {"amount": 10**12}, "amount"),
    (GOOD | {"amount": 10**400}, "amount"),
    (GOOD | {"amount": "-1e12"}, "amount"),
    (GOOD | {"metadata": []}, "metadata"),
    (GOOD | {"metadata": "nonsense"}, "metadata"),
    (GOOD | {"metadata": "\ud800"}, "metadata"),
    (GOOD | {"metadata": 0}, "metadata"),
    (GOOD | {"brand_id": OTHER_BRAND}, "brand_id"),
    (GOOD | {"brandId": OTHER_BRAND}, "brand_id"),
    (GOOD | {"brand_id": "no"}, "brand_id"),
    (GOOD | {"brand_id": 7}, "brand_id"),
    (GOOD | {"catalog_id": "no"}, "catalog_id"),
    (GOOD | {"workspace_id": "ws_other"}, "workspace_id"),
    (GOOD | {"workspaceId": 1}, "workspace_id"),
    (GOOD | {"event_id": "x" * 257}, "event_id"),
    (GOOD | {"event_id": "a\0"}, "event_id"),
]


@pytest.mark.parametrize(("event", "field"), BAD)
def test_a_bad_event_is_rejected_alone(space: Workspace, event: Any, field: str) -> None:
    said = space.send(GOOD, event, GOOD | {"event_id": "f"})
    assert [(r["index"], r["field"]) for r in said["rejected"]] == [(1, field)]
    assert said["stored"] == 2
    assert len(space.stored()) == 2


def test_many_bad_events(space: Workspace) -> None:
    said = space.send(*(event for event, _ in BAD), GOOD)
    assert {(r["index"], r["field"]) for r in said["rejected"]} == {
        (i, field) for i, (_, field) in enumerate(BAD)
    }
    assert said["stored"] == 1


def test_every_reason_of_an_event(space: Workspace) -> None:
    event = {"amount": 10**13, "created_at": "x", "catalog_id": "y"}
    fields = {"event_type", "created_at", "catalog_id", "amount"}
    assert set(space.rejected(event)) == {(0, field) for field in fields}


@pytest.mark.parametrize("event", [GOOD, NO_ID, NO_TIME, {"event_type": "x"}])
def test_a_retry_stores_nothing(space: Workspace, event: dict[str, Any]) -> None:
    assert space.send(event) == NOTHING | {"stored": 1}
    assert space.send(event) == NOTHING | {"duplicates": 1}
    assert len(space.stored()) == 1
    assert space.send(event) == NOTHING | {"duplicates": 1}
    assert len(space.stored()) == 1


def test_equal_events_without_an_id_are_several(space: Workspace) -> None:
    assert space.send(NO_ID, NO_ID) == NOTHING | {"stored": 2}
    assert space.send(NO_ID) == NOTHING | {"stored": 1}
    assert space.send(NO_ID, brand=OTHER_BRAND) == NOTHING | {"stored": 1}
    assert len(space.stored()) == 3
    assert len(space.stored(OTHER_BRAND)) == 1


def test_an_id_counts_for_a_day_and_a_workspace(intake: Intake, space: Workspace) -> None:
    tomorrow = GOOD | {"created_at": "2026-01-03T00:00:00Z"}
    assert space.send(GOOD, GOOD | {"amount": 5}, tomorrow) == {
        "stored": 2,
        "duplicates": 1,
        "rejected": [],
    }
    assert space.send(tomorrow, brand=OTHER_BRAND)["duplicates"] == 1
    assert intake.workspace().send(GOOD)["stored"] == 1


def test_identical_retries_at_once(space: Workspace) -> None:
    body = json.dumps({"events": [NO_ID] * 50 + [{"event_type": "x"}] * 50})
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: space.post(body), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    said = [answer.json() for answer in answers]
    assert sum(one["stored"] for one in said) == 100
    assert sum(one["duplicates"] for one in said) == 1500
    assert len(space.stored()) == 100


def test_brands(space: Workspace) -> None:
    mixed = [
        GOOD | {"event_id": "a", "brand_id": BRAND.upper()},
        GOOD | {"event_id": "b", "brandId": OTHER_BRAND},
        GOOD | {"event_id": "c"},
        GOOD | {"event_id": "d", "brand_id": None},
    ]
    assert space.send(*mixed, brand=None) == NOTHING | {"stored": 4}
    assert [event["event_id"] for event in space.stored(BRAND)] == ["a"]
    assert [event["event_id"] for event in space.stored(OTHER_BRAND)] == ["b"]
    assert [event["event_id"] for event in space.stored(None)] == ["c", "d"]


def test_the_header_is_for_events_without_a_brand(space: Workspace) -> None:
    events = [GOOD | {"event_id": "a", "brand_id": BRAND.upper()}, GOOD | {"brandId": ""}]
    assert space.send(*events, GOOD | {"brand_id": OTHER_BRAND}, brand=BRAND.upper())["stored"] == 2
    assert len(space.stored(BRAND)) == 2


def test_the_query_is_like_the_header(space: Workspace) -> None:
    space.path += f"?brand_id={BRAND}"
    assert space.post(json.dumps({"events": [GOOD]}), brand=None).json()["stored"] == 1
    envelope(
        space.post("{}", brand=OTHER_BRAND), 400, "VALIDATION_ERROR", "X-Active-Brand", "events"
    )
    assert len(space.stored(BRAND)) == 1


def test_the_catalog_header_is_a_default(space: Workspace) -> None:
    headers = {"X-Active-Catalog": CATALOG}
    own = GOOD | {"event_id": "f", "catalog_id": wire.NEVER_SEEN}
    for brand in (BRAND, None):
        space.send(GOOD, own, brand=brand, **headers)
    catalogs = [event["catalog_id"] for event in space.stored()]
    assert catalogs == [CATALOG, wire.NEVER_SEEN]


def test_members_write_where_they_may(intake: Intake) -> None:
    """The engine is that of the shops: `one` has a brand of ws_one, `two` one of ws_two."""
    app = served(intake.parts.engine, auth=Members(), inbox=intake.parts.inbox)
    client = TestClient(app)

    def post(space: str, brand: str | None, *events: Any) -> Any:
        headers = {"Authorization": "Bearer one"} | ({"X-Active-Brand": brand} if brand else {})
        path = f"/api/workspace/{space}/events"
        return client.post(path, content=json.dumps({"events": events}), headers=headers)

    for space, brand in ((wire.SPACE, OTHER_BRAND), (wire.OTHER_SPACE, None), ("ws_new", BRAND)):
        envelope(post(space, brand, None), 403, "AUTH_004")
    assert post(wire.SPACE, BRAND, GOOD).json() == NOTHING | {"stored": 1}
    mixed = [GOOD | {"event_id": str(i), "brandId": b} for i, b in enumerate((BRAND, OTHER_BRAND))]
    said = post(wire.SPACE, None, *mixed, GOOD | {"event_id": "x"}).json()
    assert said["stored"] == 2
    assert [(r["index"], r["field"]) for r in said["rejected"]] == [(1, "brand_id")]


def test_lines(space: Workspace) -> None:
    good = [json.dumps(GOOD | {"event_id": str(i)}).encode() for i in range(4)]
    body = b"\xef\xbb\xbf%b\r\n\n  \n%b\n{\n%b\n[]\n\xff{}\n{} {}\n%b%b\n%b" % (
        *good[:3],
        good[0],
        good[1],
        good[3],
    )
    said = space.post(body, NDJSON).json()
    assert (said["stored"], said["duplicates"]) == (4, 0)
    assert [reason["index"] for reason in said["rejected"]] == [2, 4, 5, 6, 7]
    assert {reason["field"] for reason in said["rejected"]} == {"event"}


@pytest.mark.parametrize("body", ["", "\n\n", " \r\n"])
def test_no_lines(space: Workspace, body: str) -> None:
    assert space.post(body, NDJSON).json() == NOTHING


def test_no_events(space: Workspace) -> None:
    assert space.send() == NOTHING
    assert space.stored() == []


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/x-ndjson", 200),
        ("Application/NDJSON; charset=UTF-8", 200),
        ("application/jsonl", 200),
        ("application/x-ndjson; charset=utf-16", 415),
        ("text/x-ndjson", 415),
        ("text/plain", 415),
        ("", 415),
        ("application/json", 400),
        ("application/vnd.shop+json", 400),
    ],
)
def test_content_types_of_lines(space: Workspace, content_type: str, status: int) -> None:
    answer = space.post(lines(GOOD, NO_ID), {"Content-Type": content_type})
    assert answer.status_code == status
    if status != 200:
        envelope(
            answer,
            status,
            *(["VALIDATION_ERROR", "body"] if status == 400 else ["UNSUPPORTED_MEDIA_TYPE"]),
        )


@pytest.mark.parametrize("content_type", [None, "application/json", "application/a+json"])
def test_content_types_of_json(space: Workspace, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert space.post(json.dumps({"events": [GOOD]}), headers).json()["stored"] == 1


def test_as_many_events_as_there_may_be(space: Workspace) -> None:
    events = [{"event_type": "x"}] * 5_000
    assert space.send(*events) == NOTHING | {"stored": 5_000}
    for body, headers in (
        (json.dumps({"events": [*events, {}]}), {}),
        (lines(*events, {}), NDJSON),
        ("{}\n" * 1_000_000, NDJSON),
    ):
        envelope(space.post(body, headers), 400, "VALIDATION_ERROR", "events")
    assert len(space.stored()) == 5_000


class Full:
    """An inbox on a full disk."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def accept(self, *_: Any) -> Any:
        raise self.error


@pytest.mark.parametrize("error", [Unavailable("full"), OSError("/secret/path")])
def test_no_commit_no_acknowledgement(intake: Intake, caplog: Any, error: Exception) -> None:
    client = TestClient(served(intake.parts.engine, inbox=Full(error)))
    path = f"/api/workspace/{wire.SPACE}/events"
    answer = client.post(path, json={"events": [GOOD]}, headers=wire.HEADERS)
    assert "secret" not in envelope(answer, 503, "UNAVAILABLE")["message"]
    assert len(caplog.records) == isinstance(error, OSError)
    # Nothing to store needs no disk.
    assert client.post(path, json={"events": []}, headers=wire.HEADERS).json() == NOTHING


def test_a_broken_database(tmp_path: Path) -> None:
    space = Intake(tmp_path).workspace()
    (tmp_path / "vitrine.db").write_bytes(b"garbage " * 1_000)
    envelope(space.post(json.dumps({"events": [GOOD]})), 503, "UNAVAILABLE")


def test_events_are_soon_in_the_answers(tmp_path: Path) -> None:
    """The promise is 2 seconds; the limit is for busy machines."""
    parts = build(Settings(tmp_path, demo_token=wire.TOKEN))
    local: Any = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 1)}
    with TestClient(standalone(parts), headers=wire.HEADERS, **local) as client:
        for total in range(10, 60, 10):
            # Those of now come into windows that end with this second only when it is over.
            event = {"event_type": "x"}
            if total <= 20:
                moment = datetime.now(UTC) - timedelta(minutes=total)
                event |= {"created_at": moment.isoformat()}
            events = [event | {"event_id": str(total + i)} for i in range(10)]
            posted = client.post(f"/api/workspace/{wire.SPACE}/events", json={"events": events})
            assert posted.json()["stored"] == 10
            began = time.monotonic()
            rows: list[Any] = []
            while [row["value"] for row in rows] != [total]:
                assert time.monotonic() - began < 10
                time.sleep(0.05)
                # Until its first event is moved, the new brand does not exist.
                rows = client.post(wire.address(), json=wire.BODY).json().get("rows", [])
