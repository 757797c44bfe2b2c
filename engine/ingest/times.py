"""Times of raw rows become UTC microseconds."""

from datetime import UTC, datetime
from typing import Final, Literal, get_args

import polars as pl

TIME: Final = pl.Datetime("us", "UTC")
FULL: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]+(Z|[+-][0-9]{2}:[0-9]{2})$"
"""A text that says everything; most programs write their times so."""
DAY: Final = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
CLOCK: Final = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
USUAL: Final = rf"^{DAY}[T ]{CLOCK}(\.[0-9]{{1,6}})?(Z|\+00|\+00:00)?$"
"""UTC to the microsecond, as most programs and databases write it."""

Dates = Literal["month-first", "day-first"]
"""What comes first in a date that ends with its year."""
DATES: Final[tuple[Dates, ...]] = get_args(Dates)
YEAR_LAST: Final = (
    r"^(?<first>[0-9]{1,2})[/.-](?<second>[0-9]{1,2})[/.-](?<year>[0-9]{4})"
    r"(?:,?[ T]+(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})(?::(?<rest>[0-9]{2}(?:\.[0-9]{1,6})?))?"
    r"(?: ?(?<half>[AaPp])[Mm])?)?$"
)
"""As spreadsheets write it: 12/1/2010 8:26, 01.12.2010, 12/31/2026, 11:59:59 PM."""

YEARS: Final = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
"""What Python's datetime can hold; an event outside it would make its table unreadable."""


def read_times(column: pl.Series, arrival: datetime) -> tuple[pl.Series, pl.Series]:
    """The times, null where unreadable, and which rows had none and got that of their arrival.

    Datetimes without a zone are UTC. Whole numbers are seconds, milliseconds or microseconds since
    1970, by their size. Text is ISO 8601, or such a number.
    """
    if column.dtype == pl.String:
        column = _stripped(column).replace("", None)
    missing = column.is_null()
    times = pl.col("times")
    within = pl.when(times.is_between(*YEARS, closed="left")).then(times)
    read = pl.select(times=_converted(column).cast(TIME), missing=missing).select(
        pl.when("missing").then(pl.lit(arrival, TIME)).otherwise(within).alias(column.name)
    )
    return read.to_series(), missing


def are_year_last(column: pl.Series) -> bool:
    """Whether some texts are dates that end with their year."""
    return column.dtype == pl.String and bool(_stripped(column).str.contains(YEAR_LAST).any())


def order_of(column: pl.Series) -> Dates | None:
    """What comes first in dates that end with their year; None where the texts do not say."""
    if not are_year_last(column):
        return None
    parts = _stripped(column).str.extract_groups(YEAR_LAST).struct
    beyond = [bool((parts.field(n).cast(pl.Int8) > 12).any()) for n in ("second", "first")]
    return DATES[beyond.index(True)] if sum(beyond) == 1 else None


def year_first(column: pl.Series, dates: Dates) -> pl.Series:
    """The texts with dates that end with their year as ISO 8601; all others as they are."""
    if column.dtype != pl.String:
        return column
    part = {
        name: pl.col("parts").struct.field(name)
        for name in ("first", "second", "year", "hour", "minute", "rest", "half")
    }
    month, day = (part[name].str.zfill(2) for name in ("first", "second"))
    if dates == "day-first":
        month, day = day, month
    hour = part["hour"].fill_null("0").cast(pl.Int8)
    of_twelve = pl.when(hour.is_between(1, 12)).then(hour % 12)
    clock = (
        pl.when(part["half"].is_null())
        .then(hour)
        .when(part["half"].str.to_lowercase() == "p")
        .then(of_twelve + 12)
        .otherwise(of_twelve)
    )
    time = pl.format(
        "{}-{}-{}T{}:{}:{}",
        *(part["year"], month, day, clock.cast(pl.String).str.zfill(2)),
        *(part["minute"].fill_null("00"), part["rest"].fill_null("00")),
    )
    is_one = time.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False).is_not_null()
    found = pl.select(text=column, parts=_stripped(column).str.extract_groups(YEAR_LAST)).select(
        pl.when(is_one).then(time).otherwise("text").alias(column.name)
    )
    return found.to_series()


def _stripped(column: pl.Series) -> pl.Series:
    return column.str.strip_chars()


def _converted(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        return _iso(column)
    if column.dtype.is_integer():
        return _epoch(column.cast(pl.Int64, strict=False))
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        return column.dt.convert_time_zone("UTC")
    if column.dtype in (pl.Date, pl.Datetime):
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.repeat(None, len(column), dtype=TIME, eager=True)


def _iso(texts: pl.Series) -> pl.Series:
    usual = texts.str.contains(USUAL).fill_null(True)
    if usual.all():
        return _usual(texts)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(texts))
    odd = _any_iso(texts.zip_with(~usual, nothing))
    return _usual(texts.zip_with(usual, nothing)).zip_with(usual, odd)


def _usual(texts: pl.Series) -> pl.Series:
    """Texts of the form USUAL, several times as fast as by their zones and fractions."""
    t = pl.col("t")
    seconds = pl.concat_str(t.str.head(10), pl.lit("T"), t.str.slice(11, 8))
    # What ends a fraction, zeros and the zone, says nothing.
    micros = t.str.slice(20).str.strip_chars_end("Z+:0").str.pad_end(6, "0").cast(pl.Int64)
    times = seconds.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    utc = times.dt.replace_time_zone("UTC") + pl.duration(microseconds=micros)
    return texts.to_frame("t").select(utc).to_series()


def _any_iso(texts: pl.Series) -> pl.Series:
    full = texts if texts.str.contains(FULL).all() else _completed(texts)
    times = full.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    numbers = texts.str.contains(r"^[0-9]{9,17}$").fill_null(False)
    if not numbers.any():
        return times
    return times.zip_with(~numbers, _epoch(texts.cast(pl.Int64, strict=False)).cast(TIME))


def _completed(texts: pl.Series) -> pl.Series:
    """ISO 8601 allows less than a whole time with seconds and zone."""
    completed = (
        pl.col("t")
        .str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$", "${1}T00:00:00")
        .str.replace(r"^([0-9-]{10}) ", "${1}T")
        .str.replace(r"(T[0-9]{2}:[0-9]{2})(Z|[+-]|$)", "${1}:00$2")
        .str.replace(r"(T[0-9:.]+)$", "${1}Z")
        .str.replace(r"(T[0-9:.]+[+-][0-9]{2})$", "${1}:00")
    )
    return texts.to_frame("t").select(completed).to_series()


def _epoch(numbers: pl.Series) -> pl.Series:
    n = pl.col("n")
    micros = (
        pl.when(n.is_between(-(10**11), 10**11, closed="none"))
        .then(n * 10**6)
        .when(n.is_between(-(10**14), 10**14, closed="none"))
        .then(n * 10**3)
        .otherwise(n)
    )
    return numbers.to_frame("n").select(micros).to_series()
