"""Numbers of any column become exact decimals, as plain Decimal arithmetic says."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.measures import measure
from engine.stores.base import MEASURE
from tests.generate import NO_NUMBERS, NUMBERS

LIMIT = 10**12
EXACTLY = Context(prec=2000, rounding=ROUND_HALF_EVEN)
REJECTED = "too large"


def plain(value):
    """What must be stored of a value, and whether that is not quite the value."""
    if isinstance(value, str):
        text = value if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", value) else "NaN"
    else:
        text = "NaN" if value is None or isinstance(value, bool) else repr(value)
    number = EXACTLY.create_decimal(text)
    if not number.is_finite():
        return None, False
    near = number.quantize(Decimal("0.000001"), context=EXACTLY)
    return (REJECTED, False) if abs(near) >= LIMIT else (near, near != number)


def measured(column):
    """What is stored of each value, and how many were rounded."""
    found = measure(column)
    assert found.exact.dtype == MEASURE
    assert found.too_large.dtype == pl.Boolean
    assert len(found.exact) == len(found.too_large) == len(column)
    rows = zip(found.exact, found.too_large, strict=True)
    values = [REJECTED if large else exact for exact, large in rows]
    assert all(exact is None for exact in found.exact.filter(found.too_large))
    return values, found.rounded


def assert_plain(values, column):
    expected = [plain(value) for value in values]
    rounded = sum(changed for _, changed in expected)
    assert measured(column) == ([value for value, _ in expected], rounded)


def doubles(**options):
    decimals = st.integers(-(10**19), 10**19).flatmap(
        lambda digits: st.integers(0, 19).map(lambda places: float(f"{digits}e-{places}"))
    )
    near_limit = st.integers(-40, 40).map(lambda step: LIMIT + step * 2**-13)
    return st.floats(**options) | decimals | near_limit | near_limit.map(lambda x: -x)


@given(st.lists(st.none() | doubles(), max_size=40))
def test_doubles(values):
    assert_plain(values, pl.Series(values, dtype=pl.Float64))


@given(st.lists(st.none() | st.floats(width=32), max_size=40))
def test_singles_stand_for_the_double_they_equal(values):
    """Read from a file they come as doubles; see the test of Parquet's types."""
    assert_plain(values, pl.Series(values, dtype=pl.Float32))


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-99, 99), max_size=20))
def test_integers(values):
    assert_plain(values, pl.Series(values, dtype=pl.Int64))
    assert_plain(values, pl.Series(values, dtype=pl.Int128))


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int32, pl.UInt8, pl.UInt64], ids=str)
def test_integers_of_any_width(dtype):
    values = [0, 1, 127, None]
    assert_plain(values, pl.Series(values, dtype=dtype))


def test_largest_unsigned():
    assert measured(pl.Series([2**64 - 1], dtype=pl.UInt64)) == ([REJECTED], 0)


def number_texts():
    digits = st.text("0123456789", min_size=1, max_size=20)
    exponents = st.just("") | st.builds(
        "{}{}{}".format, *map(st.sampled_from, ("eE", ("", "+", "-"), range(40)))
    )
    fractions = st.just("") | digits.map(".{}".format)
    return st.builds("{}{}{}{}".format, st.sampled_from(("", "-")), digits, fractions, exponents)


@given(st.lists(st.none() | number_texts() | st.floats().map(repr) | st.text(max_size=4)))
def test_texts(values):
    assert_plain(values, pl.Series(values, dtype=pl.String))


@pytest.mark.parametrize("text", [*NUMBERS, *NO_NUMBERS, ""])
def test_text(text):
    assert_plain([text], pl.Series([text]))
    assert_plain([text], pl.Series([text], dtype=pl.Categorical))


BEYOND = "9" * 30
"""An exponent that decimal itself cannot hold."""


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (f"5e{BEYOND}", REJECTED),
        (f"-5E+{BEYOND}", REJECTED),
        (f"5e-{BEYOND}", 0),
        (f"0e{BEYOND}", 0),
        ("1e999999999", REJECTED),
        ("1" * 5000, REJECTED),
        ("0." + "9" * 5000, 1),
        ("0" * 5000 + "7", 7),
    ],
    ids=lambda value: str(value)[:20],
)
def test_texts_far_beyond(text, stored):
    values, _ = measured(pl.Series([text, "12", None]))
    assert values == [stored, 12, None]


