"""Access: what a session, a key or a provider's subject opens now."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from engine.caches.memory import MemoryAnswers
from engine.errors import NotFound
from engine.scope import Identity
from engine.workspaces.accounts import Account, Accounts
from engine.workspaces.keys import Keys
from engine.workspaces.members import Members
from engine.workspaces.places import Places
from engine.workspaces.sign_ins import SignIns
from engine.workspaces.tokens import hashed

REMEMBERED: Final = 1.0
"""Seconds for which a session is believed without asking again."""


class Access:
    """Identities, made anew from the memberships at most a second ago.

    events: workspace -> brands that have events. Everybody who is refused is None. An identity has
    a role in a workspace without brands, and no brands there.
    """

    def __init__(
        self,
        accounts: Accounts,
        members: Members,
        places: Places,
        keys: Keys,
        sign_ins: SignIns,
        events: Callable[[], Mapping[str, Iterable[str]]],
    ) -> None:
        self._accounts = accounts
        self._members = members
        self._places = places
        self._keys = keys
        self._sign_ins = sign_ins
        self._events = events
        self._remembered = MemoryAnswers(REMEMBERED, entries=10_000)

    def of_session(self, token: str) -> Identity | None:
        """By the browser's cookie."""
        known = self._remembered.get(hashed(token))
        if known is not None:
            remembered: Identity | None = known.answer
            return remembered
        account_id = self._sign_ins.account_of(token)
        identity = None if account_id is None else self.of_account(self._accounts.get(account_id))
        self._remembered.put(hashed(token), identity)
        return identity

    def of_key(self, text: str) -> Identity | None:
        key = self._keys.recognise(text)
        if key is None:
            return None
        place = key.workspace_id
        if key.brand_id is not None:
            brands, whole = frozenset({key.brand_id}), frozenset[str]()
        else:
            brands, whole = self._all_of({place})[place], frozenset({place})
        return Identity(
            f"key:{key.id}",
            {place: brands} if brands else {},
            roles={place: key.role},
            whole=whole,
            name=key.name,
        )

    def of_provider(self, subject: str, email: str | None) -> Identity | None:
        """By what a sign-in provider says; email: only one it has verified."""
        account = self._accounts.of_provider(subject, email)
        return None if account is None else self.of_account(account)

    def of_subject(self, subject: str) -> Identity | None:
        """Whom a dashboard or link names as its maker, as they are now; None for who may not sign
        in any more."""
        try:
            account = self._accounts.get(subject)
        except NotFound:
            return None
        return None if account.disabled_at is not None else self.of_account(account)

    def of_account(self, account: Account) -> Identity:
        found = self._members.of_account(account.id)
        whole = frozenset(member.workspace_id for member in found if member.brands is None)
        every = self._all_of(whole)
        return Identity(
            account.id,
            {
                member.workspace_id: brands
                for member in found
                if (
                    brands := every.get(member.workspace_id, frozenset()) | (member.brands or set())
                )
            },
            roles={member.workspace_id: member.role for member in found},
            whole=whole,
            name=account.label,
        )

    def _all_of(self, workspaces: Iterable[str]) -> dict[str, frozenset[str]]:
        events, named = self._events(), self._places.known()
        return {
            name: frozenset(events.get(name, ())) | frozenset(named.get(name, ()))
            for name in workspaces
        }
