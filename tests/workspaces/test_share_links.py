"""Share links: who may make and end them, what they show, and everything that closes them."""

import random
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from engine.caches.memory import MemoryAnswers
from engine.database.connect import downgrade, upgrade
from engine.database.tables import audit, share_links
from engine.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    TooManyRequests,
    Unavailable,
)
from engine.scope import Role, Scope
from engine.workspaces import links, origins
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.links import ShareLinks, State
from tests.workspaces.boards import NEVER_SEEN, SHOP, raw, widget
from tests.workspaces.people import BRAND, FOREIGN, OPERATOR, OTHER, PLACE, SECOND, email

CATALOG = "44444444-4444-4444-8444-44444444444d"
SCOPE = Scope(PLACE, BRAND)


class Desk:
    """Who shares dashboards: people and their links, as a process that has just started."""

    def __init__(self, crew):
        self.crew = crew
        self.dashboards = Dashboards(crew.database, crew.clock)
        made = {"widgets": [widget(title="one"), widget(6, title="two")]}
        self.dashboard = self.dashboards.create(PLACE, BRAND, "ana", SHOP | made)
        self.links = self.again()

    def again(self):
        people = self.crew.again()
        of_subject = people.access.of_subject
        return ShareLinks(
            self.crew.database, self.crew.clock, self.dashboards, of_subject, people.audit
        )

    def make(self, who="editor", scope=SCOPE, widget_id=None, days=7, **options):
        by, id = self.crew.who(who), self.dashboard.id
        return self.links.make(by, scope, id, widget_id, days=days, **options)

    def resolve(self, token):
        """As no process remembers it."""
        return self.again().resolve(token)


@pytest.fixture
def desk(crew):
    return Desk(crew)


def test_what_a_link_shows(desk):
    options = {"may_range": True, "origins": ["https://Intranet.example.com/"]}
    link, token = desk.make(scope=Scope(PLACE, BRAND, CATALOG), **options)
    assert re.fullmatch(r"[\w-]{43}", token)
    shared = desk.resolve(token)
    assert (shared.link.id, shared.scope) == (link.id, Scope(PLACE, BRAND, CATALOG))
    assert [one.title for one in shared.dashboard.widgets] == ["one", "two"]
    assert (link.may_range, link.may_export, link.is_whole) == (True, False, True)
    assert link.origins == ("https://intranet.example.com",)
    assert link.expires_at == desk.crew.clock.now + timedelta(days=7)
    assert link.begins == token[:6]


def test_the_token_is_stored_nowhere(desk):
    _, token = desk.make()
    with desk.crew.database.connect() as connection:
        for table in (share_links, audit):
            assert token not in str(connection.execute(select(table)).all())


def test_a_widget_added_later_is_not_shown(desk):
    _, token = desk.make()
    _, second = raw(desk.dashboard)
    put = (PLACE, BRAND, desk.dashboard.id, "ana")
    desk.dashboards.put(*put, {"widgets": [second, widget(12, title="three")]})
    assert [one.title for one in desk.resolve(token).dashboard.widgets] == ["two"]
    desk.dashboards.put(*put, {"widgets": []})
    assert desk.resolve(token).dashboard.widgets == ()


def test_a_link_to_a_widget_shows_it_alone_and_ends_with_it(desk):
    first, second = desk.dashboard.widgets
    link, token = desk.make(widget_id=second.id)
    assert not link.is_whole
    assert [one.id for one in desk.resolve(token).dashboard.widgets] == [second.id]
    kept = {"widgets": [first.to_raw()]}
    desk.dashboards.put(PLACE, BRAND, desk.dashboard.id, "ana", kept)
    assert desk.resolve(token) is None
    assert desk.links.state(link) is State.SHUT


