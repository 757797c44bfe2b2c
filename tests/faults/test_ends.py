"""A session or a key that ends is refused within five seconds, in every process."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest

from engine.database.connect import open_database
from engine.engine import utc_now
from engine.errors import TooManyRequests, Unauthorized
from engine.scope import Role
from engine.workspaces.attempts import OF_PAIR
from engine.workspaces.entry import Visit
from engine.workspaces.people import People
from tests.faults.sizes import record, size
from tests.workspaces.people import OPERATOR, PASSWORD, PLACE, Crew

ENDED = size(10, 200)
WITHIN = 5.0
VISIT = Visit("v" * 43, "203.0.113.7")


class House:
    """Two processes over one database, and a number of people who are signed in at both."""

    def __init__(self, folder):
        url = f"sqlite:///{folder / 'vitrine.db'}"
        self.databases = [open_database(url), open_database(url)]
        self.crew = Crew(self.databases[0], utc_now)
        self.people = self.crew.people
        elsewhere = People.over(self.databases[1], utc_now, dict)
        self.both = [self.people.access, elsewhere.access]
        self.owner = self.crew.who("owner")

    def guest(self, number):
        """The account's id, a session's token and a key's text."""
        email = f"guest{number}@example.com"
        added = self.people.members.add(OPERATOR, PLACE, email, Role.EDITOR)
        ticket = self.people.entry.accept(added.invitation, PASSWORD, VISIT)
        session = self.people.entry.complete(ticket, VISIT)
        key, text = self.people.keys.make(self.owner, PLACE, email, Role.VIEWER)
        return self.people.accounts.find(email).id, session, key, text

    def may_save(self, session):
        """As each process sees it."""
        for access in self.both:
            who = access.of_session(session)
            yield who is not None and who.roles.get(PLACE) == Role.EDITOR


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    for database in made.databases:
        database.dispose()


def test_what_ends_is_refused_everywhere_within_five_seconds(house):
    members, accounts = house.people.members, house.people.accounts
    ways = {
        "signed out": lambda id, session: house.people.entry.leave(session),
        "another password": lambda id, session: accounts.set_password(id, "nine green bottles"),
        "another role": lambda id, session: members.change(house.owner, PLACE, id, Role.VIEWER),
        "disabled": lambda id, session: members.disable(house.owner, PLACE, id),
        "removed": lambda id, session: members.remove(house.owner, PLACE, id),
    }

    def end(guest, way):
        """Which way it ended, and after how many seconds it was refused."""
        id, session, *_ = guest
        assert all(house.may_save(session))
        ways[way](id, session)
        began = time.monotonic()
        while any(house.may_save(session)):
            time.sleep(0.02)
            if time.monotonic() - began > 2 * WITHIN:
                break
        return way, time.monotonic() - began

    guests = [house.guest(number) for number in range(ENDED)]
    with ThreadPoolExecutor(16) as threads:
        ended = list(threads.map(end, guests, cycle(ways)))
    slowest = {way: max(seconds for name, seconds in ended if name == way) for way in ways}
    assert max(slowest.values()) < WITHIN
    for *_, key, text in guests:
        assert house.both[1].of_key(text) is not None
        house.people.keys.revoke(house.owner, PLACE, key.id)
        assert [access.of_key(text) for access in house.both] == [None, None]
    told = ", ".join(f"{way} {seconds:.2f} s" for way, seconds in slowest.items())
    record(
        "Sessions that end",
        f"{ENDED} sessions in two processes, refused in both after at most: {told}; {ENDED} keys"
        " that were revoked, refused at once.",
    )


def test_attempts_are_counted_over_restarts(house):
    for _ in range(OF_PAIR):
        with pytest.raises(Unauthorized):
            house.crew.again().entry.by_password("viewer@example.com", "wrong", VISIT)
    with pytest.raises(TooManyRequests):
        house.crew.again().entry.by_password("viewer@example.com", PASSWORD, VISIT)
