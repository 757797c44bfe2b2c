"""What [auth] of Streamlit's secrets says, and whom it lets a provider name."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.secrets import AttrDict, secrets_singleton

from pages.ui import provider

AUTH0 = {
    "client_id": "c",
    "client_secret": "s",
    "server_metadata_url": "https://shop.eu.auth0.com/.well-known/openid-configuration",
}
SHARED = {"redirect_uri": "http://localhost:8501/oauth2callback", "cookie_secret": "k"}
CLAIMS = {
    "is_logged_in": True,
    "iss": "https://shop.eu.auth0.com/",
    "sub": "a",
    "nonce": "n",
    "iat": 1,
    "email": "ana@example.com",
    "email_verified": True,
}


@pytest.fixture
def auth(monkeypatch):
    """Lets the section say something."""

    def say(section):
        monkeypatch.setattr(secrets_singleton, "load_if_toml_exists", lambda: bool(section))
        monkeypatch.setattr(secrets_singleton, "_secrets", {"auth": AttrDict(section)})

    return say


def test_a_provider_may_stand_in_the_section_itself_or_below_it(auth):
    auth(SHARED | AUTH0)
    said = provider.settings()
    assert said.providers == {"default": AUTH0["server_metadata_url"]}
    assert (said.cookie_secret, said.redirect_uri) == ("k", SHARED["redirect_uri"])
    auth(SHARED | {"auth0": AUTH0, "entra": AUTH0 | {"label": "Our own"}})
    assert list(provider.settings().providers) == ["auth0", "entra"]
    assert provider.is_set()
    auth({})
    assert not provider.is_set()


@pytest.mark.parametrize(
    "section",
    [
        SHARED,
        {"redirect_uri": "x", "auth0": AUTH0},
        {"cookie_secret": "x", "auth0": AUTH0},
        SHARED | {"our_own": AUTH0},
        SHARED | {"auth0": {"client_id": "c"}},
    ],
    ids=str,
)
def test_what_is_missing_is_named_at_the_start(auth, section):
    auth(section)
    with pytest.raises(SystemExit, match="Vitrine will not start: "):
        provider.settings()


def test_an_identity_counts_only_where_a_provider_is_set(auth, monkeypatch):
    """Whoever knows some other secret of Streamlit's could have signed it."""
    monkeypatch.setattr(provider.st, "user", SimpleNamespace(to_dict=lambda: CLAIMS))
    auth(SHARED | AUTH0)
    claimed = provider.arrived()
    assert claimed is not None
    assert (claimed.subject, claimed.email) == ("https://shop.eu.auth0.com/ a", "ana@example.com")
    auth({})
    assert provider.arrived() is None


@pytest.mark.parametrize("said", [False, None, "true", 1])
def test_nobody_is_signed_in_there(auth, monkeypatch, said):
    claims = CLAIMS | {"is_logged_in": said}
    monkeypatch.setattr(provider.st, "user", SimpleNamespace(to_dict=lambda: claims))
    auth(SHARED | AUTH0)
    assert provider.arrived() is None
