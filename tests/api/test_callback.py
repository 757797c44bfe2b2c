"""Back from a sign-in provider, and out again: what our layers add to Streamlit's routes."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.http.callback import CALLBACK, UNFINISHED, Callback
from engine.http.pages import PageHeaders
from engine.http.sign_in import PROVIDER_OUT, SignIn
from engine.workspaces.browser import IDENTITY, SESSION
from tests.workspaces.people import Crew


@pytest.fixture
def crew(tmp_path):
    crew = Crew(open_database(f"sqlite:///{tmp_path / 'vitrine.db'}"))
    yield crew
    crew.database.dispose()


def browser(crew=None, base="http://testserver", cookie="someone", drop=False):
    """Of an app whose callback puts or drops this identity."""

    async def back(_):
        response = RedirectResponse("/", 302)
        if drop:
            response.delete_cookie(IDENTITY)
        elif cookie:
            response.set_cookie(IDENTITY, cookie)
        response.set_cookie("_streamlit_session", "state")
        return response

    routes = [Route(CALLBACK, back), Route("/other", back)]
    routes += [] if crew is None else SignIn(crew.people.entry).routes()
    middleware = [Middleware(PageHeaders, lambda: False), Middleware(Callback)]
    return TestClient(
        Starlette(routes=routes, middleware=middleware), base_url=base, follow_redirects=False
    )


@pytest.mark.parametrize(
    ("asked", "options", "place"),
    [
        ("?code=c&state=s", {}, "/"),
        ("?code=c&state=s", {"cookie": ""}, UNFINISHED),
        ("?code=c&state=s", {"drop": True}, UNFINISHED),
        ("?error=access_denied&state=s", {"cookie": ""}, UNFINISHED),
        ("", {"cookie": ""}, "/"),
    ],
)
def test_the_page_is_told_that_a_sign_in_came_to_nothing(asked, options, place):
    assert browser(**options).get(CALLBACK + asked).headers["Location"] == place
    assert browser(**options).get("/other" + asked).headers["Location"] == "/"


def test_cookies_of_streamlit_go_over_tls_only_behind_it():
    for base, secure in (("https://testserver", True), ("http://testserver", False)):
        given = browser(base=base).get(CALLBACK).headers.get_list("set-cookie")
        assert len(given) == 2
        assert [cookie.endswith("; Secure") for cookie in given] == [secure, secure]


def test_a_sign_out_goes_on_to_the_provider_where_one_was_used(crew):
    client = browser(crew)
    assert client.get("/sign-out").headers["Location"] == "/"
    client.cookies.set(IDENTITY, "someone")
    assert client.get("/sign-out").headers["Location"] == PROVIDER_OUT
    token = crew.sign_in("viewer")
    client.cookies.set(SESSION, token)
    linked = client.get("/sign-out")
    assert (linked.headers["Location"], "Set-Cookie" in linked.headers) == ("/", False)
    crew.people.entry.leave(token)
    assert client.get("/sign-out").headers["Location"] == PROVIDER_OUT
