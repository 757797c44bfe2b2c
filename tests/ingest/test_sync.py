"""A table of a real PostgreSQL server is read into the lake: every row once, whatever happens."""

import json
import math
import random
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from engine.contract import IDS, MEASURES
from engine.engine import Engine
from engine.errors import InvalidRequest, Unavailable
from engine.ingest.source_table import SourceTable, _session
from engine.ingest.sources import Sources
from engine.scope import Scope
from tests.database.shop import NOW, SECOND, Shop, counts, event
from tests.generate import Sample
from tests.ingest.files import BRAND, OTHER_BRAND, WORKSPACE, lake, loaded, stored
from tests.postgres import PASSWORD

TEXTS = (
    "",
    "Ünï-\U0001f600",
    'a"b',
    "a,b",
    "a\nb\r\nc",
    "\\N",
    "\\.",
    "NULL",
    "'; drop table x",
    " ",
)
DOUBLES = (None, 0.1, 1 / 3, 1e-7, 123456789.123456789, -0.0, 5e-324, *map(float, ("nan", "-inf")))


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def made(sample):
    """Rows that look for trouble, as a database has them; and their like in a file."""
    rng = random.Random(sample.seed)
    for number, raw in enumerate(sample.events):
        row = {name: "" if raw[name] and "\0" in raw[name] else raw[name] for name in IDS}
        # Of the largest a few stay: as doubles they are 10^12 and will be rejected.
        less = 1 if number % 50 == 0 else 0.999
        row |= {name: None if raw[name] is None else float(raw[name]) * less for name in MEASURES}
        row["event_id"] = f"{number}{rng.choice(TEXTS)}"
        row["event_type"] = raw["event_type"]
        row["catalog_id"] = raw["catalog_id"]
        row["brand_id"] = rng.choice((BRAND, BRAND.upper(), OTHER_BRAND, None))
        row["workspace_id"] = "theirs"
        zone = timezone(timedelta(minutes=15 * rng.randrange(-40, 40)))
        row["created_at"] = raw["created_at"].astimezone(zone)
        row["metadata"] = rng.choice((None, {})) if rng.random() < 0.1 else metadata(raw, rng)
        if rng.random() < 0.3:
            row[rng.choice(IDS)] = rng.choice(TEXTS)
            row[rng.choice(MEASURES)] = rng.choice(DOUBLES)
        yield row


def metadata(raw, rng):
    found = {k: v for k, v in (raw["metadata"] or {}).items() if v is None or "\0" not in v}
    nested = {
        "ü": [1, 1.50, None, {"b": True, "a": 'x"\\\n'}],
        "n": rng.choice((7, 1.0, 1e20, 1e-7)),
    }
    return found | {"deep": nested, "flag": True, "text": rng.choice(TEXTS)}


def text_of(metadata):
    return None if metadata is None else json.dumps(metadata)


def strange(value):
    """JSON has no NaN."""
    return isinstance(value, float) and not math.isfinite(value)


