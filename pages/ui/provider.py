"""Sign-in at a provider by OpenID Connect: Streamlit's way there and back, set in its secrets. What
comes back is good for the way in only; the session is our own."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import streamlit as st
from streamlit.auth_util import (
    get_redirect_uri,
    get_secrets_auth_section,
    validate_auth_credentials,
)
from streamlit.errors import StreamlitAuthError

from engine.workspaces.claimed import Claimed
from pages.ui import text
from pages.ui.words import say

UNNAMED: Final = "default"
"""How Streamlit calls the provider whose settings stand in [auth] itself."""
CLIENT: Final = "client_id"


class Settings(NamedTuple):
    """providers: by name, where what they say of themselves is."""

    cookie_secret: str
    redirect_uri: str
    providers: Mapping[str, str]


def is_set() -> bool:
    return bool(get_secrets_auth_section())


def settings() -> Settings:
    """What [auth] says. Raises SystemExit where something is missing."""
    section = get_secrets_auth_section()
    try:
        for name in _sections():
            validate_auth_credentials(name)
        uri = get_redirect_uri(section)
    except StreamlitAuthError as error:
        raise SystemExit(f"Vitrine will not start: {' '.join(str(error).split())}") from None
    urls = {name: str(of.get("server_metadata_url", "")) for name, of in _sections().items()}
    return Settings(str(section.get("cookie_secret", "")), uri or "", urls)


def arrived() -> Claimed | None:
    """Whom the provider recognised in this browser, if anybody. Without a provider nobody: then
    nothing has looked at the secret that Streamlit signs this with."""
    said: dict[str, Any] = st.user.to_dict() if is_set() else {}
    return Claimed.read(said) if said.get("is_logged_in") is True else None


def draw() -> None:
    """A button for each provider; each leads there."""
    for name, of in _sections().items():
        label = say("Sign in with {name}", name=_called(name, of))
        if st.button(text.for_markdown(label), key=f"sign_in_{name}", icon=":material/login:"):
            st.login(None if name == UNNAMED else name)


def offer_another() -> None:
    """The way out for who is somebody else there."""
    if st.button(say("Use another account"), key="other_account", icon=":material/logout:"):
        st.logout()


def _sections() -> dict[str, Mapping[str, Any]]:
    section = get_secrets_auth_section()
    named = {
        name: value
        for name, value in section.items()
        if isinstance(value, Mapping) and CLIENT in value
    }
    return ({UNNAMED: section} if CLIENT in section or not named else {}) | named


def _called(name: str, of: Mapping[str, Any]) -> str:
    """As its setting `label` says."""
    usual = say("single sign-on") if name == UNNAMED else name.capitalize()
    return str(of.get("label") or usual)
