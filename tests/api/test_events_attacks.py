"""Hostile batches: limits, nesting, damaged bytes; never a 5xx, and whatever is refused is refused
in the envelope.

MUTATIONS=2000000 and EXAMPLES=2000 ask for more than the usual number.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import anyio
import hypothesis
import pytest
import schemathesis

from engine.http.openapi import document
from engine.ingest.inbox import Accepted
from engine.workspaces.permissions import EVENTS_PATH
from tests.api import wire
from tests.api.intake import GOOD, NDJSON, Intake, Workspace
from tests.api.shop import open_shops, served
from tests.api.test_mutations import HEADERS as DAMAGED_HEADERS
from tests.api.test_mutations import JUNK, VALUES
from tests.api.wire import BRAND, OTHER_BRAND, envelope

COUNT: Final = int(os.environ.get("MUTATIONS", "600"))
EXAMPLES: Final = int(os.environ.get("EXAMPLES", "50"))
LIMIT: Final = 4 << 20
VALID: Final = [(name.lower().encode(), value.encode()) for name, value in wire.HEADERS.items()]
NAMES: Final = (
    *("event_id", "event_type", "created_at", "amount", "quantity", "session_id", "metadata"),
    *("brand_id", "catalog_id", "workspace_id", "eventId", "timestamp", "revenue", "visitorId"),
    *("productIds", "row", "fault", "arrived", "day", "month", "", "\ud800", "utmSource", "x" * 99),
)


@pytest.fixture(scope="module")
def intake(tmp_path_factory: Any) -> Iterator[Intake]:
    with Intake(tmp_path_factory.mktemp("intake")) as intake:
        yield intake


@pytest.fixture
def space(intake: Intake) -> Workspace:
    return intake.workspace()


@pytest.mark.parametrize("length", [str(LIMIT + 1), "9" * 5_000])
def test_a_body_that_is_declared_too_large_is_not_read(intake: Intake, length: str) -> None:
    async def receive() -> Any:
        raise AssertionError("read")

    headers = [*VALID, (b"content-length", length.encode())]
    answer = anyio.run(wire.raw, intake.app, receive, intake.workspace().path, headers)
    envelope(answer, 413, "PAYLOAD_TOO_LARGE")
    assert answer.headers["Connection"] == "close"


def test_a_body_that_grows_too_large_is_not_read_whole(intake: Intake) -> None:
    asked = 0

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    answer = anyio.run(wire.raw, intake.app, receive, intake.workspace().path)
    envelope(answer, 413, "PAYLOAD_TOO_LARGE")
    assert answer.headers["Connection"] == "close"
    assert asked == 65


def test_the_largest_body(space: Workspace) -> None:
    body = json.dumps({"events": [GOOD]}).encode().ljust(LIMIT)
    assert space.post(body).json()["stored"] == 1
    envelope(space.post(body + b" "), 413, "PAYLOAD_TOO_LARGE")
    envelope(space.post(iter([body, b" "])), 413, "PAYLOAD_TOO_LARGE")
    assert space.post(b"\n" * LIMIT, NDJSON).status_code == 200


def test_the_order_of_checks(space: Workspace) -> None:
    def post(**headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return space.intake.client.post(space.path, content=b"x" * (LIMIT + 1), headers=names)

    bad = {"Content_Type": "text/plain", "X_Active_Brand": "no"}
    signed_in = {"Authorization": wire.HEADERS["Authorization"]}
    envelope(post(**bad), 401, "AUTH_001")
    envelope(post(**bad, Authorization="Bearer guess"), 401, "AUTH_002")
    envelope(post(**bad, **signed_in), 415, "UNSUPPORTED_MEDIA_TYPE")
    envelope(post(X_Active_Brand="no", **signed_in), 413, "PAYLOAD_TOO_LARGE")
    space.path = "/api/workspace/WS_a/events?brand_id=" + OTHER_BRAND
    headers = {"X-Active-Catalog": "neither"}
    fields = ("workspaceId", "X-Active-Catalog", "X-Active-Brand")
    envelope(space.post("{}", headers), 400, "VALIDATION_ERROR", *fields, "events")
    envelope(space.post("{}", headers, None), 400, "VALIDATION_ERROR", *fields[:2], "events")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "NONSENSE"])
def test_unknown_methods(space: Workspace, method: str) -> None:
    answer = space.intake.client.request(method, space.path)
    envelope(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (b"", ["body"]),
        (b"{", ["body"]),
        (b"[]", ["body"]),
        (b"[{}]", ["body"]),
        (b"null", ["body"]),
        (b"\xef\xbb\xbf{}", ["body"]),
        (b'{"events": [\xff]}', ["body"]),
        (b'{"events": [NaN]}', ["body"]),
        (b'{"events": [], "events": []}', ["body"]),
        (b'{"events": [{"a": 1, "a": 2}]}', ["body"]),
        (b'{"events": [' + b"9" * 5_000 + b"]}", ["body"]),
        (b'{"events": ' + b"[" * 100_000, ["body"]),
        (b"{}", ["events"]),
        (b'{"events": null}', ["events"]),
        (b'{"events": {}}', ["events"]),
        (b'{"events": "\\ud800", "more": 1, "\\udfff": 2}', ["events", "more", '"\\udfff"']),
    ],
)
def test_bodies_that_are_no_list_of_events(
    space: Workspace, text: bytes, fields: list[str]
) -> None:
    envelope(space.post(text), 400, "VALIDATION_ERROR", *fields)


def deep(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + "1" + closing * levels


@pytest.mark.parametrize("levels", [50, 200, 300, 400, 600, 900, 960, 990, 2_000, 100_000])
@pytest.mark.parametrize("name", ["metadata", "session_id", "amount", "other", "productIds"])
def test_nesting(space: Workspace, name: str, levels: int) -> None:
    for value in (deep(levels), deep(levels, '{"a":', "}")):
        event = f'{{"event_type": "x", "{name}": {value}}}'
        bodies = ((f'{{"events": [{{}}, {event}]}}', {}), (f"{{}}\n{event}", NDJSON))
        for body, headers in bodies:
            answer = space.post(body, headers)
            if answer.status_code != 200:
                envelope(answer, 400, "VALIDATION_ERROR", "body")
                assert not headers
            else:
                assert 0 in [reason["index"] for reason in answer.json()["rejected"]]


def test_every_event_has_names_of_its_own(space: Workspace) -> None:
    """Not a column for each name."""
    events = [{"event_type": "x", **{f"n{i}_{j}": 1 for j in range(40)}} for i in range(5_000)]
    assert space.send(*events)["stored"] == 5_000


def test_long_texts(space: Workspace) -> None:
    long = "x" * 1_000_000
    events = [{"event_type": long}, {"event_type": "x", "session_id": long, long: long}]
    assert space.send(*events)["stored"] == 2
    answer = space.send(GOOD | {"created_at": long}, GOOD | {"metadata": [long]}, GOOD | {long: 1})
    assert all(len(reason["message"]) < 400 for reason in answer["rejected"])
    refused = space.post(json.dumps({long: 1}))
    assert len(refused.text) < 1_000


class Batch:
    """A valid one, to begin with."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines = self.random.random() < 0.5
        self.headers = dict(VALID)
        if self.lines:
            self.headers[b"content-type"] = b"application/x-ndjson"
        events = [self.event(seed, i) for i in range(self.random.choice((1, 2, 5)))]
        texts = [json.dumps(event) for event in events]
        text = "\n".join(texts) if self.lines else f'{{"events": [{",".join(texts)}]}}'
        self.body = text.encode()
        for _ in range(self.random.choice((0, 0, 1, 2, 4))):
            self.damage()
        if self.random.random() < 0.2:
            name, values = self.random.choice(DAMAGED_HEADERS)
            self.headers[name] = self.random.choice(values)

    def event(self, seed: int, i: int) -> Any:
        changes = {
            self.random.choice(NAMES): self.random.choice((*VALUES, BRAND, OTHER_BRAND, 1.5, "1e5"))
            for _ in range(self.random.choice((0, 1, 2, 4)))
        }
        event = GOOD | {"event_id": f"{seed}-{i}", "metadata": {"a": 1}} | changes
        return self.random.choice((event, event, event, event, self.random.choice(VALUES)))

    def damage(self) -> None:
        start = self.random.randint(0, len(self.body))
        end = min(len(self.body), start + self.random.choice((0, 1, 1, 5, 40)))
        junk = self.random.choice(JUNK)
        piece = self.random.choice((b"", self.body[start:end] * 2, junk))
        self.body = self.body[:start] + piece + self.body[end:]


