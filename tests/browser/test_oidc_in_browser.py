"""People who sign in at a provider: there and back, and what comes back wrong."""

import json
import re
import time
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from engine.database.connect import open_database
from engine.scope import Identity, Role
from engine.workspaces.browser import IDENTITY
from engine.workspaces.people import People
from tests.api.openid import VERIFIED, OpenID, secrets_toml, subject_of
from tests.api.provider import AUDIENCE, provider
from tests.browser.people import Door, command, with_accounts
from tests.faults import sizes

OWNER, TIED = "ana@example.com", "bea@example.com"
UNSURE, STRANGER, GONE = "cid@example.com", "dan@example.com", "eve@example.com"
WORKSPACE = "ws_shop"
BRAND = {"X-Active-Brand": "11111111-1111-4111-8111-111111111111"}
COOKIES = "Kz0vQm7Zr2kXw9Tn4LbYc8HdPfUs1GjEa3"
OPERATOR = Identity("", {}, founds=True)
NOT_ACCEPTED = "was not finished, or its answer was not accepted"


@pytest.fixture(scope="module")
def issuer():
    with provider(OpenID) as started:
        started.people = dict.fromkeys((OWNER, TIED, STRANGER, GONE), VERIFIED) | {UNSURE: False}
        yield started


@pytest.fixture(scope="module")
def house(tmp_path_factory, issuer):
    home = tmp_path_factory.mktemp("house")
    secrets = home / "secrets.toml"
    secrets.write_text(secrets_toml(issuer, "http://127.0.0.1:{port}", COOKIES))
    set_here = {
        "STREAMLIT_SECRETS_FILES": str(secrets),
        "VITRINE_OIDC_ISSUER": issuer.issuer,
        "VITRINE_OIDC_AUDIENCE": AUDIENCE,
    }
    with pytest.MonkeyPatch.context() as patch, with_accounts(home, patch, **set_here) as address:
        database = open_database(f"sqlite:///{home / 'vitrine.db'}")
        people = People.over(database, lambda: datetime.now(UTC), dict)
        place = ("--workspace", WORKSPACE)
        command(home, "add", OWNER, *place, "--role", "owner", "--no-password")
        for email in (UNSURE, GONE):
            people.members.add(OPERATOR, WORKSPACE, email, Role.OWNER)
        people.members.disable(OPERATOR, WORKSPACE, people.accounts.find(GONE).id)
        subject = f"{issuer.issuer} {subject_of(TIED)}"
        command(
            home, "add", "elsewhere@example.com", "--workspace", WORKSPACE, "--subject", subject
        )
        yield address
        database.dispose()


@pytest.fixture
def doors(browser, house, issuer):
    """Opens browsers of their own."""
    contexts = []
    issuer.trick = ""

    def new():
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        return Door(context.new_page(), house)

    yield new
    for context in contexts:
        context.close()


def through(door, email, path="/"):
    """By way of the provider, as somebody there."""
    door.open(path)
    door.page.get_by_role("button", name="Sign in with Auth0").click()
    door.page.get_by_role("link", name=email, exact=True).click()
    return door


