"""Events for an inbox, and what is in the lake of a home afterwards."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from engine.database.connect import open_database
from engine.ingest.inbox import Inbox
from engine.ingest.normalise import normalise
from engine.stores.lake import LakeStore

WORKSPACE: Final = "ws_faults"
BRANDS: Final = (
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
)
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
TIMES: Final = ("2026-11-23T05:31:56Z", "2026-11-22T23:59:59.999999Z", "2026-10-31T00:00:00Z", None)
"""Of two months; None is an event without a time."""


def clock() -> datetime:
    return NOW


def events(ids: range) -> pl.DataFrame:
    """Normal events of both brands and of none, some without a time."""
    rows = [
        {
            "event_id": f"e{i}",
            "event_type": "agent_purchase",
            "brand_id": (*BRANDS, None)[i % 3],
            "created_at": TIMES[i % 4],
            "amount": str(i),
        }
        for i in ids
    ]
    raw = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).with_row_index("row")
    return normalise(raw, NOW, "faults", None).events


def inbox(home: Path) -> Inbox:
    return Inbox(open_database(f"sqlite:///{home / 'vitrine.db'}"), lake(home), clock)


def lake(home: Path) -> LakeStore:
    return LakeStore(home / "lake")


def ids_in_lake(home: Path, workspace: str = WORKSPACE) -> list[str]:
    """Of all brands, read by a store that was not there before."""
    store = lake(home)
    tables = [store.open(of, brand) for of, brand in store.tables() if of == workspace]
    return [i for t in tables for i in t.all_events().collect()["event_id"].to_list()]


def assert_once(home: Path, ids: range) -> None:
    assert sorted(ids_in_lake(home)) == sorted(f"e{i}" for i in ids)
