"""Demo mode ends with the first account, and no address is open by mistake."""

import logging

import pytest
from sqlalchemy.exc import OperationalError

from engine.http.loopback import refuse_public_address, refuse_weak_secret
from engine.settings import Settings
from engine.workspaces.demo_mode import DemoMode

STRONG = "v7Qm0Zr2kXw9Tn4LbYc8HdPfUs1GjEa3"


def test_it_ends_with_the_first_account_and_does_not_come_back():
    now, accounts = [0.0], []
    mode = DemoMode(None, lambda: bool(accounts), lambda: now[0])
    assert mode.is_on()
    accounts.append("ana")
    now[0] += 1
    assert not mode.is_on()
    accounts.clear()
    now[0] += 1
    assert not mode.is_on()
    assert not DemoMode(None, lambda: True).is_on()


@pytest.mark.parametrize("wanted", [True, False])
def test_it_may_be_said(wanted):
    assert DemoMode(wanted, lambda: wanted).is_on() is wanted


def test_what_was_known_is_believed_while_the_database_is_away(caplog):
    now, answers = [0.0], [False]

    def ask():
        if not answers:
            raise OperationalError("select", {}, Exception("gone"))
        return answers.pop()

    mode = DemoMode(None, ask, lambda: now[0])
    for _ in range(3):
        now[0] += 1
        assert mode.is_on()
    answers.append(True)
    now[0] += 1
    assert not mode.is_on()
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.5", "vitrine.example"])
def test_other_addresses_take_a_sign_in_and_a_secret(address):
    with pytest.raises(SystemExit, match=r"VITRINE_SECRET.*engine\.workspaces\.members add"):
        refuse_public_address(address)
    for secret in (None, "a" * 40, "changeme" * 5, "my-very-own-Secret-0123456789abcdefg"):
        with pytest.raises(SystemExit, match="VITRINE_SECRET") as refused:
            refuse_weak_secret(address, secret)
        assert secret is None or secret not in str(refused.value)
    refuse_weak_secret(address, STRONG)


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_needs_neither(address):
    refuse_public_address(address)
    refuse_weak_secret(address, None)


def test_settings_of_people():
    settings = Settings.read({})
    assert (settings.demo, settings.oidc_issuer, settings.public_url) == (None, "", "")
    issuer = {"VITRINE_OIDC_ISSUER": "https://shop.eu.auth0.com/", "VITRINE_OIDC_AUDIENCE": "api"}
    settings = Settings.read(issuer | {"VITRINE_DEMO": "off", "VITRINE_URL": "https://v.example/"})
    assert settings.demo is False
    assert settings.oidc_issuer == "https://shop.eu.auth0.com/"
    assert settings.oidc_keys_url == "https://shop.eu.auth0.com/.well-known/jwks.json"
    assert settings.public_url == "https://v.example"


@pytest.mark.parametrize(
    "wrong",
    [
        {"VITRINE_DEMO": "perhaps"},
        {"VITRINE_OIDC_ISSUER": "https://shop.eu.auth0.com/"},
        {"VITRINE_OIDC_AUDIENCE": "api"},
        {"VITRINE_OIDC_ISSUER": "http://shop.example/", "VITRINE_OIDC_AUDIENCE": "api"},
        {"VITRINE_OIDC_KEYS_URL": "file:///etc/passwd"},
        {"VITRINE_URL": "vitrine.example"},
    ],
    ids=str,
)
def test_wrong_settings_name_their_variable(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} "):
        Settings.read(wrong)
