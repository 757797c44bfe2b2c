"""Times of any spelling are UTC microseconds; what is no time is null; none is the arrival."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from engine.ingest import times
from engine.ingest.times import TIME, are_year_last, order_of, read_times, year_first

ARRIVAL = datetime(2026, 11, 23, 12, 30, 15, 123_456, tzinfo=UTC)
SECOND = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
STAMP = int(SECOND.timestamp())
MICROSECOND = timedelta(microseconds=1)


def read(column):
    found, arrived = read_times(column, ARRIVAL)
    assert found.dtype == TIME
    assert arrived.dtype == pl.Boolean
    assert len(found) == len(arrived) == len(column)
    return found.to_list(), arrived.to_list()


ISO = [
    ("2026-11-23T05:31:56Z", SECOND),
    ("2026-11-23T05:31:56+00:00", SECOND),
    ("2026-11-23T05:31:56.000000Z", SECOND),
    ("2026-11-23T06:31:56+01:00", SECOND),
    ("2026-11-23T06:31:56+0100", SECOND),
    ("2026-11-23T06:31:56+01", SECOND),
    ("2026-11-23T02:01:56-03:30", SECOND),
    ("2026-11-23T02:01:56.0-0330", SECOND),
    ("2026-11-22T19:31:56-10", SECOND),
    ("2026-11-23 05:31:56Z", SECOND),
    ("2026-11-23 05:31:56+00", SECOND),
    ("2026-11-23 05:31:56 UTC", SECOND),
    ("2026-11-23 05:31:56", SECOND),
    ("2026-11-23T05:31:56", SECOND),
    ("  2026-11-23T05:31:56Z\n", SECOND),
    ("2026-11-23T05:31:56.5", SECOND + timedelta(milliseconds=500)),
    ("2026-11-23T05:31:56.123Z", SECOND + timedelta(milliseconds=123)),
    ("2026-11-23 05:31:56.123456+00", SECOND + timedelta(microseconds=123_456)),
    ("2026-11-23T05:31:56.000001", SECOND + MICROSECOND),
    ("2026-11-23T05:31:56.000001999Z", SECOND + MICROSECOND),
    ("2026-11-23T05:31:56.999999999999Z", SECOND + timedelta(microseconds=999_999)),
    ("2026-11-23T05:31", SECOND.replace(second=0)),
    ("2026-11-23T05:31Z", SECOND.replace(second=0)),
    ("2026-11-23 06:31+01:00", SECOND.replace(second=0)),
    ("2026-11-23 06:31+01", SECOND.replace(second=0)),
    ("2026-11-23", MIDNIGHT),
    ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
    ("1969-12-31T23:59:59.999999Z", datetime(1970, 1, 1, tzinfo=UTC) - MICROSECOND),
    ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ("9999-12-30T23:59:59.999999Z", datetime(9999, 12, 31, tzinfo=UTC) - MICROSECOND),
    (f"{STAMP}", SECOND),
    (f"{STAMP}000", SECOND),
    (f"{STAMP}000000", SECOND),
    (f"{STAMP}000001", SECOND + MICROSECOND),
]


@pytest.mark.parametrize(("text", "time"), ISO)
def test_iso(text, time):
    assert read(pl.Series([text])) == ([time], [False])


NO_TIMES = (
    "nonsense",
    "2026",
    "2026-11",
    "2026-13-01",
    "2026-02-30",
    "2026-1-3",
    "23/11/2026",
    "11/23/2026 05:31",
    "20261123",
    "2026-11-23T",
    "2026-11-23T05",
    "2026-11-23T24:00:00Z",
    "2026-11-23T05:61:00Z",
    "2026-11-23T05:31:56.Z",
    "2026-11-23T05:31:56,5Z",
    "2026-11-23T05:31:56+25:00",
    "2026-11-23T05:31:56 Europe/Lisbon",
    "0000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "+10000-01-01T00:00:00Z",
    "+262142-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31",
    "9999-12-31T23:59:59-01:00",
    "infinity",
    "true",
    "null",
    "-1763875916",
    "1763875916.5",
    "1e9",
    "9" * 19,
    "9" * 40,
)
"""The last day of 9999 is none either: what comes after it, Python cannot say."""


@pytest.mark.parametrize("text", NO_TIMES)
def test_nonsense(text):
    assert read(pl.Series([text, "2026-11-23"])) == ([None, MIDNIGHT], [False, False])


@pytest.mark.parametrize("text", ["", "  ", "\n", None])
def test_missing_is_the_arrival(text):
    column = pl.Series([text, "2026-11-23", text], dtype=pl.String)
    assert read(column) == ([ARRIVAL, MIDNIGHT, ARRIVAL], [True, False, True])


EPOCHS = [
    (0, datetime(1970, 1, 1, tzinfo=UTC)),
    (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    (STAMP, SECOND),
    (STAMP * 10**3 + 1, SECOND + timedelta(milliseconds=1)),
    (STAMP * 10**6 + 1, SECOND + MICROSECOND),
    (10**11 - 1, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
    (10**11, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
    (10**14 - 1, datetime(5138, 11, 16, 9, 46, 39, 999_000, tzinfo=UTC)),
    (10**14, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
    (STAMP * 10**9, None),
    (-STAMP * 10**9, None),
    (2**63 - 1, None),
    (-(2**63), None),
    (2**64 - 1, None),
    (10**30, None),
]


@pytest.mark.parametrize(("number", "time"), EPOCHS, ids=str)
def test_whole_numbers(number, time):
    """Seconds, milliseconds or microseconds; the type of the column does not matter."""
    for dtype in (pl.Int32, pl.UInt32, pl.Int64, pl.UInt64, pl.Int128):
        low, high = pl.DataFrame().select(low=dtype.min(), high=dtype.max()).row(0)
        if low <= number <= high:
            column = pl.Series([number, None], dtype=dtype)
            assert read(column) == ([time, ARRIVAL], [False, True])


@pytest.mark.parametrize("unit", ["ns", "us", "ms"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/Sao_Paulo", "Asia/Kathmandu"])
def test_datetimes(unit, zone):
    """Without a zone they are UTC, with one the instant counts."""
    moment = SECOND + timedelta(milliseconds=7)
    column = pl.Series([moment, None], dtype=pl.Datetime(unit, "UTC"))
    column = column.dt.convert_time_zone(zone) if zone else column.dt.replace_time_zone(None)
    assert read(column) == ([moment, ARRIVAL], [False, True])


def test_nanoseconds_are_cut():
    column = pl.Series([1_999, 999_999_999]).cast(pl.Datetime("ns"))
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert read(column)[0] == [epoch + MICROSECOND, epoch + timedelta(microseconds=999_999)]


def test_datetimes_beyond_the_calendar():
    column = pl.Series([2**62, -(2**62), 0]).cast(pl.Datetime("us", "UTC"))
    assert read(column)[0] == [None, None, datetime(1970, 1, 1, tzinfo=UTC)]


def test_dates():
    column = pl.Series([date(2026, 11, 23), None])
    assert read(column) == ([MIDNIGHT, ARRIVAL], [False, True])


OTHERS = [
    pl.Series([True]),
    pl.Series([1.5]),
    pl.Series([float(STAMP)]),
    pl.Series([b"2026-11-23"]),
    pl.Series([[1]]),
    pl.Series([{"a": 1}]),
    pl.Series([timedelta(1)]),
]


@pytest.mark.parametrize("column", OTHERS, ids=lambda column: str(column.dtype))
def test_other_types_hold_no_times(column):
    assert read(column) == ([None], [False])


TYPES = (pl.String, pl.Null, pl.Int64, pl.UInt64, pl.Float64, pl.Boolean, pl.Date, pl.Binary)
TYPES += (pl.Datetime("ns"), pl.Datetime("us", "Asia/Tokyo"), pl.List(pl.Int64), pl.Categorical)


@pytest.mark.parametrize("rows", [0, 2])
@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_nothing(dtype, rows):
    assert read(pl.Series([None] * rows, dtype=dtype)) == ([ARRIVAL] * rows, [True] * rows)


def offsets():
    return st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


DISTANCES = st.integers(-(2000 * 365 * 86_400 * 10**6), 7900 * 365 * 86_400 * 10**6)


@given(
    st.builds(
        lambda us, zone: (MIDNIGHT + us * MICROSECOND).astimezone(zone), DISTANCES, offsets()
    ),
    st.sampled_from(("T", " ")),
    st.sampled_from(("auto", "microseconds")),
)
def test_any_time_of_any_zone(time, between, precision):
    assert read(pl.Series([time.isoformat(between, precision)])) == ([time], [False])


@given(st.lists(st.text(max_size=12) | st.text("0123456789-:TZ+. ", max_size=25), max_size=20))
def test_any_text_is_a_time_or_none(texts):
    found, arrived = read(pl.Series(texts, dtype=pl.String))
    for text, time, missing in zip(texts, found, arrived, strict=True):
        # Python also strips four separators that Unicode does not call white space.
        blank = not text.strip() and not set(text) & set("\x1c\x1d\x1e\x1f")
        assert missing == blank
        assert time is None or 1 <= time.year <= 9999


def spellings():
    """Texts near the usual form: at the ends of what each part may be, and past them."""
    days = st.builds(
        "{:04}-{:02}-{:02}".format,
        st.sampled_from((0, 1, 999, 1582, 1900, 1969, 1970, 2023, 2024, 9998, 9999)),
        st.sampled_from((0, 1, 2, 4, 11, 12, 13)),
        st.sampled_from((0, 1, 28, 29, 30, 31, 32)),
    )
    clocks = st.builds(
        "{:02}:{:02}:{:02}".format, *[st.sampled_from((0, 5, 23, 24, 59, 60, 61))] * 3
    )
    fractions = st.just("") | st.text("0019", max_size=8).map(".{}".format)
    zones = st.sampled_from(("", "Z", "+00", "+00:00", "+0000", "-00", "-00:00", "+01", "z", "Z0"))
    return st.builds("{}{}{}{}{}".format, days, st.sampled_from("T t-"), clocks, fractions, zones)


@given(st.lists(spellings() | st.none() | st.text("0123456789-:TZ+. ", max_size=25), max_size=20))
def test_usual_texts_are_the_times_that_they_are_by_their_parts(texts):
    column = pl.Series(texts, dtype=pl.String)
    assert_series_equal(times._iso(column), times._any_iso(column), check_names=False)


def test_what_is_usual():
    """Or the test above would show nothing."""
    texts = pl.Series(["2026-11-23T05:31:56Z", "2026-11-23 05:31:56.5+00", "0001-02-31 23:59:59"])
    assert texts.str.contains(times.USUAL).all()
    odd = pl.Series(["2026-11-23T05:31:60Z", "2026-11-23T05:31:56.1234567Z", "2026-11-23"])
    assert not odd.str.contains(times.USUAL).any()


YEAR_LAST = [
    # the text, what it is with the month first, and with the day first
    ("12/1/2010 8:26", "2010-12-01T08:26", "2010-01-12T08:26"),
    (" 01-12-2010\n", "2010-01-12", "2010-12-01"),
    ("31.12.2026, 23:59:59.25", None, "2026-12-31T23:59:59.25"),
    ("12/31/2026 11:59 PM", "2026-12-31T23:59", None),
    ("1/1/2026 12:00:01 am", "2026-01-01T00:00:01", "2026-01-01T00:00:01"),
    ("1/1/2026 12:00PM", "2026-01-01T12:00", "2026-01-01T12:00"),
    ("2/30/2010", None, None),
    ("0/1/2010", None, None),
    ("1/1/2026 13:00 PM", None, None),
    ("1/1/2026 24:00", None, None),
    ("1/1/26", None, None),
]


@pytest.mark.parametrize(("text", "month_first", "day_first"), YEAR_LAST)
def test_dates_that_end_with_their_year(text, month_first, day_first):
    assert read(pl.Series([text]))[0] == [None]
    for dates, expected in (("month-first", month_first), ("day-first", day_first)):
        found = year_first(pl.Series("c", [text, "2026-11-23"]), dates)
        assert found.name == "c"
        assert read(found)[0] == read(pl.Series([expected or "x", "2026-11-23"]))[0]
        if expected is None:
            assert found[0] == text


def test_every_day_and_minute_written_with_the_year_last():
    moments = [
        datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=25, minutes=7) * i for i in range(700)
    ]
    for dates, form in (("month-first", "%m/%d/%Y %I:%M %p"), ("day-first", "%d.%m.%Y %H:%M")):
        texts = pl.Series([f"{moment:{form}}" for moment in moments])
        assert order_of(texts) == dates
        assert read(year_first(texts, dates))[0] == moments


def test_what_comes_first_is_said_by_the_dates_alone():
    for texts, expected in (
        (["1/13/2026", "1/2/2026", None, "x"], "month-first"),
        (["13/1/2026", ""], "day-first"),
        (["1/2/2026"], None),
        (["13/1/2026", "1/13/2026"], None),
        (["2026-11-23"], None),
        ([], None),
    ):
        assert order_of(pl.Series(texts, dtype=pl.String)) == expected
    assert order_of(pl.Series([1, 2])) is None
    assert not are_year_last(pl.Series([None]))
    assert are_year_last(pl.Series(["x", "1/2/2026"]))


def test_other_columns_stay_as_they_are():
    for column in (pl.Series([1]), pl.Series([None]), pl.Series([date(2026, 1, 2)])):
        assert_series_equal(year_first(column, "day-first"), column)
