"""Files of events of every kind, loaded, and what is then in the lake."""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.ingest.load import Loaded, load
from engine.scope import Scope
from engine.stores.lake import LakeStore
from tests.generate import SCOPE, Event

WORKSPACE: Final = SCOPE.workspace_id
BRAND: Final = SCOPE.brand_id
OTHER_BRAND: Final = "22222222-2222-4222-8222-222222222222"
ARRIVAL: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
TIME: Final = "2026-11-23T05:31:56Z"
HEADER: Final = ("event_id", "event_type", "created_at", "brand_id")

Raw = dict[str, Any]


def row(event_id: str | None = "e", **columns: Any) -> Raw:
    """A good row, as a file has it."""
    good = {"event_type": "agent_view", "created_at": TIME, "brand_id": BRAND}
    return good | {"event_id": event_id} | columns


def write_csv(path: Path, *rows: Raw) -> Path:
    names = dict.fromkeys([*HEADER, *(name for row in rows for name in row)])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_ndjson(path: Path, *rows: Raw) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write(folder: Path, kind: str, events: Iterable[Event], brand: str = BRAND) -> Path:
    """A file of these events as programs write them, with what each kind of file can express."""
    rows = [raw | {"brand_id": brand} for raw in events]
    path = folder / f"events{kind}"
    if kind == ".parquet":
        schema = pl.Schema({**events_schema(), "brand_id": pl.String()})
        pl.DataFrame(rows, schema=schema).write_parquet(path)
    elif kind == ".csv":
        texts = [{name: _text(value) for name, value in raw.items()} for raw in rows]
        pl.DataFrame(texts, schema=dict.fromkeys(rows[0], pl.String)).write_csv(path)
    else:
        write_ndjson(
            path, *({n: _json(v) for n, v in raw.items() if v is not None} for raw in rows)
        )
    return path


def events_schema() -> pl.Schema:
    return LakeStore(Path("nowhere")).open(WORKSPACE, BRAND).all_events().collect_schema()


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        return json.dumps(value)
    return None if value is None else str(value)


def _json(value: Any) -> Any:
    """Decimals as numbers where a double can say them, else as text."""
    if isinstance(value, dict | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return float(value) if value == type(value)(repr(float(value))) else str(value)


def loaded(
    home: Path,
    path: Path,
    workspace: str = WORKSPACE,
    arrival: datetime = ARRIVAL,
    brand: str | None = None,
) -> Loaded:
    """Load a file into the lake in `home`; read = stored + duplicates + rejected rows."""
    result = load(lake(home), path, workspace, arrival, brand)
    rejected = result.rejected["row"].n_unique()
    assert result.read == result.stored + result.duplicates + rejected
    return result


def lake(home: Path) -> LakeStore:
    return LakeStore(home / "lake")


def stored(home: Path, brand: str | None = BRAND, workspace: str = WORKSPACE) -> pl.DataFrame:
    return lake(home).open(workspace, brand).all_events().collect().sort("event_id", "created_at")


def ids(home: Path, brand: str | None = BRAND, workspace: str = WORKSPACE) -> list[str]:
    return stored(home, brand, workspace)["event_id"].to_list()


def counts(result: Loaded) -> tuple[int, int, int]:
    """Rows read, stored, duplicates."""
    return result.read, result.stored, result.duplicates


def scope(brand: str = BRAND, workspace: str = WORKSPACE) -> Scope:
    return Scope(workspace, brand)
