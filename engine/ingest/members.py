"""How many members the objects of a JSON text have at least: each has a quote and a colon.

A decoder that lets the last of several members of one name win can be trusted where it found as
many. Where a string begins with a colon or has a quote within, more are counted than there are.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

BLOCK: Final = 1 << 18
"""Bytes that are looked at together, so that they stay in the processor's cache."""
QUOTE, COLON, SPACE = b'": '
BREAK, RETURN, OPEN, CLOSE = b"\n\r{}"


def members_in(text: bytes | memoryview) -> int:
    """Of one text, or of lines that were joined."""
    count, spaced = _look(text)
    return len(re.findall(rb'"\s*:', text)) if spaced else count


def objects_in(text: bytes | memoryview) -> int | None:
    """How many objects a text of lines has if it is JSON and has as many values; None: cannot tell.

    Every line break stands between } and {, as it cannot within a value: so each line has at least
    one value of its own.
    """
    block = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(block == BREAK)
    if len(ends) and ends[-1] == len(block) - 1:
        ends = ends[:-1]
    before = block[ends - 1]
    before = np.where(before == RETURN, block[ends - 2], before)
    if text[:1] == b"{" and (before == CLOSE).all() and (block[ends + 1] == OPEN).all():
        return len(ends) + 1
    return None


def members_of_each(texts: Sequence[bytes]) -> list[int]:
    _, spaced = _look(b"\n".join(texts))
    if spaced:
        return [members_in(text) for text in texts]
    return [text.count(b'":') for text in texts]


def _look(text: bytes | memoryview) -> tuple[int, bool]:
    """Colons after a quote, and whether one comes after white space."""
    count, spaced = 0, False
    for start in range(0, len(text), BLOCK):
        # One byte of the next block, so that no pair is missed.
        block = np.frombuffer(text, np.uint8, min(BLOCK + 1, len(text) - start), start)
        before, colon = block[:-1], block[1:] == COLON
        count += int(np.count_nonzero(colon & (before == QUOTE)))
        spaced = spaced or bool((colon & (before <= SPACE)).any())
    return count, spaced
