"""Raw rows become events, or a row number and every reason."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from engine.contract import IDS, MEASURES
from engine.ingest.normalise import normalise
from engine.stores.base import EVENTS
from tests.generate import CATALOGS, SCOPE

ARRIVAL = datetime(2026, 11, 23, 12, tzinfo=UTC)
BRAND = SCOPE.brand_id
TIME = "2026-11-23T05:31:56Z"
MOMENT = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
COLUMNS = [*EVENTS.names(), "brand_id", "row", "arrived"]
GOOD = {"event_id": "e", "event_type": "agent_view", "created_at": TIME, "brand_id": BRAND}


def raw(*rows, first=1):
    """A frame of texts, as CSV and NDJSON give it."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    return frame.with_row_index("row", offset=first)


def events(*rows, brand=None):
    """All rows, which must be good, as dictionaries."""
    normal = normalise(raw(*rows), ARRIVAL, "source", brand)
    assert normal.rejected.rows() == []
    return normal.events.to_dicts()


def faults(*rows):
    """row, field and the start of the message."""
    return normalise(raw(*rows), ARRIVAL, "source", None).rejected.rows()


def test_everything_has_its_column_and_type():
    normal = normalise(raw(GOOD), ARRIVAL, "source", None)
    assert normal.events.columns == COLUMNS
    assert {name: normal.events.schema[name] for name in EVENTS} == dict(EVENTS)
    assert normal.rejected.schema == {"row": pl.UInt32, "field": pl.String, "message": pl.String}
    (event,) = normal.events.to_dicts()
    blank = dict.fromkeys((*EVENTS.names(), "brand_id")) | {"metadata": {}}
    assert event == blank | GOOD | {"created_at": MOMENT, "row": 1, "arrived": False}


def test_a_full_row():
    row = GOOD | {
        **{name: f"{name}-1" for name in IDS},
        **{name: str(i) for i, name in enumerate(MEASURES)},
        "catalog_id": CATALOGS[0],
        "workspace_id": "ws_other",
        "metadata": '{"country":"PT","score":5}',
        "Device Type": "mobile",
    }
    (event,) = events(row)
    assert {name: event[name] for name in IDS} == {name: f"{name}-1" for name in IDS}
    assert [event[name] for name in MEASURES] == [Decimal(i) for i in range(len(MEASURES))]
    assert event["catalog_id"] == CATALOGS[0]
    assert event["metadata"] == {"country": "PT", "score": "5", "device_type": "mobile"}


def test_no_rows():
    for frame in (raw(), raw(GOOD).clear()):
        normal = normalise(frame.select(pl.col("row").cast(pl.UInt32)), ARRIVAL, "source", BRAND)
        assert normal.events.columns == COLUMNS
        assert (normal.events.height, normal.rejected.height, normal.rounded) == (0, 0, 0)


@pytest.mark.parametrize(
    ("column", "metadata", "number"),
    [
        ("7", '{"amount":5}', 7),
        ("0", '{"amount":5}', 0),
        (None, '{"amount":5}', 5),
        ("", '{"amount":5}', 5),
        ("n/a", '{"amount":5}', 5),
        ("true", '{"amount":5}', 5),
        (None, '{"amount":"5.25"}', Decimal("5.25")),
        (None, '{"amount":-1e-3}', Decimal("-0.001")),
        (None, '{"amount":0.0000025}', Decimal("0.000002")),
        (None, '{"amount":true}', None),
        (None, '{"amount":"n/a"}', None),
        (None, '{"amount":null}', None),
        (None, '{"amount":[5]}', None),
        (None, '{"Amount":5}', None),
        (None, None, None),
    ],
)
def test_a_number_may_live_in_the_metadata(column, metadata, number):
    other, event = events(GOOD, GOOD | {"amount": column, "metadata": metadata})
    assert event["amount"] == number
    assert other["amount"] is None


@pytest.mark.parametrize("number", ["1000000000000", '"1e12"', "-1e300", "999999999999.9999999"])
def test_a_number_of_the_metadata_that_is_too_large_rejects_its_row(number):
    """As one in the column would; where the column has a number, nobody asks the metadata."""
    rows = [
        GOOD,
        GOOD | {"metadata": f'{{"amount":{number},"price":1e13}}'},
        GOOD | {"metadata": f'{{"amount":{number}}}', "amount": "7"},
        GOOD | {"metadata": f'{{"other":{number}}}'},
    ]
    normal = normalise(raw(*rows), ARRIVAL, "source", None)
    assert [(row, field) for row, field, _ in normal.rejected.rows()] == [
        (2, "amount"),
        (2, "price"),
    ]
    assert all("is 10^12 or more" in said for said in normal.rejected["message"])
    assert normal.events["row"].to_list() == [1, 3, 4]
    assert normal.events["amount"].to_list() == [None, 7, None]


