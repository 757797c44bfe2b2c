"""The numbers behind an answer agree with it and with plain Python, exactly."""

from fractions import Fraction

import pytest

import engine as library
from engine.engine import Engine
from engine.errors import InvalidRequest
from engine.request import parse
from engine.scope import Scope
from engine.stores.memory import MemoryStore
from tests import oracle
from tests.contract_cases import BODY
from tests.generate import NOW, SCOPE, Sample, event, frame
from tests.rollups.brand import Brand

EVERY = 5
"""Of the requests of a sample, so many apart are compared."""


def expected(events, body, as_of, catalog):
    """What an Account says, by the oracle, and as its fields are named."""
    anything = body | {"event_types": None}
    window = [e for e in events if oracle.asked_for(e, anything, as_of, None)]
    catalogs = [e for e in events if oracle.asked_for(e, anything, as_of, catalog)]
    chosen = [e for e in events if oracle.asked_for(e, body, as_of, catalog)]
    groups = {"all": []} if body["group_by"] == "none" else {}
    for one in chosen:
        groups.setdefault(oracle.key_of(one, body["group_by"]), []).append(one)
    rows, _ = oracle.answer(events, body, as_of, catalog)
    said = {
        "brand_events": len(window),
        "catalog_events": len(catalogs),
        "type_events": len(chosen),
        "groups": len(groups),
        "shown_groups": len(rows),
        "numbers": None,
        "skipped": None,
        "distinct": None,
        "overlap": None,
    }
    if body["aggregation"] in ("sum", "avg"):
        found = {
            k: [oracle.number_of(e, body["value_field"]) for e in v] for k, v in groups.items()
        }
        added = {k: sum((n for n in v if n is not None), Fraction(0)) for k, v in found.items()}
        said["numbers"] = sum(n is not None for v in found.values() for n in v)
        said["skipped"] = len(chosen) - said["numbers"]
    elif body["aggregation"] == "count":
        added = {k: Fraction(len(v)) for k, v in groups.items()}
    else:
        sessions = {k: {e["session_id"] for e in v} - {None} for k, v in groups.items()}
        added = {k: Fraction(len(v)) for k, v in sessions.items()}
        said["distinct"] = len(set().union(*sessions.values()))
        said["overlap"] = int(sum(added.values())) - said["distinct"]
    total, shown = sum(added.values()), sum(added[row[0]] for row in rows)
    return said | {"total": total, "shown": shown, "other": total - shown}


def check(engine, events, body, as_of, catalog):
    scope = Scope(SCOPE.workspace_id, SCOPE.brand_id, catalog)
    account = engine.account(body, scope, as_of)
    said = expected(events, body, as_of, catalog)
    assert {name: getattr(account, name) for name in said} == said, body
    result = engine.aggregate(body, scope, as_of)
    assert account.generated_at == result.generated_at
    assert account.window_start == result.window_start
    assert account.data_version == result.data_version
    assert account.groups == result.total_groups
    planned = engine.explain(body, scope, as_of)
    assert (account.segments, account.refused) == (planned.segments, planned.refused)
    return account


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_accounts_of_scans(seed):
    sample = Sample.make(seed)
    engine = Engine(MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): sample.frame}))
    accounts = [check(engine, sample.events, *one) for one in list(sample.requests())[seed::EVERY]]
    assert any(a.other for a in accounts)
    assert any(a.overlap for a in accounts)
    assert any(a.skipped for a in accounts)
    assert any(a.catalog_events < a.brand_events for a in accounts)


def test_accounts_of_rollups(tmp_path):
    sample = Sample.make(4)
    brand = Brand(tmp_path)
    brand.write(sample.events)
    brand.build(max(sample.instants))
    asked = [(body, as_of, None) for body, as_of, _ in list(sample.requests())[:: 3 * EVERY]]
    accounts = [check(brand.engine, sample.events, *one) for one in asked]
    assert {segment.source for a in accounts for segment in a.segments} > {"days", "scan"}
    assert any(a.segments[0].source != "scan" and a.other for a in accounts)
    assert any(a.refused for a in accounts)


def test_sums_that_a_double_cannot_hold():
    """Four groups of which two are shown: what is left is exact in the last of 24 digits."""
    large = ("900000000000.000001", "900000000000.000003", "0.000001", "0.000002")
    events = [event(str(i), NOW, product_id=f"p{i}", agent_id=text) for i, text in enumerate(large)]
    body = {
        "event_types": None,
        "group_by": "product_id",
        "aggregation": "sum",
        "value_field": "agent_id",
        "time_window_days": 1,
        "limit": 2,
    }
    engine = Engine(MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): frame(events)}))
    account = engine.account(body, SCOPE, NOW.replace(hour=23))
    assert isinstance(account, library.Account)
    assert str(account.total) == "1800000000000.000007"
    assert str(account.other) == "0.000003"


def test_without_a_clock_it_is_now_and_faults_are_told():
    engine = Engine(MemoryStore(), clock=lambda: NOW)
    account = engine.account(parse(BODY), SCOPE)
    assert (account.generated_at, account.total, account.groups) == (NOW, 0, 0)
    with pytest.raises(InvalidRequest):
        engine.account(BODY | {"limit": 0}, SCOPE)
