"""Share links in a browser: made, opened by somebody else, tampered with, widened, framed, and
closed within 5 seconds of their end, also while they are open."""

import re
import time
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from engine.http.uploads import REFUSED
from tests.browser.hostile import NAMES
from tests.browser.people import Door, with_accounts
from tests.browser.sharing import (
    BRAND,
    CATALOG,
    CLOSED,
    HOSTILE,
    MAKER,
    MARK,
    OTHER,
    OWNER,
    PLACE,
    SECOND,
    STRANGER,
    House,
    SharedPage,
    other_site,
    widget,
)
from tests.browser.test_hostile_names import INJECTED
from tests.faults.sizes import record

CLOSES = 5.0
"""Seconds."""
UPLOAD = f"/_stcore/upload_file/{'a' * 36}/{'b' * 36}"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The house, its dashboard, and the address of its server."""
    home = tmp_path_factory.mktemp("house")
    house = House(home)
    house.furnish()
    house.shop = house.board("shop")
    with pytest.MonkeyPatch.context() as patch, with_accounts(home, patch) as address:
        house.address = address
        yield house
    house.database.dispose()


@pytest.fixture
def guests(browser, house):
    """Opens private windows."""
    contexts = []

    def new(**options):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        contexts.append(context)
        return SharedPage(context.new_page(), house.address)

    yield new
    for context in contexts:
        context.close()


def test_a_deep_link_on_a_fresh_process(guests, house):
    """The first of this module: nobody has opened anything there before."""
    _, path = house.share(house.shop)
    guest = guests().open(path).shows(101)
    assert guest.page.get_by_role("textbox", name="Password").count() == 0


def signed_in(guest, email):
    Door(guest.page, guest.address).open("/").is_out().sign_in(email).is_in(email)
    return guest


def test_a_link_of_one_day_from_the_dialog_to_its_end(guests, house):
    board = house.board("journey", name="Journey")
    owner = signed_in(guests(), OWNER)
    page = owner.page
    where = urlencode({"dashboard": board.id, "workspace": PLACE, "brand": BRAND})
    page.goto(f"{house.address}/dashboard?{where}")
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("in 1 day", exact=True).click()
    dialog.get_by_role("button", name="Make a link").click()
    code = dialog.locator("[data-testid=stCode]").first
    expect(code).to_contain_text("/share?token=")
    address = code.inner_text().strip()
    assert re.fullmatch(re.escape(house.address) + r"/share\?token=[\w-]{43}", address)
    path = address.removeprefix(house.address)

    guest = guests().open(path).shows(101).painted()
    assert "Journey" in guest.text()
    assert MARK[BRAND] in guest.page.locator("body").inner_html()
    assert not [one for one in guest.page.context.cookies() if "vitrine" in one["name"]]
    assert guest.page.get_by_role("link", name="Explore").count() == 0
    assert guest.page.get_by_role("button", name="Edit").count() == 0
    assert path[-43:] not in guest.page.title()
    foreign = [u for u in guest.requested if not u.startswith((house.address, "data:", "blob:"))]
    assert foreign == []

    last = {"A": "B"}.get(path[-1], "A")
    stranger = guests()
    for bad in (path[:-1] + last, path + "A", f"{path}&token={path[-43:]}", "/share"):
        stranger.open(bad).is_closed()

    dialog.get_by_role("button", name="End it").first.click()
    began = time.monotonic()
    guest.is_closed(within=CLOSES * 1000)
    assert time.monotonic() - began < CLOSES
    assert MARK[BRAND] not in guest.page.content()
    assert "Journey" not in guest.text()
    guests().open(path).is_closed()
    log = (house.home / "server.log").read_text()
    assert path[-43:] not in log


def bin_it(house, board, link):
    house.dashboards.delete(PLACE, BRAND, board.id, "ana")


def revoke(house, board, link):
    house.links.revoke(house.who(OWNER), PLACE, link.id)


def demote(house, board, link):
    house.demote(MAKER)


def take_away(house, board, link):
    house.dashboards.put(PLACE, BRAND, board.id, "ana", {"widgets": []})


def test_what_ends_closes_the_open_page_within_5_seconds(guests, house):
    """Four ends of four links that are open at once, one after the other."""
    opened = []
    for end in (revoke, take_away, bin_it, demote):
        board = house.board(f"ends-{end.__name__.replace('_', '-')}")
        chosen = board.widgets[0].id if end is take_away else None
        link, path = house.share(board, MAKER, widget_id=chosen)
        opened.append((end, board, link, guests().open(path).shows(101)))
    longest = 0.0
    for end, board, link, guest in opened:
        end(house, board, link)
        began = time.monotonic()
        guest.is_closed(within=CLOSES * 1000)
        longest = max(longest, time.monotonic() - began)
    assert longest < CLOSES
    record("Open pages of ended links", f"Closed after {longest:.1f} s at most, of 4 ends.")


def test_an_action_on_an_ended_link_does_nothing(guests, house):
    """Even before the page has noticed by itself."""
    board = house.board("acts")
    link, path = house.share(board, may_range=True)
    guest = guests().open(path).shows(101)
    guest.page.get_by_text("7 d", exact=True).click()
    guest.shows(101)
    revoke(house, board, link)
    guest.page.wait_for_timeout(1_100)
    guest.page.get_by_text("90 d", exact=True).click()
    guest.is_closed(within=CLOSES * 1000)


def test_the_scope_is_the_links_own_whatever_the_address_and_headers_say(guests, house):
    _, path = house.share(house.shop)
    wider = {
        "workspace": OTHER,
        "brand": SECOND,
        "catalog": CATALOG,
        "brand_id": SECOND,
        "dashboard": house.board("another", name="Another").id,
        "time_window_days": "7",
        "event_types": "agent_view",
        "widget": "x",
        "wall": "true",
    }
    headers = {"X-Active-Brand": SECOND, "X-Active-Catalog": CATALOG}
    guest = guests(extra_http_headers=headers).open(f"{path}&{urlencode(wider)}").shows(101)
    assert "Another" not in guest.text()
    assert guest.page.get_by_text("90 d", exact=True).count() == 0


def test_the_scope_is_the_links_own_whoever_is_signed_in(guests, house):
    _, path = house.share(house.shop)
    stranger = signed_in(guests(), STRANGER).open(path).shows(101).painted()
    assert MARK[SECOND] not in stranger.page.content()
    assert stranger.page.locator(".st-key-account").count() == 0
    owner = signed_in(guests(), OWNER).open(path).shows(101)
    assert owner.page.get_by_role("link", name="Admin").count() == 0
    assert REFUSED not in owner.page.request.put(house.address + UPLOAD, data=b"x").text()


def test_the_catalog_is_locked_too(guests, house):
    _, path = house.share(house.shop, catalog=CATALOG)
    guests().open(path).shows(67)


def test_a_link_to_a_widget_shows_nothing_else(guests, house):
    _, path = house.share(house.shop, widget_id=house.shop.widgets[0].id)
    guest = guests().open(path).shows(101)
    assert "Shop" not in guest.text()
    for title in ("Products", "Types"):
        assert title not in guest.text()


def test_downloads_only_where_the_link_allows_them(guests, house):
    _, path = house.share(house.shop)
    guest = guests().open(path).shows(101)
    assert guest.menu("Menu of Products").get_by_text("CSV", exact=True).count() == 0
    guest.page.get_by_text("Full screen", exact=True).click()
    table = guest.page.get_by_role("dialog").locator(".stDataFrame")
    expect(table).to_be_visible(timeout=30_000)
    expect(guest.page.get_by_test_id("stElementToolbar")).not_to_be_visible()
    _, path = house.share(house.shop, may_export=True)
    guest = guests().open(path).shows(101)
    with guest.page.expect_download() as download:
        guest.menu("Menu of Products", "CSV")
    assert MARK[BRAND] in download.value.path().read_text()


def test_only_named_sites_frame_it_and_without_cookies(guests, house):
    framed = {}
    with other_site(lambda: framed["markup"]) as port:
        named, unnamed = f"http://localhost:{port}", f"http://127.0.0.1:{port}"
        _, path = house.share(house.shop, origins=[named])
        _, private = house.share(house.shop)
        source = house.address + path

        def framing(address):
            framed["markup"] = f"<iframe src='{address}' width='1200' height='800'></iframe>"
            return guests().page

        page = framing(source)
        page.goto(named)
        inner = page.frame_locator("iframe")
        expect(inner.locator("[data-painted]").first).to_have_text("101", timeout=30_000)
        for site, address in ((unnamed, source), (named, house.address + private)):
            page = framing(address)
            with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
                page.goto(site)
            assert "stApp" not in page.frames[1].content()
        config = page.request.get(f"{house.address}/_stcore/host-config").json()
        assert config["allowedOrigins"] == []


def test_a_frame_closes_too(guests, house):
    with other_site(lambda: f"<iframe src='{house.address}{path}'></iframe>") as port:
        link, path = house.share(house.shop, origins=[f"http://localhost:{port}"])
        guest = guests()
        guest.page.goto(f"http://localhost:{port}")
        inner = guest.page.frame_locator("iframe")
        expect(inner.locator("[data-painted]").first).to_have_text("101", timeout=30_000)
        revoke(house, house.shop, link)
        began = time.monotonic()
        expect(inner.get_by_text(CLOSED)).to_be_visible(timeout=CLOSES * 1000)
        assert time.monotonic() - began < CLOSES
        with guest.page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            guest.page.reload()


def test_a_guest_uploads_nothing_and_axe_finds_nothing(guests, house):
    _, path = house.share(house.shop, may_range=True, may_export=True)
    guest = guests(color_scheme="dark", locale="pt-BR").open(path).shows(101).painted()
    for state in ("open", "menu", "closed"):
        if state == "menu":
            guest.menu("Menu de Products")
        if state == "closed":
            guest.page.goto(f"{house.address}/share")
            guest.page.locator(".st-key-card_closed").wait_for()
        guest.page.wait_for_timeout(500)
        found = Axe().run(guest.page).response["violations"]
        told = [(one["id"], [n["html"][:200] for n in one["nodes"][:3]]) for one in found]
        assert not told, (state, told)
    assert REFUSED in guest.page.request.put(house.address + UPLOAD, data=b"x").text()


def test_hostile_names_are_text(guests, house):
    bad = NAMES[5]
    widgets = [
        widget("counter", 0, 0, bad[:100], group_by="none"),
        widget("top_n", 12, 0, NAMES[0], group_by="product_id", limit=1000),
        widget("breakdown_bar", 0, 2, "Donut", group_by="metadata.name", look="donut"),
        widget("table", 12, 2, NAMES[40], group_by="session", limit=1000),
    ]
    board = house.board("hostile", HOSTILE, bad[:100], widgets, description=NAMES[20])
    _, path = house.share(board, brand=HOSTILE, may_range=True, may_export=True)
    guest = guests().open(path).shows(len(NAMES)).painted(2)
    guest.page.wait_for_timeout(1_000)
    guest.page.get_by_role("button", name="Menu of").nth(1).click()
    guest.page.get_by_text("Full screen", exact=True).click()
    table = guest.page.get_by_role("dialog").locator(".stDataFrame")
    expect(table).to_be_visible(timeout=30_000)
    guest.page.wait_for_timeout(500)
    assert guest.page.evaluate(INJECTED) == []
    assert guest.page.evaluate("window.evil") is None
    assert [url for url in guest.requested if "other.example" in url.partition("?")[0]] == []
