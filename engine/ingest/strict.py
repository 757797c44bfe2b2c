"""JSON as strict as `engine.request.loads`, for many small texts."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from engine.request import loads

DECODER: Final = msgspec.json.Decoder()


def strict(text: bytes) -> Any:
    """What `loads` says about the text, and what it raises, in half of the time.

    msgspec is as strict but for members that stand twice: it keeps the last of them. A text has two
    quotes for each string, names of members among them, so if what was read has as many strings
    nothing was dropped. Whatever is unusual is left to `loads`.
    """
    try:
        value = DECODER.decode(text)
        if b"\\" in text:
            quotes = text.replace(b"\\\\", b"").replace(b'\\"', b"").count(b'"')
        else:
            quotes = text.count(b'"')
        if quotes == 2 * _strings(value):
            return value
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    return loads(text)


def _strings(value: Any) -> int:
    """Names of members are strings too."""
    if type(value) is dict:
        return len(value) + _strings_in(value.values())
    if type(value) is list:
        return _strings_in(value)
    return int(type(value) is str)


def _strings_in(values: Iterable[Any]) -> int:
    strings = 0
    for value in values:
        kind = type(value)
        if kind is str:
            strings += 1
        elif kind is dict or kind is list:
            strings += _strings(value)
    return strings