def test_damaged_batches(intake: Intake) -> None:
    seen: Counter[int] = Counter()
    outcomes: Counter[str] = Counter()
    path = intake.workspace().path

    async def main() -> None:
        for seed in range(COUNT):
            batch = Batch(seed)
            answer = await send(intake.app, path, batch)
            try:
                assert answer.status_code < 500
                if answer.status_code != 200:
                    wire.check_envelope(answer)
                else:
                    said = answer.json()
                    outcomes.update({k: v if k != "rejected" else len(v) for k, v in said.items()})
            except AssertionError as error:
                raise AssertionError(f"{seed} {batch.body!r} -> {answer}") from error
            seen[answer.status_code] += 1

    anyio.run(main)
    assert set(seen) >= {200, 400, 401, 415}, seen
    assert min(outcomes.values()) > 5, outcomes


async def send(app: Any, path: str, batch: Batch) -> wire.Answer:
    parts = [(batch.body, False)]

    async def receive() -> Any:
        body, more = parts.pop(0) if parts else (b"", False)
        return {"type": "http.request", "body": body, "more_body": more}

    return await wire.raw(app, receive, path, batch.headers.items())


class Memory:
    """An inbox that takes everything."""

    def accept(self, _: str, events: Any) -> Accepted:
        return Accepted(stored=events.height, duplicates=0)


