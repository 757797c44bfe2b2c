"""Settings come from the environment, and a bad one is named."""

from pathlib import Path

import pytest

from engine.scope import Role
from engine.settings import Settings


def test_defaults():
    settings = Settings.read({})
    assert settings.home == Path.home() / ".vitrine"
    assert settings.lake == settings.home / "lake"
    assert settings.cache_seconds == 60
    assert settings.body_limit == 65_536


def test_home_given_wins_over_the_environment(tmp_path):
    assert Settings.read({"VITRINE_HOME": "/elsewhere"}, home=tmp_path).home == tmp_path
    assert Settings.read({"VITRINE_HOME": str(tmp_path)}).home == tmp_path
    assert Settings.read({"VITRINE_HOME": ""}).home == Path.home() / ".vitrine"


def test_home_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.read({}, home="here").home == tmp_path / "here"
    assert Settings.read({"VITRINE_HOME": "~/shop"}).home == Path.home() / "shop"


def test_secret():
    assert Settings.read({}).secret is None
    secret = "a secret of thirty-two characters"
    assert Settings.read({"VITRINE_SECRET": secret}).secret == secret
    with pytest.raises(ValueError, match="VITRINE_SECRET has 5 characters; make one of 32"):
        Settings.read({"VITRINE_SECRET": "short"})


def test_demo_token():
    assert Settings.read({}).demo_token is None
    assert Settings.read({"VITRINE_DEMO_TOKEN": ""}).demo_token is None
    assert Settings.read({"VITRINE_DEMO_TOKEN": "secret"}).demo_token == "secret"


def test_write_role():
    assert Settings.read({}).dashboards_write_role == "editor"
    name = "VITRINE_DASHBOARDS_WRITE_ROLE"
    for role in Role:
        assert Settings.read({name: f" {role.upper()} "}).dashboards_write_role == role
    with pytest.raises(ValueError, match="is 'boss'; set it to owner, admin, editor or viewer"):
        Settings.read({name: "boss"})


NUMBERS = {
    "VITRINE_DEMO_EVENTS": ("demo_events", 0),
    "VITRINE_RATE_LIMIT_PER_MINUTE": ("rate_limit_per_minute", 1),
    "VITRINE_SLOTS": ("slots", 1),
    "VITRINE_REQUESTS_AT_ONCE": ("requests_at_once", 1),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_whole_numbers(name):
    field, least = NUMBERS[name]
    for text in (str(least), "60", " 60 ", "5000000"):
        assert getattr(Settings.read({name: text}), field) == int(text)
    unset = getattr(Settings.read({}), field)
    for blank in ("", " "):
        assert getattr(Settings.read({name: blank}), field) == unset


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("text", ["least", "-1", "1.5", "many", "1e3", "１２", "²", "1_000", "+5"])
def test_bad_numbers_are_named(name, text):
    least = NUMBERS[name][1]
    text = str(least - 1) if text == "least" else text
    with pytest.raises(ValueError, match=rf"^{name} is .*whole number of {least} or more"):
        Settings.read({name: text})


URLS = {
    "s3://bucket": "AWS_REGION",
    "s3://my.bucket-1/a/b_c/d=1/": "AWS_REGION",
    "gs://bucket/lake": "GOOGLE_SERVICE_ACCOUNT",
    "abfss://lake@account1.dfs.core.windows.net/a": "AZURE_STORAGE_ACCOUNT_KEY",
}


@pytest.mark.parametrize("url", URLS)
def test_lake_in_an_object_store(url):
    keys = dict.fromkeys(URLS.values(), "Kanarie") | {"OTHER": "x"}
    settings = Settings.read({"VITRINE_LAKE": f" {url} "} | keys)
    assert settings.lake == url
    assert settings.lake_options == {URLS[url]: "Kanarie"}
    assert "Kanarie" not in repr(settings)


def test_lake_in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keys = {"AWS_REGION": "x"}
    for text, folder in {"~/a b": Path.home() / "a b", "here": tmp_path / "here"}.items():
        settings = Settings.read({"VITRINE_LAKE": text} | keys)
        assert (settings.lake, settings.lake_options) == (folder, {})
    assert Settings.read({"VITRINE_HOME": "/x", "VITRINE_LAKE": " "}).lake == Path("/x/lake")


def test_lake_of_a_home_that_is_given(tmp_path):
    assert Settings.read({"VITRINE_LAKE": "s3://bucket"}, home=tmp_path).lake == tmp_path / "lake"


@pytest.mark.parametrize(
    "url",
    [
        "https://Kanarie.s3.amazonaws.com/lake",
        "file:///Kanarie",
        "s3://user:Kanarie@bucket/x",
        "s3://Kanarie",
        "s3://bucket/x?sig=Kanarie",
        "s3://bucket/Kanarie#x",
        "s3://bucket/Kanarie x",
        "s3://bucket//Kanarie",
        "s3://",
        "abfss://Kanarie/x",
        "abfss://lake@account:Kanarie.dfs.core.windows.net/x",
        "S3://bucket/Kanarie",
    ],
)
def test_bad_lakes_are_refused_without_repeating_secrets(url):
    with pytest.raises(ValueError, match=r"^VITRINE_LAKE, .* set it to a folder") as caught:
        Settings.read({"VITRINE_LAKE": url})
    assert "Kanarie" not in str(caught.value)


def test_redis_url():
    assert Settings.read({}).redis_url == Settings.read({"VITRINE_REDIS_URL": " "}).redis_url == ""
    for url in ("redis://localhost:6379/0", "rediss://:pass@cache:6380", "unix:///run/redis.sock"):
        assert Settings.read({"VITRINE_REDIS_URL": f" {url} "}).redis_url == url


@pytest.mark.parametrize("url", ["secret", "http://secret", "localhost:6379", "redis:secret"])
def test_a_bad_redis_url_is_named_and_not_shown(url):
    with pytest.raises(ValueError, match=r"^VITRINE_REDIS_URL .*redis://localhost") as refused:
        Settings.read({"VITRINE_REDIS_URL": url})
    assert "secret" not in str(refused.value)