def test_tampered_tokens_open_nothing(desk):
    _, token = desk.make()
    chance = random.Random(7)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    bad = {"", token[:-1], token + "A", token + "\n", f" {token}", token.swapcase(), token + "="}
    bad |= {"x" * 43, "\ud800" * 43, "\u0661" * 43, token.replace(token[0], "\uff21")}
    for place in range(len(token)):
        other = chance.choice([one for one in letters if one != token[place]])
        bad.add(token[:place] + other + token[place + 1 :])
    fresh = desk.again()
    assert [one for one in bad if fresh.resolve(one) is not None] == []
    assert fresh.resolve(token) is not None


@pytest.mark.parametrize("days", [1, 7, 30])
def test_a_link_expires(desk, days):
    link, token = desk.make(days=days)
    desk.crew.clock.go(days=days, microseconds=-1)
    assert desk.resolve(token) is not None
    desk.crew.clock.go(microseconds=1)
    assert desk.resolve(token) is None
    assert desk.links.state(link) is State.EXPIRED


def test_a_link_without_an_end_lasts(desk):
    _, token = desk.make(days=None)
    desk.crew.clock.go(days=3650)
    assert desk.resolve(token) is not None


def test_a_revoked_link_is_closed_everywhere(desk):
    link, token = desk.make()
    other = desk.again()
    assert other.resolve(token) is not None
    desk.links.revoke(desk.crew.who("editor"), PLACE, link.id, "203.0.113.7")
    assert desk.resolve(token) is None
    # A process that looked before believes it for a second.
    other._remembered = MemoryAnswers(links.REMEMBERED, timer=lambda: 1e9)
    assert other.resolve(token) is None
    listed = desk.links.of_dashboard(desk.crew.who("editor"), SCOPE, desk.dashboard.id)
    assert [desk.links.state(one) for one in listed] == [State.REVOKED]
    when = listed[0].revoked_at
    desk.crew.clock.go(hours=1)
    desk.links.revoke(desk.crew.who("admin"), PLACE, link.id)
    listed = desk.links.of_workspace(desk.crew.who("admin"), PLACE)
    assert [one.revoked_at for one in listed] == [when]


def demote(desk):
    account = desk.crew.account("editor")
    desk.crew.people.members.change(OPERATOR, PLACE, account.id, Role.VIEWER)


def narrow(desk):
    account = desk.crew.account("editor")
    desk.crew.people.members.change(OPERATOR, PLACE, account.id, Role.EDITOR, [SECOND])


def remove(desk):
    desk.crew.people.members.remove(OPERATOR, PLACE, desk.crew.account("editor").id)


def disable(desk):
    desk.crew.people.members.disable(OPERATOR, PLACE, desk.crew.account("editor").id)


def bin_it(desk):
    desk.dashboards.delete(PLACE, BRAND, desk.dashboard.id, "ana")


def purge(desk):
    bin_it(desk)
    desk.dashboards.purge(PLACE, BRAND, desk.dashboard.id)


@pytest.mark.parametrize("end", [demote, narrow, remove, disable, bin_it, purge])
def test_what_closes_a_link_beside_its_own_end(desk, end):
    _, token = desk.make()
    assert desk.resolve(token) is not None
    end(desk)
    assert desk.resolve(token) is None
    assert not desk.links.is_public(PLACE, BRAND, desk.dashboard.id)


def test_another_role_that_still_shares_leaves_it_open(desk):
    _, token = desk.make()
    account = desk.crew.account("editor")
    desk.crew.people.members.change(OPERATOR, PLACE, account.id, Role.ADMIN)
    assert desk.resolve(token) is not None


