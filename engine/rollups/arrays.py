"""Exact sums over arrays that have a place for each key: far faster than grouping again."""

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
"""Also Python's own whole numbers, where 64 bits do not hold what may be added up."""
Places = npt.NDArray[np.intp]
Masks = npt.NDArray[np.uint64]
Truths = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

TOTAL: Final = pl.Decimal(38, 6)
MICRO: Final = 10**6
"""Decimals are counted in millionths."""
ROOM: Final = 2.0**62
"""Two sums below it can be added, and each is known well enough as a double."""
PRECISE: Final = 2**53
"""Whole numbers up to it are doubles too."""
SPARSE: Final = 4
"""Codes are sorted where more than so many times as many are possible; else each has a place."""
_WIDE: Final = Context(prec=50)
_MILLIONTH: Final = pl.Series([Decimal(1).scaleb(-6)], dtype=TOTAL)


def size_of(*arrays: npt.NDArray[Any]) -> int:
    """Bytes."""
    return sum(array.nbytes for array in arrays)


def ints(column: pl.Series) -> Ints:
    return column.cast(pl.Int64).to_numpy()


def places(column: pl.Series) -> Places:
    return column.cast(pl.Int64).to_numpy().astype(np.intp, copy=False)


def millionths(column: pl.Series, of: Places, size: int) -> Ints:
    """Decimals as whole numbers whose sums by place, `of`, hold; 0 for null."""
    whole = column.fill_null(0).to_physical()
    about = np.bincount(of, np.abs(whole.cast(pl.Float64).to_numpy()), size)
    if about.max(initial=0) < ROOM:
        return whole.cast(pl.Int64).to_numpy()
    return np.array(whole.to_list(), dtype=object)


def added(of: Places, numbers: Ints, size: int) -> Ints:
    """The sum of the numbers of each place."""
    found = np.zeros(size, numbers.dtype)
    np.add.at(found, of, numbers)
    return found


def counted(of: Places, size: int) -> Ints:
    """How many there are of each place."""
    return np.bincount(of, minlength=size)


def numbered(codes: Places, span: int) -> tuple[Places, Places]:
    """The different ones of some codes from 0 to before `span`, ascending, and the place of each
    code among them.
    """
    if span > SPARSE * codes.size:
        different, of = np.unique(codes, return_inverse=True)
        return different, of
    occur = np.zeros(span, np.bool_)
    occur[codes] = True
    return np.flatnonzero(occur), (np.cumsum(occur) - 1)[codes]


def padded(numbers: Ints, size: int) -> Ints:
    """With 0 for places that come after."""
    return np.concatenate([numbers, np.zeros(size - numbers.size, numbers.dtype)])


def doubles(totals: Ints) -> Floats:
    """The doubles nearest to so many millionths."""
    found: Floats = (totals / MICRO).astype(np.float64)
    for place in np.flatnonzero(np.abs(totals) > PRECISE):
        found[place] = int(totals[place]) / MICRO
    return found


def decimals(totals: Ints) -> pl.Series:
    """So many millionths as TOTAL."""
    if totals.dtype != object:
        return pl.Series(totals).cast(TOTAL) * _MILLIONTH
    numbers = [_WIDE.scaleb(Decimal(int(total)), -6) for total in totals]
    return pl.Series(numbers, dtype=TOTAL)


def chosen(types: Iterable[int], kinds: Places) -> Truths:
    """Of which of the kinds, codes of types, are among the types."""
    wanted = np.zeros(int(kinds.max(initial=0)) + 1, np.bool_)
    wanted[[code for code in types if code < wanted.size]] = True
    return wanted[kinds]


def placed(codes: Places, known: Places) -> Places:
    """The place of each code among those known, in any order; all of them are."""
    order = np.argsort(known)
    return order[np.searchsorted(known, codes, sorter=order)]