NINES = "999999999999"
LIMITS = [
    (f"{NINES}", NINES, 0),
    (f"{NINES}.999999", f"{NINES}.999999", 0),
    (f"{NINES}.9999994", f"{NINES}.999999", 1),
    (f"{NINES}.9999995", REJECTED, 0),
    (f"{NINES}.99999949999", f"{NINES}.999999", 1),
    ("1000000000000", REJECTED, 0),
    ("1e12", REJECTED, 0),
    ("999999999999999e-3", f"{NINES}.999", 0),
    (float(LIMIT), REJECTED, 0),
    (999999999999.9999, f"{NINES}.9999", 0),
    (1e300, REJECTED, 0),
    (LIMIT, REJECTED, 0),
    (LIMIT - 1, NINES, 0),
]


@pytest.mark.parametrize(("value", "stored", "rounded"), LIMITS, ids=str)
@pytest.mark.parametrize("sign", ["", "-"])
def test_limit(value, stored, rounded, sign):
    if sign:
        value = f"-{value}" if isinstance(value, str) else -value
    expected = REJECTED if stored == REJECTED else Decimal(sign + stored)
    assert measured(pl.Series([value])) == ([expected], rounded)


HALVES = [
    ("0.0000005", "0"),
    ("0.0000015", "0.000002"),
    ("-0.0000025", "-0.000002"),
    ("0.00000050001", "0.000001"),
    ("2.5e-6", "0.000002"),
    (5e-07, "0"),
    (1.5e-06, "0.000002"),
    (-2.5e-06, "-0.000002"),
    (1e-300, "0"),
    (0.1 + 0.2, "0.3"),
    (1.0000005, "1"),
    (1.0000015, "1.000002"),
]


@pytest.mark.parametrize(("value", "stored"), HALVES, ids=str)
def test_half_even_and_counted(value, stored):
    stored = Decimal(stored)
    assert measured(pl.Series([value, None, value])) == ([stored, None, stored], 2)


@pytest.mark.parametrize(
    ("digits", "scale"), [("1.5", 1), ("12.50", 2), ("-0.0000025", 7), ("7", 0)], ids=str
)
def test_decimals(digits, scale):
    column = pl.Series([Decimal(digits), None], dtype=pl.Decimal(38, scale))
    assert_plain([digits, None], column)


def test_decimals_too_large():
    column = pl.Series([Decimal(10**12), Decimal(10**12 - 1)], dtype=pl.Decimal(38, 2))
    assert measured(column) == ([REJECTED, Decimal(10**12 - 1)], 0)


NO_MEASURES = [
    pl.Series([True, False, None]),
    pl.Series([date(2026, 11, 23), None]),
    pl.Series([datetime(2026, 11, 23, tzinfo=UTC), None]),
    pl.Series([time(5), None]),
    pl.Series([timedelta(5), None]),
    pl.Series([b"1", b"\xff", None]),
    pl.Series([[1.0], [], None]),
    pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2)),
    pl.Series([{"a": 1}, None]),
    pl.Series([{"a": 1}, None], dtype=pl.Map(pl.String, pl.Int64)),
    pl.Series([None, None], dtype=pl.Null),
]


@pytest.mark.parametrize("column", NO_MEASURES, ids=lambda column: str(column.dtype))
def test_other_types_hold_no_numbers(column):
    assert measured(column) == ([None] * len(column), 0)


TYPES = [pl.Float64, pl.Float32, pl.Int64, pl.UInt8, pl.String, pl.Boolean, pl.Categorical, pl.Null]
TYPES += [pl.Decimal(10, 2), pl.List(pl.Float64), pl.Struct({"a": pl.Int64}), pl.Binary]


@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_nothing(dtype, rows):
    assert measured(pl.Series([None] * rows, dtype=dtype)) == ([None] * rows, 0)


def test_same_odd_numbers_in_many_rows_keep_their_places():
    values = [0.1 + 0.2, 1e13, 1.0, None, 1 / 3, 0.1 + 0.2, float("nan"), 1e13, -(1 / 3)] * 50
    assert_plain(values, pl.Series(values))
