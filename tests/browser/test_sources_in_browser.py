"""A table of a real PostgreSQL server, connected, read, watched, paused and removed by a person."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.data import Data
from tests.browser.server import serving
from tests.database.shop import SECRET
from tests.ingest.files import BRAND
from tests.postgres import PASSWORD, Server, server

ROWS = 1_000_000
MADE = """
create table {0}.agent_events as
select 'e' || i as event_id, 's' || i / 7 as session_id, i % 100 as amount,
       (array['agent_view', 'agent_cart', 'agent_purchase'])[1 + i % 3] as event_type,
       now() - i * interval '2 seconds' as created_at, uuid '{1}' as brand_id,
       jsonb_build_object('country', (array['BR', 'PT'])[1 + i % 2]) as metadata
from generate_series(1, {2}) i;
create index on {0}.agent_events (created_at, event_id);
analyze {0}.agent_events;
create role {0}_reader login password '{3}';
grant usage on schema {0} to {0}_reader;
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_SECRET", SECRET)
        with serving(home, events=0) as address:
            yield address


@pytest.fixture
def data(browser: Browser, address: str) -> Iterator[Data]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Data(context.new_page(), address).open()
    context.close()


@pytest.fixture
def postgres() -> Server:
    return server()


@pytest.fixture
def schema(postgres: Server) -> str:
    schema = postgres.new("schema")
    with postgres.connect() as connection:
        connection.execute(MADE.format(schema, BRAND, ROWS, PASSWORD))
    return schema


def change(postgres: Server, text: str) -> None:
    with postgres.connect() as connection:
        connection.execute(text)


def written(home: Path) -> bytes:
    """All that the server keeps and logs."""
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_what_is_wrong_is_said_beside_its_control(
    data: Data, home: Path, postgres: Server, schema: str
) -> None:
    data.unfold_connect()
    data.typed("name").set("My shop")
    data.typed("table").set("agent_events")
    data.typed("url").set(f"postgresql://{schema}_reader@127.0.0.1:1/postgres")
    data.typed("password").set(f"{PASSWORD}-not")
    data.test_the_connection()
    data.typed("name").expect_error("'My shop' is not a source's name")
    data.typed("name").set("faulty")
    data.test_the_connection()
    data.typed("url").expect_error("cannot be reached: Connection refused")
    data.typed("url").set(f"postgresql://{schema}_reader@127.0.0.1:{postgres.port}/postgres")
    data.test_the_connection()
    data.typed("password").expect_error("password authentication failed")
    data.typed("password").set(PASSWORD)
    data.connect()
    data.typed("table").expect_error("public.agent_events of postgresql:")
    data.typed("table").expect_error("does not exist")
    data.typed("table").set(f"{schema}.agent_events")
    data.test_the_connection()
    data.typed("table").expect_error(f"grant select on {schema}.agent_events to it")
    change(
        postgres, f"grant select (event_id, brand_id) on {schema}.agent_events to {schema}_reader"
    )
    data.connect()
    data.typed("table").expect_error("has no column event_type, created_at")
    change(postgres, f"grant select on {schema}.agent_events to {schema}_reader")
    data.test_the_connection()
    data.expect_good(f"{schema}.agent_events can be read. It has about {ROWS:,} rows")
    assert PASSWORD not in data.page.locator("body").inner_text() + data.page.url
    assert PASSWORD.encode() not in written(home)
    expect(data.source("faulty").root).to_have_count(0)


def test_a_table_from_the_form_to_explore(
    data: Data, home: Path, postgres: Server, schema: str
) -> None:
    table = f"{schema}.agent_events"
    change(postgres, f"grant select on {table} to {schema}_reader")
    address = f"{schema}_reader@127.0.0.1:{postgres.port}/postgres"
    data.unfold_connect()
    data.typed("url").set(f"postgresql://{address}")
    data.typed("password").set(PASSWORD)
    data.typed("table").set(table)
    data.typed("name").set("shop")
    data.connect()
    shop = data.source("shop")
    shop.expect_progress(re.compile(rf"[2468]00,000 of about {ROWS:,} rows read"))
    shop.expect_fact("Next run", "now")
    shop.expect_fact("Stored", f"{ROWS:,}")
    shop.expect_fact("Next run", "in ")
    shop.expect_fact("Behind", " s")
    data.expect_fact("events", f"{ROWS:,}")
    data.typed("password").expect("")
    change(postgres, f"insert into {table} values ('n', 's', 1, 'view', now(), '{BRAND}')")
    shop.expect_fact("Stored", f"{ROWS + 1:,}")
    change(postgres, f"alter table {table} rename to gone")
    shop.expect_error("does not exist")
    change(postgres, f"alter table {schema}.gone rename to agent_events")
    assert PASSWORD not in data.page.content()
    assert PASSWORD.encode() not in written(home)
    shop.turn("Pause", into="Resume")
    shop.expect_fact("Next run", "—")
    shop.turn("Resume", into="Pause")
    shop.expect_fact("Next run", "in ")
    shop.press("Explore")
    title = data.page.locator(".st-key-card_chart h3")
    expect(title).to_have_text("Events by day", timeout=30_000)
    data.page.get_by_role("link", name="Data").click()
    shop.remove()
    expect(shop.root).to_have_count(0)
    data.expect_fact("events", f"{ROWS + 1:,}")


def test_it_fits_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 800})
    data = Data(context.new_page(), address).open()
    data.unfold_connect()
    expect(data.typed("url").root).to_be_visible()
    assert data.page.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()
