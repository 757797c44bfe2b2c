"""python -m engine.ingest.sync: what it prints, how it ends, and what it keeps to itself."""

import logging
import signal

import pytest

from engine.database.connect import open_database
from engine.errors import InvalidRequest, NotFound
from engine.ingest.sources import Source, Sources
from engine.ingest.sync import Sync
from engine.ingest.sync import __main__ as syncing
from engine.ingest.sync.__main__ import main
from engine.ingest.vault import Vault
from tests.database.shop import SECRET, Shop, event
from tests.ingest.files import WORKSPACE, ids
from tests.postgres import PASSWORD


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


URLS = [
    "shop",
    "mysql://u:{}@h/d",
    "host=h password={}",
    "postgresql://u:x@{}@h/d",
    "postgresql://u:x/{}@h/d",
    "postgresql://u:{}%zz@h/d",
    "postgresql://u@h:{}/d",
    "postgresql://u@h/d?sesame={}",
    "postgresql://u:{}@h/d\0",
    "postgresql://u:{}@[::1/d",
]


@pytest.mark.parametrize("url", URLS)
def test_urls_that_are_none_are_not_repeated(shop, url):
    with pytest.raises(InvalidRequest) as raised:
        shop.source(url=url.format(PASSWORD))
    assert "is not a PostgreSQL URL; write postgresql://" in str(raised.value)
    assert PASSWORD not in str(raised.value)


@pytest.fixture
def run(shop, monkeypatch, capsys):
    """Exit code, output and errors of a command."""
    monkeypatch.setenv("VITRINE_HOME", str(shop.home))
    monkeypatch.setenv("VITRINE_SECRET", SECRET)

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def added(run, shop, name="shop", *more, **url):
    table = f"{shop.schema}.agent_events"
    url = shop.server.url(**url)
    return run("add", name, "--url", url, "--table", table, "--workspace", WORKSPACE, *more)


def test_commands(shop, run, caplog):
    caplog.set_level(logging.DEBUG)
    said = [added(run, shop)]
    shop.create().insert(*(event(i, brand_id=None) for i in range(3)), event(3, event_type=None))
    said += [added(run, shop), added(run, shop), added(run, shop, "Shop")]
    said += [run("list"), run("run", "shop"), run("run"), run("run", "other"), run("list")]
    said += [added(run, shop, "branded", "--brand", "x"), added(run, shop, "bad", password="bad")]
    said += [run("remove", "shop"), run("remove", "shop"), run("list")]
    codes = [code for code, _, _ in said]
    assert codes == [2, 0, 2, 2, 0, 0, 0, 2, 0, 2, 1, 0, 2, 0]
    place = f"{shop.schema}.agent_events of postgresql://postgres@127.0.0.1:{shop.server.port}"
    assert said[1][1] == f"shop: {place}/postgres -> {WORKSPACE}\n"
    assert "shop is taken" in said[2][2]
    assert said[4][1].endswith("0 events, not read yet\n")
    assert said[5][1].startswith("shop: 4 rows read, 3 stored, 0 known, 1 rejected, 0 numbers")
    assert "3 events have no brand" in said[5][1]
    assert said[5][2].startswith("e00003: event_type: is required")
    assert "shop: 4 rows read, 0 stored, 3 known, 1 rejected" in said[6][1]
    assert "3 events, newest event 1 day, 0:00:0" in said[8][1]
    assert said[-1][1] == ""
    assert ids(shop.home, None) == ["e00000", "e00001", "e00002"]
    everything = repr(said) + caplog.text + repr(Sources(shop.database).all())
    assert PASSWORD not in everything


def test_a_failed_source_is_listed_and_the_others_run(shop, run):
    shop.create().insert(event(0))
    added(run, shop, "a")
    added(run, shop, "b")
    with shop.database.begin() as connection:
        broken = shop.server.url(password=f"{PASSWORD}%20x")
        change = "update sources set url = ?, sealed = null where name = 'a'"
        connection.exec_driver_sql(change, (broken,))
    code, out, err = run("run")
    assert code == 1
    assert out.startswith("b: 1 rows read, 1 stored")
    assert err.startswith("a: ")
    _, out, _ = run("list")
    assert "  last run failed: a: " in out
    assert PASSWORD not in out + err


def test_following(shop, run, monkeypatch):
    """New rows come in by themselves; an outage is told once; a signal ends it."""
    monkeypatch.setattr(syncing, "PAUSE", 0.05)
    shop.create().insert(event(0))
    added(run, shop)
    rounds = []
    once = Sync.run

    def counted(self, *arguments):
        rounds.append(len(rounds))
        if len(rounds) == 3:
            shop.insert(event(1, 1))
        if len(rounds) == 5:
            shop.execute("alter table agent_events rename to gone")
        if len(rounds) == 8:
            shop.execute("alter table gone rename to agent_events")
            shop.insert(event(2, 2))
        if len(rounds) == 10:
            signal.raise_signal(signal.SIGTERM)
        return once(self, *arguments)

    monkeypatch.setattr(Sync, "run", counted)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    code, out, err = run("run", "shop", "--follow")
    assert code == 0
    assert [line.split(", ")[1] for line in out.splitlines()] == ["1 stored"] * 3
    assert err.count("does not exist") == err.count("\n") == 1
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
    assert shop.ids() == ["e00000", "e00001", "e00002"]


def test_unknown_sources(shop):
    for call in (shop.sync().run, Sources(shop.database).remove, Sources(shop.database).get):
        with pytest.raises(NotFound, match="There is no source 'other'"):
            call("other")


def test_passwords_stay_out_of_tracebacks_of_the_database(tmp_path):
    """SQLAlchemy repeats the values of a statement unless it is told not to."""
    database = open_database(f"sqlite:///{tmp_path / 'v.db'}")
    sources = Sources(database, Vault(SECRET))
    sources.add(Source("a", WORKSPACE, f"postgresql://u:{PASSWORD}@h/d", "t"))
    with database.begin() as connection:
        connection.exec_driver_sql("drop table sources")
    with pytest.raises(Exception, match="no such table") as raised:
        sources.add(Source("a", WORKSPACE, f"postgresql://u:{PASSWORD}@h/d", "t"))
    assert PASSWORD not in repr(raised.value) + str(raised.value)
