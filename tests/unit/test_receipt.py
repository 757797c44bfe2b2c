"""Receipts: the same question over the same events holds, and every difference is named."""

import copy
import json
from contextlib import suppress

import pytest

from engine.engine import Engine
from engine.errors import InvalidRequest
from engine.exports import __main__ as command
from engine.exports.frozen import Part, read, write
from engine.exports.receipt import HASH, digest, receipt, verify
from engine.request import parse
from engine.scope import Scope
from engine.stores.memory import MemoryStore
from tests.api.shop import NOW, events
from tests.api.wire import BRAND, SPACE

SCOPE = Scope(SPACE, BRAND)
BODY = {
    "event_types": None,
    "group_by": "product_id",
    "aggregation": "avg",
    "value_field": "amount",
    "time_window_days": 30,
    "limit": 5,
}


def shop(count=300):
    return Engine(MemoryStore({(SPACE, BRAND): events("one", count)}), clock=lambda: NOW)


@pytest.fixture
def made():
    request = parse(BODY)
    return receipt(request, SCOPE, shop().aggregate(request, SCOPE))


def test_the_same_events_give_the_same_receipt(made):
    assert len(made[HASH]) == 16
    verdict = verify(made, shop())
    assert (verdict.same, verdict.said) == (True, ())
    again = json.loads(json.dumps(made, indent=3, sort_keys=True))
    assert verify(again, shop()).same


def test_other_events_are_named(made):
    verdict = verify(made, shop(250))
    assert not verdict.same
    assert any(line.startswith("row 1: 'one_product_") for line in verdict.said)


def test_another_state_of_the_events_is_told_also_where_the_rows_hold(made):
    made["data_version"] = "5"
    made[HASH] = digest(made)
    verdict = verify(made, shop())
    assert verdict.same
    assert verdict.said == ("the data has changed since: '5' then, '0' now; these rows have not",)
    assert verify(made, shop(250)).said[-1] == "the data has changed since: '5' then, '0' now"


def test_a_row_that_is_gone_is_named(made):
    made["rows"] = made["rows"][:-1]
    made[HASH] = digest(made)
    [line] = [line for line in verify(made, shop()).said if line.startswith("row 5")]
    assert line.startswith("row 5: none then, 'one_product_")


def test_a_changed_copy_is_found_out(made):
    for name, value in (
        ("rows", [["one_product_1", 1.0, 1]]),
        ("generated_at", "2026-11-22T12:00:00Z"),
        ("data_version", "another"),
        ("total_groups", 9),
        ("request", made["request"] | {"limit": 6}),
        ("scope", made["scope"] | {"catalog_id": BRAND}),
    ):
        changed = copy.deepcopy(made) | {name: value}
        verdict = verify(changed, shop())
        assert not verdict.same
        assert verdict.said[0].startswith("it was changed")


@pytest.mark.parametrize("name", ["rows", "generated_at", "data_version", "request", "scope", HASH])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [1, 2], {"a": 1}])
def test_what_is_no_receipt_is_refused_or_differs(made, name, value):
    with suppress(InvalidRequest):
        assert not verify(made | {name: value}, shop()).same


@pytest.mark.parametrize("raw", [None, 7, "x", [], {}, [[]]])
def test_nothing_like_a_receipt(raw):
    with pytest.raises(InvalidRequest):
        verify(raw, shop())


def test_the_command(made, tmp_path, monkeypatch, capsys):
    request = parse(BODY)
    parts = [Part("Means", request, shop().aggregate(request, SCOPE))]
    path = tmp_path / "copy.html"
    path.write_bytes(write("Shop", None, SCOPE, parts, NOW))
    assert read(path.read_text()) == [made]
    monkeypatch.setattr(command, "connect", shop)
    assert command.main(["verify", str(path)]) == 0
    assert capsys.readouterr().out == f"1 {made[HASH]}: the same\n"
    monkeypatch.setattr(command, "connect", lambda: shop(20))
    assert command.main(["verify", str(path)]) == 1
    assert "differs\n  row 1:" in capsys.readouterr().out
    path.write_text(path.read_text().replace("one_product_1", "one_product_9"))
    assert command.main(["verify", str(path)]) == 1
    assert "it was changed" in capsys.readouterr().out
    path.write_text("<html>")
    assert command.main(["verify", str(path)]) == 2
    assert command.main(["verify", str(tmp_path / "none.html")]) == 2
