"""Origins of sites that may frame a page: exact ones, in the form in which browsers say them."""

import re
from collections.abc import Iterable
from typing import Final

from engine.errors import Fault, InvalidRequest

LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST: Final = rf"{LABEL}(\.{LABEL})*"
LOOPBACK: Final = r"(localhost|127\.0\.0\.1)"
ORIGIN: Final = re.compile(
    rf"(https://{HOST}|http://{LOOPBACK})(:(?P<port>[1-9][0-9]{{0,4}}))?", re.ASCII
)
USUAL: Final = re.compile(r"(https://[^:]+):443|(http://[^:]+):80")
LONGEST: Final = 200
MOST: Final = 10


def checked(given: Iterable[str]) -> tuple[str, ...]:
    """In normal form, each once. What passes cannot end or widen a header's list.

    Raises InvalidRequest.
    """
    origins, faults = [], []
    for text in given:
        origin = text.strip().lower().removesuffix("/")
        match = ORIGIN.fullmatch(origin)
        if match is None or len(origin) > LONGEST or int(match["port"] or 1) > 65_535:
            faults.append(
                Fault(
                    "origins",
                    f"{text[:80]!a} is not an origin; write one as https://intranet.example.com,"
                    " without a path and without *.",
                )
            )
        else:
            usual = USUAL.fullmatch(origin)
            origins.append(origin if usual is None else usual[1] or usual[2])
    found = tuple(dict.fromkeys(origins))
    if len(found) > MOST:
        faults.append(Fault("origins", f"are {len(found)}; name at most {MOST}."))
    if faults:
        raise InvalidRequest(faults)
    return found
