"""If-Match: a change that is wanted only of the version that its sender has seen."""

import re
from typing import Final

from starlette.datastructures import Headers

from engine.errors import Fault

IF_MATCH: Final = "If-Match"
_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS: Final = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t]*(?:{_TAG})?)*[ \t]*")
_VERSION: Final = re.compile(r'(?<!W/)"([1-9][0-9]{0,17})"')


def versions_of(headers: Headers) -> tuple[frozenset[int] | None, list[Fault]]:
    """The versions that the request may change, None for any, and what is wrong with the header.

    Weak tags match nothing, as HTTP has it.
    """
    given = ", ".join(headers.getlist(IF_MATCH)).strip()
    if IF_MATCH not in headers or given == "*":
        return None, []
    if not _TAGS.fullmatch(given):
        rule = (
            'is not an ETag as a dashboard\'s answers have it, like "3"; nor a list of them or *.'
        )
        return None, [Fault(IF_MATCH, f"{given[:80]!a} {rule}")]
    return frozenset(int(version) for version in _VERSION.findall(given)), []
