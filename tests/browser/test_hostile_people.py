"""What people call themselves, their brands, keys and dashboards is text on every surface; and a
browser that sees all of it asks nobody but this server for anything."""

import uuid
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from engine.database.connect import open_database
from engine.engine import utc_now
from engine.scope import Identity, Role
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.people import People
from tests.browser.dashboard import DashboardPage, widget
from tests.browser.hostile import HARM, INJECTED, NAMES
from tests.browser.people import PASSWORD as WORD
from tests.browser.people import Door, command, with_accounts
from tests.faults.sizes import FULL, record, size

WORKSPACE = "ws_shop"
BRAND = "44444444-4444-4444-8444-444444444444"
OWNER = "ana@example.com"
OPERATOR = Identity("", {}, founds=True)
USED = NAMES if FULL else NAMES[::6]
CARDS = 25
BOARDS = size(1, len(NAMES) // CARDS)
"""So that in the end every name is the title of a card."""
TRASH = 5
LARGE = 1 << 20


def one_line(name, most):
    """As much of it as a name may hold."""
    return "".join(c if c.isprintable() else " " for c in name)[:most]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    home = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch, with_accounts(home, patch) as address:
        added = ("add", OWNER, "--workspace", WORKSPACE, "--role", "owner")
        command(home, *added, "--name", HARM[2], typed=f"{WORD}\n")
        database = open_database(f"sqlite:///{home / 'vitrine.db'}")
        people = People.over(database, utc_now, dict)
        owner = people.access.of_account(people.accounts.find(OWNER))
        for number, name in enumerate(USED):
            called(database, people, number, name)
            people.places.name_brand(owner, WORKSPACE, str(uuid.uuid4()), one_line(name, 120))
            people.keys.make(owner, WORKSPACE, one_line(name, 120), Role.VIEWER)
        people.places.name_brand(owner, WORKSPACE, BRAND, one_line(HARM[0], 120))
        yield address, boards(database)
        database.dispose()


def called(database, people, number, name):
    """A member of this name, whose e-mail is as bad as one can be."""
    bad = "".join(c for c in name if c.isprintable() and c not in " @")[:60]
    email = f"{bad}@{number}.example.com"
    with database.begin() as connection:
        people.accounts.add(connection, email, name=name, subject=f"issuer {number}")
    people.members.add(OPERATOR, WORKSPACE, email, Role.VIEWER)


def boards(database):
    """Ids of dashboards: some full of cards, one of every name, and some in the trash."""
    store, scope, full = Dashboards(database, utc_now), (WORKSPACE, BRAND), []
    for number, name in enumerate(USED):
        named = {"name": one_line(name, 120), "description": one_line(name, 2_000)}
        titles = NAMES[number * CARDS : (number + 1) * CARDS] if number < BOARDS else ()
        cards = [
            widget("counter", i % 4 * 6, i // 4, 6, 1, title, group_by="none")
            for i, title in enumerate(one_line(title, 200) for title in titles)
        ]
        made = store.create(*scope, name[:60], named | {"slug": f"b{number}", "widgets": cards})
        store.put(*scope, made.id, name, {"description": one_line(name[::-1], 2_000)})
        full += [made.id] if cards else []
        if number >= len(USED) - TRASH:
            store.delete(*scope, made.id, name)
    return full


@pytest.fixture(scope="module")
def door(browser, house):
    """Signed in, with everything that its browser asks for written down."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws", "http", 1)))
    door = Door(page, house[0])
    door.asked = asked
    door.open().is_out().sign_in(OWNER)
    expect(door.account()).to_be_visible(timeout=20_000)
    yield door
    context.close()


@pytest.fixture(autouse=True)
def nothing_called_out(door):
    yield
    look(door)
    local = (door.address, "data:", "blob:")
    assert [url for url in door.asked if not url.startswith(local)] == []


def look(door):
    door.page.wait_for_timeout(400)
    assert door.page.evaluate(INJECTED) == []
    assert door.page.evaluate("window.evil") is None


@pytest.mark.parametrize("tab", ["Members", "Brands", "API keys", "Audit log"])
def test_on_the_admin_page(door, tab):
    door.open("/admin")
    door.page.get_by_role("tab", name=tab).click()
    look(door)
    first = {"Members": "card_member_", "API keys": "card_key_"}.get(tab)
    if first is not None:
        expect(door.page.locator(f"[class*=st-key-{first}]")).to_have_count(
            len(USED) + (tab == "Members"), timeout=20_000
        )
        door.page.locator(f"[class*=st-key-{first}]").last.scroll_into_view_if_needed()
    else:
        expect(door.page.locator(".stDataFrame:visible").first).to_be_visible(timeout=20_000)


def test_in_the_accounts_menu(door):
    door.open("/admin")
    door.account().click()
    expect(door.page.get_by_role("button", name="Sign out")).to_be_visible()


def test_in_the_list_of_dashboards(door):
    door.open(f"/dashboards?workspace={WORKSPACE}&brand={BRAND}")
    for shown in ("Rows", "Cards"):
        door.page.locator(".st-key-shelf_look").get_by_text(shown).click()
        look(door)
    door.page.get_by_text(f"Trash ({TRASH})").click()
    expect(door.page.get_by_text("Delete for ever").first).to_be_visible()


def test_on_dashboards(door, house):
    page = DashboardPage(door.page, door.address)
    for id in house[1]:
        page.open(id, f"&workspace={WORKSPACE}&brand={BRAND}")
        expect(door.page.locator("h3.widget-title")).to_have_count(CARDS)
        look(door)
    page.edit()
    look(door)


def test_in_what_is_typed(door):
    """Also what is a megabyte long."""
    door.open("/admin")
    door.page.get_by_role("tab", name="Members").click()
    field = door.page.get_by_role("textbox", name="E-mail")
    for typed in (*(HARM if FULL else HARM[:3]), HARM[0] + "x" * LARGE):
        field.fill(typed)
        door.page.get_by_role("button", name="Add", exact=True).click()
        # What is said is said once: a run that another one interrupts may have said it already.
        with suppress(AssertionError):
            expect(door.page.get_by_role("alert").first).to_be_visible()
        look(door)


def test_at_the_door(browser, door):
    """Without a session: addresses, and names that are typed there."""
    page = browser.new_context().new_page()
    stranger = Door(page, door.address)
    page.on("request", lambda request: door.asked.append(request.url))
    for bad in HARM[:: 1 if FULL else 6]:
        page.goto(f"{door.address}/?set_up={quoted(bad)}")
        look(stranger)
        page.goto(f"{door.address}/?invitation={quoted(bad)}&sign_in={quoted(bad)}")
        look(stranger)
        page.goto(f"{door.address}/admin?workspace={quoted(bad)}&sign_in={quoted(bad)}")
        stranger.is_out()
        look(stranger)
        stranger.sign_in(bad, bad)
        expect(page.get_by_text("E-mail or password is wrong.")).to_be_visible(timeout=20_000)
        look(stranger)
    page.context.close()


def quoted(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


def test_every_surface_was_seen(door):
    """The last of this file: what all of it asked for."""
    assert len(door.asked) > 100
    record(
        "Hostile names of people and dashboards",
        f"{len(USED)} names of members, brands, keys, dashboards and their trash, {BOARDS * CARDS}"
        " titles of cards, and what is typed at the door and on Admin, up to 1 MiB:"
        f" {len(door.asked):,} requests of the browser, 0 to another host, 0 injected nodes.",
    )
