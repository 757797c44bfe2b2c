"""Whoever is among the first for some choice of types is kept, whatever the values."""

from fractions import Fraction
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.rollups.contenders import EXACT, OfType, contenders

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(0, 2),
    st.decimals(-2, 2, places=1),
    st.sampled_from((10**12, -(10**12), 0.1, 0.3)),
).map(lambda number: Fraction(str(number)))
SESSIONS = st.lists(
    st.dictionaries(st.integers(0, 3), st.tuples(NUMBERS, st.integers(1, 3)), max_size=4),
    max_size=14,
)
"""Of each session, by type: the sum, and of how many numbers."""


def values(sessions, *, means):
    """As the tables have them: sums in millionths, or means, in double precision."""
    for kind in range(4):
        having = [place for place, session in enumerate(sessions) if kind in session]
        sums = [float(sessions[place][kind][0]) for place in having]
        if means:
            sums = [one / sessions[p][kind][1] for one, p in zip(sums, having, strict=True)]
        else:
            sums = [round(one * 1e6) for one in sums]
        if having:
            yield OfType(np.array(having, np.uint32), np.array(sums, np.float64))


def first(sessions, types, listed, *, means):
    """The answer, by the contract: value descending, then by place."""
    ranked = []
    for place, session in enumerate(sessions):
        chosen = [session[kind] for kind in types if kind in session]
        if chosen:
            value = float(sum(one for one, _ in chosen))
            ranked.append((-value / sum(n for _, n in chosen) if means else -value, place))
    return [place for _, place in sorted(ranked)[:listed]]


@given(SESSIONS, st.integers(1, 4), st.booleans())
def test_no_one_among_the_first_is_left_out(sessions, listed, means):
    of_types = list(values(sessions, means=means))
    sums = [[one for one, _ in session.values()] for session in sessions]
    rounded = [
        any(abs(one) >= EXACT or one.denominator > 1 for one in of_session)
        if means
        else any(abs(one * 10**6) >= EXACT for one in of_session)
        for of_session in sums
    ]
    kept = contenders(of_types, np.array(rounded), listed, means=means) if of_types else []
    for size in range(1, 5):
        for types in combinations(range(4), size):
            for place in first(sessions, types, listed, means=means):
                assert kept[place], types


def test_who_is_far_behind_is_left_out():
    ten = np.arange(10, dtype=np.uint32)
    alone = OfType(ten, np.array([9.0, 8, 7, 1, 1, 1, 1, 1, 1, 1]))
    beside = OfType(ten[:4], np.array([1.0, 1, 1, 1]))
    kept = contenders([alone, beside], np.zeros(10, np.bool_), 2, means=False)
    assert list(np.flatnonzero(kept)) == [0, 1]
