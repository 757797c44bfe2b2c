"""An answer as a file: the same rows and headers, for those with a token or a link's ticket."""

import csv
import io
import json
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import openpyxl
import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.engine import Engine
from engine.errors import Unavailable
from engine.exports import FORMATS
from engine.exports.links import SECONDS, Links
from engine.exports.tables import csv_file, xlsx_file
from engine.request import AggregateRequest, parse
from engine.result import Result
from engine.scope import Scope
from engine.stores.memory import MemoryStore
from tests.api import wire
from tests.api.shop import NOW, events, served
from tests.api.wire import HEADERS, envelope

PATH: Final = f"{wire.address()}/export"
SCOPE: Final = Scope(wire.SPACE, wire.BRAND)
ASKED: Final = {
    "event_types": ["agent_atc", "agent_purchase"],
    "group_by": "hour",
    "aggregation": "sum",
    "value_field": "amount",
    "time_window_days": 9,
    "limit": 20,
}
HOSTILE: Final = (
    "=1+1",
    "+1",
    "-1+1",
    "@sum(a1)",
    "\t=1",
    "\r=1",
    "＝1",
    '=hyperlink("http://x";"y")',
)
HARMLESS: Final = ("", "a=1", "-3.5", "1", 'say "hi", you', "two\nlines", "é\U0001f600", "'", " ")


