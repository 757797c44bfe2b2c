"""The SQL of a request, run as it is by PostgreSQL, has the rows of the engine."""

from datetime import UTC
from decimal import Decimal

import pytest
from psycopg.types.json import Jsonb

from engine.contract import MEASURES
from engine.engine import Engine
from engine.request import parse
from engine.scope import Scope
from engine.snippets import write
from engine.snippets.sql import NOW
from engine.stores.memory import MemoryStore
from tests.database.shop import COLUMNS
from tests.generate import NOW as TODAY
from tests.generate import SCOPE, Sample, event, frame
from tests.oracle import on_the_wire
from tests.postgres import server

EVERY = 7
"""Of the requests of a sample, so many apart are compared; 7 divides none of its cycles."""


@pytest.fixture(scope="module")
def connection():
    connection = server().connect()
    connection.execute(f"set search_path = {server().new('schema')}")
    connection.execute("set TimeZone = 'America/New_York'")
    yield connection
    connection.close()


def fill(connection, events, measure):
    """The table of the original with these events, and with two that are of others."""
    names = list(COLUMNS)
    kinds = COLUMNS | dict.fromkeys(MEASURES, measure)
    connection.execute("drop table if exists agent_events")
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    connection.execute(f"create table agent_events ({columns})")
    ours = {"workspace_id": SCOPE.workspace_id, "brand_id": SCOPE.brand_id}
    foreign = [
        events[0] | ours | {"event_id": "x", "workspace_id": "ws_other"},
        events[0] | ours | {"event_id": "y", "brand_id": "22222222-2222-4222-8222-222222222222"},
    ]
    with connection.cursor().copy(f"copy agent_events ({', '.join(names)}) from stdin") as copy:
        for one in [*(e | ours for e in events), *foreign]:
            metadata = one["metadata"]
            row = one | {"metadata": None if metadata is None else Jsonb(metadata)}
            copy.write_row([row[name] for name in names])


def storable(one, measure):
    """What PostgreSQL can hold of an event: no zero characters, doubles where there are doubles."""
    metadata = one["metadata"] and {
        key: value and value.replace("\0", "") for key, value in one["metadata"].items()
    }
    double = measure == "double precision"
    numbers = {
        name: one[name]
        if one[name] is None or not double
        else round(one[name] / 1000, 6 - max(0, one[name].adjusted() - 11))
        for name in MEASURES
    }
    return one | {"metadata": metadata} | numbers


def compare(connection, events, body, as_of, catalog):
    scope = Scope(SCOPE.workspace_id, SCOPE.brand_id, catalog)
    engine = Engine(MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): frame(events)}))
    text = write("sql", parse(body), scope, "", "")
    assert text.count(NOW) == 2
    end = f"timestamptz '{as_of.astimezone(UTC).isoformat()}'"
    found = connection.execute(text.replace(NOW, end)).fetchall()
    rows = [(key, on_the_wire(value), secondary) for key, value, secondary in found]
    assert repr(rows) == repr([tuple(row) for row in engine.aggregate(body, scope, as_of).rows])
    return len(rows)


@pytest.mark.parametrize(
    ("seed", "measure"), [(0, "numeric(18, 6)"), (1, "double precision"), (2, "numeric(18, 6)")]
)
def test_generated_requests(connection, seed, measure):
    sample = Sample.make(seed)
    events = [storable(one, measure) for one in sample.events]
    fill(connection, events, measure)
    asked = list(sample.requests())[seed::EVERY]
    assert sum(compare(connection, events, *one) for one in asked) > len(asked)


def test_numbers_and_texts_of_json(connection):
    """1.0 and 1 are one key, booleans are words, ties of the seventh digit go to the even one."""
    made = [
        event(str(i), TODAY, session_id=session, metadata=metadata)
        for i, (session, metadata) in enumerate(
            [
                ("s1", {"n": 1.0, "product_id": "0.0000005"}),
                ("s2", {"n": 1, "product_id": "0.0000015"}),
                ("s2", {"n": "1", "product_id": "-0.0000025"}),
                ("s3", {"n": 1.50, "product_id": "1e24"}),
                ("", {"n": True, "product_id": 12}),
                (None, {"n": None, "product_id": True}),
                (None, {"n": "", "product_id": "1e99999"}),
            ]
        )
    ]
    fill(connection, made, "double precision")
    body = {"event_types": None, "time_window_days": 1, "limit": 10, "value_field": "product_id"}

    def rows(group_by, aggregation):
        request = parse(body | {"group_by": group_by, "aggregation": aggregation})
        text = write("sql", request, SCOPE, "", "").replace(NOW, "timestamptz '2026-11-24'")
        return connection.execute(text).fetchall()

    assert rows("metadata.n", "count") == [("1", 3, 2), ("", 2, 0), ("1.5", 1, 1), ("true", 1, 0)]
    assert rows("session", "count_distinct")[-1] == ("", 0, 3)
    assert rows("none", "sum") == [("all", float(Decimal("12")), 4)]
    assert rows("metadata.n", "avg") == [("true", 12, 1), ("1", 0, 3), ("", 0, 0), ("1.5", 0, 0)]


def test_it_runs_at_the_present_time(connection):
    fill(connection, [event("1", TODAY)], "double precision")
    connection.execute("update agent_events set created_at = now() - interval '1 hour'")
    body = {"event_types": ["agent_view"], "group_by": "day", "aggregation": "count"}
    text = write("sql", parse(body | {"time_window_days": 1}), SCOPE, "", "")
    assert [row[1:] for row in connection.execute(text).fetchall()] == [(1, 0)]
