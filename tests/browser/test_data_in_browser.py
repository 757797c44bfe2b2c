import csv
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.data import Data

ROWS = 2000
BAD = 20
NAME = "note ![x](http://other.example/x.png) <b>*</b>"
Open = Callable[..., Data]


@pytest.fixture
def data(browser: Browser, address: str) -> Iterator[Open]:
    contexts = []

    def open_page(query: str = "", **options: object) -> Data:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        contexts.append(context)
        return Data(context.new_page(), address).open(query)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Orders of the last 20 days as another program writes them, some without a readable time."""
    chance, now = random.Random(7), datetime.now(UTC)
    path = tmp_path / "orders.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Event Time", "Action", "visitor_id", "SKU", "Revenue", "Qty", NAME])
        for i in range(ROWS):
            time = now - timedelta(seconds=chance.randrange(60, 20 * 86400))
            rows.writerow(
                [
                    "yesterday" if i < BAD else time.isoformat(),
                    chance.choice(["view", "cart", "purchase"]),
                    f"v{chance.randrange(300)}",
                    f"p{chance.randrange(80)}",
                    f"{chance.random() * 100:.2f}",
                    chance.randrange(1, 5),
                    "=1+1" if i % 2 else "<img src=http://other.example/y.png>",
                ]
            )
    return path


def test_a_file_from_upload_to_explore(data: Open, orders: Path) -> None:
    page = data()
    requested: list[str] = []
    page.page.on("request", lambda request: requested.append(request.url))
    page.upload(orders)
    page.expect_guess(
        created_at="Event Time",
        event_type="Action",
        session_id="visitor_id",
        product_id="SKU",
        amount="Revenue",
        quantity="Qty",
        price="—",
    )
    page.start()
    page.expect_report(
        **{"Rows read": "2,000", "Stored": "1,980", "Duplicates": "0", "Rejected": "20"}
    )
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Rejected rows as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == BAD + 1
    page.page.get_by_role("button", name="Explore it").click()
    expect(page.page.locator(".st-key-card_chart h3")).to_have_text("Events by day")
    with orders.open(newline="") as file:
        days = {row["Event Time"][:10] for row in csv.DictReader(file)} - {"yesterday"}
    expect(page.page.locator(".st-key-card_chart")).to_contain_text(f"All {len(days)} days")
    page.page.get_by_role("link", name="Data").click()
    page.expect_fact("events", "1,980")
    assert not [url for url in requested if "other.example" in url]
    page.upload(orders)
    page.expect_guess(created_at="Event Time")
    page.start()
    page.expect_report(**{"Stored": "0", "Duplicates": "1,980", "Rejected": "20"})


def test_it_fits_a_phone(data: Open, orders: Path) -> None:
    page = data(viewport={"width": 375, "height": 800})
    page.upload(orders)
    page.expect_guess(created_at="Event Time")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 375
