"""Which sessions may be among the first of a cell, whatever types of events are asked for.

A session has a value for each type, and for a choice of types their sum, or a mean of them. How
one is known to be dispensable: put the types in an order. For every choice with t as its last
type, a session that has t reaches at least `least`, and none reaches more than `most`, both taken
over the types up to t. When enough sessions with t have a `least` that comes before the `most` of
another one, that one is not among the first.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

EXACT: Final = 2.0**43
"""Hundreds of whole numbers below it add up exactly in double precision."""
SLACK: Final = 1e-9
"""How far a sum or a mean of others may be from the true one, as a share of its parts."""

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.uint32]
Truths = npt.NDArray[np.bool_]


class OfType(NamedTuple):
    """The sessions that have a type: where they come by their id, ascending, and their values."""

    places: Places
    values: Floats


class Bound(NamedTuple):
    """A value and, among equals, a place: a session that comes after it is dispensable."""

    value: float
    place: int

    def order(self) -> tuple[float, int]:
        return self.value, -self.place


def contenders(types: Sequence[OfType], rounded: Truths, listed: int, *, means: bool) -> Truths:
    """By place, whether a session may be among the first `listed`.

    rounded: by place, whether sums, or means, of a session's values may miss the true one.
    """
    # Any order is valid; in this one the last type of a choice is the one that says most.
    types = sorted(types, key=lambda one: _order(_last(one.places, one.values, listed)))
    error = np.zeros(rounded.size)
    for places, values in types:
        error[places] += np.abs(values) * SLACK
    error[~rounded] = 0
    if means:  # the mean of one value is that value
        has = np.concatenate([one.places for one in types])
        error[np.bincount(has, minlength=error.size) == 1] = 0
    may = np.zeros(rounded.size, np.bool_)
    reached = zip(types, _most(types, rounded.size, means=means), strict=True)
    bounds = _bounds(types, error, listed, means=means)
    for bound, ((places, _), most) in zip(bounds, reached, strict=True):
        if bound is None:
            may[places] = True
        else:
            at_most = most + error[places]
            tied = (at_most == bound.value) & (places <= bound.place)
            may[places[(at_most > bound.value) | tied]] = True
    return may


def _order(bound: Bound | None) -> tuple[float, int]:
    return (-np.inf, 0) if bound is None else bound.order()


def _last(places: Places, values: Floats, listed: int) -> Bound | None:
    """The last of the first `listed`, None when there are fewer."""
    if values.size < listed:
        return None
    value = np.partition(values, -listed)[-listed]
    more = int((values > value).sum())
    return Bound(float(value), int(places[np.flatnonzero(values == value)[listed - more - 1]]))


def _bounds(
    types: Sequence[OfType], error: Floats, listed: int, *, means: bool
) -> list[Bound | None]:
    """What `listed` sessions of a type, and of each type after it, reach; None: there are fewer."""
    found: list[Bound | None] = []
    lowest: Bound | None = None
    least = list(_least(types, error.size, means=means))
    for (places, _), values in zip(reversed(types), reversed(least), strict=True):
        last = _last(places, values - error[places], listed)
        if last is not None:
            lowest = last if lowest is None else min(last, lowest, key=Bound.order)
        found.append(None if last is None else lowest)
    return found[::-1]


def _least(types: Sequence[OfType], size: int, *, means: bool) -> Iterator[Floats]:
    """Of the sessions of each type, the lowest that a choice of it and types before it comes to."""
    before = np.full(size, np.inf if means else 0.0)
    for places, values in types:
        if means:
            before[places] = np.minimum(before[places], values)
            yield before[places]
        else:
            yield values + before[places]
            before[places] += np.minimum(values, 0)


def _most(types: Sequence[OfType], size: int, *, means: bool) -> Iterator[Floats]:
    """Of the sessions of each type, the highest that a choice of types up to it comes to."""
    before = np.full(size, -np.inf if means else 0.0)
    for places, values in types:
        if means:
            before[places] = np.maximum(before[places], values)
        else:
            before[places] += np.maximum(values, 0)
        yield before[places]
