"""In by right, out at once: sign-in, sessions, tickets, attempts."""

import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import inspect, select

from engine.database.tables import METADATA, accounts, attempts, sign_ins
from engine.errors import Conflict, InvalidRequest, TooManyRequests, Unauthorized
from engine.scope import Role
from engine.workspaces.attempts import OF_ACCOUNT, OF_ADDRESS, OF_PAIR
from engine.workspaces.entry import Visit
from tests.workspaces.people import OTHER, PASSWORD, PLACE, VISIT, email

ELSEWHERE = Visit("another browser", "198.51.100.9")


def test_a_password_opens_a_session(crew):
    token = crew.sign_in("viewer")
    assert crew.session(token) == crew.account("viewer").id
    assert crew.session(token[:-1]) is None
    assert crew.session("") is None
    assert crew.session(f"{token[:-1]}\udcff") is None


@pytest.mark.parametrize(
    ("who", "password"),
    [
        ("viewer", PASSWORD + " "),
        ("viewer", ""),
        ("viewer", "x" * 100_000),
        ("viewer", "\udcff\0"),
        ("nobody", PASSWORD),
        ("", ""),
        ("' or 1=1 --", PASSWORD),
    ],
)
def test_anything_else_does_not(crew, who, password):
    with pytest.raises(Unauthorized, match=r"^E-mail or password is wrong\.$"):
        crew.sign_in(who, password=password)


def test_a_password_that_grows_when_it_is_normalised_still_opens(crew):
    long = "\ufdfa" * 100 + "abcde"
    crew.people.accounts.set_password(crew.account("viewer").id, long)
    assert crew.sign_in("viewer", password=long)


def test_an_email_has_no_case(crew):
    ticket = crew.people.entry.by_password(" ViewER@Example.com ", PASSWORD, VISIT)
    assert crew.people.entry.complete(ticket, VISIT)


def test_nothing_that_opens_a_door_is_stored(crew, database):
    token = crew.sign_in("viewer")
    ticket = crew.people.entry.by_password(email("viewer"), PASSWORD, VISIT)
    _, key = crew.people.keys.make(crew.who("owner"), PLACE, "key", Role.VIEWER)
    with database.connect() as connection:
        rows = [
            str(tuple(row))
            for name in inspect(database).get_table_names()
            if name in METADATA.tables
            for row in connection.execute(select(METADATA.tables[name])).all()
        ]
        stored = connection.execute(select(accounts.c.password)).scalars().all()
    for secret in (token, ticket, key, PASSWORD, VISIT.token):
        assert not [row for row in rows if secret in row]
    assert all(re.match(r"\$argon2id\$v=19\$m=\d{5},", text) for text in stored)
    crew.people.accounts.set_password(crew.account("viewer").id, "nine blue bottles")
    crew.people.accounts.set_password(crew.account("editor").id, "nine blue bottles")
    with database.connect() as connection:
        assert len(set(connection.execute(select(accounts.c.password)).scalars())) == 3


def test_a_ticket_opens_one_door_once(crew):
    entry = crew.people.entry
    ticket = entry.by_password(email("viewer"), PASSWORD, VISIT)
    assert entry.complete(ticket, VISIT)
    with pytest.raises(Unauthorized, match="was used or has expired"):
        entry.complete(ticket, VISIT)


def test_a_ticket_is_good_in_its_browser_only(crew):
    """Nobody can be signed in to somebody else's account by a link, nor can a log be used."""
    entry = crew.people.entry
    ticket = entry.by_password(email("viewer"), PASSWORD, VISIT)
    for visit in (ELSEWHERE, VISIT):
        with pytest.raises(Unauthorized):
            entry.complete(ticket, visit)


def test_a_ticket_expires(crew):
    ticket = crew.people.entry.by_password(email("viewer"), PASSWORD, VISIT)
    crew.clock.go(seconds=60)
    with pytest.raises(Unauthorized):
        crew.people.entry.complete(ticket, VISIT)