def test_a_dashboard_says_whether_it_is_public(desk):
    here = (PLACE, BRAND, desk.dashboard.id)
    assert not desk.links.is_public(*here)
    link, _ = desk.make(widget_id=desk.dashboard.widgets[0].id)
    assert desk.links.is_public(*here)
    desk.links.revoke(desk.crew.who("owner"), PLACE, link.id)
    assert not desk.links.is_public(*here)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [("owner", True), ("admin", True), ("editor", True), ("narrow", True), ("viewer", False)],
)
def test_who_may_make_list_and_revoke(desk, who, allowed):
    by = desk.crew.who(who)
    link, _ = desk.make("owner")
    steps = [
        lambda: desk.make(who),
        lambda: desk.links.of_dashboard(by, SCOPE, desk.dashboard.id),
        lambda: desk.links.revoke(by, PLACE, link.id),
    ]
    for step in steps:
        if allowed:
            step()
        else:
            with pytest.raises(Forbidden) as error:
                step()
            assert error.value.code == "AUTH_003"
    listed = desk.links.of_workspace(desk.crew.who("owner"), PLACE)
    [now] = [one for one in listed if one.id == link.id]
    assert desk.links.state(now) is (State.REVOKED if allowed else State.OPEN)
    if who in ("owner", "admin"):
        assert desk.links.of_workspace(by, PLACE)
    else:
        with pytest.raises(Forbidden):
            desk.links.of_workspace(by, PLACE)


def test_foreign_objects_look_as_missing_ones(desk):
    link, _ = desk.make()
    foreign, narrow_one = desk.crew.who("foreign"), desk.crew.who("narrow")
    of_second = desk.dashboards.create(PLACE, SECOND, "ana", SHOP)
    second, _ = desk.links.make(
        desk.crew.who("owner"), Scope(PLACE, SECOND), of_second.id, days=None
    )
    told = set()
    for id in (link.id, NEVER_SEEN, "", "%", link.id.upper() + "'"):
        with pytest.raises(NotFound) as error:
            desk.links.revoke(foreign, OTHER, id)
        told.add(error.value.message)
    assert len(told) == 1
    for id in (second.id, NEVER_SEEN):
        with pytest.raises(NotFound):
            desk.links.revoke(narrow_one, PLACE, id)
    for scope in (Scope(PLACE, SECOND), Scope(PLACE, FOREIGN), Scope(OTHER, FOREIGN)):
        with pytest.raises(Forbidden):
            desk.links.make(narrow_one, scope, of_second.id, days=1)
    for scope, id in ((SCOPE, of_second.id), (SCOPE, NEVER_SEEN), (SCOPE, "x")):
        with pytest.raises(NotFound):
            desk.links.make(desk.crew.who("owner"), scope, id, days=1)
        assert desk.links.of_dashboard(desk.crew.who("owner"), scope, id) == []
    with pytest.raises(NotFound):
        desk.make(widget_id=NEVER_SEEN)


def test_rows_that_were_widened_in_no_way_of_ours_open_nothing(desk):
    """A link's brand and workspace are looked at with its maker's rights, whatever the row says."""
    _, token = desk.make()
    for column, value in (("brand_id", FOREIGN), ("workspace_id", OTHER), ("brand_id", SECOND)):
        with desk.crew.database.begin() as connection:
            before = connection.execute(select(share_links.c[column])).scalar()
            connection.execute(update(share_links).values({column: value}))
        assert desk.resolve(token) is None
        with desk.crew.database.begin() as connection:
            connection.execute(update(share_links).values({column: before}))
    assert desk.resolve(token) is not None


@pytest.mark.parametrize("days", [0, 2, -1, 365, "7", 1.5])
def test_spans_that_are_not_offered(desk, days):
    with pytest.raises(InvalidRequest) as error:
        desk.make(days=days)
    assert error.value.faults[0].field == "days"


def test_there_are_not_more_than_so_many(desk, monkeypatch):
    monkeypatch.setattr(links, "MOST", 3)
    made = [desk.make(days=1)[0] for _ in range(3)]
    with pytest.raises(Conflict):
        desk.make()
    desk.links.revoke(desk.crew.who("editor"), PLACE, made[0].id)
    desk.make(days=None)
    desk.crew.clock.go(days=2)
    desk.make()
    desk.make()
    with pytest.raises(Conflict):
        desk.make()


