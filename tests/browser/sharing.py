"""A house in which things are shared by link: two workspaces, a member of each, a dashboard, and
links made without a browser; and the page behind a link as whoever has it sees it."""

import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import expect

from engine.database.connect import open_database
from engine.engine import utc_now
from engine.ingest.load import load
from engine.scope import Identity, Role, Scope
from engine.settings import Settings
from engine.stores.open import open_lake
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.entry import Visit
from engine.workspaces.links import ShareLinks
from engine.workspaces.people import People
from tests.browser.explore import CALM
from tests.browser.hostile import NAMES
from tests.browser.people import PASSWORD

PLACE, OTHER = "ws_shop", "ws_other"
BRAND = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"
HOSTILE = "33333333-3333-4333-8333-333333333333"
CATALOG = "44444444-4444-4444-8444-444444444444"
OWNER, MAKER, STRANGER = "ana@example.com", "eva@example.com", "bob@example.com"
OPERATOR = Identity("", {}, founds=True)
MARK = {BRAND: "bicycle", SECOND: "locomotive", HOSTILE: "hostile"}
"""What a product of this brand is called: found on a page, it says whose events are shown."""
CLOSED = "This link shows nothing"
ALL = {"event_types": None, "aggregation": "count", "time_window_days": 30, "limit": 100}


def widget(kind, x, y, title, **config):
    position = {"x": x, "y": y, "w": 12, "h": 2}
    return {"widget_type": kind, "position": position, "config": {"title": title, **ALL, **config}}


WIDGETS = [
    widget("counter", 0, 0, "Events", group_by="none"),
    widget("top_n", 12, 0, "Products", group_by="product_id"),
    widget("breakdown_bar", 0, 2, "Types", group_by="event_type"),
]


class House:
    """Over the home of a server that runs or will run."""

    def __init__(self, home):
        self.home = home
        self.database = open_database(Settings.read(home=home).database)
        self.dashboards = Dashboards(self.database, utc_now)
        brands = {PLACE: [BRAND, SECOND, HOSTILE], OTHER: [SECOND]}
        self.people = People.over(self.database, utc_now, lambda: brands)
        of_subject = self.people.access.of_subject
        self.links = ShareLinks(
            self.database, utc_now, self.dashboards, of_subject, self.people.audit
        )

    def furnish(self):
        """People who have chosen a password, and events."""
        members, entry = self.people.members, self.people.entry
        for email, place, role in (
            (OWNER, PLACE, Role.OWNER),
            (MAKER, PLACE, Role.EDITOR),
            (STRANGER, OTHER, Role.OWNER),
        ):
            added = members.add(OPERATOR, place, email, role)
            entry.accept(added.invitation, PASSWORD, Visit("a browser"))
        lake = open_lake(Settings.read(home=self.home))
        for place, events in (
            (PLACE, [*_events(BRAND, 101), *_hostile()]),
            (OTHER, _events(SECOND, 211)),
        ):
            path = self.home / f"{place}.ndjson"
            path.write_text("\n".join(json.dumps(event) for event in events))
            load(lake, path, place, utc_now())

    def who(self, email):
        return self.people.access.of_account(self.people.accounts.find(email))

    def board(self, slug, brand=BRAND, name="Shop", widgets=WIDGETS, **fields):
        raw = {"slug": slug, "name": name, "widgets": widgets, **fields}
        return self.dashboards.create(PLACE, brand, "ana", raw)

    def share(self, board, by=OWNER, brand=BRAND, catalog=None, widget_id=None, days=1, **options):
        """A link and its path."""
        scope = Scope(PLACE, brand, catalog)
        link, token = self.links.make(
            self.who(by), scope, board.id, widget_id, days=days, **options
        )
        return link, f"/share?token={token}"

    def demote(self, email, role=Role.VIEWER):
        account = self.people.accounts.find(email)
        self.people.members.change(OPERATOR, PLACE, account.id, role)


def _events(brand, count):
    now = utc_now()
    for i in range(count):
        yield {
            "event_id": f"{brand}{i}",
            "event_type": ("agent_view", "agent_purchase")[i % 2],
            "brand_id": brand,
            "catalog_id": CATALOG if i % 3 else None,
            "created_at": (now - timedelta(hours=i + 1)).isoformat(),
            "session_id": f"s{i % 9}",
            "product_id": f"{MARK[brand]}-{i % 4}",
            "amount": i,
        }


def _hostile():
    now = utc_now()
    for i, name in enumerate(NAMES):
        yield {
            "event_id": f"hostile{i}",
            "event_type": "view",
            "brand_id": HOSTILE,
            "created_at": (now - timedelta(minutes=i + 1)).isoformat(),
            "session_id": name,
            "product_id": name,
            "metadata": {"name": name},
        }


class SharedPage:
    """What whoever has the address sees."""

    def __init__(self, page, address):
        self.page = page
        self.address = address
        self.requested = []
        page.on("request", lambda request: self.requested.append(request.url))

    def open(self, path):
        self.page.goto(self.address + path)
        return self

    def shows(self, count):
        """So many events, in the counter."""
        number = self.page.locator("[data-painted]").first
        expect(number).to_have_text(str(count), timeout=30_000)
        self.page.wait_for_selector(CALM, timeout=30_000)
        return self

    def menu(self, title, item=None):
        """Unfold a card's menu, and take what it offers."""
        self.page.get_by_role("button", name=title).click()
        offered = self.page.locator("[class*=st-key-acts_]")
        expect(offered).to_be_visible(timeout=30_000)
        if item is not None:
            offered.get_by_text(item, exact=True).click()
        return offered

    def painted(self, count=1):
        self.page.locator(".js-plotly-plot .main-svg").nth(count).wait_for(timeout=30_000)
        return self

    def is_closed(self, within=20_000):
        expect(self.page.get_by_text(CLOSED)).to_be_visible(timeout=within)
        expect(self.page.locator("[class*=st-key-cell_]")).to_have_count(0)
        return self

    def text(self):
        return self.page.locator("body").inner_text()


@contextmanager
def other_site(markup):
    """The port of a site of somebody else's that has one page."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(markup().encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
