"""The published figures of a real shop: what was loaded is what was sold."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from engine.engine import Engine
from engine.ingest.__main__ import main
from engine.scope import Scope
from engine.stores.lake import LakeStore

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "online_retail.parquet"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"{FILE.name} is not here")

BRAND = "fb4dd206-d8e7-51a7-81fd-663b3662f11b"
SCOPE = Scope("ws_retail", BRAND)
TODAY = datetime(2026, 11, 23, tzinfo=UTC)
YEAR = timedelta(days=365)
EVERYTHING = Decimal("9747747.934")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("retail")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_HOME", str(home))
        assert main([str(FILE), "--workspace", SCOPE.workspace_id]) == 0
    return home


@pytest.fixture(scope="module")
def lake(home):
    return LakeStore(home / "lake")


@pytest.fixture(scope="module")
def engine(lake):
    return Engine(lake)


@pytest.fixture(scope="module")
def sales():
    """created_at, country, session, amount of the file itself; the amount by plain Decimal."""
    columns = pl.col("created_at", "session_id", "amount"), pl.col("metadata")
    frame = pl.read_parquet(FILE).select(*columns)
    country = pl.col("metadata").str.json_path_match("$.country")
    rows = frame.select("created_at", country, "session_id", "amount").rows()
    read = {amount: round(Decimal(repr(amount)), 6) for *_, amount in rows}
    return [(*row, read[amount]) for *row, amount in rows]


def test_published_figures(lake):
    events = lake.snapshot(SCOPE).all_events()
    country = pl.col("metadata").map.get("country")
    found = events.select(
        rows=pl.len(),
        sessions=pl.col("session_id").n_unique(),
        customers=pl.col("customer_id").drop_nulls().n_unique(),
        products=pl.col("product_id").n_unique(),
        ids=pl.col("event_id").n_unique(),
        amount=pl.col("amount").sum(),
        uk=pl.col("amount").filter(country == "United Kingdom").sum(),
    ).collect()
    assert found.row(0, named=True) == {
        "rows": 541_909,
        "sessions": 25_900,
        "customers": 4_372,
        "products": 4_070,
        "ids": 541_909,
        "amount": EVERYTHING,
        "uk": Decimal("8187806.364"),
    }
    assert lake.brands() == {SCOPE.workspace_id: [BRAND]}


def test_again_adds_nothing(home, lake, capsys, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(home))
    version = lake.snapshot(SCOPE).version
    assert main([str(FILE), "--workspace", SCOPE.workspace_id]) == 0
    assert "541,909 rows read, 0 stored, 541,909 duplicates" in capsys.readouterr().out
    assert lake.snapshot(SCOPE).version == version


def ask(engine, as_of, **changes):
    body = {"event_types": None, "group_by": "none", "aggregation": "sum", "value_field": "amount"}
    return engine.aggregate(body | {"time_window_days": 365, "limit": 1000} | changes, SCOPE, as_of)


@pytest.mark.parametrize("as_of", [TODAY, TODAY - timedelta(days=9), TODAY - YEAR], ids=str)
def test_sums_of_a_year(engine, sales, as_of):
    """By country; they are the nearest doubles to the sums of the decimals."""
    totals, counts = Counter(), Counter()
    for created_at, country, _, amount in sales:
        if as_of - YEAR <= created_at < as_of:
            totals[country] += amount
            counts[country] += 1
    (row,) = ask(engine, as_of).rows
    assert (row.value, row.secondary) == (float(sum(totals.values())), sum(counts.values()))
    found = ask(engine, as_of, group_by="metadata.country").rows
    assert {key: (value, used) for key, value, used in found} == {
        country: (float(totals[country]), counts[country]) for country in totals
    }
    assert [value for _, value, _ in found] == sorted((v for _, v, _ in found), reverse=True)


def test_two_years_side_by_side_hold_everything(engine):
    """The window of today leaves out the first nine days; the one before it holds just them."""
    parts = [ask(engine, as_of).rows[0] for as_of in (TODAY, TODAY - YEAR)]
    assert sum(row.secondary for row in parts) == 541_909
    assert sum(Decimal(repr(row.value)) for row in parts) == EVERYTHING
    days = [
        row.key
        for as_of in (TODAY, TODAY - YEAR)
        for row in ask(engine, as_of, group_by="day").rows
    ]
    assert (min(days), max(days)) == ("2025-11-14", "2026-11-22")
    before = ask(engine, TODAY - YEAR, group_by="day").rows
    assert max(row.key for row in before) < "2025-11-23"


def test_sessions_of_a_year_by_day(engine, sales):
    sessions = {}
    for created_at, _, session, _ in sales:
        if created_at >= TODAY - YEAR:
            sessions.setdefault(created_at.date().isoformat(), []).append(session)
    found = ask(engine, TODAY, aggregation="count_distinct", group_by="day").rows
    assert [tuple(row) for row in found] == [
        (day, len(set(of_day)), len(of_day)) for day, of_day in sorted(sessions.items())
    ]
