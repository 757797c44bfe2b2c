"""Whole lines of a file, many at a time."""

from collections.abc import Iterator
from typing import Protocol


class Bytes(Protocol):
    """What a file is read by."""

    def readinto(self, place: memoryview, /) -> int: ...


def whole_lines(file: Bytes, size: int, longest: int) -> Iterator[memoryview]:
    """About `size` bytes of lines at a time, or one line, of which more than `longest` may lack.

    All in one place, each until the next is asked for: fresh memory would take longer than to read.
    """
    place, kept = bytearray(size), 0
    while read := file.readinto(memoryview(place)[kept:]):
        filled = kept + read
        end = place.rfind(b"\n", kept, filled) + 1
        if not end and filled <= longest:
            if filled == len(place):
                place = place + bytes(len(place))
            kept = filled
            continue
        end = end or filled
        yield memoryview(place)[:end]
        kept = filled - end
        place[:kept] = place[end:filled]
    if kept:
        yield memoryview(place)[:kept]
