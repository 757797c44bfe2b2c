"""What the page says, in English and in Portuguese: the English text is its own name."""

from typing import Final

from pages.ui import session
from pages.ui.portuguese import PORTUGUESE

LANGUAGES: Final = {"en": "English", "pt": "Português"}


def say(message: str, **values: object) -> str:
    """A text in the viewer's language, with its values put in."""
    if session.language() == "pt":
        message = PORTUGUESE.get(message, message)
    return message.format(**values) if values else message


def both(one: str, many: str, count: float, **values: object) -> str:
    """`one` for exactly 1, else `many`."""
    return say(one if count == 1 else many, **values)
