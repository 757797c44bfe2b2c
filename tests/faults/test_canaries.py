"""Tokens, passwords and ids of people are marked, sent in every way, and in no log or error."""

import http.client
import json
import random
import time
from collections import Counter
from urllib.parse import urlencode

import pytest

from engine.database.connect import open_database
from engine.engine import utc_now
from engine.scope import Identity, Role
from engine.workspaces.browser import IDENTITY, SESSION, VISIT
from engine.workspaces.entry import Visit
from engine.workspaces.people import People
from tests.api.provider import AUDIENCE, Provider, provider
from tests.browser.server import running
from tests.faults.server import serving
from tests.faults.sizes import SEED, record, size

REQUESTS = size(300, 10_000)
WORKSPACE = "ws_shop"
BRAND = "11111111-1111-4111-8111-111111111111"
OPERATOR = Identity("", {}, founds=True)
PASSWORD = "canary-Password-5f1d"
SECRET = "Kz0vQm7Zr2kXw9Tn4LbYc8HdPfUs1GjEa3"
COOKIES = (SESSION, VISIT, IDENTITY)
ROOT = f"/api/workspace/{WORKSPACE}"
AGGREGATE = f"{ROOT}/dashboards/aggregate"
BODY = {
    "event_types": None,
    "group_by": "none",
    "aggregation": "count",
    "time_window_days": 30,
}


class Canaries:
    """kept: everything that may be in no log and no error. opening: what lets somebody in."""

    def __init__(self, home, issuer):
        self.chance = random.Random(SEED)
        database = open_database(f"sqlite:///{home / 'vitrine.db'}")
        people = People.over(database, utc_now, dict)
        visit = Visit("v" * 43, "127.0.0.1")
        added = people.members.add(OPERATOR, WORKSPACE, "bea@example.com", Role.EDITOR)
        ticket = people.entry.accept(added.invitation, PASSWORD, visit)
        owner = Identity("", {}, roles={WORKSPACE: Role.OWNER}, whole=frozenset({WORKSPACE}))
        _, self.key = people.keys.make(owner, WORKSPACE, "key", Role.EDITOR)
        self.session = people.entry.complete(ticket, visit)
        self.token = issuer.token(
            time.time(), email="bea@example.com", email_verified=True, sub="canarysubject"
        )
        self.unknown = [
            f"sk_live_{self._word(43)}",
            f"canary{self._word(20)}",
            self._foreign(issuer),
        ]
        self.people = [f"canary{self._word(12)}" for _ in range(8)]
        """Ids of sessions and customers in events."""
        self.kept = [
            *(self.key, self.session, self.token.rpartition(".")[2], PASSWORD, SECRET, ticket),
            *(one.rpartition(".")[2] for one in self.unknown),
            *("canarysubject", added.invitation, *self.people),
        ]
        database.dispose()

    def _word(self, length):
        return "".join(self.chance.choices("abcdefghijkmnpqrstuvwxyz23456789", k=length))

    @staticmethod
    def _foreign(issuer):
        other = Provider.made("rsa")
        good, issuer.keys[issuer.kid] = issuer.keys[issuer.kid], other
        token = issuer.token(time.time(), sub="canarysubject")
        issuer.keys[issuer.kid] = good
        return token

    def request(self):
        """Method, path, headers and body of some request, good or bad."""
        pick = self.chance.choice
        credential = pick([self.key, self.token, self.session, PASSWORD, *self.unknown])
        headers = {"X-Active-Brand": pick([BRAND, BRAND, self.people[0], self.key])}
        headers |= pick(
            [
                {"Authorization": f"Bearer {credential}"},
                {"Authorization": f"Bearer {credential}"},
                {"Authorization": credential},
                {"Cookie": "; ".join(f"{name}={credential}" for name in COOKIES)},
                {"X-Request-Id": credential, "User-Agent": credential, "Referer": credential},
            ]
        )
        event = {
            "event_type": pick(["agent_view", "Bad Type"]),
            "session_id": pick(self.people),
            "customer_id": pick([*self.people, 7]),
            "created_at": pick(["2026-11-28T00:00:00Z", "yesterday"]),
            "metadata": {"customer": pick(self.people)},
        }
        query = urlencode({pick(["ticket", "set_up", "invitation", "token", "code"]): credential})
        method, path, body = pick(
            [
                ("POST", AGGREGATE, BODY),
                ("POST", AGGREGATE, BODY | {"aggregation": "sum"}),
                ("POST", f"{ROOT}/events", {"events": [event]}),
                ("POST", f"{ROOT}/events", {"events": [event, event, {"session_id": event}]}),
                ("GET", f"{AGGREGATE}/export?format=csv&{query}", None),
                ("GET", f"{ROOT}/dashboards?{query}", None),
                ("PUT", f"{ROOT}/dashboards/{BRAND}", {"name": "x"}),
                ("POST", f"{ROOT}/dashboards", {"slug": "a", "name": ""}),
                ("GET", f"/sign-in?{query}", None),
                ("GET", f"/sign-out?{query}", None),
                ("GET", f"/?{query}", None),
                ("GET", f"/oauth2callback?state=s&{query}", None),
                ("GET", f"/auth/login?provider={credential}", None),
                ("GET", pick(["/healthz", "/readyz", "/metrics", "/_stcore/metrics"]), None),
                ("PATCH", AGGREGATE, BODY),
                ("POST", f"{ROOT}/events", b"\xff{" + credential.encode()),
            ]
        )
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        return method, path, headers, body


