"""Two hundred scopes with marked texts and prime amounts: nobody sees another's, hot or cold."""

import json
import random
import re
import uuid
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlencode

import anyio
import polars as pl
import pytest
from anyio.from_thread import start_blocking_portal

from engine.database.connect import open_database
from engine.engine import Engine
from engine.http.access_token import AccessTokens
from engine.http.auth import PeopleAuthenticator
from engine.http.keyring import Keyring, fetcher
from engine.scope import Identity, Role
from engine.stores.base import EVENTS
from engine.stores.memory import MemoryStore
from engine.workspaces.browser import SESSION
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.entry import Visit
from engine.workspaces.people import People
from tests.api import wire
from tests.api.provider import AUDIENCE, provider
from tests.api.shop import NOW, served
from tests.faults.sizes import SEED, record, size

WORKSPACES = size(4, 40)
BRANDS = 5
CATALOGS = 2
PROBES = size(1_500, 200_000)
AT_ONCE = 16
OPERATOR = Identity("", {}, founds=True)
PASSWORD = "seven green bottles"
VISIT = Visit("v" * 43, "127.0.0.1")
MARK = re.compile(r"mark[0-9a-f]{12}")


class Scope(NamedTuple):
    """mark: in every text of it. primes: the amount of every event, by catalog."""

    workspace: str
    brand: str
    mark: str
    primes: dict[str, int]
    dashboard: str


class Caller(NamedTuple):
    """brands: None for all of the workspace. is_session: comes by a cookie, and only reads."""

    kind: str
    headers: dict[str, str]
    workspace: str
    brands: frozenset[str] | None

    def may(self, workspace: str, brand: str) -> bool:
        return workspace == self.workspace and (self.brands is None or brand in self.brands)


class World:
    def __init__(self, folder: Any, issuer: Any) -> None:
        self.chance = random.Random(SEED)
        self.database = open_database(f"sqlite:///{folder / 'vitrine.db'}")
        boards = Dashboards(self.database, lambda: NOW)
        primes = (n for n in count(1_009, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2)))
        self.scopes = [
            self._scope(boards, f"ws_w{number}", primes)
            for number in range(WORKSPACES)
            for _ in range(BRANDS)
        ]
        self.owners = {scope.dashboard: scope for scope in self.scopes}
        frames = {(one.workspace, one.brand): events(one) for one in self.scopes}
        self.engine = Engine(MemoryStore(frames), clock=lambda: NOW)
        self.people = People.over(self.database, lambda: NOW, self.engine.brands)
        keyring = Keyring(fetcher(issuer.keys_url))
        keyring.start()
        keyring.join()
        tokens = AccessTokens(issuer.issuer, AUDIENCE, keyring, lambda: NOW)
        self.callers = [*self._callers(issuer)]
        self.app = served(
            self.engine,
            auth=PeopleAuthenticator(self.people.access, tokens),
            dashboards=boards,
            audit=self.people.audit,
        )

    def _scope(self, boards: Dashboards, workspace: str, primes: Any) -> Scope:
        brand = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        mark = f"mark{self.chance.getrandbits(48):012x}"
        catalogs = [str(uuid.UUID(int=self.chance.getrandbits(128), version=4)) for _ in range(2)]
        made = boards.create(workspace, brand, "", {"slug": "board", "name": mark})
        return Scope(workspace, brand, mark, {one: next(primes) for one in catalogs}, made.id)

    def _callers(self, issuer: Any) -> Any:
        for number in range(WORKSPACES):
            place = f"ws_w{number}"
            email = f"viewer{number}@example.com"
            added = self.people.members.add(OPERATOR, place, email, Role.VIEWER)
            ticket = self.people.entry.accept(added.invitation, PASSWORD, VISIT)
            session = self.people.entry.complete(ticket, VISIT)
            yield Caller("session", {"Cookie": f"{SESSION}={session}"}, place, None)
            token = issuer.token(
                NOW.timestamp(), sub=f"s{number}", email=email, email_verified=True
            )
            yield Caller("token", {"Authorization": f"Bearer {token}"}, place, None)
            for brand in (None, *(one.brand for one in self.scopes if one.workspace == place)):
                _, key = self.people.keys.make(OWNER[place], place, "key", Role.VIEWER, brand)
                brands = None if brand is None else frozenset({brand})
                yield Caller("key", {"Authorization": f"Bearer {key}"}, place, brands)


OWNER = {
    f"ws_w{n}": Identity(
        "", {}, roles={f"ws_w{n}": Role.OWNER}, whole=frozenset({f"ws_w{n}"}), founds=True
    )
    for n in range(40)
}


def events(scope: Scope) -> pl.DataFrame:
    blank: dict[str, Any] = dict.fromkeys(EVENTS.names())
    rows = [
        blank
        | {
            "event_id": f"event_{i}",
            "catalog_id": [*scope.primes][i % CATALOGS],
            "event_type": "agent_view",
            "session_id": f"{scope.mark}_s{i % 3}",
            "product_id": f"{scope.mark}_p{i % 2}",
            "created_at": NOW - timedelta(hours=i + 1),
            "amount": [*scope.primes.values()][i % CATALOGS],
            "metadata": {"mark": scope.mark},
        }
        for i in range(6)
    ]
    return pl.DataFrame(rows, schema=EVENTS)


