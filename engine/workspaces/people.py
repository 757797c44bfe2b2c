"""Everything about people, put together over one database."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Engine

from engine.workspaces.access import Access
from engine.workspaces.accounts import Accounts
from engine.workspaces.attempts import Attempts
from engine.workspaces.audit import Audit
from engine.workspaces.entry import Entry
from engine.workspaces.keys import Keys
from engine.workspaces.members import Members
from engine.workspaces.places import Places
from engine.workspaces.sign_ins import SignIns
from engine.workspaces.tickets import Tickets


@dataclass(frozen=True)
class People:
    accounts: Accounts
    members: Members
    places: Places
    keys: Keys
    audit: Audit
    entry: Entry
    access: Access

    @classmethod
    def over(
        cls,
        database: Engine,
        clock: Callable[[], datetime],
        events: Callable[[], Mapping[str, Iterable[str]]],
    ) -> Self:
        """events: workspace -> brands that have events."""
        audit = Audit(database, clock)
        accounts = Accounts(database, clock, audit)
        places = Places(database, clock, audit)
        tickets = Tickets(database, clock)
        members = Members(database, clock, accounts, places, tickets, audit)
        keys = Keys(database, clock, places, audit)
        sign_ins = SignIns(database, clock)
        attempts = Attempts(database, clock)
        entry = Entry(
            database, clock, accounts, members, places, sign_ins, tickets, attempts, audit
        )
        access = Access(accounts, members, places, keys, sign_ins, events)
        return cls(accounts, members, places, keys, audit, entry, access)