@pytest.fixture(scope="module")
def issuer():
    with provider() as started:
        yield started


def settings(issuer):
    return {
        "VITRINE_DEMO": "off",
        "VITRINE_SECRET": SECRET,
        "VITRINE_OIDC_ISSUER": issuer.issuer,
        "VITRINE_OIDC_AUDIENCE": AUDIENCE,
        "VITRINE_RATE_LIMIT_PER_MINUTE": "100000",
    }


def test_no_canary_sings_at_the_endpoint(tmp_path, issuer):
    canaries, log = Canaries(tmp_path, issuer), tmp_path / "log"
    with serving(tmp_path, log, level="debug", **settings(issuer)) as port:
        statuses = sing(canaries, port)
    assert "GET /readyz" in log.read_text()  # it does log what was asked for
    silent(canaries, log.read_text(), statuses, "the endpoint alone, its log at debug")


def test_no_canary_sings_on_the_pages(tmp_path, issuer, monkeypatch):
    canaries = Canaries(tmp_path, issuer)
    for name, value in settings(issuer).items():
        monkeypatch.setenv(name, value)
    with running(tmp_path, 0) as (address, _):
        statuses = sing(canaries, int(address.rpartition(":")[2]))
    log = (tmp_path / "server.log").read_text()
    silent(canaries, log, statuses, "pages and endpoint")


def sing(canaries, port):
    """Send the requests; what comes back holds no canary, but a person's own ids in rows."""
    statuses = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(REQUESTS):
        method, path, headers, body = canaries.request()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            connection.close()
            continue
        statuses[answer.status] += 1
        assert answer.status < 500 or answer.status == 503, (method, path, text)
        head = str(answer.headers)
        for canary in canaries.kept:
            # Streamlit's page is the same for every address; what an error says of a brand or an
            # id that was sent is the sender's own.
            mine = canary in canaries.people or canary in headers.get("X-Active-Brand", "")
            assert mine or canary not in text + head, (method, path, canary, text[:500])
    connection.close()
    return statuses


def silent(canaries, log, statuses, where):
    found = [canary for canary in canaries.kept if canary in log]
    assert found == []
    assert "Traceback" not in log
    assert len(statuses) > 4, statuses
    told = ", ".join(f"{n:,} x {status}" for status, n in sorted(statuses.items()))
    record(
        f"Canaries at {where.split(',')[0]}",
        f"{len(canaries.kept)} tokens, passwords and ids of people in {sum(statuses.values()):,}"
        f" requests ({told}): 0 in {len(log):,} letters of log of {where}, 0 in errors.",
    )