def test_metadata_keeps_its_numbers():
    (event,) = events(GOOD | {"metadata": '{"amount":5.0,"price":1}', "price": "2"})
    assert event["metadata"] == {"amount": "5", "price": "1"}
    assert (event["amount"], event["price"]) == (5, 2)


def test_ids_stay_in_the_metadata():
    (event,) = events(GOOD | {"metadata": '{"session_id":"s"}'})
    assert event["session_id"] is None
    assert event["metadata"] == {"session_id": "s"}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("agent_view", "agent_view"),
        ("agent-view", "agent_view"),
        ("a-b--c-", "a_b__c_"),
        ("Agent-View", "Agent_View"),
        ("page view", "page view"),
        ("X", "X"),
    ],
)
def test_event_types(given, stored):
    assert events(GOOD | {"event_type": given})[0]["event_type"] == stored


@pytest.mark.parametrize("missing", [None, ""])
def test_empty_texts_are_missing(missing):
    row = dict.fromkeys((*IDS, "catalog_id", "brand_id", "event_id", "created_at"), missing)
    (event,) = events(GOOD | row)
    assert [event[name] for name in (*IDS, "catalog_id", "brand_id")] == [None] * 6
    assert (event["created_at"], event["arrived"]) == (ARRIVAL, True)
    assert event["event_id"] == "source-1"


def test_events_without_an_id_are_named_after_their_row():
    rows = [{"event_type": "a"}, {"event_type": "a", "event_id": "x"}, {"event_type": "a"}]
    normal = normalise(raw(*rows, first=200_001), ARRIVAL, "abc", None)
    assert normal.events["event_id"].to_list() == ["abc-200001", "x", "abc-200003"]
    assert normal.events["row"].to_list() == [200_001, 200_002, 200_003]


UPPER = "ABCDEFAB-CDEF-4ABC-8DEF-ABCDEFABCDEF"


def test_uuids_are_lower_case():
    (event,) = events(GOOD | {"brand_id": UPPER, "catalog_id": UPPER})
    assert (event["brand_id"], event["catalog_id"]) == (UPPER.lower(), UPPER.lower())


@pytest.mark.parametrize("own", [None, "", "nonsense", UPPER])
def test_a_brand_for_all_rows(own):
    row = GOOD | {"brand_id": own}
    assert [event["brand_id"] for event in events(row, row, brand=BRAND)] == [BRAND] * 2
    assert events({"event_type": "a"}, brand=BRAND.upper())[0]["brand_id"] == BRAND


NO_UUIDS = ("x", "1", BRAND[:-1], BRAND + "0", BRAND.replace("-", ""), f"{{{BRAND}}}", f" {BRAND}")
NO_UUIDS += (BRAND + "\n", "gggggggg-1111-4111-8111-111111111111")

REASONS = [
    ("event_type", None, "is required; name what happened, as in agent_purchase"),
    ("event_type", "", "is required; name what happened, as in agent_purchase"),
    *(("created_at", text, " is not a time; send ISO 8601") for text in ("x", "2026-02-30")),
    *(("brand_id", text.lower(), " is not a UUID") for text in NO_UUIDS),
    *(("catalog_id", text, " is not a UUID") for text in NO_UUIDS),
    *(("metadata", text, " is not a JSON object") for text in ("[]", "{", '{"a":1,"a":2}', "5")),
    *((name, "1e12", " is 10^12 or more; a measure must be smaller") for name in MEASURES),
    ("amount", "-999999999999.9999995", " is 10^12 or more"),
]


@pytest.mark.parametrize(("field", "value", "message"), REASONS, ids=str)
def test_every_reason(field, value, message):
    """It names row, field, value and rule, and sinks its own row only."""
    frame = raw(GOOD, GOOD | {field: value}, GOOD | {"event_id": "f"})
    normal = normalise(frame, ARRIVAL, "source", None)
    ((row, named, said),) = normal.rejected.rows()
    assert (row, named) == (2, field)
    assert said.startswith((value or "") + message)
    assert normal.events["row"].to_list() == [1, 3]


def test_a_broken_line():
    line = {"fault": "is not valid JSON {oops}"}
    assert faults(GOOD, line, GOOD) == [(2, "line", "is not valid JSON {oops}")]


def test_several_faults_of_several_rows():
    bad = {"created_at": "x", "brand_id": "y", "catalog_id": "z", "metadata": "[]"}
    found = faults(bad | {"amount": "1e12", "price": "-1e13"}, GOOD, {"event_id": "f"})
    fields = ["event_type", "created_at", "brand_id", "catalog_id", "metadata", "amount", "price"]
    assert [(row, field) for row, field, _ in found] == [
        *((1, field) for field in fields),
        (3, "event_type"),
    ]


