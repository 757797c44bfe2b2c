"""The cookies of a browser: which browser it is, and that somebody is signed in there.

Behind TLS they have names that no other site, subdomain or plain connection can write.
"""

import re
from collections.abc import Mapping
from typing import Final

SESSION: Final = "vitrine_session"
VISIT: Final = "vitrine_visit"
IDENTITY: Final = "_streamlit_user"
"""Streamlit's own, of a sign-in provider: believed for the way in, and never afterwards."""
SECURE: Final = "__Host-"
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def token_in(cookies: Mapping[str, str], name: str, secure: bool = False) -> str | None:
    """The token that a browser sent; the one of a secure connection wins. secure: there is no other
    connection, so that what has the plain name was planted."""
    plain = None if secure else cookies.get(name)
    given = cookies.get(SECURE + name) or plain or ""
    return given if TOKEN.fullmatch(given) else None