def seen_by(brand: str, unused: str) -> Any:
    """The document for a caller whose brand stands in the parameter `brand`.

    Its events are any JSON, for a bad event does not make a bad request. Lines are left out: their
    schema cannot say what is wrong with them.
    """
    narrow = document()
    path = narrow["paths"][EVENTS_PATH]
    narrow["paths"] = {EVENTS_PATH: path}
    parameters = {p["name"]: p for p in path["post"]["parameters"] if p["name"] != unused}
    parameters["workspaceId"]["schema"] |= {"enum": [wire.SPACE]}
    path["post"]["parameters"] = list(parameters.values())
    del path["post"]["requestBody"]["content"]["application/x-ndjson"]
    request = deepcopy(narrow["components"]["schemas"]["EventsRequest"])
    request["properties"]["events"]["items"] = {}
    narrow["components"]["schemas"]["EventsRequest"] = request
    signed_in = {"auth": {"openapi": {"bearerAuth": {"bearer": wire.TOKEN}}}}
    config = schemathesis.Config.from_dict(signed_in)
    schema: Any = schemathesis.openapi.from_dict(narrow, config=config)
    schema.app = served(open_shops(), inbox=Memory())
    return schema


@schemathesis.pytest.parametrize(
    header=seen_by("X-Active-Brand", unused="brand_id"),
    query=seen_by("brand_id", unused="X-Active-Brand"),
)
@hypothesis.settings(max_examples=EXAMPLES, derandomize=EXAMPLES == 50, deadline=None)
def test_every_check(case: Any) -> None:
    answer = case.call_and_validate()
    if case.meta.generation.mode.is_positive:
        assert answer.status_code == 200
