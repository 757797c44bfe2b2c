"""Links of many scopes, with tokens, widgets, headers and queries swapped at random: nobody ever
gets a row of another scope."""

import csv
import io
import random
from dataclasses import dataclass

from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.engine import Engine
from engine.scope import Identity, Role, Scope
from engine.stores.memory import MemoryStore
from engine.workspaces.audit import Audit
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.links import ShareLink, ShareLinks, State
from engine.workspaces.permissions import SHARED_EXPORT_PATH
from tests.api.shop import NOW, events, served
from tests.faults.sizes import SEED, record, size
from tests.workspaces.boards import widget
from tests.workspaces.people import Clock

PLAIN = {"value_field": None, "aggregation": "count", "event_types": None}
KINDS = ("product_id", "session", "metadata.shop")


@dataclass(frozen=True)
class Place:
    """A brand with its marker in every key, its dashboard and one link of each kind."""

    name: str
    scope: Scope
    widgets: tuple[str, ...]
    whole: tuple[ShareLink, str]
    single: tuple[ShareLink, str]


def place(number: int, dashboards: Dashboards, links: ShareLinks) -> Place:
    scope = Scope(f"ws_{number // 3}", f"{number:08d}-1111-4111-8111-111111111111")
    name = f"mark{number}x"
    raw = [widget(0, 2 * i, kind="top_n", group_by=kind, **PLAIN) for i, kind in enumerate(KINDS)]
    made = {"slug": "shop", "name": name, "widgets": raw}
    board = dashboards.create(scope.workspace_id, scope.brand_id, "ana", made)
    ids = tuple(one.id for one in board.widgets)
    by = maker(scope.brand_id)
    options = {"days": 7, "may_export": True}
    return Place(
        name,
        scope,
        ids,
        links.make(by, scope, board.id, **options),
        links.make(by, scope, board.id, ids[0], **options),
    )


def maker(subject: str) -> Identity:
    """Whose id is their brand's."""
    workspace = f"ws_{int(subject[:8]) // 3}"
    return Identity(subject, {workspace: frozenset({subject})}, roles={workspace: Role.EDITOR})


def test_swapped_links_tokens_and_widgets(tmp_path):
    chance, count = random.Random(SEED), size(12, 200)
    database = open_database(f"sqlite:///{tmp_path / 'vitrine.db'}")
    dashboards = Dashboards(database, Clock())
    links = ShareLinks(database, Clock(), dashboards, maker, Audit(database, Clock()))
    links._of_address._limit = links._of_link._limit = 10**9
    places = [place(number, dashboards, links) for number in range(count)]
    frames = {
        (one.scope.workspace_id, one.scope.brand_id): events(one.name, 20 + number % 5)
        for number, one in enumerate(places)
    }
    ended = {one.whole[0].id for one in places[::4]}
    for one in places[::4]:
        links.revoke(maker(one.scope.brand_id), one.scope.workspace_id, one.whole[0].id)
    engine = Engine(MemoryStore(frames), clock=lambda: NOW)
    probes, opened = size(600, 200_000), 0
    with TestClient(served(engine, share_links=links)) as client:
        for _ in range(probes):
            mine, other = chance.choice(places), chance.choice(places)
            link, token = chance.choice((mine.whole, mine.single))
            of = chance.choice((mine, mine, other))
            chosen = chance.choice(of.widgets)
            if chance.random() < 0.2:
                at = chance.randrange(43)
                token = token[:at] + chance.choice("AbZ09-_") + token[at + 1 :]
            headers = {
                "X-Active-Brand": other.scope.brand_id,
                "Authorization": f"Bearer {other.whole[1]}",
            }
            asked = {"token": token, "widget": chosen, "format": "csv"}
            answer = client.get(SHARED_EXPORT_PATH, params=asked, headers=headers)
            good = token in (mine.whole[1], mine.single[1]) and link.id not in ended
            good = good and chosen in link.widget_ids
            assert answer.status_code == (200 if good else 404), answer.text
            if good:
                keys = [row[0] for row in csv.reader(io.StringIO(answer.text))][1:]
                assert keys
                assert all(key.startswith(mine.name) for key in keys)
                opened += 1
            else:
                assert "mark" not in answer.text
    assert opened > probes / 10
    assert links.state(places[1].whole[0]) is State.OPEN
    record(
        "Links of many scopes",
        f"{count} scopes, {probes:,} requests with swapped tokens, widgets and headers: {opened:,}"
        " answered, each with rows of its own scope only.",
    )
    database.dispose()
