"""Passwords of sources: encrypted or not stored, and nowhere to be read."""

import stat
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from engine.database.connect import downgrade, open_database, upgrade
from engine.errors import InvalidRequest, Unavailable
from engine.ingest.sources import SECRETS, Sources, with_password, without_secrets
from engine.ingest.sync.__main__ import main
from engine.ingest.vault import Vault
from engine.settings import Settings
from tests.database.shop import SECRET, Shop, counts, event
from tests.ingest.files import WORKSPACE
from tests.postgres import PASSWORD


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def on_disk(shop):
    return b"".join(p.read_bytes() for p in shop.home.rglob("*") if p.is_file())


def test_a_password_is_encrypted_in_the_database(shop):
    shop.create().insert(event(0))
    sync = shop.added()
    kept = sync.sources.get("shop")
    assert kept.sealed
    assert PASSWORD not in kept.url + kept.sealed + repr(kept) + kept.address
    assert PASSWORD.encode() not in on_disk(shop)
    assert kept.address == shop.source().address
    assert counts(sync.run("shop")) == (1, 1, 0)
    assert PASSWORD.encode() not in on_disk(shop)


def test_without_a_secret_none_is_stored(shop):
    shop.create()
    with pytest.raises(InvalidRequest, match="password: is not stored in the clear: set VITRINE_S"):
        shop.sync(vault=Vault()).add(shop.source())
    assert Sources(shop.database).all() == []
    assert PASSWORD.encode() not in on_disk(shop)


def test_a_password_in_a_file_needs_no_secret(shop, monkeypatch):
    shop.create().insert(event(0))
    file = shop.home / "passwords"
    file.write_text(f"127.0.0.1:{shop.server.port}:*:postgres:{PASSWORD}\n")
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    sync = shop.sync(vault=Vault())
    source = shop.source(url=without_secrets(shop.server.url()))
    with pytest.raises(Unavailable, match="no password supplied") as raised:
        sync.add(source)
    assert [f.field for f in raised.value.faults] == ["password"]
    assert "asks for a password: write the password, or" in raised.value.faults[0].message
    monkeypatch.setenv("PGPASSFILE", str(file))
    sync.add(source)
    assert sync.sources.get("shop").sealed is None
    assert counts(sync.run("shop")) == (1, 1, 0)


@pytest.mark.parametrize("other", [None, SECRET[::-1]])
def test_another_secret_is_said_and_the_first_one_works_again(shop, other):
    shop.create().insert(event(0))
    shop.added()
    with pytest.raises(Unavailable, match=r"shop: the password was encrypted under another VITRI"):
        shop.sync(vault=Vault(other)).run("shop")
    assert "another VITRINE_SECRET" in Sources(shop.database).get("shop").last_error
    assert counts(shop.sync().run("shop")) == (1, 1, 0)


def test_a_password_does_not_follow_a_changed_url(shop):
    """Else whoever may write to the database could send it to a server of their own."""
    shop.create().insert(event(0))
    sync = shop.added()
    with shop.database.begin() as connection:
        connection.exec_driver_sql("update sources set url = 'postgresql://me@127.0.0.1:1/d'")
    with pytest.raises(Unavailable, match="shop: its URL was changed; give the password again"):
        sync.run("shop")


def test_a_password_can_be_given_again(shop):
    shop.create().insert(event(0))
    role = f"changing_{shop.schema}"
    shop.execute(f"create role {role} login superuser password '{PASSWORD}'")
    sync = shop.sync()
    sync.add(shop.source(url=shop.server.url(role)))
    shop.execute(f"alter role {role} password 'n&w p%%40ss'")
    with pytest.raises(Unavailable, match="password authentication failed"):
        sync.run("shop")
    url = with_password(sync.sources.get("shop").url, "n&w p%40ss")
    sync.sources.change_password("shop", url)
    assert counts(sync.run("shop")) == (1, 1, 0)
    assert b"n&w" not in on_disk(shop)


URLS = [
    "postgresql://u@h/d",
    "postgresql://u:p@h/d",
    "postgresql://u:p%40@h:5433/d?sslmode=require",
    "postgres://u:p@h1:1,h2:2/d?target_session_attrs=any",
    "postgresql://u@h/d?password=p&options=-c%20a%3Db",
    "postgresql:///d?host=/run/x&sslpassword=p",
    "postgresql://u:p@[::1]:5432/d",
]


@pytest.mark.parametrize("url", URLS)
def test_urls_without_and_with_passwords(url):
    parts = conninfo_to_dict(url)
    rest = {key: value for key, value in parts.items() if key not in SECRETS}
    plain = without_secrets(url)
    assert conninfo_to_dict(plain) == rest
    assert without_secrets(plain) == plain
    assert (plain == url) == (rest == parts)
    for password in ("a b&c=d?e#f%40:/@é+", "x"):
        assert conninfo_to_dict(with_password(url, password)) == parts | {"password": password}


def test_all_secrets_of_libpq_are_known():
    hidden = {o.keyword.decode() for o in Conninfo.get_defaults() if o.dispchar == b"*"}
    assert {"password", "sslpassword"} <= hidden <= set(SECRETS)


def test_the_vault():
    vault = Vault(SECRET)
    sealed = vault.seal("Ünï")
    assert (vault.open(sealed), Vault(SECRET).open(sealed)) == ("Ünï", "Ünï")
    assert vault.seal("Ünï") != sealed
    for other in (Vault(SECRET + "x"), Vault()):
        with pytest.raises(Unavailable):
            other.open(sealed)
    for bad in (
        "",
        "x",
        sealed[:-8] + "AAAAAAA=",
        Fernet(Fernet.generate_key()).encrypt(b"").decode(),
    ):
        with pytest.raises(Unavailable):
            vault.open(bad)


def test_a_short_secret_is_refused(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path))
    monkeypatch.setenv("VITRINE_SECRET", "Kanarie-of-31-characters-------")
    with pytest.raises(ValueError, match="VITRINE_SECRET has 31 characters; make one of 32"):
        Settings.read()
    assert main(["list"]) == 2
    assert "Kanarie" not in capsys.readouterr().err
    assert SECRET not in repr(Settings(home=tmp_path, secret=SECRET))


def test_migrating_takes_passwords_out_of_urls(shop):
    """What was in the clear is gone; the run says what to do."""
    shop.create().insert(event(0))
    shop.added()
    plain = replace(shop.source("plain"), url="postgresql://me@h:1/d?sslmode=require")
    shop.sync().sources.add(plain)
    downgrade(shop.database, "0002")
    names = "name, workspace_id, url, table_schema, table_name, overlap_seconds"
    with shop.database.begin() as connection:
        connection.exec_driver_sql(
            f"insert into sources ({names}) values ('old', ?, ?, ?, 'agent_events', 600)",
            (WORKSPACE, shop.server.url(), shop.schema),
        )
    assert PASSWORD.encode() in on_disk(shop)
    upgrade(shop.database)
    assert PASSWORD.encode() not in on_disk(shop)
    sources = Sources(open_database(str(shop.database.url)))
    assert [s.name for s in sources.all()] == ["old", "plain", "shop"]
    assert sources.get("plain") == plain
    assert sources.get("old").address == shop.source().address
    assert not any(PASSWORD in source.url for source in sources.all())
    with pytest.raises(Unavailable, match="no password supplied"):
        shop.sync().run("old")
    shop.sync().sources.change_password("old", shop.server.url())
    assert counts(shop.sync().run("old")) == (1, 1, 0)
