"""Files go into memory for members only."""

import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from engine.http.uploads import UploadsOfMembers
from engine.workspaces.browser import SECURE, SESSION

GOOD, ENDED = "g" * 43, "e" * 43
UPLOAD = "/_stcore/upload_file/some-session/some-file"


def client(may, public_url="", base="http://testserver"):
    async def taken(request):
        return PlainTextResponse(f"{len(await request.body())}")

    methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS"]
    routes = [Route("/{rest:path}", taken, methods=methods)]
    middleware = [Middleware(UploadsOfMembers, may, public_url)]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url=base)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("path", [UPLOAD, f"/base{UPLOAD}"])
def test_only_members_upload(method, path):
    browser = client(lambda session: session == GOOD)
    for cookies, status in (
        ({}, 403),
        ({SESSION: ENDED}, 403),
        ({SESSION: "x"}, 403),
        ({SESSION: GOOD}, 200),
    ):
        said = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = browser.request(method, path, content=b"abc", headers={"Cookie": said})
        assert answer.status_code == status, cookies
    assert browser.options(path).status_code == 200
    assert browser.request(method, "/dashboards", content=b"abc").text == "3"


def test_behind_tls_a_planted_session_uploads_nothing():
    browser = client(lambda session: session == GOOD, "https://testserver", "https://testserver")
    planted = browser.put(UPLOAD, headers={"Cookie": f"{SESSION}={GOOD}"})
    own = browser.put(UPLOAD, headers={"Cookie": f"{SECURE}{SESSION}={GOOD}"})
    assert (planted.status_code, own.status_code) == (403, 200)


def test_a_dead_database_takes_nothing():
    def fail(_):
        raise OperationalError("select", {}, Exception("gone"))

    assert client(fail).put(UPLOAD).status_code == 403
