from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.explore import Explore
from tests.browser.server import posted

Open = Callable[..., Explore]


def test_controls_change_address_and_chart(explore: Open, address: str) -> None:
    page = explore()
    expect(page.title).to_have_text("Events by day")
    page.group_by.set("metadata.country")
    expect(page.title).to_have_text("Events by country")
    page.aggregation.set("sum")
    expect(page.title).to_have_text("Sum of amount by country")
    page.time_window_days.set(365)
    page.time_window_days.expect(365)
    page.event_types.set("agent_purchase")
    page.limit.set(5)
    page.expect_parameters(
        group_by=["metadata.country"],
        aggregation=["sum"],
        value_field=["amount"],
        time_window_days=["365"],
        event_types=["agent_purchase"],
        limit=["5"],
    )
    page.expect_code('"limit": 5')
    rows = posted(address, page.request())["rows"]
    page.expect_drawn([row["key"] for row in rows])
    assert page.drawn() == [(row["key"], row["value"]) for row in rows]
    assert len(rows) == 5


def test_bad_values_of_a_link_are_named_and_gone_with_a_change(explore: Open) -> None:
    page = explore("?time_window_days=366&limit=0")
    expect(page.notices).to_have_count(2)
    expect(page.notices.first).to_contain_text("366 is not a whole number from 1 to 365")
    page.time_window_days.expect(30)
    page.limit.expect(100)
    page.aggregation.set("count_distinct")
    expect(page.title).to_have_text("Sessions by day")
    expect(page.notices).to_have_count(0)


def test_nothing_is_asked_of_another_host(explore: Open) -> None:
    page = explore()
    page.group_by.set("event_type")
    expect(page.title).to_have_text("Events by event type")
    foreign = [
        url
        for url in page.requested
        if not url.startswith((page.address, "data:", "blob:", page.address.replace("http", "ws")))
    ]
    assert foreign == []


def test_it_fits_a_phone(explore: Open) -> None:
    page = explore(viewport={"width": 375, "height": 800})
    width = page.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375


def test_the_name_of_the_page_leads_to_it(explore: Open) -> None:
    page = explore("explore?group_by=hour")
    expect(page.title).to_have_text("Events by hour")
    page.expect_parameters(group_by=["hour"])
    assert page.page.url == f"{page.address}/?group_by=hour"
