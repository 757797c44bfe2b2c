"""One value, one text: whatever file it came in."""

import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.canonical import canonical_text, number_text

NUMBERS = [
    (0, "0"),
    (1, "1"),
    (1.0, "1"),
    (-1.0, "-1"),
    (-0.0, "0"),
    (0.5, "0.5"),
    (1.5, "1.5"),
    (0.1 + 0.2, "0.30000000000000004"),
    (100.0, "100"),
    (1e16, "10000000000000000"),
    (123456789012345678, "123456789012345678"),
    (2**53 + 1, "9007199254740993"),
    (10**30 + 1, "1000000000000000000000000000001"),
    (1e20, "100000000000000000000"),
    (1e21, "1e+21"),
    (-1e21, "-1e+21"),
    (1.5e300, "1.5e+300"),
    (0.001, "0.001"),
    (0.00001, "0.00001"),
    (-0.000012, "-0.000012"),
    (0.000001, "0.000001"),
    (1.25e-6, "0.00000125"),
    (1e-7, "1e-7"),
    (-1.5e-7, "-1.5e-7"),
    (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"),
    (Decimal("1.50"), "1.5"),
    (Decimal("100"), "100"),
    (Decimal("0.00"), "0"),
    (Decimal("12345678901234567890123456789012345.678"), "12345678901234567890123456789012345.678"),
]


@pytest.mark.parametrize(("number", "text"), NUMBERS, ids=repr)
def test_numbers(number, text):
    assert canonical_text(number) == text
    assert canonical_text([number]) == f"[{text}]"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_reads_back(number):
    text = number_text(number)
    assert float(text) == number
    assert json.loads(text) == number
    digits = text.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    shortest = repr(number).lstrip("-").partition("e")[0].replace(".", "").strip("0")
    assert digits == shortest or number == int(number)


@given(st.integers(-(10**20), 10**20))
def test_whole_doubles_are_written_like_integers(number):
    assert canonical_text(number) == str(number)
    assert canonical_text(float(number)) == canonical_text(int(float(number)))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_some_text(number):
    assert canonical_text(number)
    assert canonical_text({"a": [number]})


OTHERS = [
    (None, None),
    (True, "true"),
    (False, "false"),
    ("", ""),
    (" a b\n", " a b\n"),
    ("1.0", "1.0"),
    ("é\U0001f600", "é\U0001f600"),
    ("a\ud800b\udfff", "a\ufffdb\ufffd"),
    ("\ud83d\ude00", "\ufffd\ufffd"),
    ([], "[]"),
    ({}, "{}"),
    ([1, 1.0, True, None, "x", [2]], '[1,1,true,null,"x",[2]]'),
    ({"b": 1, "a": {"z": [], "y": 2.5}}, '{"a":{"y":2.5,"z":[]},"b":1}'),
    ({"b": 1, "B": 2, "é": 3, "": 4}, '{"":4,"B":2,"b":1,"é":3}'),
    ({"a": 'say "é"\n\\', "b": "\u2028"}, '{"a":"say \\"é\\"\\n\\\\","b":"\u2028"}'),
    ({"\ud800": "\udc00"}, '{"\ufffd":"\ufffd"}'),
    (["\ud83d"], '["\ufffd"]'),
]


@pytest.mark.parametrize(("value", "text"), OTHERS, ids=ascii)
def test_texts_and_objects(value, text):
    assert canonical_text(value) == text


FOREIGN = [
    (b"ab", "ab", '["ab"]'),
    (b"\xff\x00", "ff00", '["ff00"]'),
    (date(2026, 11, 23), "2026-11-23", '["2026-11-23"]'),
    (datetime(2026, 11, 23, 5, tzinfo=UTC), "2026-11-23 05:00:00+00:00", None),
    (timedelta(hours=1), "1:00:00", '["1:00:00"]'),
]


@pytest.mark.parametrize(("value", "text", "within"), FOREIGN, ids=repr)
def test_what_json_does_not_know_is_text(value, text, within):
    assert canonical_text(value) == text
    assert canonical_text([value]) == (within or f'["{text}"]')


def json_values():
    scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))
    scalars |= st.floats(allow_nan=False, allow_infinity=False)
    keys = st.text(st.characters(codec="utf-8"), max_size=3)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), json_values()))
def test_objects_read_back_and_have_one_text(value):
    text = canonical_text(value)
    assert json.loads(text) == value
    assert canonical_text(json.loads(text)) == text
    assert canonical_text(dict(reversed(value.items()))) == text


@given(st.recursive(st.text() | st.floats(), lambda inner: st.dictionaries(st.text(), inner)))
def test_every_text_can_be_stored(value):
    assert canonical_text(value).encode() is not None
