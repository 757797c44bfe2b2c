"""Every page x every role x own and foreign, without a browser; and the door before them."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from engine import Scope, process
from engine.caches.memory import MemoryAnswers
from engine.demo.words import BRANDS, WORKSPACE
from engine.errors import Forbidden
from engine.scope import Identity, Role
from engine.workspaces.browser import SECURE, SESSION, VISIT
from engine.workspaces.entry import Visit
from engine.workspaces.permissions import BY_LINK, LEAST, OF_PAGE
from pages.ui import (
    answer,
    door,
    drawer,
    keep,
    known,
    neighbours,
    portable,
    revisions,
    scope,
    session,
    sharing,
    visitor,
)
from pages.ui.grid import bar, enlarged

PAGES = Path(__file__).parents[2] / "pages"
OPERATOR = Identity("", {}, founds=True)
PASSWORD = "seven green bottles"
BROWSER = "b" * 43
VISITOR = Visit(BROWSER, "127.0.0.1")
WRITTEN = sorted(p.stem for p in PAGES.glob("*.py") if p.stem not in ("main", *BY_LINK))
WHO = [*(role.value for role in Role), "narrow", "foreign"]


@pytest.fixture(scope="module", autouse=True)
def house(tmp_path_factory):
    """A shop with accounts; by name the cookies of everybody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("VITRINE_DEMO", "off")
        patch.setenv("VITRINE_DEMO_EVENTS", "20000")
        process.cache_clear()
        process().demo.build()
        people, cookies = process().people, {}
        for name in WHO:
            role = Role(name) if name in set(Role) else Role.EDITOR
            place = "ws_foreign" if name == "foreign" else WORKSPACE
            brands = BRANDS[:1] if name == "narrow" else None
            added = people.members.add(OPERATOR, place, f"{name}@example.com", role, brands)
            ticket = people.entry.accept(added.invitation, PASSWORD, VISITOR)
            cookies[name] = {SESSION: people.entry.complete(ticket, VISITOR), VISIT: BROWSER}
        yield cookies
    process.cache_clear()


def opened(page, monkeypatch, cookies, **parameters):
    monkeypatch.setattr(visitor, "_cookies", lambda: cookies)
    monkeypatch.setattr(visitor, "address", lambda: VISITOR.address)
    test = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=30)
    for name, value in parameters.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def text_of(page):
    """Everything that is said."""
    parts = [*page.markdown, *page.error, *page.info, *page.warning, *page.caption, *page.code]
    return plain("\n".join(str(part.value) for part in parts))


def plain(said):
    """Without what keeps it from being read as Markdown or an address."""
    return said.replace("\\", "").replace("\u2060", "")


def test_every_page_is_in_the_table():
    assert set(WRITTEN) - set(OF_PAGE) == set()


@pytest.mark.parametrize("page", WRITTEN)
def test_a_page_by_itself_asks_for_a_sign_in(monkeypatch, page):
    """A deep link on a fresh process may run the page without the frame."""
    for cookies in ({}, {SESSION: "A" * 43}, {SESSION: "x"}, {VISIT: BROWSER}):
        test = opened(page, monkeypatch, cookies, workspace=WORKSPACE, brand=BRANDS[0])
        assert [box.label for box in test.text_input] == ["E-mail", "Password"]
        assert BRANDS[0] not in text_of(test)
        assert not test.dataframe


@pytest.mark.parametrize(("page", "who"), list(product(WRITTEN, WHO)))
def test_pages_x_roles(monkeypatch, house, page, who):
    test = opened("main", monkeypatch, house[who])
    test.switch_page(f"{page}.py").run()
    assert not test.exception
    role = Role.EDITOR if who in ("narrow", "foreign") else Role(who)
    refused = "Your role does not open this page" in text_of(test)
    assert refused == (not role.reaches(LEAST[OF_PAGE[page]]))
    assert not any(box.label == "E-mail" for box in test.text_input) or page == "admin"


@pytest.mark.parametrize("page", ["explore", "data"])
def test_nobody_sees_what_is_not_theirs(monkeypatch, house, page):
    foreign = opened(page, monkeypatch, house["foreign"], workspace=WORKSPACE, brand=BRANDS[0])
    assert not foreign.dataframe
    assert "There are no events yet" in text_of(foreign)
    narrow = opened(page, monkeypatch, house["narrow"], workspace=WORKSPACE, brand=BRANDS[1])
    assert f"brand {BRANDS[1]}, which does not exist or is not open to you" in text_of(narrow)
    [brands] = [box.options for box in narrow.selectbox if box.key == "brand"]
    assert brands == [BRANDS[0]]


def test_the_frame_keeps_the_page_until_the_sign_in(monkeypatch):
    test = opened("main", monkeypatch, {VISIT: BROWSER})
    assert [box.label for box in test.text_input] == ["E-mail", "Password"]


