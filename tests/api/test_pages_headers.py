"""The headers of the pages, the browser's own cookie, and the routes that set and drop cookies."""

import logging

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.http.log import hide_queries
from engine.http.pages import HEADERS, PageHeaders
from engine.http.sign_in import REFUSED, SignIn, place
from engine.workspaces.browser import SECURE, SESSION, VISIT
from engine.workspaces.entry import Visit
from tests.workspaces.people import PASSWORD, Crew, email

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def crew(tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "vitrine.db"
    crew = Crew(open_database(f"sqlite:///{path}"))
    yield crew
    crew.database.dispose()


def browser(crew, visits=True, public_url="", base="http://testserver"):
    async def page(_):
        return Response("<html>", media_type="text/html")

    async def text(_):
        return PlainTextResponse("text", headers={"Referrer-Policy": "origin"})

    routes = [
        Route("/", page),
        Route("/text", text),
        *SignIn(crew.people.entry, public_url).routes(),
    ]
    middleware = [Middleware(PageHeaders, lambda: visits, public_url)]
    app = Starlette(routes=routes, middleware=middleware)
    return TestClient(app, base_url=base, follow_redirects=False)


def test_the_log_of_requests_has_no_queries(caplog):
    hide_queries()
    log = logging.getLogger("uvicorn.access")
    with caplog.at_level(logging.INFO, "uvicorn.access"):
        line = '%s - "%s %s HTTP/%s" %d'
        log.info(line, "127.0.0.1:1", "GET", "/share?token=secret&x=%s", "1.1", 200)
        log.info("plain")
    said = [record.getMessage() for record in caplog.records]
    assert said == ['127.0.0.1:1 - "GET /share HTTP/1.1" 200', "plain"]


@pytest.mark.parametrize("path", ["/", "/text", "/nowhere", "/sign-in", "/sign-out"])
def test_headers_are_on_every_response(crew, path):
    answer = browser(crew).get(path)
    assert {name.lower() for name in HEADERS} <= set(answer.headers)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "http" not in HEADERS["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == ("origin" if path == "/text" else "no-referrer")
    assert "Strict-Transport-Security" not in answer.headers


def test_a_browser_gets_a_cookie_of_its_own_once(crew):
    client = browser(crew)
    given = client.get("/", headers=HTML).headers["Set-Cookie"]
    assert given.startswith(f"{VISIT}=")
    for part in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert part in given
    assert "Set-Cookie" not in client.get("/", headers=HTML).headers
    for quiet in (browser(crew, visits=False), browser(crew)):
        assert "Set-Cookie" not in quiet.get("/text", headers=HTML).headers
    assert "Set-Cookie" not in browser(crew, visits=False).get("/", headers=HTML).headers


def signed_in(crew, client, name="viewer", following="/"):
    client.get("/", headers=HTML)
    visit = client.cookies.get(VISIT) or client.cookies.get(SECURE + VISIT)
    ticket = crew.people.entry.by_password(email(name), PASSWORD, Visit(visit, "x"))
    return ticket, client.get("/sign-in", params={"ticket": ticket, "next": following})


def test_a_ticket_becomes_a_cookie(crew):
    client = browser(crew)
    ticket, answer = signed_in(crew, client, following="/data?brand=a&lang=pt")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/data?brand=a&lang=pt")
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=1209600"):
        assert part in given
    assert "Secure" not in given
    session = client.cookies.get(SESSION)
    assert crew.session(session) == crew.account("viewer").id
    again = client.get("/sign-in", params={"ticket": ticket})
    assert again.headers["Location"] == REFUSED
    assert "Set-Cookie" not in again.headers


@pytest.mark.parametrize(
    ("base", "url"),
    [("https://testserver", ""), ("https://testserver", "https://testserver")],
)
def test_behind_tls_cookies_go_nowhere_else(crew, base, url):
    client = browser(crew, public_url=url, base=base)
    visit = client.get("/", headers=HTML)
    assert visit.headers["Strict-Transport-Security"]
    _, answer = signed_in(crew, client)
    for given in (answer.headers["Set-Cookie"],):
        assert given.startswith(f"{SECURE}{SESSION}=")
        assert "Secure" in given
        assert "Domain" not in given


def test_behind_tls_nobody_plants_a_browser(crew):
    """Another site of the domain can write a cookie of the plain name."""
    client = browser(crew, public_url="https://testserver", base="https://testserver")
    planted = "p" * 43
    client.cookies.set(VISIT, planted)
    assert f"{SECURE}{VISIT}=" in client.get("/", headers=HTML).headers["Set-Cookie"]
    del client.cookies[SECURE + VISIT]
    mine = Visit(planted, "x")
    ticket = crew.people.entry.by_password(email("foreign"), PASSWORD, mine)
    answer = client.get("/sign-in", params={"ticket": ticket})
    assert answer.headers["Location"] == REFUSED


def test_a_session_that_was_planted_ends(crew):
    client = browser(crew)
    planted = crew.sign_in("foreign")
    client.cookies.set(SESSION, planted)
    signed_in(crew, client)
    assert crew.session(planted) is None


def test_another_browsers_ticket_opens_nothing(crew):
    """A link cannot sign its reader in to somebody else's account."""
    attacker, victim = browser(crew), browser(crew)
    attacker.get("/", headers=HTML)
    victim.get("/", headers=HTML)
    mine = Visit(attacker.cookies.get(VISIT), "x")
    ticket = crew.people.entry.by_password(email("foreign"), PASSWORD, mine)
    answer = victim.get("/sign-in", params={"ticket": ticket})
    assert (answer.headers["Location"], SESSION in victim.cookies) == (REFUSED, False)
    stranger = browser(crew).get("/sign-in", params={"ticket": ticket})
    assert stranger.headers["Location"] == REFUSED


def test_leaving_forgets_the_cookie_of_an_ended_session_only(crew):
    client = browser(crew)
    signed_in(crew, client)
    session = client.cookies.get(SESSION)
    assert "Set-Cookie" not in client.get("/sign-out").headers
    crew.people.entry.leave(session)
    dropped = client.get("/sign-out").headers.get_list("Set-Cookie")
    assert all("Max-Age=0" in line or "expires" in line.lower() for line in dropped)
    assert SESSION not in client.cookies


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "",
        "data",
        "/a\nSet-Cookie: a=b",
        "/a\\b",
        "/ü",
        "/" + "x" * 5000,
    ],
)
def test_the_way_back_leads_to_this_server(text):
    assert place(text) == "/"


def test_ways_back():
    for text in ("/", "/data", "/?group_by=metadata.country&limit=3", "/dashboard?dashboard=a#b"):
        assert place(text) == text