def test_long_values_are_cut_in_messages():
    ((_, _, message),) = faults(GOOD | {"metadata": "x" * 10_000})
    assert len(message) < 250


def test_rounded_numbers_are_counted():
    rows = [GOOD | {"amount": "0.0000001", "price": "0.1234567"}, GOOD | {"amount": "0.1"}]
    assert normalise(raw(*rows), ARRIVAL, "source", None).rounded == 2


def test_typed_columns():
    """As Parquet may bring them."""
    frame = pl.DataFrame(
        {
            "row": pl.Series([1, 2], dtype=pl.UInt32),
            "event_id": [1.0, None],
            "event_type": pl.Series(["agent-view", "a"], dtype=pl.Categorical),
            "session_id": [536365, None],
            "product_id": [Decimal("7.50"), None],
            "agent_id": [True, None],
            "customer_id": [17850.0, None],
            "created_at": [MOMENT, None],
            "amount": [Decimal("1.25"), None],
            "price": [float("nan"), 2.5],
            "quantity": pl.Series([3, None], dtype=pl.UInt8),
            "metadata": [{"a": 1.0, "rating": 4}, None],
            "flag": [False, None],
        }
    )
    normal = normalise(frame, ARRIVAL, "source", BRAND)
    assert normal.rejected.rows() == []
    first, second = normal.events.to_dicts()
    ids = ("event_id", "event_type", "session_id", "product_id", "agent_id", "customer_id")
    assert [first[name] for name in ids] == ["1", "agent_view", "536365", "7.5", "true", "17850"]
    assert [second[name] for name in ids] == ["source-2", "a", None, None, None, None]
    numbers = ("amount", "price", "quantity", "rating")
    assert [first[name] for name in numbers] == [Decimal("1.25"), None, 3, 4]
    assert [second[name] for name in numbers] == [None, Decimal("2.5"), None, None]
    assert first["metadata"] == {"a": "1", "rating": "4", "flag": "false"}
    assert (second["created_at"], second["metadata"]) == (ARRIVAL, {})


STRANGE = [
    pl.Series([b"\xff", b"ab", None]),
    pl.Series([[1.0], [], None]),
    pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)),
    pl.Series([{"a": 1}, {"a": None}, None]),
    pl.Series([{"a": 1}, {}, None], dtype=pl.Map(pl.String, pl.Int64)),
    pl.Series([MOMENT - ARRIVAL, ARRIVAL - MOMENT, None]),
    pl.Series([MOMENT.date(), MOMENT.date(), None]),
    pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
    pl.Series([True, False, None]),
    pl.Series([float("nan"), float("inf"), None]),
    pl.Series([None, None, None], dtype=pl.Null),
]


@pytest.mark.parametrize("column", STRANGE, ids=lambda column: str(column.dtype))
@pytest.mark.parametrize("name", [*EVENTS.names(), "brand_id", "workspace_id", "other"])
def test_any_type_in_any_column(name, column):
    """Read or rejected; the row that has nothing there is a good one."""
    frame = raw(GOOD, GOOD, {"event_type": "a"}).with_columns(column.alias(name))
    normal = normalise(frame, ARRIVAL, "source", None)
    kept = {1, 2, 3} - set(normal.rejected["row"])
    assert normal.events["row"].to_list() == sorted(kept)
    assert name == "event_type" or 3 in kept


def test_no_column_of_texts():
    """Or of one kind: each is read by its own."""
    columns = {
        **dict.fromkeys(("event_id", *IDS), pl.Series([1, 2])),
        "event_type": pl.Series(["a-b", None], dtype=pl.Categorical),
        **dict.fromkeys(("catalog_id", "brand_id"), pl.Series([None, None], dtype=pl.Null)),
        **dict.fromkeys(MEASURES[:3], pl.Series([1.5, None])),
        **dict.fromkeys(MEASURES[3:5], pl.Series(["2", "x"], dtype=pl.Categorical)),
        **dict.fromkeys(MEASURES[5:], pl.Series([3, 4])),
    }
    normal = normalise(pl.DataFrame(columns).with_row_index("row"), ARRIVAL, "source", None)
    assert normal.rejected.rows() == [
        (1, "event_type", "is required; name what happened, as in agent_purchase")
    ]
    (event,) = normal.events.to_dicts()
    assert (event["event_type"], event["event_id"], event["brand_id"]) == ("a_b", "1", None)
    assert [event[name] for name in MEASURES] == [Decimal("1.5")] * 3 + [2] * 2 + [3] * 2
    assert [event[name] for name in IDS] == ["1"] * len(IDS)
