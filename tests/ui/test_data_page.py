"""The data page without a browser: what it says of a brand, and a file from upload to report."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from engine import Identity, Scope, process
from engine.demo.words import BRANDS, WORKSPACE
from engine.ingest.mapping import Mapping
from engine.ingest.normalise import normalise
from engine.scope import Role
from pages.ui import scope, session, text

SCOPE = Scope(WORKSPACE, BRANDS[0])
SCOPE_PATH = (WORKSPACE, BRANDS[0])
DATA = str(Path(__file__).parents[2] / "pages" / "data.py")
BRAND = "44444444-4444-4444-8444-444444444444"
NAME = "**bold** ![x](http://other.example/x.png) <b>"


def start(folder: Path, events: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_HOME", str(folder))
        patch.setenv("VITRINE_DEMO_EVENTS", str(events))
        process.cache_clear()
        process().demo.build()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[None]:
    start(tmp_path, 0)
    yield
    process.cache_clear()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[None]:
    start(tmp_path, 5000)
    yield
    process.cache_clear()


def opened(**parameters: str) -> AppTest:
    page = AppTest.from_file(DATA, default_timeout=30)
    for name, value in parameters.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def facts(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def table(page: AppTest, number: int) -> list[tuple[Any, ...]]:
    return list(page.dataframe[number].value.itertuples(index=False, name=None))


def content(rows: int = 100, header: str = f"time,action,visitor_id,total,{NAME}") -> bytes:
    now = datetime.now(UTC)
    times = ["never", *(f"{now - timedelta(hours=i):%Y-%m-%dT%H:%M:%SZ}" for i in range(rows - 1))]
    lines = [f"{time},view,v{i % 9},{i}.5,{NAME}" for i, time in enumerate(times)]
    return "\n".join([header, *lines]).encode()


def uploaded(page: AppTest, body: bytes, name: str = "orders.csv") -> AppTest:
    page.file_uploader[0].set_value((name, body, "text/csv")).run()
    assert not page.exception
    return page


def finish(page: AppTest) -> AppTest:
    for job in process().imports.of("demo"):
        assert job.finished.wait(30)
    page.run()
    assert not page.exception
    return page


@pytest.mark.usefixtures("shop")
def test_facts_types_and_keys_are_those_of_the_engine() -> None:
    page = opened()
    engine = process().engine
    inventory, details = engine.inventory(SCOPE), engine.details(SCOPE)
    shown = facts(page)
    assert shown["Events"] == f"{inventory.events:,}"
    assert shown["Sessions"] == f"{details.sessions:,}"
    assert shown["Waiting"] == "0"
    assert inventory.last is not None
    assert shown["Last event"] == f"{inventory.last:%Y-%m-%d}"
    assert [row[:2] for row in table(page, 0)] == list(inventory.event_types.items())
    assert [row[:3] for row in table(page, 1)] == [
        (name, key.events, key.values) for name, key in details.keys.items()
    ]
    assert {name: key.events for name, key in details.keys.items()} == inventory.metadata_keys
    country = next(row for row in table(page, 1) if row[0] == "country")
    assert country[3].split(" · ")[0] in ("BR", "PT")


def counted(events: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    """How many events have each value of each metadata key."""
    found: dict[str, Counter[str]] = {}
    for event in events:
        for key, value in dict(event["metadata"] or ()).items():
            found.setdefault(key, Counter())[value] += 1
    return found


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("narrowed", [False, True])
def test_what_is_said_is_counted_from_the_events(narrowed: bool) -> None:
    """By plain Python, over the events of the brand or of one of its catalogs."""
    lake = process().lake
    every = lake.open(*SCOPE_PATH).all_events().collect().to_dicts()
    catalog = next(event["catalog_id"] for event in every if event["catalog_id"])
    events = [e for e in every if not narrowed or e["catalog_id"] == catalog]
    page = opened(**({"catalog": catalog} if narrowed else {}))
    shown, times = facts(page), [event["created_at"] for event in events]
    assert 0 < len(events) < len(every) if narrowed else events == every
    assert shown["Events"] == f"{len(events):,}"
    assert shown["Sessions"] == f"{len({e['session_id'] for e in events} - {None, ''}):,}"
    assert shown["First event"] == f"{min(times):%Y-%m-%d}"
    assert shown["Last event"] == f"{max(times):%Y-%m-%d}"
    folder = lake.path(*SCOPE_PATH)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert shown["On disk"] == text.size(size)
    types = Counter(event["event_type"] for event in events)
    assert {row[0]: row[1] for row in table(page, 0)} == dict(types)
    assert [row[2] for row in table(page, 0)] == [row[1] / len(events) for row in table(page, 0)]
    keys = counted(events)
    assert {row[0] for row in table(page, 1)} == set(keys)
    for name, number, values, samples in table(page, 1):
        ranked = sorted(keys[name].items(), key=lambda item: (-item[1], item[0]))[:3]
        assert (number, values) == (keys[name].total(), len(keys[name]))
        assert samples == " · ".join(text.plain(value, 40) for value, _ in ranked)


@pytest.mark.usefixtures("shop")
def test_what_waits_in_the_inbox_is_counted() -> None:
    raw = [{"event_id": f"w{i}", "event_type": "view", "brand_id": BRANDS[0]} for i in range(1234)]
    now = datetime.now(UTC)
    frame = normalise(pl.DataFrame(raw).with_row_index("row"), now, "test", None).events
    before = facts(opened())
    process().inbox.accept(WORKSPACE, frame)
    after = facts(opened())
    assert (before["Waiting"], after["Waiting"]) == ("0", "1,234")
    assert after["Events"] == before["Events"]
    process().inbox.move(WORKSPACE)
    moved = facts(opened())
    assert moved["Waiting"] == "0"
    assert int(moved["Events"].replace(",", "")) == int(before["Events"].replace(",", "")) + 1234


@pytest.mark.usefixtures("empty")
def test_without_events_it_says_what_to_do() -> None:
    page = opened()
    assert "Drop a file below" in page.info[0].value
    assert not page.metric
    assert len(page.file_uploader) == 1


@pytest.mark.usefixtures("empty")
def test_a_file_from_upload_to_report() -> None:
    page = uploaded(opened(), content())
    assert page.selectbox(key="map_0_created_at").value == "time"
    assert page.selectbox(key="map_0_event_type").value == "action"
    assert page.selectbox(key="map_0_session_id").value == "visitor_id"
    assert page.selectbox(key="map_0_amount").value == "total"
    assert page.selectbox(key="map_0_price").value == "—"
    assert len(page.dataframe[0].value) == 5
    assert "1 of the first 100 rows would be rejected" in page.warning[0].value
    page = finish(page.button(key="import").click().run())
    shown = facts(page)
    assert [shown[name] for name in ("Rows read", "Stored", "Duplicates", "Rejected")] == [
        "100",
        "99",
        "0",
        "1",
    ]
    assert shown["Events"] == "99"
    [job] = process().imports.of("demo")
    assert job.brand in process().engine.brands()["ws_shop"]
    assert page.file_uploader[0].value is None
    assert not list((process().settings.home / "imports").iterdir())


@pytest.mark.usefixtures("empty")
def test_the_mapping_can_be_corrected() -> None:
    page = uploaded(opened(), content())
    page.selectbox(key="map_0_event_type").set_value("—").run()
    assert page.button(key="import").disabled
    page.text_input(key="constant_0").set_value("Not A Type").run()
    assert "is not an event type" in page.error[0].value
    page.text_input(key="constant_0").set_value("agent_view").run()
    page.selectbox(key="map_0_value").set_value("total").run()
    assert not page.button(key="import").disabled
    finish(page.button(key="import").click().run())
    [job] = process().imports.of("demo")
    fields = {
        "created_at": "time",
        "session_id": "visitor_id",
        "amount": "total",
        "value": "total",
    }
    assert job.mapping == Mapping(fields, "agent_view")
    assert job.brand is not None
    inventory = process().engine.inventory(Scope("ws_shop", job.brand))
    assert list(inventory.event_types) == ["agent_view"]


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(("known", "dates"), [("31/12/2026", "day-first"), ("1/2/2026", None)])
def test_the_order_of_dates_is_asked_for(known: str, dates: str | None) -> None:
    """Guessed where the file says it; else nothing is chosen, and every row would be rejected."""
    body = f"when,action\n1/2/2026 8:26,view\n{known},view\n".encode()
    page = uploaded(opened(), body)
    order = next(box for box in page.selectbox if box.label == "Its dates are")
    assert order.value == dates
    rejected = [said.value for said in page.warning if "would be rejected" in said.value]
    assert len(rejected) == (dates is None)
    order.set_value("month-first").run()
    assert not page.exception
    shown = next(frame.value for frame in page.dataframe if "created_at" in frame.value.columns)
    assert shown["created_at"].iloc[0].startswith("2026-01-02 08:26:00")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("workspace", "said"),
    [(WORKSPACE, "belongs to the demo shop"), ("my shop", "is not a workspace id")],
)
def test_where_to_is_checked(workspace: str, said: str) -> None:
    page = opened()
    page.session_state["target_0"] = workspace
    uploaded(page, content())
    assert said in page.error[0].value
    assert page.button(key="import").disabled


@pytest.mark.usefixtures("empty")
def test_the_brand_of_each_row() -> None:
    body = content(header="time,action,visitor_id,total,brand_id").replace(
        NAME.encode(), BRAND.encode()
    )
    page = uploaded(opened(), body)
    finish(page.button(key="import").click().run())
    [job] = process().imports.of("demo")
    assert job.brand is None
    assert process().engine.brands() == {"ws_shop": [BRAND]}


@pytest.mark.usefixtures("empty")
def test_a_file_that_cannot_be_imported_says_why() -> None:
    page = uploaded(opened(), "a,b\n1,2\n".encode("utf-16"))
    assert "save it as UTF-8" in page.error[0].value.replace("\\", "")
    assert not [box for box in page.selectbox if box.key.startswith("map_")]
    page = uploaded(opened(), b"", "empty.csv")
    assert "is empty" in page.error[0].value


@pytest.mark.usefixtures("empty")
def test_no_name_of_a_file_is_markdown() -> None:
    page = uploaded(opened(), content(), "![x](y).csv")
    said = [
        element.value for kind in ("caption", "markdown", "warning") for element in page.get(kind)
    ]
    assert any("other" in value for value in said)
    page = finish(page.button(key="import").click().run())
    said += [element.value for kind in ("caption", "markdown") for element in page.get(kind)]
    for value in said:
        assert "![" not in value
        assert "**bold" not in value
    assert table(page, 2)[0][0] == "_bold_x_http_other_example_x_png_b_"


def test_ages_and_sizes() -> None:
    assert [text.age(s) for s in (0, 61, 3700, 200_000, -90)] == [
        "0 s ago",
        "1 min ago",
        "1 h 1 min ago",
        "2 days ago",
        "1 min ahead",
    ]
    assert [text.size(n) for n in (0, 1023, 1024, 5 << 20, 3 << 30)] == [
        "0 B",
        "1,023 B",
        "1.0 KiB",
        "5.0 MiB",
        "3.0 GiB",
    ]


@pytest.mark.usefixtures("empty")
def test_an_upload_that_is_taken_back_is_deleted() -> None:
    page = uploaded(opened(), content())
    folder = process().settings.home / "imports"
    assert len(list(folder.glob("*/*"))) == 1
    page.file_uploader[0].set_value(None).run()
    assert not list(folder.iterdir())


@pytest.mark.usefixtures("empty")
def test_columns_that_look_alike_can_be_told_apart() -> None:
    page = uploaded(opened(), b"a,a ,\xe2\x80\x94,time,event\n1,2,3,2026-11-23,view\n")
    options = page.selectbox(key="map_0_value").options
    assert options == ["—", "a", "a (2)", "— (2)", "time", "event"]
    page.selectbox(key="map_0_value").set_value("a (2)").run()
    assert page.dataframe[0].value["value"].to_list() == [2.0]


def test_says_what_is_rolled_up(shop: None) -> None:
    page = opened()
    assert any("Not made yet" in caption.value for caption in page.caption)
    roller = process().roller
    assert roller is not None
    roller.round()
    page = opened()
    assert any("are rolled up" in caption.value for caption in page.caption)
    rolled_up = next(frame.value for frame in page.dataframe if "Dimension" in frame.value.columns)
    assert set(rolled_up["Answered from"]) == {"rollups"}
    assert {"product_id", "metadata.country"} <= set(rolled_up["Dimension"])


@pytest.mark.usefixtures("shop")
def test_a_forged_press_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The button is disabled, which only an honest browser minds."""
    roles, brands = {WORKSPACE: Role.EDITOR}, {WORKSPACE: frozenset(BRANDS[:1])}
    narrow = Identity("narrow", brands, roles=roles)
    monkeypatch.setattr(session, "identity", lambda: narrow)
    monkeypatch.setattr(scope, "DEMO_WORKSPACE", "ws_none")
    time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    page = uploaded(opened(), f"time,action,brand_id\n{time},view,{BRANDS[1]}".encode())
    assert "this brand are not open to you" in "".join(error.value for error in page.error)
    button = page.button(key="import")
    monkeypatch.setattr(button, "_assert_can_interact", lambda: None)
    button.click().run()
    assert process().imports.of("narrow") == []