class Probe:
    """One request, and what its answer may hold."""

    def __init__(self, world: World) -> None:
        self.world = world
        chance = world.chance
        self.caller = chance.choice(world.callers)
        own = [one for one in world.scopes if one.workspace == self.caller.workspace]

        def pick():
            return chance.choice(own if chance.random() < 0.6 else world.scopes)

        whose = pick()
        self.path, self.header, self.query = whose.workspace, whose.brand, None
        if chance.random() < 0.5:  # swapped
            self.path = pick().workspace
            self.header, self.query = (
                pick().brand if chance.random() < share else None for share in (0.8, 0.3)
            )
        self.catalog = chance.choice([*pick().primes]) if chance.random() < 0.4 else None
        self.route = chance.choice(("aggregate", "aggregate", "export", "list", "board"))
        if self.caller.kind == "session" and self.route == "aggregate":
            self.route = "export"  # a cookie only reads
        self.board = chance.choice((whose, pick())).dashboard
        self.group_by = chance.choice(("session", "product_id", "metadata.mark", "none"))
        self.days = chance.choice((30, 30, 30, chance.randrange(1, 365)))

    @property
    def brand(self) -> str | None:
        sent = {one for one in (self.header, self.query) if one is not None}
        return sent.pop() if len(sent) == 1 else None

    async def run(self) -> str:
        """What came of it; raises AssertionError for what is not the caller's."""
        answer = await self._ask()
        if self.brand is None:
            assert answer.status_code in (400, 403), answer.text
            return "no brand, or two"
        scope = next(one for one in self.world.scopes if one.brand == self.brand)
        if not self.caller.may(self.path, self.brand) or scope.workspace != self.path:
            assert answer.status_code == 403, (answer.status_code, answer.text)
            return "foreign"
        self._check(answer, scope)
        return f"own {self.route}"

    def _check(self, answer: Any, scope: Scope) -> None:
        foreign = self.world.owners[self.board] is not scope
        if self.route == "board" and foreign:
            assert answer.status_code == 404, answer.text
            return
        assert answer.status_code == 200, answer.text
        marks = set(MARK.findall(answer.text))
        assert marks <= {scope.mark}, (marks, scope.mark)
        if self.route == "aggregate":
            amount = sum(row["value"] for row in answer.json()["rows"])
            assert amount == self._amount(scope), (amount, scope)

    def _amount(self, scope: Scope) -> int:
        """Of the events in the window, one an hour."""
        catalogs = [*scope.primes]
        seen = [catalogs[i % CATALOGS] for i in range(6) if i + 1 <= self.days * 24]
        mine = [one for one in seen if self.catalog in (None, one)]
        return sum(scope.primes[one] for one in mine)

    async def _ask(self) -> Any:
        headers = self.caller.headers | {"Content-Type": "application/json"}
        if self.header is not None:
            headers["X-Active-Brand"] = self.header
        if self.catalog is not None:
            headers["X-Active-Catalog"] = self.catalog
        body = {
            "event_types": None,
            "group_by": self.group_by,
            "aggregation": "sum",
            "value_field": "amount",
            "time_window_days": self.days,
        }
        query = {} if self.query is None else {"brand_id": self.query}
        root = f"/api/workspace/{self.path}/dashboards"
        path, method = {
            "aggregate": (f"{root}/aggregate", "POST"),
            "export": (f"{root}/aggregate/export", "GET"),
            "list": (root, "GET"),
            "board": (f"{root}/{self.board}", "GET"),
        }[self.route]
        if self.route == "export":
            query |= {name: v for name, v in body.items() if v is not None} | {"format": "csv"}

        async def receive() -> Any:
            return {"type": "http.request", "body": json.dumps(body).encode()}

        sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return await wire.raw(
            self.world.app, receive, path, sent, method, urlencode(query).encode()
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with provider() as issuer:
        made = World(tmp_path_factory.mktemp("scopes"), issuer)
        yield made
        made.database.dispose()


def probed(world, probes):
    """What came of so many probes."""
    seen: Counter[str] = Counter()

    async def one() -> None:
        seen[await Probe(world).run()] += 1

    async def all_of_them() -> None:
        for _ in range(probes // AT_ONCE):
            async with anyio.create_task_group() as group:
                for _ in range(AT_ONCE):
                    group.start_soon(one)

    # In a thread of its own: Playwright's loop may run in this one.
    with start_blocking_portal() as portal:
        portal.call(all_of_them)
    return seen


def test_no_probe_sees_what_is_not_its_own(world):
    seen = probed(world, PROBES)
    for kind in ("foreign", "no brand, or two", "own aggregate", "own export", "own list"):
        assert seen[kind] > PROBES / 100, seen
    told = ", ".join(f"{n:,} {kind}" for kind, n in seen.most_common())
    record(
        "Scopes kept apart",
        f"{len(world.scopes)} scopes of {WORKSPACES} workspaces, {len(world.callers)} callers by"
        f" key, access token and session, {PROBES:,} probes ({told}): 0 foreign rows, names or"
        " amounts.",
    )


def test_a_foreign_row_would_be_seen(world, monkeypatch):
    monkeypatch.setattr(Identity, "check", lambda *_: None)
    with pytest.raises(ExceptionGroup) as found:
        probed(world, 320)
    assert found.group_contains(AssertionError)
