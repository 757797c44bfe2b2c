"""Numbers of a file become exact decimals: 6 fractional digits, magnitude below 10^12."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import numpy as np
import polars as pl

from engine.numbers import MEASURE_LIMIT, NUMBER, number_of, rounded
from engine.stores.base import MEASURE

PLAIN: Final = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
TEXTS: Final = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True)
class Measured:
    """exact: the decimals, null for what is no number. too_large: rows to reject.

    rounded: how many numbers had more than 6 fractional digits.
    """

    exact: pl.Series
    too_large: pl.Series
    rounded: int


def measures(columns: Mapping[str, pl.Series]) -> dict[str, Measured]:
    """Read columns of one length; those of one type go as one, which is faster when they are short.

    `rounded` is then told of the first of them.
    """
    found: dict[str, Measured] = {}
    for dtype in dict.fromkeys(column.dtype for column in columns.values()):
        alike = [name for name, column in columns.items() if column.dtype == dtype]
        if dtype in (pl.Float64, pl.String):
            all_of_them = measure(pl.concat([columns[name].alias("all") for name in alike]))
            found |= dict(zip(alike, _parts(all_of_them, len(alike)), strict=True))
        else:
            found |= {name: measure(columns[name]) for name in alike}
    return found


def _parts(whole: Measured, parts: int) -> Iterator[Measured]:
    rows = len(whole.exact) // parts
    for i in range(parts):
        exact, too_large = (s.slice(i * rows, rows) for s in (whole.exact, whole.too_large))
        yield Measured(exact, too_large, whole.rounded if i == 0 else 0)


def measure(column: pl.Series) -> Measured:
    """Read a column of numbers or text. Booleans, NaN, infinities and other text are null.

    A double stands for the shortest decimal that reads back as it. Most are a decimal of at most
    15 digits, which one division proves; each different one of the others goes through Decimal.
    """
    if column.null_count() == len(column):
        return _nothing(len(column))
    if not column.dtype.is_numeric() and column.dtype not in TEXTS:
        column = pl.repeat(None, len(column), dtype=pl.String, eager=True)
    if column.dtype.is_float():
        doubles = column.cast(pl.Float64).fill_nan(None)
        values = doubles.fill_null(0.0).to_numpy()
        with np.errstate(over="ignore", invalid="ignore"):
            micros = np.rint(values * 1e6)
            plain = pl.Series((micros / 1e6 == values) & (np.abs(micros) < 1e15))
        finite = doubles.is_finite()
        return _split(doubles, plain, finite & ~plain, lambda value: Decimal(repr(value)))
    if column.dtype.is_decimal() and _fits(column):
        return replace(_nothing(len(column)), exact=column.cast(MEASURE))
    texts = column.cast(pl.String)
    plain = texts.str.contains(PLAIN)
    return _split(texts, plain, texts.str.contains(NUMBER) & ~plain, number_of)


def _fits(decimals: pl.Series) -> bool:
    """Whether all of them are measures as they are."""
    scale = getattr(decimals.dtype, "scale", None)
    low, high = decimals.min(), decimals.max()
    if scale is None or scale > 6 or not isinstance(low, Decimal) or not isinstance(high, Decimal):
        return False
    return low > -MEASURE_LIMIT and high < MEASURE_LIMIT


def _nothing(rows: int) -> Measured:
    """Most events have few of the seven measures; this is 20 times faster than pl.repeat."""
    return Measured(
        exact=pl.Series([None], dtype=MEASURE).new_from_index(0, rows),
        too_large=pl.Series([False]).new_from_index(0, rows),
        rounded=0,
    )


def _split(
    column: pl.Series, plain: pl.Series, rare: pl.Series, read: Callable[[Any], Decimal]
) -> Measured:
    nothing = pl.repeat(None, len(column), dtype=column.dtype, eager=True)
    exact = column.zip_with(plain.fill_null(False), nothing).cast(MEASURE)
    if not rare.any():
        return replace(_nothing(len(column)), exact=exact)
    odd = column.zip_with(rare.fill_null(False), nothing)
    different = odd.drop_nulls().unique()
    numbers = [read(value) for value in different]
    near = [rounded(number, MEASURE_LIMIT) for number in numbers]
    changed = [n is not None and n != number for n, number in zip(near, numbers, strict=True)]
    table = pl.DataFrame(
        {
            "odd": different,
            "exact": pl.Series(near, dtype=MEASURE),
            "changed": pl.Series(changed, dtype=pl.Boolean),
        }
    )
    looked_up = odd.to_frame("odd").join(table, on="odd", how="left", maintain_order="left")
    return Measured(
        exact=exact.zip_with(odd.is_null(), looked_up["exact"]),
        too_large=odd.is_not_null() & looked_up["exact"].is_null(),
        rounded=int(looked_up["changed"].sum()),
    )
