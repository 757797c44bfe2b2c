"""Sums by place are exact, however large."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.execute import FEW, Partials, finish
from engine.request import AggregateRequest
from engine.rollups.arrays import (
    ROOM,
    SPARSE,
    TOTAL,
    added,
    decimals,
    doubles,
    millionths,
    numbered,
)
from tests.generate import event

NOW = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
LARGEST = 10**12 - 1
TOTALS = st.integers(-(10**30), 10**30) | st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9)


def column(totals):
    """So many millionths as decimals, by way of text."""
    texts = [f"{'-' * (t < 0)}{abs(t) // 10**6}.{abs(t) % 10**6:06}" for t in totals]
    return pl.Series(texts, dtype=pl.String).cast(TOTAL)


@given(st.lists(TOTALS, max_size=30))
def test_totals_become_what_polars_makes_of_them(totals):
    arrays = [np.array(totals, object)]
    if all(-(2**63) <= total < 2**63 for total in totals):
        arrays.append(np.array(totals, np.int64))
    for array in arrays:
        assert decimals(array).equals(column(totals))
        assert doubles(array).tolist() == column(totals).cast(pl.Float64).to_list()


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(41, 300))
def test_places_of_the_different_codes(codes, span):
    different, of = numbered(np.array(codes, np.intp), span)
    assert different.tolist() == sorted({*codes})
    assert different[of].tolist() == codes


def test_places_are_found_by_sorting_when_they_would_be_too_many():
    few, many = 5 * SPARSE, 10**12
    for span in (few, many):
        different, of = numbered(np.array([4, 0, 4, 3, 1], np.intp), span)
        assert (different.tolist(), of.tolist()) == ([0, 1, 3, 4], [3, 0, 3, 2, 1])


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | TOTALS), max_size=30))
def test_sums_by_place(rows):
    homes = np.array([place for place, _ in rows], np.intp)
    numbers = column([total or 0 for _, total in rows])
    held = pl.Series([total is not None for _, total in rows], dtype=pl.Boolean)
    numbers = pl.select(pl.when(held).then(numbers)).to_series()
    sums = [sum(total or 0 for place, total in rows if place == at) for at in range(4)]
    assert added(homes, millionths(numbers, homes, 4), 4).tolist() == sums


def test_what_may_not_hold_is_added_up_as_whole_numbers():
    homes = np.zeros(5, np.intp)
    assert millionths(column([int(ROOM) // 6] * 5), homes, 1).dtype == np.int64
    assert millionths(column([int(ROOM) // 4] * 5), homes, 1).dtype == object


@pytest.mark.parametrize("sign", [1, -1, None])
def test_sums_beyond_64_bits(brand, sign):
    """In a month, in a day that is rolled up, and in the days that are not."""
    moments = [NOW - timedelta(days=days, hours=1) for days in (40, 2, 0)]
    for moment in moments:
        signs = [sign] * 12 if sign else [1, -1] * 6
        brand.write(
            [
                event(f"{moment}{i}", moment, amount=Decimal(LARGEST * s), session_id=f"s{i % 2}")
                for i, s in enumerate(signs)
            ]
        )
    brand.build(NOW)
    asked = [
        {
            "event_types": None,
            "group_by": group_by,
            "aggregation": aggregation,
            "value_field": "amount",
            "time_window_days": 60,
        }
        for group_by in ("none", "day", "session", "product_id")
        for aggregation in ("sum", "avg")
    ]
    assert brand.check([(body, NOW, None) for body in asked]) == len(asked)


ROWS = st.lists(
    st.tuples(st.text("ab", max_size=3), st.integers(-3, 3) | st.just(10**25), st.integers(0, 3)),
    max_size=9,
    unique_by=lambda row: row[0],
)


@given(ROWS, st.sampled_from(("count", "count_distinct", "sum", "avg")), st.integers(1, 5))
def test_few_rows_come_in_the_same_order(rows, aggregation, limit):
    request = AggregateRequest(None, "product_id", aggregation, None, 7, limit)
    keys, totals, numbers = ([row[i] for row in rows] for i in range(3))
    if request.is_numeric:
        totals = [total if number else 0 for total, number in zip(totals, numbers, strict=True)]
        columns = {"total": column(totals), "numbers": pl.Series(numbers, dtype=pl.Int64)}
    else:
        columns = {
            "events": pl.Series([number + 1 for number in numbers], dtype=pl.Int64),
            "sessions": pl.Series(numbers, dtype=pl.Int64),
        }
    frame = pl.DataFrame({"key": pl.Series(keys, dtype=pl.String), **columns})
    assert len(rows) <= FEW
    assert finish(Partials(frame, len(rows)), request) == finish(Partials(frame), request)


@pytest.mark.parametrize(("group_by", "dtype"), [("day", pl.Date), ("hour", pl.Int64)])
@given(times=st.lists(st.integers(-9_999, 600_000), max_size=9, unique=True))
def test_few_times_are_the_latest(group_by, dtype, times):
    request = AggregateRequest(None, group_by, "count", None, 7, 4)
    keys = pl.Series(times, dtype=pl.Int32).cast(dtype)
    frame = pl.DataFrame({"key": keys}).with_columns(events=1, sessions=0)
    assert finish(Partials(frame, len(times)), request) == finish(Partials(frame), request)