def signing_in(monkeypatch, email, password, cookies):
    test = opened("main", monkeypatch, cookies)
    test.text_input[0].set_value(email)
    test.text_input[1].set_value(password)
    test.button[0].click().run()
    assert not test.exception
    return test


def scripts(test):
    return "".join(str(part.proto.body) for part in test.get("html"))


def test_the_form_gives_a_ticket_that_opens_the_door(monkeypatch):
    test = signing_in(monkeypatch, "viewer@example.com", PASSWORD, {VISIT: BROWSER})
    [ticket] = re.findall(r"/sign-in\?ticket=([\w-]{43})&next=", scripts(test))
    session = process().people.entry.complete(ticket, VISITOR)
    assert process().people.access.of_session(session).name == "viewer@example.com"


@pytest.mark.parametrize("email", ["viewer@example.com", "nobody@example.com", ""])
def test_a_wrong_password_says_the_same_of_everybody(monkeypatch, email):
    test = signing_in(monkeypatch, email, "wrong", {VISIT: BROWSER})
    assert [plain(error.value) for error in test.error] == ["E-mail or password is wrong."]
    assert "/sign-in?ticket" not in scripts(test)


def test_without_cookies_nobody_gets_in(monkeypatch):
    test = signing_in(monkeypatch, "viewer@example.com", PASSWORD, {})
    assert "keeps no cookies" in plain(test.error[0].value)


def admin(monkeypatch, house, who="admin"):
    return opened("admin", monkeypatch, house[who])


def test_the_admin_page_adds_a_member(monkeypatch, house):
    test = admin(monkeypatch, house)
    test.text_input(key="member_email").set_value("new@example.com")
    test.selectbox(key="member_role").set_value("editor")
    [add] = [button for button in test.button if button.label == "Add"]
    add.click().run()
    assert not test.exception
    [link] = re.findall(r"\?invitation=([\w-]{43})", text_of(test))
    assert process().people.entry.invited(link).email == "new@example.com"
    assert link not in text_of(test.run())
    assert "owner" not in test.selectbox(key="member_role").options


def test_the_admin_page_makes_and_revokes_a_key(monkeypatch, house):
    test = admin(monkeypatch, house)
    test.text_input(key="key_name").set_value("<b>Robot</b> ![x](http://evil.example/x.png)")
    [make] = [button for button in test.button if button.label == "Make"]
    make.click().run()
    assert not test.exception
    [key] = re.findall(r"sk_live_[\w-]{43}", text_of(test))
    assert process().people.access.of_key(key).role(WORKSPACE) is Role.VIEWER
    assert key not in text_of(test.run())
    [revoke] = [button for button in test.button if button.label == "Revoke"]
    revoke.click().run()
    assert process().people.access.of_key(key) is None
    listed = test.dataframe[-1].value
    assert {"key.made", "key.revoked"} <= set(listed["What"])
    assert set(listed["Who"]) >= {"admin@example.com"}


def test_the_admin_page_lists_share_links_and_ends_them(monkeypatch, house):
    people, links = process().people, process().share_links
    editor = people.access.of_account(people.accounts.find("editor@example.com"))
    raw = {"slug": "listed", "name": "<b>Listed</b> ![x](http://evil.example/x.png)"}
    board = process().dashboards.create(WORKSPACE, BRANDS[0], "ana", raw)
    link, token = links.make(editor, Scope(WORKSPACE, BRANDS[0]), board.id, days=7)
    assert links.resolve(token) is not None
    test = admin(monkeypatch, house)
    said = text_of(test)
    assert "<b>Listed</b>" in said
    assert "by editor@example.com" in said
    assert token not in said
    test.button(key=f"end_link_{link.id}").click().run()
    assert not test.exception
    links._remembered = MemoryAnswers(1.0)
    assert links.resolve(token) is None
    assert "It was ended" in text_of(test)
    assert {"link.made", "link.revoked"} <= set(test.dataframe[-1].value["What"])


def test_a_share_link_is_of_no_role(monkeypatch, house):
    """It opens for everybody alike, and what is not one says the same to everybody."""
    told = set()
    for who in (*WHO, None):
        test = opened("shared", monkeypatch, house[who] if who else {}, token="A" * 43)
        assert not test.text_input
        told.add(text_of(test))
    assert len(told) == 1


def test_what_is_wrong_is_said_in_the_rules_words(monkeypatch, house):
    test = admin(monkeypatch, house)
    test.text_input(key="member_email").set_value("no address")
    [add] = [button for button in test.button if button.label == "Add"]
    add.click().run()
    assert "is not an e-mail address" in plain(test.error[0].value)


