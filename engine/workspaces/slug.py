"""Slugs: the names of dashboards in addresses and files."""

import re
import unicodedata
from collections.abc import Container
from itertools import count
from typing import Final

LONGEST: Final = 63
OTHERWISE: Final = "dashboard"


def free_slug(name: str, taken: Container[str]) -> str:
    """A slug that reads like the name and is not taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    begin = re.sub(r"^[^a-z]+", "", words)[:LONGEST].rstrip("-")
    slug = begin if len(begin) > 1 else OTHERWISE
    if slug not in taken:
        return slug
    for number in count(2):
        end = f"-{number}"
        numbered = slug[: LONGEST - len(end)].rstrip("-") + end
        if numbered not in taken:
            return numbered
    raise AssertionError("numbers do not end")
