"""Who is let in at the endpoint of this process, made from its parts."""

from engine.bootstrap import Parts
from engine.engine import utc_now
from engine.http.access_token import AccessTokens
from engine.http.auth import (
    Authenticator,
    DemoAuthenticator,
    EitherAuthenticator,
    PeopleAuthenticator,
)
from engine.http.keyring import Keyring, fetcher
from engine.settings import Settings


def authenticator(parts: Parts) -> Authenticator:
    """Demo mode's token while that is on; else keys, access tokens and sessions."""
    demo = DemoAuthenticator(parts.token, parts.engine)
    people = PeopleAuthenticator(parts.people.access, _tokens(parts.settings))
    return EitherAuthenticator(parts.demo_mode, demo, people)


def _tokens(settings: Settings) -> AccessTokens | None:
    if not settings.oidc_issuer:
        return None
    keyring = Keyring(fetcher(settings.oidc_keys_url))
    keyring.start()
    return AccessTokens(settings.oidc_issuer, settings.oidc_audience, keyring, utc_now)


def announce(parts: Parts, address: str) -> str | None:
    """What a newcomer has to know at the start: demo mode's token, or the link that makes the first
    owner. address: how browsers reach the pages."""
    if parts.demo_mode.is_on():
        return f"bearer token: {parts.token}"
    link = parts.people.entry.set_up_link()
    if link is None:
        return None
    here = parts.settings.public_url or address
    return f"make the first owner, once, within a day: {here}/?set_up={link}"
