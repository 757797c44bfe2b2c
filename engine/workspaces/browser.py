"""The two cookies of a browser: which browser it is, and that somebody is signed in there.

Behind TLS they have names that no other site, subdomain or plain connection can write.
"""

import re
from collections.abc import Mapping
from typing import Final

SESSION: Final = "vitrine_session"
VISIT: Final = "vitrine_visit"
SECURE: Final = "__Host-"
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def token_in(cookies: Mapping[str, str], name: str) -> str | None:
    """The token that a browser sent; the one of a secure connection wins."""
    given = cookies.get(SECURE + name) or cookies.get(name) or ""
    return given if TOKEN.fullmatch(given) else None
