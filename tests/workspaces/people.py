"""People of the tests, over a database of their own and a clock that stands still."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from engine.database.tables import accounts
from engine.scope import Identity, Role
from engine.workspaces import passwords
from engine.workspaces.entry import Visit
from engine.workspaces.people import People

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLACE, OTHER = "ws_one", "ws_two"
BRAND = "11111111-1111-4111-8111-11111111111a"
SECOND = "11111111-1111-4111-8111-11111111111c"
FOREIGN = "22222222-2222-4222-8222-22222222222b"
PASSWORD = "seven green bottles"
OPERATOR = Identity("", {}, founds=True)
HASH = passwords.hash_of(PASSWORD)
VISIT = Visit("a browser", "203.0.113.7")


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def go(self, **span):
        self.now += timedelta(**span)


class Crew:
    """owner, admin, editor and viewer of PLACE, `narrow` an editor of BRAND only, `foreign` an
    owner of OTHER: as people, each with PASSWORD."""

    def __init__(self, database, clock=None):
        self.database = database
        self.clock = clock or Clock()
        self.people = self.again()
        for role in Role:
            self.add(role.value, PLACE, role)
        self.add("narrow", PLACE, Role.EDITOR, [BRAND])
        self.add("foreign", OTHER, Role.OWNER)

    def again(self):
        """As another process, or after a restart."""
        return People.over(
            self.database, self.clock, lambda: {PLACE: [BRAND, SECOND], OTHER: [FOREIGN]}
        )

    def add(self, name, workspace, role, brands=None):
        with self.database.begin() as connection:
            account = self.people.accounts.add(connection, email(name))
            here = accounts.c.id == account.id
            connection.execute(update(accounts).where(here).values(password=HASH))
        self.people.members.add(OPERATOR, workspace, email(name), role, brands)
        return account

    def account(self, name):
        return self.people.accounts.find(email(name))

    def who(self, name):
        return self.people.access.of_account(self.account(name))

    def sign_in(self, name, visit=VISIT, password=PASSWORD, former=None):
        """The token of a session."""
        ticket = self.people.entry.by_password(email(name), password, visit)
        return self.people.entry.complete(ticket, visit, former)

    def session(self, token):
        """Whose session it is, as a process that has just started sees it."""
        identity = self.again().access.of_session(token)
        return None if identity is None else identity.subject


def email(name):
    return f"{name}@example.com"
