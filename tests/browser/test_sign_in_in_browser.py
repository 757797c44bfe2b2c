"""The journey of people: set up, sign in, invite, change the password, leave; and its attacks."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.people import PASSWORD, Door, command, set_up_link, with_accounts

OWNER = "ana@example.com"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch, with_accounts(home, patch) as address:
        yield home, address


@pytest.fixture
def doors(browser, house):
    """Opens browsers of their own."""
    contexts = []

    def new():
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        return Door(context.new_page(), house[1])

    yield new
    for context in contexts:
        context.close()


def owner(house):
    """The command makes an account where a test is run by itself."""
    home, _ = house
    if OWNER not in command(home, "list", "--workspace", "ws_shop"):
        added = ("add", OWNER, "--workspace", "ws_shop", "--role", "owner")
        command(home, *added, typed=f"{PASSWORD}\n")


def test_the_first_owner_is_made_by_the_link(doors, house):
    home, address = house
    door = doors()
    link = set_up_link(home)
    door.open(link.removeprefix(address))
    door.page.get_by_role("textbox", name="E-mail").fill(OWNER)
    door.page.get_by_role("textbox", name="New password").fill("short")
    door.page.get_by_role("button", name="Make the account").click()
    expect(door.page.get_by_text("has 5 characters")).to_be_visible()
    door.page.get_by_role("textbox", name="New password").fill(PASSWORD)
    door.page.get_by_role("button", name="Make the account").click()
    door.is_in(OWNER)
    assert "set_up" not in door.page.url
    stranger = doors().open(link.removeprefix(address))
    expect(stranger.page.get_by_text("This link was used or has expired")).to_be_visible()


def test_a_deep_link_survives_the_sign_in(doors, house):
    owner(house)
    door = doors().open("/data?lang=en&workspace=ws_shop").is_out()
    assert "events" not in door.page.locator("body").inner_text().lower()
    door.sign_in(OWNER, "wrong")
    expect(door.page.get_by_text("E-mail or password is wrong.")).to_be_visible()
    door.sign_in(OWNER).is_in(OWNER)
    assert re.search(r"/data\?.*workspace=ws_shop", door.page.url)
    assert "ticket" not in door.page.url
    cookie = door.cookies()["vitrine_session"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert door.page.evaluate("document.cookie").find("vitrine") == -1
    expect(door.page.get_by_role("heading", name="Data")).to_be_visible()


def test_a_session_that_ends_closes_the_open_page(doors, house):
    owner(house)
    door = doors().open().is_out().sign_in(OWNER).is_in(OWNER)
    stolen = door.cookies()["vitrine_session"]
    other = doors()
    other.page.context.add_cookies([stolen])
    other.open().is_in(OWNER)
    door.account().click()
    door.page.get_by_role("button", name="Sign out").click()
    door.is_out()
    began = time.monotonic()
    expect(other.page.get_by_role("button", name="Sign in")).to_be_visible(timeout=5_000)
    assert time.monotonic() - began < 5
    assert "vitrine_session" not in door.cookies()
    door.open("/data").is_out()


def test_planted_and_tampered_cookies_open_nothing(doors, house):
    owner(house)
    door = doors().open().is_out()
    visit = door.cookies()["vitrine_visit"]["value"]
    for value in ("A" * 43, "", "null", visit):
        door.page.context.add_cookies(
            [{"name": "vitrine_session", "value": value, "url": door.address}]
        )
        door.open("/admin").is_out()
    door.sign_in(OWNER).is_in(OWNER)
    session = door.cookies()["vitrine_session"]["value"]
    assert session not in ("A" * 43, visit)


def test_a_ticket_from_elsewhere_signs_nobody_in(doors, house):
    owner(house)
    door = doors().open("/sign-in?ticket=" + "A" * 43 + "&next=//evil.example/").is_out()
    assert door.page.url.startswith(door.address)
    expect(door.page.get_by_text("That way in was used or has expired")).to_be_visible()
    assert "vitrine_session" not in door.cookies()


def test_members_are_invited_on_the_admin_page(doors, house):
    owner(house)
    door = doors().open("/admin").is_out().sign_in(OWNER).is_in(OWNER)
    page = door.page
    page.get_by_role("textbox", name="E-mail").fill("bea@example.com")
    page.get_by_role("button", name="Add", exact=True).click()
    link = page.get_by_text("/?invitation=").first.inner_text().strip()
    guest = doors().open(link.removeprefix(door.address))
    expect(guest.page.get_by_text(re.compile("bea@.?example.com"))).to_be_visible(timeout=20_000)
    guest.page.get_by_role("textbox", name="New password").fill(PASSWORD)
    guest.page.get_by_role("button", name="Choose this password").click()
    guest.is_in("bea@example.com")
    guest.open("/admin")
    expect(guest.page.get_by_text("Your role does not open this page")).to_be_visible()
    assert guest.page.get_by_role("link", name="Admin").count() == 0


def test_a_key_is_shown_once_and_works(doors, house):
    owner(house)
    door = doors().open("/admin").is_out().sign_in(OWNER).is_in(OWNER)
    page = door.page
    page.get_by_role("tab", name="API keys").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Nightly report")
    page.get_by_role("button", name="Make", exact=True).click()
    key = page.get_by_text(re.compile(r"^sk_live_[\w-]{43}$")).first.inner_text().strip()
    path = f"{door.address}/api/workspace/ws_shop/dashboards"
    brand = {"X-Active-Brand": "11111111-1111-4111-8111-111111111111"}
    headers = {"Authorization": f"Bearer {key}"} | brand
    assert page.request.get(path, headers=headers).status == 403
    assert page.request.get(path, headers=brand | {"Authorization": "Bearer x"}).status == 401
    page.reload()
    door.is_in(OWNER)
    assert key not in page.content()


def test_nothing_calls_out_and_nobody_frames_it(doors, house):
    owner(house)
    door = doors()
    asked, refused = [], []
    door.page.on("request", lambda request: asked.append(request.url))
    door.page.on("console", lambda m: refused.append(m.text) if "Content Security" in m.text else 0)
    door.open().is_out().sign_in(OWNER).is_in(OWNER)
    foreign = [url for url in asked if not url.startswith((door.address, "data:", "blob:"))]
    assert foreign == []
    assert refused == []
    framed = doors()
    framed.page.set_content(f"<iframe src='{door.address}'></iframe>")
    framed.page.wait_for_timeout(1_000)
    assert "Sign in" not in framed.page.frames[1].content()
