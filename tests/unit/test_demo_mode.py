"""Demo mode ends with the first account."""

import logging

import pytest
from sqlalchemy.exc import OperationalError

from engine.settings import Settings
from engine.workspaces.demo_mode import DemoMode


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
