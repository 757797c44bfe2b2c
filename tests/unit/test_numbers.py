"""What counts as a number, and that no bit of one is lost."""

import json
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.numbers import (
    EXACT,
    ID_LIMIT,
    MEASURE_LIMIT,
    NUMBER,
    decimals_of_text,
    number_of,
    rounded,
    wire_number,
)
from engine.stores.base import MEASURE
from tests.generate import NO_NUMBERS, NUMBERS
from tests.oracle import number_of_text

BEYOND = "9" * 30
"""An exponent that decimal itself cannot hold."""


def read(texts):
    column = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return column.select(decimals_of_text(pl.col("text"))).to_series().to_list()


def exact(value):
    return None if value is None else Fraction(value)


@pytest.mark.parametrize("text", [*NUMBERS, *NO_NUMBERS])
def test_text(text):
    assert [exact(value) for value in read([text])] == [number_of_text(text)]


def test_known_texts():
    assert all(value is not None for value in read(NUMBERS))
    assert read(NO_NUMBERS) == [None] * len(NO_NUMBERS)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("-3.5", "-3.5"),
        ("1e3", "1000"),
        ("0.0000005", "0"),
        ("0.0000015", "0.000002"),
        ("-0.0000025", "-0.000002"),
        ("0.00000050001", "0.000001"),
        ("0.9999995", "1"),
        ("0" * 60 + "1", "1"),
        ("1" + "0" * 60 + "e-60", "1"),
        ("0." + "0" * 500 + "1e501", "1"),
        ("0." + "9" * 5000, "1"),
        ("0e50", "0"),
        ("-0.000e99", "0"),
        (f"0e{BEYOND}", "0"),
        (f"-0.0E+{BEYOND}", "0"),
        (f"5e-{BEYOND}", "0"),
        (f"5e{BEYOND}", None),
        (f"-5E+{BEYOND}", None),
        ("9" * 24, "9" * 24),
        ("9" * 24 + ".999999", "9" * 24 + ".999999"),
        ("9" * 24 + ".9999994", "9" * 24 + ".999999"),
        ("9" * 24 + ".9999995", None),
        ("1e24", None),
        ("-1e24", None),
        ("1" * 5000, None),
    ],
)
def test_text_is_rounded_half_even_and_limited(text, number):
    assert [exact(value) for value in read([text])] == [exact(number)]


def number_texts():
    return st.from_regex(NUMBER.replace("+", "{1,26}").replace("[{1,26}-]", "[+-]"), fullmatch=True)


def test_the_pattern_of_the_strategy_is_the_contract():
    # `$` accepts a newline in Python and not in Polars; fullmatch above does not either.
    assert NUMBER == r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


@given(
    st.lists(
        number_texts()
        | st.decimals(allow_nan=False, allow_infinity=False).map(str)
        | st.floats().map(repr)
        | st.text("0123456789.eE+-", max_size=8)
        | st.text(max_size=3),
        max_size=20,
    )
)
def test_any_text(texts):
    assert [exact(value) for value in read(texts)] == [number_of_text(text) for text in texts]


@given(st.sampled_from(NUMBERS), st.sampled_from(NO_NUMBERS))
def test_number_of_reads_what_decimal_reads(number, other):
    assert number_of(number) == Decimal(number)
    assert read([number, None, other, number])[1:3] == [None, None]


@given(st.decimals(-(10**13), 10**13, allow_nan=False, allow_infinity=False))
def test_rounded(number):
    near = Fraction(round(Fraction(number) * 10**6), 10**6)
    expected = near if abs(near) < 10**12 else None
    assert exact(rounded(number, MEASURE_LIMIT)) == expected


@pytest.mark.parametrize("limit", [MEASURE_LIMIT, ID_LIMIT])
def test_rounded_at_the_limit(limit):
    top = Decimal("9" * limit.adjusted() + ".999999")
    assert rounded(top, limit) == top
    assert rounded(top.copy_negate(), limit) == top.copy_negate()
    for number in (limit, -limit, limit * 2, Decimal("1e400"), Decimal("Infinity")):
        assert rounded(number, limit) is None
        assert rounded(number.copy_negate(), limit) is None
    assert rounded(Decimal("0e400"), limit) == 0
    assert rounded(Decimal("1e-400"), limit) == 0


@given(st.lists(st.integers(-(10**18) + 1, 10**18 - 1), max_size=50))
def test_sum_of_measures_is_exact_and_its_double_the_nearest(micros):
    numbers = [Decimal(micro).scaleb(-6) for micro in micros]
    total = pl.Series("n", numbers, dtype=MEASURE).to_frame().select(pl.col("n").sum())
    whole = Fraction(sum(micros), 10**6)
    assert Fraction(total.item()) == whole
    assert total.cast(pl.Float64).item() == float(whole)


@given(st.lists(st.integers(-(10**38) + 1, 10**38 - 1), min_size=1, max_size=50))
def test_double_of_any_decimal_is_the_nearest(micros):
    numbers = [Decimal(f"{micro}e-6") for micro in micros]
    doubles = pl.Series(numbers, dtype=pl.Decimal(38, 6)).cast(pl.Float64).to_list()
    assert doubles == [float(Fraction(micro, 10**6)) for micro in micros]


def test_a_hundred_thousand_of_the_largest_add_up():
    largest = Decimal("999999999999.999999")
    numbers = pl.repeat(largest, 100_000, dtype=MEASURE, eager=True)
    assert numbers.sum() == largest * 100_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (3.0, "3"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (1e-6, "1e-06"),
        (1e15, "1000000000000000"),
        (float(EXACT), "9007199254740992"),
        (-float(EXACT), "-9007199254740992"),
        (float(EXACT + 2), "9007199254740994.0"),
        (1e23, "1e+23"),
        (2.5, "2.5"),
    ],
)
def test_wire_number(value, text):
    assert json.dumps(wire_number(value)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_wire_number_is_the_same_number(value):
    wired = wire_number(value)
    assert wired == value
    assert isinstance(wired, int) == (value.is_integer() and abs(value) <= 2**53)