def stays_out(door, why):
    expect(door.page.get_by_text(why)).to_be_visible(timeout=20_000)
    expect(door.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert "vitrine_session" not in door.cookies()


def test_there_and_back_to_the_place_that_was_asked_for(doors, issuer):
    door = doors()
    seen = []
    door.page.on("request", lambda request: seen.append(request.url))
    through(door, OWNER, "/data?lang=en&workspace=ws_shop").is_in(OWNER)
    assert re.search(r"/data\?.*workspace=ws_shop", door.page.url)
    assert "ticket" not in door.page.url
    cookie = door.cookies()["vitrine_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert door.page.evaluate("document.cookie").find("streamlit_user") == -1
    asked = issuer.exchanged[-1]
    assert asked["nonce"]
    assert (asked["code_challenge_method"], asked["audience"]) == ("S256", AUDIENCE)
    ours = (door.address, issuer.issuer, "data:", "blob:", door.address.replace("http", "ws"))
    assert [url for url in seen if not url.startswith(ours)] == []
    assert door.page.get_by_text("Present password").count() == 0


def test_a_subject_needs_no_verified_email(doors):
    through(doors(), TIED).is_in("elsewhere@example.com")


def test_signing_out_ends_it_here_and_there(doors, issuer):
    door = through(doors(), OWNER).is_in(OWNER)
    kept, ended = door.cookies(), issuer.ended
    door.account().click()
    door.page.get_by_role("button", name="Sign out").click()
    expect(door.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert issuer.ended == ended + 1
    assert {"vitrine_session", IDENTITY} & set(door.cookies()) == set()
    door.open("/data")
    stays_out(door, "Sign in with Auth0")
    thief = doors()
    # All but its own session, which is tested elsewhere.
    kept.pop("vitrine_session")
    thief.page.context.add_cookies(list(kept.values()))
    stays_out(thief.open(), "Sign in with Auth0")


def test_what_the_provider_said_is_good_once(doors):
    """Streamlit keeps it for 30 days; ours it is only at the door."""
    door = through(doors(), OWNER).is_in(OWNER)
    others = [cookie for name, cookie in door.cookies().items() if "vitrine" not in name]
    assert IDENTITY in {cookie["name"] for cookie in others}
    thief = doors()
    thief.page.context.add_cookies(others)
    stays_out(thief.open(), "Sign in with Auth0")


def test_a_forged_identity_opens_nothing(doors, issuer):
    """Signed as Streamlit signs it, with secrets that a forger may try; then with the right one."""
    door = doors().open()
    claims = issuer.claims(time.time(), sub=subject_of(OWNER), nonce="forged")
    text = json.dumps(claims | {"is_logged_in": True, "origin": door.address, "provider": "auth0"})

    def plant(secret):
        value = create_signed_value(secret, IDENTITY, text).decode()
        door.page.context.add_cookies([{"name": IDENTITY, "value": value, "url": door.address}])
        return door.open()

    for secret in ("xxx", "streamlit", COOKIES[:-1]):
        stays_out(plant(secret), "Sign in with Auth0")
    plant(COOKIES).is_in(OWNER)


@pytest.mark.parametrize(
    ("email", "why"),
    [
        (UNSURE, "has not verified your e-mail"),
        (STRANGER, "You are known to the sign-in provider but not here"),
        (GONE, "Your account is disabled"),
        ("nobody", NOT_ACCEPTED),
    ],
)
def test_who_does_not_belong_here_is_told(doors, issuer, email, why):
    door = through(doors(), email, "/data")
    stays_out(door, why)
    if email == "nobody":
        return
    ended = issuer.ended
    door.page.get_by_role("button", name="Use another account").click()
    expect(door.page.get_by_text(why)).to_have_count(0)
    stays_out(door, "Sign in with Auth0")
    assert issuer.ended == ended + 1
    door.page.get_by_role("button", name="Sign in with Auth0").click()
    door.page.get_by_role("link", name=OWNER, exact=True).click()
    door.is_in(OWNER)


TRICKS = ["nonce", "another key", "audience", "issuer", "expired", "secret", "unsigned"]


@pytest.mark.parametrize("trick", TRICKS if sizes.FULL else TRICKS[:2])
def test_a_wrong_answer_signs_nobody_in(doors, issuer, trick):
    issuer.trick = trick
    stays_out(through(doors(), OWNER), NOT_ACCEPTED)


def test_an_old_answer_signs_nobody_in(doors, issuer):
    issuer.trick = "stale"
    stays_out(through(doors(), OWNER), "Sign in with Auth0")


def test_an_answer_nobody_asked_for(doors, issuer):
    """Of another browser's sign-in: whoever follows such a link is not signed in as its maker."""
    maker = doors().open()
    maker.page.get_by_role("button", name="Sign in with Auth0").click()
    chosen = maker.page.get_by_role("link", name=OWNER, exact=True).get_attribute("href")
    answer = maker.page.request.get(issuer.issuer[:-1] + chosen, max_redirects=0)
    victim = doors()
    victim.page.goto(answer.headers["location"])
    stays_out(victim, NOT_ACCEPTED)


def test_its_access_tokens_open_the_endpoint(doors, issuer):
    """Of the same person: the account is tied to the subject on the pages."""
    door = through(doors(), OWNER).is_in(OWNER)
    # The workspace has no such brand: that is said to its members only.
    assert status(door, issuer.token(time.time(), sub=subject_of(OWNER))) == 403
    assert status(door, issuer.token(time.time(), sub=subject_of(STRANGER))) == 401
    asked = {"email": OWNER, "sub": subject_of(OWNER), "nonce": "n"}
    assert status(door, issuer.id_token(time.time(), asked)) == 401


def test_its_keys_rotate(doors, issuer):
    for kind in ("ec", "rsa"):
        issuer.rotate(f"new-{kind}", kind)
        door = through(doors(), OWNER).is_in(OWNER)
    if sizes.FULL:
        token, began = issuer.token(time.time(), sub=subject_of(OWNER)), time.monotonic()
        while status(door, token) == 401:
            assert time.monotonic() - began < 60
            time.sleep(0.5)


def status(door, token):
    path = f"{door.address}/api/workspace/{WORKSPACE}/dashboards"
    headers = BRAND | {"Authorization": f"Bearer {token}"}
    return door.page.request.get(path, headers=headers).status