def written(folder, kind, rows):
    path = folder / f"events{kind}"
    if kind == ".parquet":
        plain = [r | {"metadata": text_of(r["metadata"])} for r in rows]
        plain = [r | {"created_at": r["created_at"].astimezone(UTC)} for r in plain]
        pl.DataFrame(plain, infer_schema_length=None).write_parquet(path)
    else:
        lines = [
            {name: str(value) if strange(value) else value for name, value in row.items()}
            | {"created_at": row["created_at"].isoformat()}
            for row in rows
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def comparable(home, brand):
    """Rows by id and time; jsonb keeps its keys in an order of its own."""
    frame = stored(home, brand)
    rows = frame.drop("metadata").rows()
    maps = [sorted(dict(m).items()) for m in frame["metadata"]]
    return sorted(zip(rows, maps, strict=True), key=repr)


def test_a_first_load_equals_a_load_of_files(shop):
    sample = Sample.make(31, events=5000)
    rows = list(made(sample))
    shop.create().insert(*rows)
    seen = []
    sync = shop.added()
    synced = sync.run("shop", seen.append)
    assert seen[:2] == [1000, 2000]
    assert synced.read == 5000
    assert synced.stored > 4500
    assert synced.rejected
    asked = list(sample.requests())[::7]
    assert len(asked) >= 30
    for kind in (".ndjson", ".parquet"):
        home = shop.home / kind
        home.mkdir()
        result = loaded(home, written(home, kind, rows))
        assert counts(synced) == (result.read, result.stored, result.duplicates)
        assert (synced.rejected, synced.rounded) == (
            result.rejected["row"].n_unique(),
            result.rounded,
        )
        assert synced.without_brand == result.without_brand > 0
        for brand in (BRAND, OTHER_BRAND, None):
            assert comparable(shop.home, brand) == comparable(home, brand)
        engines = Engine(shop.lake), Engine(lake(home))
        for body, as_of, catalog in asked:
            scope = Scope(WORKSPACE, BRAND, catalog)
            ours, theirs = (engine.aggregate(body, scope, as_of) for engine in engines)
            assert repr((ours.rows, ours.total_groups)) == repr((theirs.rows, theirs.total_groups))
    again = sync.run("shop", whole=True)
    assert (again.read, again.stored) == (5000, 0)


def test_columns_of_other_types_and_columns_that_are_missing(shop):
    missing = dict.fromkeys(("workspace_id", "brand_id", "catalog_id", "agent_id", "score"))
    shop.create(
        event_id="bigint",
        created_at="timestamp",
        product_id="integer",
        price="numeric",
        rating="real",
        metadata="text",
        extra="text",
        **missing,
    )
    time = datetime(2026, 11, 1, 2, 3, 4, 567891, tzinfo=UTC)
    shop.execute(
        "insert into agent_events (event_id, event_type, created_at, product_id, price, rating,"
        " metadata, extra) select i, 'kebab-case', %s, 7, 123456789012.000001, 0.1,"
        """ '{"n": 1.0}', 'x' from generate_series(8, 11) i""",
        time.replace(tzinfo=None),
    )
    sync = shop.sync(chunk=2)
    sync.add(shop.source(brand_id=BRAND.upper()))
    assert counts(sync.run("shop")) == (4, 4, 0)
    found = stored(shop.home)
    assert found["event_id"].to_list() == ["10", "11", "8", "9"]
    assert found["created_at"].to_list() == [time] * 4
    row = found.row(0, named=True)
    assert (row["event_type"], row["product_id"]) == ("kebab_case", "7")
    assert (str(row["price"]), str(row["rating"])) == ("123456789012.000001", "0.100000")
    assert (row["agent_id"], row["score"], dict(row["metadata"])) == (None, None, {"n": "1"})


@pytest.mark.parametrize("kind", ["text", 'text collate "und-x-icu"', "uuid"])
@pytest.mark.parametrize("overlap", [0, 600])
def test_rows_of_one_instant_over_many_chunks(shop, kind, overlap):
    shop.create(event_id=kind)
    rows = [event(i) for i in range(50)]
    names = [f"{i:032x}" if kind == "uuid" else f"{'aA'[i % 2]}{i}" for i in range(50)]
    time = datetime.now(UTC) - SECOND
    for row, name in zip(rows, names, strict=True):
        row |= {"event_id": name, "created_at": time}
    shop.insert(*rows)
    sync = shop.sync(chunk=7)
    sync.add(shop.source(overlap_seconds=overlap))
    assert counts(sync.run("shop")) == (50, 50, 0)
    assert sync.run("shop").read == (50 if overlap else 0)


def test_only_rows_of_one_workspace_of_the_source(shop):
    shop.create().insert(*(event(i, workspace_id=f"w{i % 2}") for i in range(10)))
    sync = shop.sync()
    sync.add(shop.source("one", source_workspace_id="w1"))
    assert counts(sync.run("one")) == (5, 5, 0)
    sync.add(shop.source("all"))
    assert counts(sync.run("all")) == (10, 5, 5)


def test_new_rows_and_rows_that_were_committed_late(shop):
    shop.create().insert(*(event(i, i) for i in range(10)))
    sync = shop.added()
    assert counts(sync.run("shop")) == (10, 10, 0)
    shop.insert(event(10, 10), event(11, -599 + 9), event(12, -700))
    assert counts(sync.run("shop")) == (12, 2, 10)
    assert "e00012" not in shop.ids()
    assert counts(sync.run("shop", whole=True)) == (13, 1, 12)
    source = sync.sources.get("shop")
    assert source.events == 13
    assert source.last_run_at == NOW


def test_a_row_from_the_future_does_not_hide_later_rows(shop):
    """The cursor stops at the begin of the run, or what comes next would lie before it."""
    shop.create().insert(event(0), event(1, created_at=datetime(2099, 1, 1, tzinfo=UTC)))
    sync = shop.added()
    assert counts(sync.run("shop")) == (2, 2, 0)
    assert sync.sources.get("shop").cursor_created_at < datetime.now(UTC) + 5 * SECOND
    shop.insert(event(2, created_at=datetime.now(UTC)))
    assert counts(sync.run("shop")) == (2, 1, 1)


def test_rejected_rows_are_named(shop):
    shop.create(brand_id="text", event_id="text", metadata="json").insert(
        event(0),
        event(1, brand_id="x"),
        event(2, event_type=None),
        event(3, event_id=""),
        event(4, event_id=None),
        event(5, created_at=None),
        event(6, created_at="infinity"),
        event(7, created_at="0044-03-15 BC"),
        event(8, created_at="12000-01-01"),
    )
    shop.insert(event(9) | {"amount": 1e12}, event(10) | {"amount": None})
    shop.execute("update agent_events set metadata = '[1]' where event_id = 'e00010'")
    synced = shop.added().run("shop")
    assert (synced.read, synced.stored, synced.rejected) == (11, 1, 10)
    reasons = {(i, f): message for i, f, message in synced.reasons.iter_rows()}
    assert {f for i, f in reasons if i is None} == {"event_id"}
    assert reasons["e00001", "brand_id"] == "x is not a UUID"
    assert reasons["e00002", "event_type"].startswith("is required")
    assert "is not a JSON object" in reasons["e00010", "metadata"]
    assert "is 10^12 or more" in reasons["e00009", "amount"]
    for number in range(5, 9):
        assert "outside the years" in reasons[f"e{number:05}", "created_at"]


@pytest.mark.parametrize("chunks", [1, 3])
def test_dying_between_the_lake_and_the_cursor(shop, monkeypatch, chunks):
    shop.create().insert(*(event(i, i * 3600 / 1000) for i in range(5000)))
    sync = shop.added()
    advance, left = Sources.advance, iter(range(1, chunks))

    def dying(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        advance(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Sources, "advance", dying)
        with pytest.raises(KeyboardInterrupt):
            sync.run("shop")
    assert len(shop.ids()) == 1000 * chunks
    source = sync.sources.get("shop")
    assert (source.events, source.last_error) == (1000 * (chunks - 1), None)
    synced = shop.sync().run("shop")
    assert (synced.stored, synced.duplicates >= 1000) == (5000 - 1000 * chunks, True)
    assert len(shop.ids()) == len(set(shop.ids())) == 5000


def test_large_rows_come_in_smaller_chunks(shop, monkeypatch):
    monkeypatch.setattr("engine.ingest.source_table.CHUNK_BYTES", 100_000)
    shop.create().insert(*(event(i, metadata={"text": "x" * 30_000}) for i in range(20)))
    seen = []
    assert counts(shop.added().run("shop", seen.append)) == (20, 20, 0)
    assert len(seen) >= 5


@pytest.mark.parametrize("analysed", [True, False])
def test_an_index_on_the_time_is_used(shop, analysed):
    """Without it each chunk would sort the whole table, as it would after a bulk load."""
    shop.create().insert(*(event(i, i) for i in range(5000)))
    shop.execute("create index by_time on agent_events (created_at, event_id)")
    if analysed:
        shop.execute("analyze agent_events")
    table = SourceTable.open(shop.source(), 5, shop.stop)
    for since in (None, (datetime.now(UTC) - timedelta(days=1), "e00100")):
        with _session(shop.source(), 5, shop.stop) as connection:
            query = table._copy(since, 200_000).as_string(connection)
            query = query.removeprefix("copy (").partition(") to stdout")[0]
            plan = repr(connection.execute(f"explain {query}").fetchall())
        assert "Index Scan using by_time" in plan
        assert "Sort" not in plan


def test_a_reader_needs_no_more_than_select(shop):
    shop.create().insert(event(0))
    reader = f"reader_{shop.schema}"
    shop.execute(f"create role {reader} login password '{PASSWORD}'")
    source = shop.source(url=shop.server.url(reader))
    sync = shop.sync()
    with pytest.raises(InvalidRequest, match="may not be read by this user; grant usage on schema"):
        sync.add(source)
    shop.execute(f"grant usage on schema {shop.schema} to {reader}")
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="may not be read by this user; grant select on t"):
            sync.add(source)
        shop.execute(f"grant update on agent_events to {reader}")
    shop.execute(f"grant select on agent_events to {reader}")
    sync.add(source)
    shop.execute(f"revoke select on agent_events from {reader}")
    with pytest.raises(InvalidRequest, match="may not be read by this user; grant select on test"):
        sync.run("shop")
    shop.execute(f"grant select on agent_events to {reader}")
    assert counts(sync.run("shop")) == (1, 1, 0)
    assert sync.sources.get("shop").last_error is None


def test_a_view_that_writes_is_refused(shop):
    """Our session is read-only, whatever the user might do."""
    shop.create().insert(event(0))
    shop.execute(
        "create function bad() returns text language sql volatile as"
        f" $$ delete from {shop.schema}.agent_events returning event_id $$"
    )
    shop.execute(
        f"create view evil as select {shop.schema}.bad() as event_id, event_type, created_at"
        " from agent_events"
    )
    sync = shop.sync()
    sync.add(shop.source(table_name="evil"))
    with pytest.raises(Unavailable, match="read-only transaction"):
        sync.run("shop")


HOSTILE = [
    "Agent_Events",
    "a b",
    'a"b',
    "a;drop table x",
    "a'--",
    "1a",
    "",
    "a" * 64,
    "ä",
    "a\n",
    "a.b",
    "a\0",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(shop, name):
    for part in ("table_name", "table_schema"):
        with pytest.raises(InvalidRequest, match="is not a table's or schema's name"):
            shop.source(**{part: name})


@pytest.mark.parametrize("name", ["", "a/b", "../a", "A", "a b", "a\n", "-a", "a" * 64])
def test_names_of_sources(shop, name):
    with pytest.raises(InvalidRequest, match="is not a source's name"):
        shop.source(name)


def test_a_hostile_workspace_is_a_value(shop):
    shop.create().insert(event(0, workspace_id="'; drop table agent_events; --\\"))
    sync = shop.sync()
    sync.add(shop.source(source_workspace_id="'; drop table agent_events; --\\"))
    assert counts(sync.run("shop")) == (1, 1, 0)


def test_tables_that_do_not_fit(shop):
    sync = shop.sync()
    with pytest.raises(InvalidRequest, match=r"table: test_\d+.agent_events of postgresql.*exist"):
        sync.add(shop.source())
    shop.create(event_type=None, created_at=None)
    with pytest.raises(InvalidRequest, match="has no column event_type, created_at; "):
        sync.add(shop.source())
    shop.create("texts", created_at="text", workspace_id=None)
    with pytest.raises(InvalidRequest, match="has a created_at of type text; it must be"):
        sync.add(shop.source(table_name="texts"))
    with pytest.raises(InvalidRequest, match="has no column workspace_id"):
        sync.add(shop.source(table_name="texts", source_workspace_id="w"))
    assert sync.sources.all() == []
