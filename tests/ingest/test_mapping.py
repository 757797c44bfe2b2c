"""Which column is taken for which field, and what a mapping makes of a file."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from engine.ingest.mapping import Mapping, apply, guess, preview, simple
from engine.ingest.normalise import FIELDS
from tests.ingest.files import ARRIVAL, BRAND

TIME = "2026-11-23T05:31:56Z"
UUID = "3f2a1f60-5e0e-4a51-9d4e-0a8a5f3a6c11"
NAMED = [
    # a column, a value in it, the field it is for
    ("timestamp", TIME, "created_at"),
    ("time", TIME, "created_at"),
    ("date", "2026-11-23", "created_at"),
    ("ts", "1795411916", "created_at"),
    ("Event Time", TIME, "created_at"),
    ("InvoiceDate", TIME, "created_at"),
    ("createdAt", TIME, "created_at"),
    ("data_hora", TIME, "created_at"),
    ("event", "view", "event_type"),
    ("type", "view", "event_type"),
    ("action", "view", "event_type"),
    ("name", "view", "event_type"),
    ("EventName", "view", "event_type"),
    ("tipo_evento", "view", "event_type"),
    ("visitor_id", "v1", "session_id"),
    ("user_session", "s1", "session_id"),
    ("Session ID", "s1", "session_id"),
    ("user_id", "u1", "customer_id"),
    ("CustomerID", "17850", "customer_id"),
    ("client-id", "c1", "customer_id"),
    ("sku", "p1", "product_id"),
    ("StockCode", "85123A", "product_id"),
    ("item_id", "p1", "product_id"),
    ("código_produto", "p1", "product_id"),
    ("agent", "concierge", "agent_id"),
    ("revenue", "9.99", "amount"),
    ("TOTAL", "9.99", "amount"),
    ("valor total", "9.99", "amount"),
    ("qty", "3", "quantity"),
    ("Quantity", "3", "quantity"),
    ("quantidade", "3", "quantity"),
    ("unit_price", "4.50", "price"),
    ("UnitPrice", "4.50", "price"),
    ("Preço", "4.50", "price"),
    ("latency", "120", "duration_ms"),
    ("stars", "5", "rating"),
    ("messageId", "m1", "event_id"),
    ("properties", '{"a": 1}', "metadata"),
    ("catalog", UUID, "catalog_id"),
    ("brand", UUID.upper(), "brand_id"),
]


@pytest.mark.parametrize(("column", "value", "name"), NAMED, ids=[case[0] for case in NAMED])
def test_a_column_is_known_by_its_name_and_value(column, value, name):
    assert guess(pl.DataFrame({column: [value] * 3})).fields == {name: column}


@pytest.mark.parametrize("name", FIELDS)
def test_a_column_of_the_fields_own_name_is_it(name):
    for written in (name, name.upper(), name.replace("_", " ").title(), simple(name)):
        frame = pl.DataFrame({written: ["odd"] * 9, "timestamp": [TIME] * 9})
        assert guess(frame).fields.get(name) == written


OTHER = [
    ("brand", "Nike"),  # a name, not an id
    ("revenue", "a lot"),
    ("event", "7"),  # a number names nothing
    ("properties", "red"),
    ("catalog", "spring"),
    ("Country", "PT"),
    ("数量", "3"),
    ("", "x"),
]


@pytest.mark.parametrize(("column", "value"), OTHER)
def test_other_columns_stay_metadata(column, value):
    frame = pl.DataFrame({column: [value] * 3})
    mapping = guess(frame)
    assert mapping.fields == {}
    assert mapping.metadata(frame.columns) == [column]


def test_a_name_of_every_row_is_no_type():
    frame = pl.DataFrame({"name": [f"Product {i}" for i in range(20)], "event": ["view"] * 20})
    assert guess(frame).fields == {"event_type": "event"}
    assert guess(frame.drop("event")).fields == {}


def test_of_two_columns_the_better_name_is_taken_once():
    frame = pl.DataFrame(
        {"date": [TIME], "created_at": [TIME], "user_id": ["u"], "customer": ["c"]}
    )
    assert guess(frame).fields == {"customer_id": "customer", "created_at": "created_at"}


def test_times_that_cannot_be_read_are_still_taken_for_the_time():
    """Better rejected rows than the time of the import for all of them."""
    assert guess(pl.DataFrame({"InvoiceDate": ["12/1/2010 8:26"]})).fields == {
        "created_at": "InvoiceDate"
    }


@pytest.mark.parametrize(
    ("text", "dates"),
    [("12/31/2026 8:26", "month-first"), ("31.12.2026", "day-first"), ("1/2/2026", None)],
)
def test_the_order_of_dates_is_guessed_where_they_say_it(text, dates):
    sample = pl.DataFrame({"ts": ["1/2/2026", text], "action": ["a", "b"]})
    assert guess(sample) == Mapping({"event_type": "action", "created_at": "ts"}, dates=dates)


def test_dates_are_read_in_the_order_that_is_chosen():
    raw = pl.DataFrame({"ts": ["1/2/2026", "2026-01-02"], "note": ["1/2/2026", None]})
    fields = {"created_at": "ts"}
    for dates, first in ((None, "1/2/2026"), ("day-first", "2026-02-01T00:00:00")):
        found = apply(raw, Mapping(fields, "view", dates))
        assert found["created_at"].to_list() == [first, "2026-01-02"]
        assert found["note"].to_list() == ["1/2/2026", None]


def test_known_files():
    shop = ["event_time", "event_type", "product_id", "category_id", "brand", "price", "user_id"]
    rows = [[TIME], ["view"], ["1"], ["9"], ["apple"], ["10.5"], ["5"], ["s-1"]]
    frame = pl.DataFrame(dict(zip([*shop, "user_session"], rows, strict=True)))
    assert guess(frame).fields == {
        "event_type": "event_type",
        "session_id": "user_session",
        "product_id": "product_id",
        "customer_id": "user_id",
        "created_at": "event_time",
        "price": "price",
    }
    assert guess(frame).metadata(frame.columns) == ["category_id", "brand"]


FRAME = pl.DataFrame(
    {
        "row": [1, 2],
        "when": [TIME, TIME],
        "who": ["u1", "u2"],
        "amount": ["1", "2"],
        "customer_id": ["c1", "c2"],
        "workspace_id": ["ws_other", "ws_other"],
    }
)


def test_apply_renames_and_sets_aside():
    mapping = Mapping({"created_at": "when", "customer_id": "who"}, "agent_view")
    applied = apply(FRAME, mapping)
    assert applied.columns == [
        "row",
        "created_at",
        "customer_id",
        "event_type",
        "amount ",
        "customer_id ",
    ]
    seen = preview(FRAME, mapping, ARRIVAL, BRAND)
    assert seen.events["customer_id"].to_list() == ["u1", "u2"]
    assert seen.events["event_type"].to_list() == ["agent_view"] * 2
    assert (
        seen.events["created_at"].to_list() == [datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)] * 2
    )
    # A number of the metadata with a measure's name is that measure, as in every event.
    assert seen.events["amount"].to_list() == [Decimal(1), Decimal(2)]
    assert seen.events["metadata"].to_list()[0]["customer_id"] == "c1"


def test_a_column_may_be_two_fields_and_may_be_missing_from_a_batch():
    mapping = Mapping({"session_id": "who", "customer_id": "who", "price": "gone"}, "agent_view")
    applied = apply(FRAME, mapping)
    assert applied["session_id"].to_list() == applied["customer_id"].to_list() == ["u1", "u2"]
    assert "price" not in applied.columns


@pytest.mark.parametrize(
    ("mapping", "fields"),
    [
        (Mapping({"event_type": "x"}), []),
        (Mapping({}, "agent_view"), []),
        (Mapping(), ["event_type"]),
        (Mapping({}, "Agent View"), ["event_type"]),
        (Mapping({"nothing": "x"}, "agent_view"), ["nothing"]),
    ],
)
def test_faults_of_a_mapping(mapping, fields):
    assert [fault.field for fault in mapping.faults()] == fields
