"""What is wrong with the parameters of an address, whatever their values are."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import QueryParams

from engine.errors import Fault

NAMED: Final = 20
"""So many unknown parameters are named."""


def faults_of(params: QueryParams, known: Sequence[str], once: Sequence[str]) -> list[Fault]:
    """once: those that may not be repeated."""
    repeated = [name for name in once if len(params.getlist(name)) > 1]
    unknown = [name for name in dict.fromkeys(params) if name not in known]
    return [
        *(Fault(name, "stands more than once; send one value.") for name in repeated),
        *(
            Fault(ascii(name[:80])[1:-1], f"is not a parameter here; there are {', '.join(known)}.")
            for name in unknown[:NAMED]
        ),
    ]


def days_of(text: str) -> int | str:
    """A number of days where the text is one, else the text, so that `parse` names it."""
    whole = text.isascii() and text.isdecimal() and len(text) <= 3
    return int(text) if whole else text
