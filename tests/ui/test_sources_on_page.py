"""PostgreSQL sources on the data page, without a browser: faults of the form, a source's card."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine import Identity, process
from engine.scope import Role
from pages.ui import session
from tests.database.shop import SECRET, Shop, event
from tests.ingest.files import BRAND, WORKSPACE
from tests.postgres import PASSWORD
from tests.ui.test_data_page import facts, opened, start


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("VITRINE_SECRET", SECRET)
    start(tmp_path, 0)
    yield Shop(tmp_path)
    process().follower.stop()
    process.cache_clear()


def filled(page: AppTest, shop: Shop, **fields: str) -> AppTest:
    url = f"postgresql://postgres@127.0.0.1:{shop.server.port}/postgres"
    table = f"{shop.schema}.agent_events"
    values = {"url": url, "password": PASSWORD, "table": table, "name": "shop"} | fields
    for field, value in values.items():
        page.text_input(key=f"{field}_source_0").set_value(value)
    return page


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    kinds = ("error", "warning", "success", "caption", "markdown", "info")
    return "\n".join(element.value for kind in kinds for element in page.get(kind))


def plain(text: str) -> str:
    return text.replace("\\", "").replace("\u2060", "")


def read(name: str = "shop") -> None:
    """What the server does by itself."""
    follower = process().follower
    follower.round()
    for run in follower._present().values():
        run.thread.join(30)
    assert follower.sources.get(name).last_run_at is not None


def test_a_table_is_connected_read_and_shown(
    shop: Shop, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shop.create(brand_id="text").insert(
        event(0, 1), event(1, brand_id="![x](http://other.example/x.png)"), event(2, brand_id=None)
    )
    page = press(filled(opened(), shop), "Test the connection")
    assert f"{shop.schema}.agent_events can be read. It has about" in plain(page.success[0].value)
    page = press(filled(page, shop), "Connect and follow")
    assert page.text_input(key="password_source_1").value == ""
    assert (facts(page)["Stored"], facts(page)["Next run"]) == ("0", "in 0 s")
    read()
    page.run()
    shown = facts(page)
    assert (shown["Stored"], shown["Events"], shown["Sessions"]) == ("2", "1", "0")
    assert shown["Read up to"] == f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    assert shown["Behind"].endswith(" s")
    assert "3 rows read" in plain(said(page))
    assert "1 rows were rejected; one of them, e00001: brand_id:" in plain(said(page))
    assert "1 events have no brand" in said(page)
    assert "![x]" not in said(page)
    assert not page.button(key="explore_shop").disabled
    page.button(key="pause_shop").click().run()
    assert facts(page)["Next run"] == "—"
    assert not process().follower.sources.get("shop").followed
    page.button(key="resume_shop").click().run()
    assert process().follower.sources.get("shop").followed
    page.button(key="remove_shop").click().run()
    assert process().follower.sources.all() == []
    output = capsys.readouterr()
    assert PASSWORD not in said(page) + caplog.text + output.out + output.err


WRONG = [
    ({"name": "My shop"}, "'My shop' is not a source's name"),
    ({"url": ""}, "URL is not a PostgreSQL URL; write postgresql:"),
    ({"url": "mysql://u@h/d"}, "URL is not a PostgreSQL URL; write postgresql:"),
    ({"url": "postgresql://me@127.0.0.1:1/d"}, "127.0.0.1:1/d cannot be reached: Connection ref"),
    ({"password": "not it"}, "answers: FATAL: password authentication failed"),
    ({"password": ""}, "asks for a password: write the password, or put it into"),
    ({"table": "a;drop table b"}, "'a;drop table b' is not a table's or schema's name"),
    ({"table": "nowhere.agent_events"}, "nowhere.agent_events of postgresql:"),
    ({}, "The table has no column brand_id: choose a brand"),
]


@pytest.mark.parametrize(("fields", "message"), WRONG)
@pytest.mark.parametrize("button", ["Test the connection", "Connect and follow"])
def test_what_is_wrong_is_said(
    shop: Shop, button: str, fields: dict[str, str], message: str
) -> None:
    shop.create(brand_id=None)
    page = press(filled(opened(), shop, **fields), button)
    [error] = page.error
    assert message in plain(error.value)
    assert not page.success
    assert PASSWORD not in said(page)
    assert process().follower.sources.all() == []


def test_without_a_secret_a_password_is_not_taken(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.create()
    monkeypatch.delenv("VITRINE_SECRET")
    start(shop.home, 0)
    page = press(filled(opened(), shop), "Connect and follow")
    assert "Password is not stored in the clear: set VITRINE_SECRET" in plain(page.error[0].value)
    assert process().follower.sources.all() == []


def test_a_new_password(shop: Shop) -> None:
    shop.create().insert(event(0))
    reader = f"renewed_{shop.schema}"
    shop.execute(f"create role {reader} superuser login password 'the first'")
    process().follower.connect(shop.source(url=shop.server.url(reader, "the%20first")))
    shop.execute(f"alter role {reader} password '{PASSWORD}'")
    read()
    page = opened()
    assert "password authentication failed" in plain(page.error[0].value)
    for password, errors in (("wrong", 2), (PASSWORD, 0)):
        page.text_input(key="pw_shop").set_value(password)
        page = press(page, "Use it")
        assert len(page.error) == errors
    read()
    assert process().follower.sources.get("shop").events == 1


def test_only_sources_one_may_write_to_are_shown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.create()
    follower = process().follower
    follower.connect(shop.source("mine", brand_id=BRAND))
    follower.connect(shop.source("other", brand_id="99999999-9999-4999-8999-999999999999"))
    person = Identity("somebody", {WORKSPACE: frozenset({BRAND})}, roles={WORKSPACE: Role.EDITOR})
    monkeypatch.setattr(session, "identity", lambda: person)
    assert [source.name for source in session.my_sources()] == ["mine"]
    assert session.my_source("other") is None


def test_a_button_that_was_drawn_before_a_right_ended_does_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.create()
    process().follower.connect(shop.source("shop", brand_id=BRAND))
    person = Identity("somebody", {WORKSPACE: frozenset({BRAND})}, roles={WORKSPACE: Role.EDITOR})
    monkeypatch.setattr(session, "identity", lambda: person)
    page = opened()
    person = replace(person, roles={WORKSPACE: Role.VIEWER})
    for label in ("Pause", "Remove"):
        press(page, label)
        assert [source.followed for source in process().follower.sources.all()] == [True]
        person = replace(person, roles={WORKSPACE: Role.EDITOR})
        page.run()
        person = replace(person, roles={WORKSPACE: Role.VIEWER})


def test_a_table_of_all_brands_is_not_for_members_of_some(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.create()
    process().follower.connect(shop.source("all"))
    brands = {WORKSPACE: frozenset({BRAND})}
    roles = {WORKSPACE: Role.EDITOR}
    for whole, names in ((frozenset[str](), []), (frozenset({WORKSPACE}), ["all"])):
        person = Identity("somebody", brands, roles=roles, whole=whole)
        monkeypatch.setattr(session, "identity", lambda person=person: person)
        assert [source.name for source in session.my_sources()] == names
