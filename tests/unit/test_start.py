"""No server starts with a door that is open to others by mistake."""

import pytest

from engine.http.start import refuse_public_demo, refuse_weak_secret, refuse_weak_sign_in

STRONG = "v7Qm0Zr2kXw9Tn4LbYc8HdPfUs1GjEa3"
WEAK = ("a" * 40, "changeme" * 5, "my-very-own-Secret-0123456789abcdefg", "Change_Me-0123456789abc")
PUBLIC = (None, "", "0.0.0.0", "::", "10.0.0.1", "192.168.1.5", "vitrine.example", "*")
HERE = ("localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]")
URL = "https://vitrine.example"
METADATA = {"auth0": "https://shop.eu.auth0.com/.well-known/openid-configuration"}


@pytest.mark.parametrize("address", PUBLIC)
def test_other_addresses_take_a_sign_in_and_a_secret(address):
    way_out = r"server\.address.*VITRINE_SECRET.*engine\.workspaces\.members add"
    with pytest.raises(SystemExit, match=way_out) as refused:
        refuse_public_demo(address, "")
    assert repr(address) in str(refused.value) or not address
    for secret in (None, *WEAK):
        with pytest.raises(SystemExit, match="VITRINE_SECRET") as refused:
            refuse_weak_secret(address, secret)
        assert secret is None or secret not in str(refused.value)
    refuse_weak_secret(address, STRONG)


@pytest.mark.parametrize("address", HERE)
def test_this_machine_needs_neither(address):
    for url in ("", "http://localhost:8501", "https://127.0.0.1"):
        refuse_public_demo(address, url)
        refuse_weak_secret(address, None, url)


@pytest.mark.parametrize("url", [URL, "https://10.0.0.1:8443", "https://localhost.example"])
def test_a_public_url_is_another_address(url):
    """As behind a proxy on this machine, which others reach."""
    with pytest.raises(SystemExit, match=r"VITRINE_URL is .*VITRINE_DEMO to off") as refused:
        refuse_public_demo("127.0.0.1", url)
    assert url in str(refused.value)
    for secret in (None, *WEAK):
        with pytest.raises(SystemExit, match="VITRINE_SECRET"):
            refuse_weak_secret("127.0.0.1", secret, url)
    refuse_weak_secret("127.0.0.1", STRONG, url)


@pytest.mark.parametrize("secret", ["", "xxx", STRONG[:31], *WEAK])
@pytest.mark.parametrize("url", ["", URL])
def test_a_provider_takes_a_secret_on_every_address(secret, url):
    back = f"{url or 'http://localhost:8501'}/oauth2callback"
    with pytest.raises(SystemExit, match="cookie_secret") as refused:
        refuse_weak_sign_in(secret, back, METADATA, url)
    assert not secret or secret not in str(refused.value)
    refuse_weak_sign_in(STRONG, back, METADATA, url)


@pytest.mark.parametrize(
    ("back", "url"),
    [
        ("", ""),
        ("/", ""),
        ("https://vitrine.example/oauth2callback", ""),
        ("https://vitrine.example/oauth2callback/", URL),
        ("http://vitrine.example/oauth2callback", URL),
        ("https://evil.example/oauth2callback", URL),
        ("http://localhost:8501/oauth2callback", URL),
    ],
)
def test_a_provider_leads_back_here(back, url):
    with pytest.raises(SystemExit, match=r"redirect_uri .*oauth2callback"):
        refuse_weak_sign_in(STRONG, back, METADATA, url)


def test_a_provider_is_behind_tls():
    back = "http://127.0.0.1:8501/oauth2callback"
    refuse_weak_sign_in(STRONG, back, {"local": "http://localhost:9/x"}, "")
    for url in ("", "http://shop.eu.auth0.com/x", "file:///etc/passwd"):
        with pytest.raises(SystemExit, match="server_metadata_url of shop"):
            refuse_weak_sign_in(STRONG, back, METADATA | {"shop": url}, "")