def test_one_of_many_at_once_may_use_a_ticket(crew):
    ticket = crew.people.entry.by_password(email("viewer"), PASSWORD, VISIT)

    def use(_):
        try:
            return crew.people.entry.complete(ticket, VISIT)
        except Unauthorized:
            return None

    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(use, range(8)))
    assert len([token for token in opened if token]) == 1


def test_a_ticket_of_one_kind_opens_no_other_door(crew):
    entry = crew.people.entry
    ticket = entry.by_password(email("viewer"), PASSWORD, VISIT)
    assert entry.invited(ticket) is None
    with pytest.raises(Unauthorized):
        entry.accept(ticket, "nine blue bottles", VISIT)
    assert not entry.may_set_up(ticket)


def test_a_sign_in_never_keeps_a_session_that_was_there(crew):
    """What was planted in a browser before is worth nothing after."""
    planted = crew.sign_in("foreign")
    token = crew.sign_in("viewer", former=planted)
    assert token != planted
    assert crew.session(planted) is None


def test_leaving_ends_this_session_only(crew):
    first, second = crew.sign_in("viewer"), crew.sign_in("viewer", ELSEWHERE)
    crew.people.entry.leave(first)
    assert crew.session(first) is None
    assert crew.session(second)
    crew.people.entry.leave(first)


def test_a_process_that_knows_a_session_forgets_it_soon(crew):
    token = crew.sign_in("viewer")
    other = crew.again()
    assert other.access.of_session(token)
    crew.people.entry.leave(token)
    deadline = time.monotonic() + 5
    while other.access.of_session(token) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_another_password_ends_every_session(crew):
    tokens = [crew.sign_in("viewer"), crew.sign_in("viewer", ELSEWHERE)]
    viewer = crew.account("viewer").id
    ticket = crew.people.entry.change_password(viewer, PASSWORD, "nine blue bottles", VISIT)
    assert [crew.session(token) for token in tokens] == [None, None]
    assert crew.session(crew.people.entry.complete(ticket, VISIT)) == viewer
    with pytest.raises(Unauthorized):
        crew.sign_in("viewer")
    assert crew.sign_in("viewer", password="nine blue bottles")


def test_a_ticket_from_before_another_password_is_void(crew):
    ticket = crew.people.entry.by_password(email("viewer"), PASSWORD, VISIT)
    crew.people.accounts.set_password(crew.account("viewer").id, "nine blue bottles")
    with pytest.raises(Unauthorized):
        crew.people.entry.complete(ticket, VISIT)


def test_the_old_password_is_asked_for(crew):
    viewer = crew.account("viewer").id
    with pytest.raises(InvalidRequest, match="old_password: is not your password"):
        crew.people.entry.change_password(viewer, "wrong", "nine blue bottles", VISIT)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "Viewer-2026!!", "x" * 257])
def test_easy_passwords_are_refused_and_not_repeated(crew, password):
    with pytest.raises(InvalidRequest) as refused:
        crew.people.accounts.set_password(crew.account("viewer").id, password)
    assert password not in str(refused.value)


def test_a_disabled_account_is_out(crew):
    token = crew.sign_in("viewer")
    ticket = crew.people.entry.by_password(email("viewer"), PASSWORD, VISIT)
    viewer = crew.account("viewer").id
    crew.people.members.disable(crew.who("admin"), PLACE, viewer)
    assert crew.session(token) is None
    for way in (lambda: crew.sign_in("viewer"), lambda: crew.people.entry.complete(ticket, VISIT)):
        with pytest.raises(Unauthorized):
            way()
    crew.people.members.enable(crew.who("admin"), PLACE, viewer)
    assert crew.session(token) is None
    assert crew.sign_in("viewer")


