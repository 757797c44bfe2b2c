"""What a server does not start with: doors that are open to others by mistake.

Everything here raises SystemExit with a message that names the setting and the way out.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from engine.http.callback import CALLBACK
from engine.http.loopback import RULE, is_loopback
from engine.settings import VAULT_LENGTH, VAULT_VARIABLE

DIFFERENT: Final = 10
"""A secret has at least so many different characters."""
PUBLISHED: Final = ("changeme", "change-me", "change_me", "secret", "password", "example")
FIRST_OWNER: Final = (
    f"To open it to others, set {VAULT_VARIABLE} and make the first owner: python -m"
    " engine.workspaces.members add EMAIL --workspace ws_NAME --role owner."
)
MAKE_ONE: Final = "make one as `openssl rand -base64 32` does"
SIGN_IN: Final = "[auth] in .streamlit/secrets.toml"


def refuse_public_demo(address: str | None, public_url: str) -> None:
    """Demo mode on an address, or behind one, that other machines reach; None is every address."""
    if not is_loopback(address or ""):
        shown = repr(address) if address else "every address (none is set)"
        raise SystemExit(
            f"Vitrine will not listen on {shown}. {RULE}; set server.address to 127.0.0.1 in"
            f" .streamlit/config.toml, and reach it from elsewhere through an SSH tunnel."
            f" {FIRST_OWNER}"
        )
    if public_url and not _is_local(public_url):
        raise SystemExit(
            f"Vitrine will not start: VITRINE_URL is {public_url[:80]!r}, where other machines"
            f" reach it. {RULE}; unset VITRINE_URL, or set VITRINE_DEMO to off. {FIRST_OWNER}"
        )


def refuse_weak_secret(address: str | None, secret: str | None, public_url: str = "") -> None:
    """No secret, or one that is none, on an address that other machines reach."""
    is_private = is_loopback(address or "") and (not public_url or _is_local(public_url))
    if not is_private and _is_weak(secret):
        told = "is not set" if secret is None else "is easy to guess or was published"
        where = repr(public_url[:80] or address or "every address")
        raise SystemExit(
            f"Vitrine will not listen on {where}: {VAULT_VARIABLE} {told}; {MAKE_ONE}."
        )


def refuse_weak_sign_in(
    cookie_secret: str, redirect_uri: str, providers: Mapping[str, str], public_url: str
) -> None:
    """A sign-in provider that anybody could play, on any address.

    redirect_uri: where providers send people back to. providers: by name, where what they say of
    themselves is.
    """
    if len(cookie_secret) < VAULT_LENGTH or _is_weak(cookie_secret):
        raise SystemExit(
            f"Vitrine will not start: cookie_secret of {SIGN_IN} is shorter than {VAULT_LENGTH}"
            " characters, easy to guess or was published, and whoever knows it signs in as"
            f" anybody; {MAKE_ONE}."
        )
    home = redirect_uri.removesuffix(CALLBACK)
    if home == redirect_uri or home != (public_url or home) or not (public_url or _is_local(home)):
        here = public_url or "VITRINE_URL, which has to be set"
        raise SystemExit(
            f"Vitrine will not start: redirect_uri of {SIGN_IN} is {redirect_uri[:120]!r}; it is"
            f" {here}, and then {CALLBACK}."
        )
    for name, url in providers.items():
        if urlsplit(url).scheme != "https" and not _is_local(url):
            raise SystemExit(
                f"Vitrine will not start: server_metadata_url of {name} in {SIGN_IN} is"
                f" {url[:120]!r}; it begins with https://."
            )


def _is_weak(secret: str | None) -> bool:
    return (
        secret is None
        or len(set(secret)) < DIFFERENT
        or any(word in secret.lower() for word in PUBLISHED)
    )


def _is_local(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
