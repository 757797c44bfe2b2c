"""What counts as a number.

Measures are decimals with 6 fractional digits and a magnitude below 10^12; see part 2 of the
contract. Text in an id column may be larger, so it is read with room for 10^8 ids of 24 digits.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

import polars as pl

PLAIN: Final = r"^-?[0-9]{1,24}(\.[0-9]{1,6})?$"
NUMBER: Final = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
WIDE: Final = pl.Decimal(38, 6)
MICRO: Final = Decimal("0.000001")
MEASURE_LIMIT: Final = Decimal(10) ** 12
ID_LIMIT: Final = Decimal(10) ** 24
EXACT: Final = 2**53
_CONTEXT: Final = Context(prec=400, rounding=ROUND_HALF_EVEN)


def number_of(text: str) -> Decimal:
    """Text of the form NUMBER. An exponent too large for Decimal gives zero or infinity."""
    try:
        return Decimal(text)
    except InvalidOperation:
        digits, exponent = text.lower().split("e")
        vanishes = exponent.startswith("-") or not Decimal(digits)
        return Decimal(0) if vanishes else Decimal("Infinity")


def rounded(number: Decimal, limit: Decimal) -> Decimal | None:
    """Half-even to 6 fractional digits; None where that leaves the magnitude at `limit` or more."""
    if not number or number.adjusted() < -7:
        return Decimal(0)
    if number.is_infinite() or number.adjusted() > 40:
        return None
    near = number.quantize(MICRO, context=_CONTEXT)
    # Not abs(), which rounds to 28 digits.
    return near if -limit < near < limit else None


def decimals_of_text(text: pl.Expr) -> pl.Expr:
    """Text that is a finite number as Decimal(38, 6), other text as null."""
    plain = pl.when(text.str.contains(PLAIN)).then(text)
    other = pl.when(text.str.contains(NUMBER) & ~text.str.contains(PLAIN)).then(text)
    return pl.coalesce(
        plain.cast(WIDE),
        other.map_batches(_unusual, return_dtype=WIDE, is_elementwise=True),
    )


def _unusual(texts: pl.Series) -> pl.Series:
    """Exponents and long fractions: rare, so each different text is read once, by Decimal."""
    different = texts.drop_nulls().unique()
    values = [rounded(number_of(text), ID_LIMIT) for text in different]
    return texts.replace_strict(
        different, pl.Series(values, dtype=WIDE), default=None, return_dtype=WIDE
    )


def wire_number(value: float) -> int | float:
    """Integral values up to 2^53 as integers, so that they print without exponent."""
    whole = int(value)
    return whole if whole == value and abs(whole) <= EXACT else value
