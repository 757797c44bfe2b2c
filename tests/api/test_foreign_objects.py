"""Dashboards by id: every route of the table that names one x every role x own and foreign ones.

What is somebody else's is the same 404 as what is not there.
"""

from itertools import product
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.http.auth import PeopleAuthenticator
from engine.scope import Role
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.permissions import DASHBOARD_FIELD, LEAST, OF_ROUTE
from tests.api import wire
from tests.api.shop import open_shops, served
from tests.workspaces.people import BRAND, FOREIGN, OTHER, PLACE, SECOND, Crew

ROUTES = [route for route in OF_ROUTE if f"{{{DASHBOARD_FIELD}}}" in route]
PLACES = {"own": (PLACE, BRAND), "second brand": (PLACE, SECOND), "foreign": (OTHER, FOREIGN)}
WHO = [role.value for role in Role]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    path = tmp_path_factory.mktemp("objects") / "vitrine.db"
    crew = Crew(open_database(f"sqlite:///{path}"))
    boards = Dashboards(crew.database, crew.clock)
    owner = crew.who("owner")
    tokens = {role.value: crew.people.keys.make(owner, PLACE, role.value, role)[1] for role in Role}
    auth = PeopleAuthenticator(crew.people.access)
    with TestClient(served(open_shops(), auth=auth, dashboards=boards)) as client:
        yield client, boards, tokens
    crew.database.dispose()


def made(boards, where):
    slug = f"board-{uuid4().hex}"
    return boards.create(*PLACES[where], "", {"slug": slug, "name": f"Of {where}"}).id


def ask(client, route, token, id, place=PLACES["own"]):
    method, path = route.split(" ")
    address = path.replace("{workspaceId}", place[0]).replace(f"{{{DASHBOARD_FIELD}}}", id)
    headers = {"X-Active-Brand": place[1], "Authorization": f"Bearer {token}"}
    content = {"json": {"name": "Changed"}} if method == "PUT" else {}
    return client.request(method, address, headers=headers, **content)


@pytest.mark.parametrize("route", ROUTES)
def test_routes_x_roles_x_objects(house, route):
    client, boards, tokens = house
    for who, where in product(WHO, PLACES):
        id = made(boards, where)
        answer = ask(client, route, tokens[who], id)
        if not Role(who).reaches(LEAST[OF_ROUTE[route]]):
            wire.envelope(answer, 403, "AUTH_003")
        elif where == "own":
            assert answer.status_code in (200, 204)
        else:
            missing = ask(client, route, tokens[who], wire.NEVER_SEEN)
            told = [
                wire.envelope(one, 404, "NOT_FOUND")["message"].replace(of, "ID")
                for one, of in ((answer, id), (missing, wire.NEVER_SEEN))
            ]
            assert told[0] == told[1]
        if where != "own":
            assert boards.get(*PLACES[where], id).name == f"Of {where}"


@pytest.mark.parametrize("route", ROUTES)
def test_a_foreign_place_hides_what_is_there(house, route):
    client, boards, tokens = house
    id = made(boards, "foreign")
    there, nowhere = (
        wire.envelope(ask(client, route, tokens["owner"], one, PLACES["foreign"]), 403, "AUTH_004")
        for one in (id, wire.NEVER_SEEN)
    )
    assert there["message"] == nowhere["message"]
