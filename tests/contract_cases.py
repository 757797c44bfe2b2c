"""The contract's rules as named bodies, each with the fields at fault.

One table for every door: parser, JSON Schema, endpoint and page must agree on all of it.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from engine.contract import AGGREGATIONS, DIMENSIONS, VALUE_FIELDS

BODY: Final[dict[str, Any]] = {
    "event_types": None,
    "group_by": "day",
    "aggregation": "count",
    "time_window_days": 30,
}
"""The smallest valid body."""
NORMAL: Final = BODY | {"value_field": None, "limit": 100}
"""What AggregateRequest.to_dict() says of it."""


@dataclass(frozen=True)
class Case:
    """A JSON value, and the fields at fault in the order of the fields, unknown ones last.

    `normal` is the request in normal form, for valid bodies; `text` the JSON text, where it is not
    the usual one of `body`.
    """

    name: str
    body: Any
    faults: tuple[str, ...] = ()
    normal: dict[str, Any] | None = None
    text: str | None = None

    @property
    def valid(self) -> bool:
        return not self.faults

    @property
    def json(self) -> bytes:
        return (self.text or json.dumps(self.body)).encode()


def good(name: str, changes: dict[str, Any], text: str | None = None, **normal: Any) -> Case:
    """The smallest body with changes is valid; `normal` is what to_dict() then says differently."""
    return Case(name, BODY | changes, normal=NORMAL | changes | normal, text=text)


def bad(name: str, changes: dict[str, Any], *faults: str, text: str | None = None) -> Case:
    return Case(name, BODY | changes, faults or tuple(changes), text=text)


def without(*names: str) -> dict[str, Any]:
    return {key: value for key, value in BODY.items() if key not in names}


def named(count: int) -> list[str]:
    return [f"type_{i:02}" for i in range(count)]


NOT_TEXT: Final = (("number", 7), ("true", True), ("object", {}), ("list", ["day"]), ("empty", ""))

EVENT_TYPES: Final = [
    Case("event_types missing", without("event_types"), ("event_types",)),
    good("event_types null", {"event_types": None}),
    good("event_types empty is all", {"event_types": []}, event_types=None),
    good("event_types one", {"event_types": ["agent_purchase"]}),
    good("event_types are sorted", {"event_types": ["bb", "aa"]}, event_types=["aa", "bb"]),
    good(
        "event_types duplicates collapse",
        {"event_types": ["bb", "aa", "bb", "bb"]},
        event_types=["aa", "bb"],
    ),
    good("event_types 50", {"event_types": named(50)}),
    bad("event_types 51", {"event_types": named(51)}),
    bad("event_types 51 equal ones", {"event_types": ["agent_view"] * 51}),
    bad("event_types 51 and one of them bad", {"event_types": [*named(50), "Bad"]}),
    bad("event_types text", {"event_types": "agent_view"}),
    bad("event_types empty text", {"event_types": ""}),
    bad("event_types object", {"event_types": {"agent_view": True}}),
    bad("event_types number", {"event_types": 1}),
    bad("event_types zero", {"event_types": 0}),
    bad("event_types false", {"event_types": False}),
    bad("event_types item null", {"event_types": [None]}),
    bad("event_types item number", {"event_types": [12]}),
    bad("event_types item true", {"event_types": [True]}),
    bad("event_types item list", {"event_types": [["agent_view"]]}),
    bad("event_types item object", {"event_types": [{}]}),
    bad("event_types second item bad", {"event_types": ["agent_view", "Agent"]}),
    *(
        good(f"event_types {name}", {"event_types": [text]})
        for name, text in (
            ("length 2", "ab"),
            ("length 63", "a" + "b" * 62),
            ("with digit", "a1"),
            ("with underscore", "a_"),
            ("unknown", "never_seen_before"),
        )
    ),
    *(
        bad(f"event_types {name}", {"event_types": [text]})
        for name, text in (
            ("item empty", ""),
            ("length 1", "a"),
            ("length 64", "a" + "b" * 63),
            ("capital first", "Agent_view"),
            ("capital inside", "agent_View"),
            ("digit first", "1agent"),
            ("underscore first", "_agent"),
            ("dash", "agent-view"),
            ("dot", "agent.view"),
            ("comma", "agent_view,agent_atc"),
            ("space before", " agent_view"),
            ("space after", "agent_view "),
            ("newline after", "agent_view\n"),
            ("newline before", "\nagent_view"),
            ("NUL after", "agent_view\0"),
            ("accent", "agent_vüe"),
            ("lone surrogate", "agent_\ud800"),
            ("letter that folds to k", "ma\u212aer"),
            ("full-width digit", "agent_\uff11"),
            ("arabic digit", "agent_\u0663"),
            ("astral digit", "agent_\U0001d7d9"),
        )
    ),
]

KEY_63: Final = "k" * 63
GROUP_BY: Final = [
    Case("group_by missing", without("group_by"), ("group_by",)),
    bad("group_by null", {"group_by": None}),
    *(bad(f"group_by {name}", {"group_by": value}) for name, value in NOT_TEXT),
    *(good(f"group_by {name}", {"group_by": name}) for name in DIMENSIONS),
    *(
        good(f"group_by metadata {name}", {"group_by": f"metadata.{key}"})
        for name, key in (
            ("key", "country"),
            ("key length 1", "a"),
            ("key underscore", "_"),
            ("key digit second", "_1"),
            ("key length 63", KEY_63),
            ("key like the prefix", "metadata"),
            ("key like a dimension", "none"),
            ("key like a column", "product_id"),
        )
    ),
    *(
        bad(f"group_by {name}", {"group_by": text})
        for name, text in (
            ("capital", "Day"),
            ("unknown", "week"),
            ("column name", "session_id"),
            ("space before", " day"),
            ("space after", "day "),
            ("newline after", "day\n"),
            ("alternation", "day|hour"),
            ("two", "day,hour"),
            ("metadata alone", "metadata"),
            ("metadata key empty", "metadata."),
            ("metadata key length 64", "metadata." + KEY_63 + "k"),
            ("metadata key digit first", "metadata.1a"),
            ("metadata key capital", "metadata.Country"),
            ("metadata key dash", "metadata.a-b"),
            ("metadata key nested", "metadata.a.b"),
            ("metadata key space", "metadata. a"),
            ("metadata key accent", "metadata.país"),
            ("metadata key full-width digit", "metadata.a\uff11"),
            ("metadata key lone surrogate", "metadata.a\ud800"),
            ("metadata key newline after", "metadata.a\n"),
            ("metadata capital", "Metadata.a"),
            ("metadata other separator", "metadata_a"),
            ("metadata prefixed", "xmetadata.a"),
        )
    ),
]

AGGREGATION: Final = [
    Case("aggregation missing", without("aggregation"), ("aggregation",)),
    bad("aggregation null", {"aggregation": None}),
    *(bad(f"aggregation {name}", {"aggregation": value}) for name, value in NOT_TEXT),
    good("aggregation count", {"aggregation": "count"}),
    good("aggregation count_distinct", {"aggregation": "count_distinct"}),
    good("aggregation sum", {"aggregation": "sum", "value_field": "amount"}),
    good("aggregation avg", {"aggregation": "avg", "value_field": "amount"}),
    *(
        bad(f"aggregation {name}", {"aggregation": text})
        for name, text in (
            ("capital", "COUNT"),
            ("unknown", "median"),
            ("space before", " count"),
            ("newline after", "count\n"),
            ("list of choices", "count, sum"),
        )
    ),
    bad("aggregation in a list", {"aggregation": ["count"]}),
    bad("aggregation bad asks for no value_field", {"aggregation": "summ"}),
]

VALUE_FIELD: Final = [
    *(
        good(f"value_field {field} for {aggregation}", changes, **normal)
        for aggregation in AGGREGATIONS
        for field in VALUE_FIELDS
        for changes in [{"aggregation": aggregation, "value_field": field}]
        for normal in [{} if aggregation in ("sum", "avg") else {"value_field": None}]
    ),
    *(
        good(f"value_field null for {name}", {"aggregation": name, "value_field": None})
        for name in ("count", "count_distinct")
    ),
    *(
        bad(f"value_field missing for {name}", {"aggregation": name}, "value_field")
        for name in ("sum", "avg")
    ),
    *(
        bad(
            f"value_field null for {name}",
            {"aggregation": name, "value_field": None},
            "value_field",
        )
        for name in ("sum", "avg")
    ),
    *(
        bad(
            f"value_field {name} for {aggregation}",
            {"aggregation": aggregation, "value_field": value},
            "value_field",
        )
        for aggregation in ("count", "sum")
        for name, value in (
            *NOT_TEXT,
            ("zero", 0),
            ("capital", "Amount"),
            ("unknown", "revenue"),
            ("no choice", "event_id"),
            ("time", "created_at"),
            ("metadata", "metadata.amount"),
            ("space after", "amount "),
            ("newline after", "amount\n"),
        )
    ),
]


def whole_numbers(name: str, low: int, high: int) -> list[Case]:
    """The rules of a bounded integer."""

    def text(number: str) -> str:
        return json.dumps(BODY | {name: "?"}).replace('"?"', number)

    return [
        *(good(f"{name} {value}", {name: value}) for value in (low, low + 1, 30, high - 1, high)),
        good(f"{name} integral float", {name: 30.0}, **{name: 30}),
        good(f"{name} integral float at the top", {name: float(high)}, **{name: high}),
        good(f"{name} with exponent", {name: 1e2}, text=text("1e2"), **{name: 100}),
        good(f"{name} with negative exponent", {name: 30.0}, text=text("300E-1"), **{name: 30}),
        *(
            bad(f"{name} {value!r}", {name: value})
            for value in (
                *(None, True, False, "", "30", "x", [30], {}),
                *(low - 1, -low, -high, high + 1, 10**30, -(10**30)),
                *(30.5, low - 0.5, high + 0.5, low - 1e-9, high + 1e-9, 0.0, -0.0, 1e300),
            )
        ),
        bad(f"{name} larger than a double", {name: float("inf")}, text=text("1e400")),
        bad(f"{name} smaller than a double", {name: float("-inf")}, text=text("-1e400")),
        bad(f"{name} next to zero", {name: 0.0}, text=text("1e-400")),
    ]


TIME_WINDOW_DAYS: Final = [
    Case("time_window_days missing", without("time_window_days"), ("time_window_days",)),
    *whole_numbers("time_window_days", 1, 365),
]

LIMIT: Final = [
    good("limit missing is 100", {}, limit=100),
    *whole_numbers("limit", 1, 1000),
]

UNKNOWN: Final = [
    *(
        Case(f"unknown field {name!r}", BODY | {name: value}, (name,))
        for name, value in (
            ("foo", 1),
            ("foo_null", None),
            ("as_of", "2026-11-23T05:31:56Z"),
            ("brand_id", "11111111-1111-4111-8111-111111111111"),
            ("workspace_id", "ws_demo"),
            ("catalog_id", None),
            ("metadata", {}),
            ("Limit", 10),
            ("limit ", 10),
            ("", 1),
            ("__class__", 1),
            ("Größe", 1),
            ("\U0001f600", 1),
        )
    ),
    # What cannot be printed is named as JSON text.
    Case("unknown field, lone surrogate", BODY | {"\ud800": 1}, ('"\\ud800"',)),
    Case("unknown field, line break", BODY | {"a\nb": 1}, ('"a\\nb"',)),
    Case("unknown field, long", BODY | {"x" * 100: 1}, ('"' + "x" * 78 + "…",)),
    Case(
        "unknown fields, too many to be all named",
        BODY | {f"field_{i:02}": i for i in range(21)},
        (*(f"field_{i:02}" for i in range(20)), "body"),
    ),
    Case("unknown fields, all named", BODY | {"one": 1, "two": 2}, ("one", "two")),
]

SEVERAL: Final = [
    Case(
        "several nothing sent",
        {},
        ("event_types", "group_by", "aggregation", "time_window_days"),
    ),
    Case(
        "several all bad",
        {
            "surplus": 0,
            "limit": 0,
            "time_window_days": 366,
            "value_field": "revenue",
            "aggregation": "median",
            "group_by": "week",
            "event_types": ["Agent"],
        },
        (
            "event_types",
            "group_by",
            "aggregation",
            "value_field",
            "time_window_days",
            "limit",
            "surplus",
        ),
    ),
    Case(
        "several missing value_field stands in its place",
        {"event_types": "x", "group_by": "day", "aggregation": "avg", "limit": 1001, "more": 1},
        ("event_types", "value_field", "time_window_days", "limit", "more"),
    ),
    bad("several first and last", {"event_types": 5, "limit": "5"}),
]

NO_OBJECT: Final = [
    Case(f"body {name}", body, ("body",))
    for name, body in (
        ("null", None),
        ("list", []),
        ("list of bodies", [BODY]),
        ("text", "day"),
        ("body in a text", json.dumps(BODY)),
        ("number", 30),
        ("true", True),
    )
]

CASES: Final[list[Case]] = [
    good("smallest body", {}),
    *EVENT_TYPES,
    *GROUP_BY,
    *AGGREGATION,
    *VALUE_FIELD,
    *TIME_WINDOW_DAYS,
    *LIMIT,
    *UNKNOWN,
    *SEVERAL,
    *NO_OBJECT,
]


def _member(text: str) -> bytes:
    """The smallest body with one more member, or with a time window spelled otherwise."""
    return json.dumps(BODY)[:-1].encode() + b", " + text.encode() + b"}"


NOT_JSON: Final[list[tuple[str, bytes]]] = [
    ("nothing", b""),
    ("blank", b" \n"),
    ("cut off", json.dumps(BODY)[:-1].encode()),
    ("form", b"group_by=day&aggregation=count"),
    ("NaN", _member('"limit": NaN')),
    ("Infinity", _member('"limit": Infinity')),
    ("-Infinity", _member('"limit": -Infinity')),
    ("NaN deep inside", b'{"a": [{"b": NaN}]}'),
    ("duplicate member", _member('"group_by": "hour"')),
    ("duplicate equal member", _member('"group_by": "day"')),
    ("duplicate member, escaped", _member('"group\\u005fby": "hour"')),
    ("duplicate member deep inside", b'{"a": [{"b": 1, "b": 1}]}'),
    ("two values", json.dumps(BODY).encode() * 2),
    ("text after the value", json.dumps(BODY).encode() + b" x"),
    ("single quotes", b"{'group_by': 'day'}"),
    ("comma at the end", json.dumps(BODY)[:-1].encode() + b",}"),
    ("comment", b"{} // nothing"),
    ("leading zero", _member('"limit": 030')),
    ("plus sign", _member('"limit": +30')),
    ("number without whole part", _member('"limit": .5')),
    ("hexadecimal", _member('"limit": 0x1F')),
    ("number of 5,000 digits", _member('"limit": ' + "9" * 5000)),
    ("raw newline in a text", b'{"group_by": "day\n"}'),
    ("byte order mark", b"\xef\xbb\xbf" + json.dumps(BODY).encode()),
    ("not UTF-8", b'{"group_by": "\xff"}'),
    ("Latin-1", '{"group_by": "país"}'.encode("latin-1")),
    ("UTF-16", json.dumps(BODY).encode("utf-16")),
    ("surrogates in UTF-8", b'{"group_by": "\xed\xa0\x80"}'),
    ("nested 100,000 deep", b"[" * 100_000),
    ("NUL", b"\0"),
]
"""Bytes that are no JSON value at all: one fault, on `body`."""
