"""The same real events by command, by page, over HTTP and from PostgreSQL: the same answers."""

import random
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.contract import AGGREGATIONS, DIMENSIONS, MEASURES
from engine.database.connect import open_database
from engine.engine import Engine
from engine.http.auth import DemoAuthenticator
from engine.http.routes import routes
from engine.ingest.__main__ import main
from engine.ingest.imports import Imports
from engine.ingest.inbox import Inbox
from engine.ingest.mapping import guess
from engine.ingest.read import read
from engine.ingest.sources import Source
from engine.ingest.sync import Sync
from engine.ingest.vault import Vault
from engine.scope import Scope
from engine.settings import Settings
from engine.stores.lake import LakeStore
from tests.postgres import server

RETAIL = Path(__file__).parents[3] / "shared" / "data" / "online_retail.parquet"
SPACE, BRAND = "ws_retail", "fb4dd206-d8e7-51a7-81fd-663b3662f11b"
NOW = datetime(2026, 11, 23, 17, 11, 12, tzinfo=UTC)
ROWS = 541_909
BATCH = 5_000

pytestmark = pytest.mark.skipif(
    not RETAIL.exists(), reason=f"there is no {RETAIL.name} beside the project"
)


def by_command(home, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(home))
    assert main([str(RETAIL), "--workspace", SPACE]) == 0


def by_page(home, _):
    imports = Imports(LakeStore(home / "lake"), home / "imports", lambda: NOW)
    with RETAIL.open("rb") as upload:
        kept = imports.keep(RETAIL.name, upload)
    job = imports.start(kept, SPACE, None, guess(next(read(kept))))
    assert job.finished.wait(120)
    assert job.state == "done", job.error
    assert job.loaded.stored == ROWS


def by_http(home, _):
    lake = LakeStore(home / "lake")
    inbox = Inbox(open_database(f"sqlite:///{home / 'vitrine.db'}"), lake, lambda: NOW)
    engine = Engine(lake)
    settings = Settings(home=home)
    app = Starlette(routes=routes(engine, settings, DemoAuthenticator("token", engine), inbox))
    decoded = (
        pl.read_parquet(RETAIL)
        .drop("workspace_id")
        .with_columns(
            pl.col("metadata").str.json_decode(
                pl.Struct({"country": pl.String, "description": pl.String})
            )
        )
    )
    headers = {"Authorization": "Bearer token", "Content-Type": "application/x-ndjson"}
    with TestClient(app, headers=headers) as client:
        for part in decoded.iter_slices(BATCH):
            body = part.write_ndjson().encode()
            answer = client.post(f"/api/workspace/{SPACE}/events", content=body)
            assert answer.json() == {"stored": part.height, "duplicates": 0, "rejected": []}
    inbox.move(SPACE)


def by_postgres(home, _):
    postgres = server()
    database = postgres.new("database")
    events = pl.read_parquet(RETAIL)
    doubles = ", ".join(f"{name} double precision" for name in MEASURES)
    with postgres.connect(database) as connection:
        connection.execute(
            "create table agent_events (event_id text, workspace_id text, brand_id uuid,"
            " event_type text, session_id text, customer_id text, product_id text, agent_id text,"
            f" created_at timestamptz, {doubles}, metadata jsonb)"
        )
        columns = ", ".join(events.columns)
        into = f"copy agent_events ({columns}) from stdin (format csv)"
        with connection.cursor().copy(into) as copy:
            for part in events.iter_slices(100_000):
                copy.write(part.write_csv(include_header=False))
        connection.execute("create index on agent_events (created_at, event_id)")
    database_url = f"sqlite:///{home / 'vitrine.db'}"
    lake, vault = LakeStore(home / "lake"), Vault("a secret of thirty-two characters")
    sync = Sync(open_database(database_url), lake, lambda: NOW, vault=vault)
    sync.add(Source("retail", SPACE, postgres.url(database=database), "agent_events"))
    assert sync.run("retail").stored == ROWS


DOORS = {
    "command": by_command,
    "page": by_page,
    "http": by_http,
    "postgres": by_postgres,
}


def requests(count):
    rng = random.Random(20)
    groups = [*DIMENSIONS, "metadata.country", "metadata.description", "metadata.none"]
    for _ in range(count):
        yield {
            "event_types": rng.choice([None, ["purchase"], ["cancellation", "adjustment"]]),
            "group_by": rng.choice(groups),
            "aggregation": rng.choice(AGGREGATIONS),
            "value_field": rng.choice(["amount", "price", "quantity", "score", "customer_id"]),
            "time_window_days": rng.randint(1, 365),
            "limit": rng.choice([1, 10, 100, 1000]),
        }


def test_a_hundred_requests_have_one_answer(tmp_path, monkeypatch):
    scope = Scope(SPACE, BRAND)
    answers = {}
    for name, bring in DOORS.items():
        home = tmp_path / name
        home.mkdir()
        bring(home, monkeypatch)
        engine = Engine(LakeStore(home / "lake"))
        assert engine.inventory(scope).events == ROWS
        answers[name] = [engine.aggregate(body, scope, NOW).to_dict() for body in requests(100)]
    for name in DOORS:
        assert answers[name] == answers["command"]
    assert sum(len(answer["rows"]) for answer in answers["command"]) > 1000