def test_sessions_end_by_themselves(crew):
    token = crew.sign_in("viewer")
    for _ in range(6):
        crew.clock.go(days=2)
        assert crew.session(token)
    crew.clock.go(days=2)
    assert crew.session(token) is None
    token = crew.sign_in("viewer")
    crew.clock.go(days=3)
    assert crew.session(token) is None
    crew.sign_in("owner")
    crew.clock.go(days=14)
    crew.sign_in("owner")
    with crew.database.connect() as connection:
        assert len(connection.execute(select(sign_ins)).all()) == 1


def fail(crew, name, visit=VISIT, people=None):
    with pytest.raises(Unauthorized):
        (people or crew.people).entry.by_password(email(name), "wrong", visit)


@pytest.mark.parametrize("name", ["viewer", "nobody"])
def test_attempts_are_limited_over_restarts(crew, name):
    for _ in range(OF_PAIR):
        fail(crew, name, people=crew.again())
    for password in ("wrong", PASSWORD):
        with pytest.raises(TooManyRequests, match="try again in 15 minutes") as refused:
            crew.again().entry.by_password(email(name), password, VISIT)
    assert refused.value.headers["Retry-After"] == "900"
    crew.clock.go(minutes=15)
    fail(crew, name)


def test_whoever_attacks_an_account_does_not_lock_its_owner_out(crew):
    for _ in range(OF_PAIR):
        fail(crew, "viewer", ELSEWHERE)
    assert crew.sign_in("viewer")


def test_not_with_more_attempts_from_one_address_either(crew, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("engine.workspaces.passwords.matches", lambda *_: False)
        for _ in range(OF_PAIR):
            fail(crew, "viewer", ELSEWHERE)
        for _ in range(OF_ACCOUNT):
            with pytest.raises(TooManyRequests):
                crew.people.entry.by_password(email("viewer"), "wrong", ELSEWHERE)
    assert crew.sign_in("viewer")


def test_many_addresses_cannot_guess_one_account(crew, monkeypatch):
    monkeypatch.setattr("engine.workspaces.passwords.matches", lambda *_: False)
    for i in range(OF_ACCOUNT):
        fail(crew, "viewer", Visit("bot", f"198.51.100.{i}"))
    with pytest.raises(TooManyRequests):
        crew.sign_in("viewer", Visit("bot", "192.0.2.1"))


def test_one_address_cannot_try_many_accounts(crew, monkeypatch):
    monkeypatch.setattr("engine.workspaces.passwords.matches", lambda *_: False)
    for i in range(OF_ADDRESS):
        fail(crew, f"somebody{i}")
    with pytest.raises(TooManyRequests):
        crew.sign_in("viewer")


def test_many_attempts_at_once_are_all_counted(crew, monkeypatch):
    looked = []
    monkeypatch.setattr("engine.workspaces.passwords.matches", lambda *_: looked.append(1))

    def attempt(_):
        with pytest.raises((Unauthorized, TooManyRequests)):
            crew.people.entry.by_password(email("viewer"), "wrong", VISIT)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(attempt, range(4 * OF_PAIR)))
    assert len(looked) == OF_PAIR


def test_the_right_password_clears_the_count(crew):
    for _ in range(3):
        for _ in range(OF_PAIR - 1):
            fail(crew, "viewer")
        assert crew.sign_in("viewer")


def test_old_attempts_leave_nothing_behind(crew):
    fail(crew, "nobody")
    crew.clock.go(minutes=15)
    crew.sign_in("viewer")
    with crew.database.connect() as connection:
        assert len(connection.execute(select(attempts)).all()) == 2


def test_known_and_unknown_accounts_take_as_long(crew):
    """Medians of interleaved attempts; that one of them skipped the hash would be far outside."""

    def seconds(name, i):
        began = time.perf_counter()
        fail(crew, name, Visit("timing", f"198.51.100.{i}"))
        return time.perf_counter() - began

    spent = {"viewer": [], "nobody": []}
    for i in range(24):
        for name, times in spent.items():
            times.append(seconds(name, i))
    known, unknown = (statistics.median(times) for times in spent.values())
    assert 0.6 < known / unknown < 1.6


