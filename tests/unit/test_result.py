"""What goes over the wire."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from engine.result import Result, Row, iso

WHEN = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)


def result_of(*rows, total_groups=None, when=WHEN):
    return Result(
        rows=rows,
        generated_at=when,
        cache_hit=False,
        total_groups=len(rows) if total_groups is None else total_groups,
        window_start=when - timedelta(days=1),
        data_version="7",
        milliseconds=1.5,
    )


def test_body_is_exactly_the_contract():
    result = result_of(Row("2026-11-23", 123, 45))
    assert json.dumps(result.to_dict()) == (
        '{"rows": [{"key": "2026-11-23", "value": 123, "secondary": 45}],'
        ' "generated_at": "2026-11-23T05:31:56Z", "cache_hit": false}'
    )


@pytest.mark.parametrize("hit", [False, True])
@pytest.mark.parametrize("key", ["", 'a "quoted" \\', "é\u2028\n", "\ud800", "😀"])
@pytest.mark.parametrize("value", [0, -(2**53), 0.1, 1e300, -2.5e-7])
def test_body_is_written_as_json_writes_it(key, value, hit):
    result = result_of(Row(key, value, 1), Row("b", 1, 0))
    result = result.from_cache() if hit else result
    assert result.json.decode() == json.dumps(result.to_dict(), separators=(",", ":"))


def test_body_without_rows():
    assert result_of().to_dict()["rows"] == []


def test_numbers_on_the_wire():
    rows = [Row("a", 2**53, 1), Row("b", -(2**53), 1), Row("c", 0.1, 1), Row("d", 0, 0)]
    text = json.dumps(result_of(*rows).to_dict())
    assert '"value": 9007199254740992,' in text
    assert '"value": -9007199254740992,' in text
    assert '"value": 0.1,' in text
    assert '"value": 0, "secondary": 0' in text


def test_from_cache_changes_only_that():
    result = result_of(Row("a", 1, 1))
    served = result.from_cache()
    assert served.cache_hit
    assert not result.cache_hit
    assert served.to_dict() == result.to_dict() | {"cache_hit": True}
    assert served.from_cache() == served
    assert served.milliseconds == result.milliseconds


@pytest.mark.parametrize(("groups", "truncated"), [(2, False), (3, True), (10**9, True)])
def test_truncated(groups, truncated):
    assert result_of(Row("a", 2, 1), Row("b", 1, 1), total_groups=groups).truncated is truncated


def test_window_ends_when_it_was_computed():
    assert result_of().window_end == WHEN
    assert result_of().window_start == WHEN - timedelta(days=1)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (WHEN, "2026-11-23T05:31:56Z"),
        (WHEN.replace(hour=0, minute=0, second=0), "2026-11-23T00:00:00Z"),
        (WHEN.replace(microsecond=1), "2026-11-23T05:31:56.000001Z"),
        (WHEN.replace(microsecond=120_000), "2026-11-23T05:31:56.120000Z"),
        (WHEN.astimezone(timezone(timedelta(hours=9))), "2026-11-23T05:31:56Z"),
        (
            datetime(2027, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))),
            "2026-12-31T23:00:00Z",
        ),
    ],
)
def test_iso(instant, text):
    assert iso(instant) == text
    assert datetime.fromisoformat(text) == instant


def test_json_is_the_body_compact_and_in_ascii():
    result = result_of(Row("é\ud800", 0.1, 1))
    assert result.json == (
        b'{"rows":[{"key":"\\u00e9\\ud800","value":0.1,"secondary":1}],'
        b'"generated_at":"2026-11-23T05:31:56Z","cache_hit":false}'
    )
    assert json.loads(result.from_cache().json) == result.to_dict() | {"cache_hit": True}


def test_what_is_served_again_is_made_once():
    result = result_of(Row("a", 1, 1))
    assert result.from_cache() is result.from_cache()
    assert result.from_cache().json is result.from_cache().json
