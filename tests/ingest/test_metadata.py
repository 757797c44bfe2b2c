"""Metadata of any form becomes one map of canonical texts."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import KEY
from engine.ingest import metadata
from engine.ingest.canonical import canonical_text
from engine.ingest.metadata import MAP, read_metadata
from engine.stores.base import EVENTS

PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
NOTHING = pl.Series("metadata", [None], dtype=pl.String)


def read(column, *extra):
    maps, bad = read_metadata(column, extra)
    assert maps.dtype == MAP == EVENTS["metadata"]
    assert bad.dtype == pl.Boolean
    assert len(maps) == len(bad) == len(column)
    return maps.to_list(), bad.to_list()


def of(value, *extra):
    """The map of one good row."""
    column = value if isinstance(value, pl.Series) else pl.Series([value], dtype=pl.String)
    (found,), (bad,) = read(column, *extra)
    assert not bad
    return found


JSON = [
    ("{}", {}),
    ("null", {}),
    ("", {}),
    (" \n", {}),
    (None, {}),
    ('{"a":"x"}', {"a": "x"}),
    (' {"a" : 1}\n', {"a": "1"}),
    ('{"a":1.0,"b":1e0,"c":10.50,"d":-0.0}', {"a": "1", "b": "1", "c": "10.5", "d": "0"}),
    ('{"a":12345678901234567890123}', {"a": "12345678901234567890123"}),
    ('{"a":true,"b":false,"c":null}', {"a": "true", "b": "false"}),
    ('{"a":"1.0","b":"true","c":"null"}', {"a": "1.0", "b": "true", "c": "null"}),
    ('{"a":{"z":1.0,"y":[]},"b":[2.0,null]}', {"a": '{"y":[],"z":1}', "b": "[2,null]"}),
    ('{"País":"x","with.dot":"y","":"z"}', {"País": "x", "with.dot": "y", "": "z"}),
    ('{"a":"\\u0000\\ud83d\\ude00"}', {"a": "\0\U0001f600"}),
    ('{"a":"\\ud800"}', {"a": "\ufffd"}),
]


@pytest.mark.parametrize(("text", "found"), JSON, ids=repr)
def test_json(text, found):
    assert of(text) == found
    if text:
        assert of(pl.Series([text], dtype=pl.Categorical)) == found
        assert of(pl.Series([text.encode()])) == found


def test_keys_that_become_the_same_are_one():
    assert of('{"\\ud800":1,"\\udfff":1}') == {"\ufffd": "1"}


def test_an_empty_text_is_no_key_of_its_own_but_may_stand_there():
    """Stored as it is; a store gives a null for it, as for a key that is absent."""
    assert of('{"a":""}') == {"a": ""}


NO_OBJECTS = (
    "[]",
    '[{"a":1}]',
    '"x"',
    "5",
    "true",
    "nonsense",
    "{",
    '{"a":1',
    '{"a":1} x',
    '{"a":1}{"b":2}',
    "{'a':1}",
    "{a:1}",
    '{"a":1,}',
    '{"a":NaN}',
    '{"a":[Infinity]}',
    '{"a":01}',
    '{"a":1,"a":1}',
    '{"a":{"b":1,"b":2}}',
    '{"a":"\n"}',
    '\ufeff{"a":1}',
    '{"a":' + "[" * 500 + "]" * 500 + "}",
    '{"a":' + '{"a":' * 100_000,
    '{"a":' + "9" * 5000 + "}",
)


@pytest.mark.parametrize("text", NO_OBJECTS, ids=lambda text: ascii(text[:20]))
def test_no_json_object(text):
    """Its neighbours are read all the same."""
    column = pl.Series([text, '{"a":1}', text, None])
    assert read(column) == ([{}, {"a": "1"}, {}, {}], [True, False, True, False])


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([5]),
        pl.Series([1.5]),
        pl.Series([True]),
        pl.Series([date(2026, 11, 23)]),
        pl.Series([timedelta(1)]),
        pl.Series([b"\xff"]),
        pl.Series([["a"]]),
        pl.Series([["a", "b"]], dtype=pl.Array(pl.String, 2)),
        pl.Series([[{"name": "a", "value": "x"}]]),
        pl.Series([[{"key": "a", "value": "x", "more": 1}]]),
    ],
    ids=lambda column: str(column.dtype),
)
def test_other_types_are_no_objects(column):
    assert read(column) == ([{}], [True])
    assert read(column.clear(2)) == ([{}, {}], [False, False])


STRUCTS = [
    ({"a": "x", "b": None}, {"a": "x"}),
    ({"a": 1.0, "b": 2, "c": True}, {"a": "1", "b": "2", "c": "true"}),
    ({"a": {"z": 1.0, "y": None}, "b": [1.5, None]}, {"a": '{"y":null,"z":1}', "b": "[1.5,null]"}),
    ({"a": float("nan"), "b": float("inf"), "c": 1e21}, {"c": "1e+21"}),
    ({"a": 2**63 - 1, "b": ""}, {"a": "9223372036854775807", "b": ""}),
    ({"a": date(2026, 11, 23), "b": time(5, 31)}, {"a": "2026-11-23", "b": "05:31:00"}),
    ({"a": Decimal("1.5")}, {"a": "1.5"}),
    ({"a": b"\xff", "b": b"x", "c": 1.0}, {"a": "ff", "b": "x", "c": "1"}),
    ({"a": None}, {}),
]


@pytest.mark.parametrize(("value", "found"), STRUCTS, ids=str)
def test_structs(value, found):
    assert read(pl.Series([value, None, value])) == ([found, {}, found], [False] * 3)


MAPS = [
    (pl.String, {"a": "x", "b": "", "c": None}, {"a": "x", "b": ""}),
    (pl.Float64, {"a": 1.0, "b": None, "c": 0.1}, {"a": "1", "c": "0.1"}),
    (pl.Int64, {"a": 2**63 - 1}, {"a": "9223372036854775807"}),
    (pl.Boolean, {"a": True}, {"a": "true"}),
    (pl.List(pl.Float64), {"a": [1.0, None]}, {"a": "[1,null]"}),
    (pl.Struct({"z": pl.Float64, "y": pl.String}), {"a": {"z": 1.0}}, {"a": '{"y":null,"z":1}'}),
]


@pytest.mark.parametrize(("dtype", "value", "found"), MAPS, ids=str)
def test_maps_and_lists_of_pairs(dtype, value, found):
    column = pl.Series([value, None, {}], dtype=pl.Map(pl.String, dtype))
    assert read(column) == ([found, {}, {}], [False] * 3)
    pairs = [[{"key": k, "value": v} for k, v in value.items()], None, []]
    for names in (("key", "value"), ("value", "key")):
        fields = {"key": pl.String, "value": dtype}
        struct = pl.Struct({name: fields[name] for name in names})
        column = pl.Series(pairs, dtype=pl.List(struct))
        assert read(column) == ([found, {}, {}], [False] * 3)


def test_pairs_without_a_key_or_a_value_are_left_out():
    entries = [{"key": None, "value": "x"}, None, {"key": "a", "value": None}]
    entries += [{"key": "b", "value": "y"}, {"key": "b", "value": "z"}]
    assert of(pl.Series([entries], dtype=PAIRS)) == {"b": "z"}


NAMES = [
    ("country", "country"),
    ("Country", "country"),
    (" A  b ", "a_b"),
    ("utm-source.x", "utm_source_x"),
    ("2024", "_2024"),
    ("_x", "_x"),
    ("País", "pa_s"),
    ("日本", "_"),
    ("", "_"),
    ("own", "own"),
    ("k" * 63, "k" * 63),
    ("k" * 64, "_" + "k" * 62),
    ("9" * 70, "_" + "9" * 62),
    ("fault ", "fault"),
]


@pytest.mark.parametrize(("name", "key"), NAMES, ids=repr)
def test_names_of_other_columns(name, key):
    assert of(NOTHING, pl.Series(name, ["x"])) == {key: "x"}


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_name_becomes_a_key_that_requests_can_name(name):
    (key,) = of(NOTHING, pl.Series(name, ["x"]))
    assert pl.Series([key]).str.contains(f"^{KEY}$").all()


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ('{"a_b":"own"}', "own"),
        ('{"a_b":""}', ""),
        ('{"a_b":null}', "last"),
        ('{"A b":"other"}', "last"),
        (None, "last"),
    ],
)
def test_own_keys_win_over_other_columns(own, found):
    assert of(own, pl.Series("A b", ["first"]), pl.Series("a_b", ["last"]))["a_b"] == found


CELLS = [
    ("", None),
    (" ", " "),
    ("x", "x"),
    (1.0, "1"),
    (0.1, "0.1"),
    (17850.0, "17850"),
    (1e-7, "1e-7"),
    (True, "true"),
    (10**15, "1000000000000000"),
    (Decimal("1.50"), "1.5"),
    (Decimal("7.00"), "7"),
    (date(2026, 11, 23), "2026-11-23"),
    (datetime(2026, 11, 23, 5, tzinfo=UTC), "2026-11-23 05:00:00.000000+00:00"),
    (timedelta(days=1), "1 day, 0:00:00"),
    (b"ab", "ab"),
    (b"\xff", "ff"),
    ([1.0, 2.0], "[1,2]"),
    ([], "[]"),
    ({"b": 1.0, "a": "z"}, '{"a":"z","b":1}'),
    ([{"at": date(2026, 11, 23), "n": Decimal("1.50")}], '[{"at":"2026-11-23","n":1.5}]'),
    ([b"\xff"], '["ff"]'),
]


@pytest.mark.parametrize(("value", "text"), CELLS, ids=repr)
def test_values_of_other_columns(value, text):
    found, bad = read(pl.Series([None, "{}"]), pl.Series("x", [None, value]))
    assert found == [{}, {} if text is None else {"x": text}]
    assert bad == [False, False]


TYPES = [pl.Null, pl.String, pl.Binary, pl.Int64, pl.Boolean, pl.Categorical, MAP, PAIRS]
TYPES += [pl.Struct({"a": pl.Int64}), pl.Struct({}), pl.List(pl.Int64), pl.Map(pl.String, pl.Int64)]


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("rows", [0, 2])
def test_nothing(dtype, rows):
    extra = pl.Series("x", [None] * rows, dtype=dtype)
    column = pl.Series("metadata", [None] * rows, dtype=dtype)
    assert read(column, extra) == ([{}] * rows, [False] * rows)


def values():
    scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))
    scalars |= st.floats(allow_nan=False, allow_infinity=False)
    return scalars | st.lists(scalars, max_size=3)


@given(
    st.lists(
        st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), values(), max_size=4),
        max_size=6,
    )
)
def test_any_objects(objects):
    """Read from JSON, each row for itself, rows that are equal too."""
    texts = [canonical_text(value) for value in objects] * 2
    expected = [
        {key: canonical_text(item) for key, item in value.items() if item is not None}
        for value in objects
    ] * 2
    assert read(pl.Series(texts, dtype=pl.String)) == (expected, [False] * len(texts))


@pytest.mark.parametrize("name", ["^$", "^a$", "^.*$", "*"])
def test_names_that_polars_takes_for_patterns_are_names(name):
    assert list(of(NOTHING, pl.Series(name, ["x"])).values()) == ["x"]


OBJECTS = (
    *("", "null", " ", "{}", "[]", "5", "nonsense", "{", '{"a":1} {"b":2}', '{"a":1}\n{"b":2}'),
    *('{"a":\n1}', '{"a":{}\n}', '\n{"a":1}', '{"a":1}\r\n', '{"a":1,"a":2}', '{"a" :1,"a":2}'),
    *('{"a":":","b":"x"}', '{"a":1.0,"b":1e400}', '{"a":{"b":1,"b":2}}', '{"a":"\\ud800"}'),
    *('{"a":"x","b":null}', '{"\\ud800":1}', '{"a":123456789012345678901}', '{"a":[true]}'),
)


@given(st.lists(st.sampled_from(OBJECTS) | st.text('{}":,ab1 \n', max_size=9), max_size=8))
def test_texts_read_together_are_those_read_one_by_one(texts):
    column = pl.Series(texts, dtype=pl.String)
    one_by_one = [metadata.read_pairs(text) for text in texts]
    assert metadata._objects(column).to_list() == one_by_one


def test_usual_texts_are_read_together(monkeypatch):
    """Or the test above would show nothing."""
    monkeypatch.setattr(metadata, "read_objects", None)
    texts = ['{"a":"x","b":1.0}', "{}", '{"b":null}']
    found = metadata._objects(pl.Series(texts)).to_list()
    assert found == [metadata.read_pairs(text) for text in texts]


def test_the_number_of_texts_read_together_makes_no_difference(monkeypatch):
    monkeypatch.setattr(metadata, "TOGETHER", 2)
    texts = pl.Series(['{"a":1}', '{"b":"x"}', "nonsense", '{"c":2}', "{}"])
    expected = [metadata.read_pairs(text) for text in texts]
    assert metadata._objects(texts).to_list() == expected