def test_demo_mode_says_how_to_leave_it(monkeypatch):
    monkeypatch.setattr(visitor, "in_demo", lambda: True)
    test = opened("admin", monkeypatch, {})
    assert "engine.workspaces.members add" in test.code[0].value
    assert not test.text_input


def test_behind_tls_a_planted_session_is_none(monkeypatch, house):
    mine = house["foreign"]
    monkeypatch.setattr(visitor, "_cookies", lambda: mine)
    assert (visitor.session_token(), visitor.visit().token) == (mine[SESSION], BROWSER)
    monkeypatch.setattr(visitor, "_is_secure", lambda: True)
    assert (visitor.session_token(), visitor.visit()) == (None, None)
    guarded = {SECURE + name: token for name, token in mine.items()}
    monkeypatch.setattr(visitor, "_cookies", lambda: guarded)
    assert visitor.session_token() == mine[SESSION]


def ended(person):
    """A new admin with the admin page open, whose role ends then."""
    members, accounts = process().people.members, process().people.accounts
    added = members.add(OPERATOR, WORKSPACE, person, Role.ADMIN)
    ticket = process().people.entry.accept(added.invitation, PASSWORD, VISITOR)
    cookies = {SESSION: process().people.entry.complete(ticket, VISITOR), VISIT: BROWSER}

    def end():
        members.change(OPERATOR, WORKSPACE, accounts.find(person).id, Role.VIEWER)
        process().people.access._remembered = MemoryAnswers(1.0, entries=10)

    return cookies, end


@pytest.mark.parametrize("step", ["remove", "disable", "invite"])
def test_a_button_that_was_drawn_before_a_role_ended_does_nothing(monkeypatch, house, step):
    members = process().people.members
    target = members.add(OPERATOR, WORKSPACE, f"target-{step}@example.com", Role.VIEWER)
    cookies, end = ended(f"admin-{step}@example.com")
    test = opened("admin", monkeypatch, cookies)
    end()
    test.button(key=f"{step}_member_{target.member.account_id}").click().run()
    [now] = [m for m in members.of(OPERATOR, WORKSPACE) if m.email == target.member.email]
    assert not now.disabled
    assert process().people.entry.invited(target.invitation) is not None
    assert "Your role does not open this page" in text_of(test)


def test_a_brand_that_was_not_offered_is_not_looked_at(monkeypatch, house):
    """A browser may send what it likes."""
    looked = []
    said = {"workspace": WORKSPACE, "brand": BRANDS[1]}
    monkeypatch.setattr(visitor, "_cookies", lambda: house["narrow"])
    monkeypatch.setattr(scope, "pick", lambda label, name, *_: said[name])
    monkeypatch.setattr(known, "inventory", looked.append)
    with pytest.raises(Forbidden):
        scope.choose_scope("Explore")
    assert not looked


@pytest.mark.parametrize("gone", [Scope(WORKSPACE, BRANDS[1]), Scope("ws_other", BRANDS[0])])
def test_what_runs_by_itself_ends_with_the_right_to_see_it(monkeypatch, house, gone):
    begun = []
    monkeypatch.setattr(session.st, "rerun", lambda: begun.append(1))
    monkeypatch.setattr(visitor, "_cookies", lambda: house["narrow"])
    session.recheck(Scope(WORKSPACE, BRANDS[0]))
    assert not begun
    session.recheck(gone)
    assert begun
    monkeypatch.setattr(visitor, "_cookies", dict)
    session.recheck(Scope(WORKSPACE, BRANDS[0]))
    assert len(begun) == 2


def test_an_open_page_notices_other_rights(monkeypatch, house):
    begun = []
    monkeypatch.setattr(door.st, "rerun", lambda: begun.append(1))
    monkeypatch.setattr(visitor, "_cookies", lambda: house["narrow"])
    who = visitor.visitor()
    door.watch.__wrapped__(who)
    assert not begun
    door.watch.__wrapped__(replace(who, roles={WORKSPACE: Role.ADMIN}))
    assert begun


@pytest.mark.parametrize(
    "run",
    [
        lambda s: answer.accounted.__wrapped__(None, s),
        lambda s: neighbours.neighbour_strip.__wrapped__(None, (), s),
        lambda s: drawer.inside(None, s, None),
        lambda s: revisions._dialog(None, s, None),
        lambda s: portable._export("", s),
        lambda s: keep._dialog({}, None, s),
        lambda s: enlarged._inside(None, None, s),
        lambda s: sharing._dialog(None, s, None, None),
        lambda s: bar.conflict(SimpleNamespace(scope=s)),
    ],
)
def test_fragments_and_dialogs_look_first(monkeypatch, run):
    def gone(its):
        raise Forbidden(its.brand_id)

    monkeypatch.setattr(session, "recheck", gone)
    with pytest.raises(Forbidden, match=BRANDS[0]):
        run(Scope(WORKSPACE, BRANDS[0]))