def test_the_first_owner_by_a_link(crew, database):
    entry = crew.people.entry
    assert entry.set_up_link() is None
    with database.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    void, link = entry.set_up_link(), entry.set_up_link()
    assert not entry.may_set_up(void)
    assert entry.may_set_up(link)
    with pytest.raises(InvalidRequest):
        entry.set_up(link, "not a workspace", "ana@example.com", PASSWORD, VISIT)
    assert not crew.people.accounts.any()
    session = entry.complete(entry.set_up(link, OTHER, "ana@example.com", PASSWORD, VISIT), VISIT)
    assert crew.again().access.of_session(session).roles == {OTHER: Role.OWNER}
    with pytest.raises(Unauthorized):
        entry.set_up(link, OTHER, "eve@example.com", PASSWORD, VISIT)
    assert entry.set_up_link() is None


def test_an_invitation_is_for_one_password(crew):
    people = crew.people
    added = people.members.add(crew.who("admin"), PLACE, "new@example.com", Role.VIEWER)
    assert people.entry.invited(added.invitation).email == "new@example.com"
    with pytest.raises(InvalidRequest):
        people.entry.accept(added.invitation, "short", VISIT)
    people.entry.accept(added.invitation, PASSWORD, VISIT)
    with pytest.raises(Unauthorized):
        people.entry.accept(added.invitation, "nine blue bottles", VISIT)
    assert crew.sign_in("new")


def test_nobody_gets_an_invitation_into_somebody_elses_account(crew):
    """Its password would open the other workspace as well."""
    people = crew.people
    people.members.add(crew.who("admin"), PLACE, "new@example.com", Role.EDITOR)
    added = people.members.add(crew.who("foreign"), OTHER, "new@example.com", Role.VIEWER)
    assert added.invitation is None
    with pytest.raises(Conflict, match="member of other workspaces too"):
        people.members.invite(crew.who("foreign"), OTHER, added.member.account_id)


def test_an_invitation_ends_when_its_owner_comes_by_the_provider(crew):
    """Whoever handed it out has it too, and would share the account."""
    people = crew.people
    added = people.members.add(crew.who("admin"), PLACE, "new@example.com", Role.VIEWER)
    assert people.access.of_provider("https://issuer.example/ new", "new@example.com")
    assert people.entry.invited(added.invitation) is None
    with pytest.raises(Unauthorized):
        people.entry.accept(added.invitation, PASSWORD, VISIT)


def test_what_a_provider_says(crew):
    people, issuer = crew.people, "https://issuer.example/ "
    assert people.access.of_provider(f"{issuer}a", None) is None
    assert people.access.of_provider(f"{issuer}a", "nobody@example.com") is None
    known = people.access.of_provider(f"{issuer}a", "VIEWER@example.com")
    assert known == crew.who("viewer")
    # From now on the subject is who it is, whatever e-mail it has.
    assert people.access.of_provider(f"{issuer}a", None) == known
    assert people.access.of_provider(f"{issuer}a", email("owner")) == known
    assert people.access.of_provider(f"{issuer}b", email("viewer")) is None
    people.members.disable(crew.who("admin"), PLACE, crew.account("viewer").id)
    assert people.access.of_provider(f"{issuer}a", None) is None


def test_what_people_do_at_the_door_is_noted(crew):
    fail(crew, "viewer")
    fail(crew, "nobody")
    token = crew.sign_in("viewer", replace(VISIT, address="2001:db8::1"))
    crew.people.entry.leave(token, "2001:db8::1")
    noted = [
        (entry.actor, entry.action, entry.address)
        for entry in crew.people.audit.of(PLACE)
        if entry.workspace_id is None
    ]
    viewer = crew.account("viewer").id
    assert noted == [
        (viewer, "sign_out", "2001:db8::1"),
        (viewer, "sign_in", "2001:db8::1"),
        (viewer, "sign_in.refused", VISIT.address),
    ]
    assert not [e for e in crew.people.audit.of(OTHER) if e.actor == viewer]