class Hours:
    """A clock to turn."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def draw(request: AggregateRequest, result: Result) -> bytes:
    if request.group_by == "none":
        raise Unavailable("No browser is here to draw with.")
    return b"\x89PNG " + request.group_by.encode()


@pytest.fixture
def clock() -> Hours:
    return Hours()


@pytest.fixture
def links(clock: Hours) -> Links:
    return Links("a secret of thirty-two characters", clock)


@pytest.fixture
def app(engine: Engine, links: Links) -> Starlette:
    return served(engine, links=links, picture=draw)


@pytest.fixture
def keys() -> tuple[AggregateRequest, Result]:
    """A request and its answer whose keys are the hostile and the harmless ones."""
    made = events("one", len(HOSTILE + HARMLESS)).with_columns(
        product_id=pl.Series([*HOSTILE, *HARMLESS])
    )
    engine = Engine(MemoryStore({(wire.SPACE, wire.BRAND): made}), clock=lambda: NOW)
    request = parse(wire.BODY | {"group_by": "product_id"})
    return request, engine.aggregate(request, SCOPE)


def export(client: TestClient, form: str, headers: Any = HEADERS, **changes: Any) -> Any:
    asked = {k: v for k, v in (ASKED | {"format": form} | changes).items() if v is not None}
    return client.get(PATH, params=asked, headers=headers)


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def test_csv_has_the_rows_and_headers_of_the_endpoint(client: TestClient) -> None:
    posted = client.post(wire.address(), json=ASKED, headers=HEADERS)
    answer = export(client, "csv")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = "sum-of-amount_by-hour_9-days_20261123T120000Z.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    wire.check_headers(answer)
    for header in ("Total-Groups", "Truncated", "Window-Start", "Window-End", "Data-Version"):
        assert answer.headers[f"X-{header}"] == posted.headers[f"X-{header}"]
    header, *rows = table(answer.content)
    assert header == ["key", "value", "secondary", "note"]
    told = [[row["key"], str(row["value"]), str(row["secondary"])] for row in posted.json()["rows"]]
    assert [row[:3] for row in rows] == told
    assert [row[3] for row in rows] == ["the latest 20 of 144 rows (limit 20)"] + [""] * 19
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n") == 21


def test_without_a_cut_there_is_no_note(client: TestClient) -> None:
    answer = export(client, "csv", limit=1000)
    assert answer.headers["X-Truncated"] == "false"
    header, *rows = table(answer.content)
    assert header == ["key", "value", "secondary"]
    assert len(rows) == int(answer.headers["X-Total-Groups"])
    largest = export(client, "csv", group_by="session", limit=2)
    assert table(largest.content)[1][3] == "the largest 2 of 40 rows (limit 2)"


def test_xlsx_and_parquet_have_the_same_rows(client: TestClient) -> None:
    lines = table(export(client, "csv").content)[1:]
    expected = [(key, float(value), int(secondary)) for key, value, secondary, _ in lines]
    book = openpyxl.load_workbook(io.BytesIO(export(client, "xlsx").content))
    header, *rows = book["rows"].iter_rows(values_only=True)
    assert header == ("key", "value", "secondary", "note")
    assert [row[:3] for row in rows] == expected
    assert rows[0][3] == "the latest 20 of 144 rows (limit 20)"
    about = dict(book["about"].iter_rows(values_only=True))
    assert (about["group_by"], about["limit"], about["total_rows"]) == ("hour", 20, 144)
    parquet = export(client, "parquet").content
    assert pl.read_parquet(parquet).rows() == expected
    said = json.loads(pl.read_parquet_metadata(parquet)["vitrine"])
    assert (said["truncated"], said["event_types"]) == ("yes", "agent_atc, agent_purchase")


def test_no_rows_are_a_table_too(client: TestClient) -> None:
    for form in ("csv", "xlsx", "parquet"):
        answer = export(client, form, event_types=["never_sent"], aggregation="count")
        assert (answer.status_code, answer.headers["X-Total-Groups"]) == (200, "0")
    assert pl.read_parquet(answer.content).schema == {
        "key": pl.String,
        "value": pl.Int64,
        "secondary": pl.Int64,
    }


def test_no_key_is_a_formula(keys: tuple[AggregateRequest, Result]) -> None:
    written = {row[0] for row in table(csv_file(*keys))[1:]}
    assert written == {*HARMLESS, *(f"'{key}" for key in HOSTILE)}
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_file(*keys)))["rows"]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert {cell.value or "" for cell in cells} >= {*HOSTILE[:4], *HARMLESS[:4]}


def test_keys_that_no_spreadsheet_can_hold() -> None:
    odd = ["a\0b", "\uffff", "x" * 40_000, "#REF!", "_x0041_"]
    made = events("one", 5).with_columns(product_id=pl.Series(odd))
    engine = Engine(MemoryStore({(wire.SPACE, wire.BRAND): made}), clock=lambda: NOW)
    request = parse(wire.BODY | {"group_by": "product_id"})
    result = engine.aggregate(request, SCOPE)
    assert {row[0] for row in table(csv_file(request, result))[1:]} == set(odd)
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_file(request, result)))["rows"]
    cells = {row[0].value: row[0].data_type for row in sheet.iter_rows(min_row=2)}
    assert {"a\ufffdb", "\ufffd", "x" * 32_767, "#REF!"} <= set(cells)
    assert set(cells.values()) == {"s"}


def test_pictures_are_drawn_by_those_who_can(client: TestClient, engine: Engine) -> None:
    answer = export(client, "png")
    assert (answer.headers["Content-Type"], answer.content) == ("image/png", b"\x89PNG hour")
    envelope(export(client, "png", group_by="none"), 503, "UNAVAILABLE")
    with TestClient(served(engine)) as other:
        envelope(export(other, "png"), 503, "UNAVAILABLE")
        assert export(other, "csv").status_code == 200


def test_a_token_or_a_ticket_is_needed(client: TestClient) -> None:
    envelope(export(client, "csv", headers={}), 401, "AUTH_001")
    envelope(
        export(client, "csv", headers=HEADERS | {"Authorization": "Bearer x"}), 401, "AUTH_002"
    )
    foreign = HEADERS | {"X-Active-Brand": wire.OTHER_BRAND}
    envelope(export(client, "csv", headers=foreign), 403, "AUTH_004")
    envelope(client.post(PATH, headers=HEADERS), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"format": None}, ["format"]),
        ({"format": "xml"}, ["format"]),
        ({"format": ["csv", "csv"]}, ["format"]),
        ({"group_by": "Country", "limit": "1001"}, ["group_by", "limit"]),
        ({"limit": ["1", "2"]}, ["limit"]),
        ({"limit": "1.0"}, ["limit"]),
        ({"value_field": None}, ["value_field"]),
        ({"event_types": ["aa"] * 51}, ["event_types"]),
        ({"sort": "x", "é\n": "1"}, ["sort", "\\xe9\\n"]),
        ({"brand_id": wire.OTHER_BRAND}, ["X-Active-Brand"]),
        ({"catalog_id": "x"}, ["catalog_id"]),
    ],
)
def test_every_fault_is_told(client: TestClient, changes: Any, fields: list[str]) -> None:
    envelope(export(client, "csv", **changes), 400, "VALIDATION_ERROR", *fields)


def test_a_catalog_narrows_by_header_and_by_parameter(client: TestClient) -> None:
    asked = {"event_types": None, "aggregation": "count", "group_by": "none"}
    everything = export(client, "csv", **asked)
    narrowed = export(client, "csv", **asked, catalog_id=wire.CATALOG.upper())
    sent = export(client, "csv", HEADERS | {"X-Active-Catalog": wire.CATALOG}, **asked)
    assert narrowed.content == sent.content != everything.content


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("catalog", [None, wire.CATALOG])
def test_a_link_needs_no_header(
    client: TestClient, links: Links, clock: Hours, form: str, catalog: str | None
) -> None:
    scope = Scope(wire.SPACE, wire.BRAND, catalog)
    path = links.path(parse(ASKED), scope, form)
    answer = client.get(path)
    assert answer.status_code == 200
    wire.check_headers(answer)
    headers = HEADERS if catalog is None else HEADERS | {"X-Active-Catalog": catalog}
    signed_in = export(client, form, headers)
    if form in ("csv", "png"):  # the others are packed with the time
        assert answer.content == signed_in.content
    clock.now += SECONDS - 1
    assert client.get(path).status_code == 200
    clock.now += 1
    envelope(client.get(path), 401, "AUTH_002")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "xlsx"),
        ("event_types", "agent_view"),
        ("group_by", "day"),
        ("aggregation", "avg"),
        ("value_field", "price"),
        ("time_window_days", "10"),
        ("limit", "21"),
        ("limit", "none"),
        ("brand_id", wire.OTHER_BRAND),
        ("catalog_id", wire.NEVER_SEEN),
        ("catalog_id", None),
        ("ticket", ""),
        ("ticket", "9999999999." + "A" * 43),
        ("sort", "x"),
    ],
)
def test_nothing_of_a_link_can_be_changed(
    client: TestClient, links: Links, name: str, value: str | None
) -> None:
    scope = Scope(wire.SPACE, wire.BRAND, wire.CATALOG)
    path, _, query = links.path(parse(ASKED), scope, "csv").partition("?")
    assert client.get(f"{path}?{query}").status_code == 200
    changed = [(n, v) for n, v in parse_qsl(query) if n != name]
    changed += [] if value is None else [(name, value)]
    envelope(client.get(f"{path}?{urlencode(changed)}"), 401, "AUTH_002")


def test_tickets_are_of_one_workspace_and_one_secret(client: TestClient, links: Links) -> None:
    path = links.path(parse(ASKED), SCOPE, "csv")
    envelope(client.get(path.replace(wire.SPACE, wire.OTHER_SPACE)), 401, "AUTH_002")
    ticket = path.rpartition("=")[2]
    seconds, _, signature = ticket.partition(".")
    for forged in (f"{int(seconds) + 1}.{signature}", f"{ticket}x", f"{ticket}&ticket={ticket}"):
        envelope(client.get(path.replace(ticket, forged)), 401, "AUTH_002")
    for other in (Links("another secret of 32 characters", lambda: 1_000_000), Links()):
        envelope(client.get(other.path(parse(ASKED), SCOPE, "csv")), 401, "AUTH_002")
    with pytest.raises(ValueError, match="'xml' is no format"):
        links.ticket(parse(ASKED), SCOPE, "xml")
