"""Deletion by command: what goes, what stays, and that answers change at once."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from engine.database.connect import open_database
from engine.engine import Engine
from engine.ingest.delete import Deletion, main
from engine.ingest.inbox import Inbox
from engine.ingest.normalise import normalise
from engine.ingest.sources import Source, Sources
from engine.scope import Scope
from engine.stores.lake import LakeStore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOP, BRANDS = "ws_shop", [f"{n}1111111-1111-4111-8111-111111111111" for n in (1, 2)]
COUNT = {
    "event_types": None,
    "group_by": "none",
    "aggregation": "count",
    "time_window_days": 365,
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def lake(home):
    return LakeStore(home / "lake")


@pytest.fixture
def inbox(home, lake):
    return Inbox(open_database(f"sqlite:///{home / 'vitrine.db'}"), lake, lambda: NOW)


@pytest.fixture
def engine(lake):
    return Engine(lake, clock=lambda: NOW)


def events(brand, workspace=SHOP):
    """A day apart each, the customers O'Brien and "nobody" in turn."""
    rows = [
        {
            "event_id": f"{workspace}{brand}{i}",
            "event_type": "view",
            "brand_id": brand,
            "customer_id": ["O'Brien", "nobody", None][i % 3],
            "created_at": (NOW - timedelta(days=i, hours=1)).isoformat(),
        }
        for i in range(90)
    ]
    return normalise(pl.DataFrame(rows).with_row_index("row"), NOW, "test", None).events


@pytest.fixture(autouse=True)
def shop(inbox, lake):
    for brand in (*BRANDS, None):
        inbox.accept(SHOP, events(brand))
    inbox.accept("ws_other", events(BRANDS[0], "ws_other"))
    inbox.move(SHOP)
    inbox.move("ws_other")


def counted(engine, workspace=SHOP, brand=BRANDS[0]):
    return engine.aggregate(COUNT, Scope(workspace, brand)).rows[0].value


def files(lake):
    return set(lake.root.rglob("*.parquet"))


def test_a_customer_goes_everywhere_in_the_workspace_and_from_the_disk(engine, lake, capsys):
    assert counted(engine) == 90
    assert main(["--workspace", SHOP, "--customer", "O'Brien"]) == 0
    assert "90 events of ws_shop deleted" in capsys.readouterr().out
    assert [counted(engine, SHOP, brand) for brand in BRANDS] == [60, 60]
    assert counted(engine, "ws_other") == 90
    for path in files(lake):
        if "ws_shop" in str(path):
            customers = pl.read_parquet(path, columns=["customer_id"])["customer_id"]
            assert "O'Brien" not in customers.to_list()


def test_what_still_waits_in_the_inbox_goes_too(engine, inbox):
    late = events(BRANDS[0]).with_columns(event_id=pl.col("event_id") + "late")
    inbox.accept(SHOP, late)
    main(["--workspace", SHOP, "--customer", "O'Brien"])
    inbox.move(SHOP)
    assert counted(engine) == 120


@pytest.mark.parametrize(("days", "left"), [(1, 1), (30, 30), (89, 89), (90, 90)])
def test_old_events_go(engine, lake, inbox, days, left):
    deletion = Deletion(
        lake,
        inbox,
        open_database(f"sqlite:///{lake.root.parent / 'vitrine.db'}"),
        lake.root.parent / "rollups",
    )
    assert deletion.older_than(SHOP, days, NOW) == 3 * (90 - left)
    assert counted(engine) == left


def test_a_workspace_goes_and_can_come_again(engine, inbox, lake, capsys):
    inbox.accept(SHOP, events(BRANDS[0]).with_columns(event_id=pl.lit("waits") + "event_id"))
    assert counted(engine) == 90
    assert main(["--workspace", SHOP, "--everything"]) == 0
    assert "360 events" in capsys.readouterr().out
    assert counted(engine) == 0
    assert inbox.waiting() == {}
    assert list(lake.brands()) == ["ws_other"]
    assert inbox.accept(SHOP, events(BRANDS[0])).stored == 90
    inbox.move(SHOP)
    assert counted(engine) == 90


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--workspace", "shop", "--everything"], 2, "is not a workspace id"),
        (["--workspace", "ws_none", "--everything"], 1, "no events of ws_none"),
    ],
)
def test_what_cannot_be_deleted_is_named(arguments, status, said, capsys):
    assert main(arguments) == status
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--older-than", "0"], ["--older-than", "x"], [], ["--everything", "--customer", "x"]],
)
def test_the_command_asks_for_one_thing(arguments):
    with pytest.raises(SystemExit):
        main(["--workspace", SHOP, *arguments])


def test_columns_of_deleted_files_leave_the_memory(engine, lake):
    counted(engine)
    held = lake._columns._held
    main(["--workspace", SHOP, "--older-than", "1"])
    counted(engine)
    assert lake._columns._held < held


def test_sources_that_may_bring_events_back_are_named(inbox, capsys):
    inbox.accept(SHOP, events(BRANDS[0]))
    for name, workspace in (("crm", SHOP), ("other", "ws_other"), ("shop", SHOP)):
        Sources(inbox._database).add(Source(name, workspace, "postgresql://me@h/d", "t"))
    main(["--workspace", SHOP, "--customer", "nobody"])
    assert (
        f"crm, shop still read {SHOP}: delete the rows in their tables" in capsys.readouterr().out
    )
    Sources(inbox._database).remove("other")
    main(["--workspace", "ws_other", "--everything"])
    assert "still read" not in capsys.readouterr().out


@pytest.mark.parametrize("what", [["--customer", "nobody"], ["--everything"]])
def test_events_that_only_wait_are_deleted_too(what, inbox, lake, capsys):
    inbox.accept("ws_new", events(BRANDS[0], "ws_new"))
    assert main(["--workspace", "ws_new", *what]) == 0
    assert capsys.readouterr().out.startswith(
        f"{30 if '--customer' in what else 90} events of ws_new"
    )
    inbox.move("ws_new")
    left = 60 if "--customer" in what else 0
    assert sum(file.rows for file in lake.open("ws_new", BRANDS[0]).files) == left
