"""The one text of a JSON value, so that every store and engine gives the same key."""

import json
import math
import re
from decimal import Decimal
from typing import Any


def canonical_text(value: Any) -> str | None:
    """Text as it is, numbers in shortest form (1.0 is `1`), objects as compact sorted JSON.

    None stays None. What JSON does not know, dates for one, is text.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict | list | int | float | Decimal):
        return _json(value)
    return None if value is None else _text(value)


def number_text(value: float) -> str:
    """The shortest digits that read back as `value`; an exponent from 1e21 up and below 1e-6.

    It is ECMAScript's Number::toString, except that whole numbers have all their digits, so that
    they equal integers.
    """
    if not math.isfinite(value):
        return repr(value)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    digits, exponent = text.split("e")
    power = int(exponent)
    if -7 < power < 0:
        whole, _, fraction = digits.lstrip("-").partition(".")
        sign = "-" if value < 0 else ""
        return f"{sign}0.{'0' * (-power - 1)}{whole}{fraction}"
    return f"{digits}e{power:+d}"


def _json(value: Any) -> str:
    if isinstance(value, dict):
        members = (f"{_quoted(key)}:{_json(value[key])}" for key in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(item) for item in value) + "]"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return json.dumps(value) if value is None or isinstance(value, int) else _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(_text(value), ensure_ascii=False)


def _text(value: Any) -> str:
    """Bytes that are no UTF-8 are hexadecimal digits.

    JSON can spell a lone surrogate, UTF-8 cannot; it becomes U+FFFD.
    """
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.hex()
    text = str(value)
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\ufffd", text)