def test_the_last_use_is_noted_once_a_minute(desk):
    link, token = desk.make()

    def used():
        return desk.links.of_workspace(desk.crew.who("owner"), PLACE)[0].used_at

    assert used() is None
    desk.resolve(token)
    first = used()
    assert first == desk.crew.clock.now
    desk.crew.clock.go(seconds=30)
    desk.resolve(token)
    assert used() == first
    desk.crew.clock.go(seconds=30)
    desk.resolve(token)
    assert used() == desk.crew.clock.now
    desk.links.revoke(desk.crew.who("owner"), PLACE, link.id)
    before = used()
    desk.crew.clock.go(hours=1)
    assert (desk.resolve(token), used()) == (None, before)


def test_making_and_revoking_is_in_the_audit_log(desk):
    link, _ = desk.make(widget_id=desk.dashboard.widgets[0].id, address="203.0.113.9")
    desk.links.revoke(desk.crew.who("admin"), PLACE, link.id, "203.0.113.7")
    revoked, made = desk.crew.people.audit.of(PLACE)[:2]
    assert (made.action, made.actor) == ("link.made", desk.crew.account("editor").id)
    assert made.address == "203.0.113.9"
    assert desk.dashboard.id in made.object
    assert (revoked.action, revoked.actor) == ("link.revoked", desk.crew.account("admin").id)


def test_openings_are_limited_by_link_and_by_address(desk, monkeypatch):
    monkeypatch.setattr(links, "OF_LINK", 2)
    monkeypatch.setattr(links, "OF_ADDRESS", 5)
    fresh, (_, token) = desk.again(), desk.make()
    for _ in range(2):
        assert fresh.open(token, "a") is not None
    with pytest.raises(TooManyRequests):
        fresh.open(token, "a")
    assert fresh.open(token, "b") is not None
    for _ in range(4):
        assert fresh.open("x" * 43, "b") is None
    for tried in ("x" * 43, token):
        with pytest.raises(TooManyRequests):
            fresh.open(tried, "b")
    assert fresh.open(token, "c") is not None


def test_a_dead_database_opens_nothing(desk, monkeypatch):
    _, token = desk.make()
    fresh = desk.again()

    def fail(*_):
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(fresh, "_rights", fail)
    with pytest.raises(Unavailable):
        fresh.resolve(token)
    monkeypatch.undo()
    monkeypatch.setattr(desk.crew.database, "connect", fail)
    with pytest.raises(Unavailable):
        desk.again().resolve(token)


def test_the_migration_goes_down_and_up(desk):
    desk.make()
    downgrade(desk.crew.database, "0005")
    upgrade(desk.crew.database)
    assert desk.links.of_workspace(desk.crew.who("owner"), PLACE) == []
    assert desk.crew.account("editor").email == email("editor")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://a.example", "https://a.example"),
        (" HTTPS://A.example:8443/ ", "https://a.example:8443"),
        ("https://a.example:443", "https://a.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_origins_in_normal_form(given, kept):
    assert origins.checked([given, given]) == (kept,)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "*",
        "https://*",
        "https://*.example.com",
        "https:",
        "https://",
        "http://a.example",
        "https://a.example/path",
        "https://a.example?x",
        "https://a.example#x",
        "https://user@a.example",
        "https://a.example 'self'",
        "https://a.example; script-src *",
        "https://a.example\nX: y",
        "https://a.example,https://b.example",
        "https://a.example:0",
        "https://a.example:65536",
        "https://a.example:99999999",
        "https://-a.example",
        "https://a..example",
        "https://\u00e4.example",
        "https://a.example\n",
        "data:",
        "null",
        "'self'",
        "https://" + "a." * 120 + "example",
    ],
)
def test_what_is_no_origin(given):
    if given == "https://a.example\n":  # what surrounds it does not matter
        assert origins.checked([given]) == ("https://a.example",)
        return
    with pytest.raises(InvalidRequest) as error:
        origins.checked(["https://a.example", given])
    assert [fault.field for fault in error.value.faults] == ["origins"]


def test_not_too_many_origins():
    with pytest.raises(InvalidRequest):
        origins.checked(f"https://a{n}.example" for n in range(11))
