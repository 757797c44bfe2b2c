"""In by the word of a sign-in provider: once, a moment ago, by subject or verified e-mail."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from engine.database.tables import accounts
from engine.errors import Unauthorized
from engine.workspaces.claimed import AHEAD, GOOD_FOR, Claimed
from engine.workspaces.entry import Visit
from tests.workspaces.people import NOW, PLACE, VISIT, email

ISSUER = "https://issuer.example/"
NONCES = map(str, itertools.count())


def claims(name, own="a", **changes):
    said = {
        "iss": ISSUER,
        "sub": own,
        "nonce": next(NONCES),
        "iat": int(NOW.timestamp()),
        "email": email(name),
        "email_verified": True,
    }
    return {key: value for key, value in (said | changes).items() if value is not None}


def claimed(name, own="a", **changes):
    return Claimed.read(claims(name, own, **changes))


def test_a_verified_email_leads_to_the_account_and_ties_the_subject(crew):
    entry, viewer = crew.people.entry, crew.account("viewer").id
    token = entry.complete(entry.by_provider(claimed("viewer"), VISIT), VISIT)
    assert crew.session(token) == viewer
    later = claimed("viewer", email=None)
    assert crew.session(entry.complete(entry.by_provider(later, VISIT), VISIT)) == viewer
    with pytest.raises(Unauthorized, match="not here"):
        entry.by_provider(claimed("viewer", own="b"), VISIT)


def test_who_comes_many_times_at_once_is_tied_once(crew):
    """None of the first requests of a token is refused because another one was faster."""
    subject, viewer = f"{ISSUER} a", crew.account("viewer")
    for _ in range(5):
        with crew.database.begin() as connection:
            connection.execute(update(accounts).values(subject=None))
        with ThreadPoolExecutor(8) as threads:
            find = crew.people.accounts.of_provider
            found = list(threads.map(find, [subject] * 16, [viewer.email] * 16))
        assert {None if one is None else one.id for one in found} == {viewer.id}
    linked = [e for e in crew.people.audit.of(PLACE) if e.action == "account.linked"]
    assert len(linked) == 5


def test_the_ticket_is_of_this_browser(crew):
    ticket = crew.people.entry.by_provider(claimed("viewer"), VISIT)
    with pytest.raises(Unauthorized):
        crew.people.entry.complete(ticket, Visit("another browser"))


def test_it_is_good_once_also_in_another_process(crew):
    said = claimed("viewer")
    assert crew.people.entry.awaits(said)
    crew.people.entry.by_provider(said, VISIT)
    for people in (crew.people, crew.again()):
        assert not people.entry.awaits(said)
        with pytest.raises(Unauthorized, match="used or has expired"):
            people.entry.by_provider(said, VISIT)


@pytest.mark.parametrize("late", [GOOD_FOR.total_seconds(), 86_400, -AHEAD.total_seconds() - 1])
def test_it_is_good_for_a_moment(crew, late):
    said = claimed("viewer", iat=NOW.timestamp() - late)
    assert not crew.people.entry.awaits(said)
    with pytest.raises(Unauthorized, match="used or has expired"):
        crew.people.entry.by_provider(said, VISIT)
    assert crew.people.entry.awaits(claimed("viewer", iat=NOW.timestamp() - 299))


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_unverified_email_is_nobodys(crew, verified):
    said = claimed("viewer", email_verified=verified)
    with pytest.raises(Unauthorized, match="has not verified your e-mail"):
        crew.people.entry.by_provider(said, VISIT)
    assert crew.account("viewer").subject is None


def test_who_is_disabled_or_unknown_is_told_so_and_noted(crew):
    crew.people.members.disable(crew.who("owner"), PLACE, crew.account("viewer").id)
    for name, why in (("viewer", "disabled"), ("nobody", "not here")):
        with pytest.raises(Unauthorized, match=why):
            crew.people.entry.by_provider(claimed(name), VISIT)
    assert crew.account("viewer").subject is None


@pytest.mark.parametrize(
    "changes",
    [
        *({name: value} for name in ("iss", "sub", "nonce") for value in (None, "", 1, ["a"])),
        *({"iat": value} for value in (None, "now", True, [0])),
    ],
    ids=str,
)
def test_what_lacks_what_every_id_token_has_is_none(changes):
    assert claimed("viewer", **changes) is None
