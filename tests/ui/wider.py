"""The table of fields with one more."""

from typing import Final

from engine.contract import FIELDS, Field

SHARE: Final = Field(
    "share_percent",
    "integer",
    "Share (%)",
    "Count so many of a hundred events.",
    "a whole number from 1 to 100",
    "50",
    initial=100,
    required=False,
    minimum=1,
    maximum=100,
)
WIDER: Final = (*FIELDS, SHARE)
