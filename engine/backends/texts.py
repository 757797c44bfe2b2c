"""What counts as a number, in Spark's words; see engine.numbers."""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql.connect import functions as F

from engine.numbers import NUMBER, PLAIN

END: Final = r"\z"
"""`$` would let a line break through at the end."""
DIGITS: Final = 30
"""Those of 10^24 in millionths, less one."""
BEYOND: Final = 999_999_999
"""Stands for all larger exponents: no text is long enough to make up for it."""
WIDE: Final = "decimal(38,6)"
WHOLE: Final = "decimal(38,0)"


def with_decimal(texts: DataFrame) -> DataFrame:
    """`number` beside `text`: one that is a finite number as decimal(38,6), another as null.

    Exponents and long fractions are rounded half-even, digit by digit: a number is 0.DIGITS times
    ten to the POINT, its digits beginning with one that is not 0, so its millionths are its first
    POINT + 6 digits. Each step is a column, for a step within a step would be planned many times.
    """
    steps = texts.withColumn(
        "plain", F.when(F.col("text").rlike(_whole(PLAIN)), F.col("text").try_cast(WIDE))
    )
    odd = F.col("plain").isNull() & F.col("text").rlike(_whole(NUMBER))
    steps = steps.withColumn("odd", F.when(odd, F.col("text")))
    for columns in STEPS:
        steps = steps.withColumns(columns)
    return steps


def _whole(pattern: str) -> str:
    return pattern.removesuffix("$") + END


def _exponent(text: Column) -> Column:
    digits = F.regexp_extract(text, rf"[eE][+-]?0*([0-9]*){END}", 1)
    size = F.when(F.length(digits) > 9, BEYOND).otherwise(
        F.coalesce(digits.try_cast("int"), F.lit(0))
    )
    return F.when(text.rlike("[eE]-"), -size).otherwise(size)


def _size() -> Column:
    """How many digits the millionths have, or one more than may be; 0 or less below a millionth."""
    point = F.length("whole") - F.length("written") + F.length("digits") + F.col("exponent")
    return F.when(F.col("digits") == "", 0).otherwise(F.least(point + 6, F.lit(DIGITS + 1)))


def _kept() -> Column:
    padded = F.concat("digits", F.lit("0" * DIGITS))
    return F.when(F.col("size") <= 0, "").otherwise(F.substr(padded, F.lit(1), F.col("size")))


def _rest() -> Column:
    """The digits after those, as a fraction: "5" is a half."""
    rest = F.when(F.col("size") < 0, "").otherwise(F.substr(F.col("digits"), F.col("size") + 1))
    return F.regexp_replace(rest, f"0+{END}", "")


def _micros() -> Column:
    half = (F.col("rest") == "5") & F.col("kept").rlike(f"[13579]{END}")
    up = F.when((F.col("rest") > "5") | half, 1).otherwise(0)
    micros = F.concat(F.lit("0"), F.col("kept")).try_cast(WHOLE) + up
    return F.when(F.col("size") <= DIGITS, micros.cast(WHOLE))


def _number() -> Column:
    point = F.length("padded") - 6
    sign = F.when(F.col("odd").startswith("-"), "-").otherwise("")
    before = F.substr(F.col("padded"), F.lit(1), point)
    written = F.concat(sign, before, F.lit("."), F.substr(F.col("padded"), point + 1))
    fits = F.col("micros") < F.lit("1" + "0" * DIGITS).cast(WHOLE)
    return F.coalesce("plain", F.when(fits, written.try_cast(WIDE)))


STEPS: Final[tuple[dict[str, Column], ...]] = (
    {
        "whole": F.regexp_extract("odd", r"^-?([0-9]+)", 1),
        "fraction": F.regexp_extract("odd", r"^-?[0-9]+\.([0-9]+)", 1),
        "exponent": _exponent(F.col("odd")),
    },
    {"written": F.concat("whole", "fraction")},
    {"digits": F.regexp_replace("written", "^0+", "")},
    {"size": _size()},
    {"kept": _kept(), "rest": _rest()},
    {"micros": _micros()},
    # Zeros before it, so that there is a digit on either side of the point.
    {"padded": F.concat(F.lit("0000000"), F.col("micros").cast("string"))},
    {"number": _number()},
)
