"""Columns are kept within their budget, the latest used longest."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from engine.contract import METADATA
from engine.stores.columns import Columns
from tests.generate import NOW, event, frame

KEYS = ("a", "b", "c", "d")
ROWS = 1_000


@pytest.fixture
def file(tmp_path) -> Path:
    """A Parquet file of which each key fills a column of the same size."""
    metadata = [{key: f"{key}{i % 10}" for key in KEYS} for i in range(ROWS)]
    events = frame([event(str(i), NOW, metadata=m) for i, m in enumerate(metadata)])
    events.write_parquet(tmp_path / "events.parquet")
    return tmp_path / "events.parquet"


def read(columns, file, *keys):
    (found,) = columns.read("table", [str(file)], [METADATA + key for key in keys])
    return found


def texts(columns, file, *keys):
    return read(columns, file, *keys).cast(pl.String).to_dict(as_series=False)


def size(file):
    return read(Columns(), file, "a").to_series().estimated_size()


def is_kept(columns, file, key):
    """A kept column needs no file."""
    hidden = file.rename(file.with_suffix(".hidden"))
    try:
        read(columns, file, key)
    except FileNotFoundError:
        return False
    finally:
        hidden.rename(file)
    return True


def held(columns):
    return sum(column.estimated_size() for column in columns._columns.values())


def test_columns_have_the_order_of_the_file_and_of_the_keys(file):
    found = texts(Columns(), file, "b", "a", "nowhere")
    assert list(found) == ["metadata.b", "metadata.a", "metadata.nowhere"]
    assert found["metadata.a"] == [f"a{i % 10}" for i in range(ROWS)]
    assert found["metadata.b"] == [f"b{i % 10}" for i in range(ROWS)]
    assert found["metadata.nowhere"] == [None] * ROWS


def test_absent_null_and_empty_are_null(tmp_path):
    metadata = [None, {}, {"a": None}, {"a": ""}, {"a": "x"}]
    path = tmp_path / "events.parquet"
    frame([event(str(i), NOW, metadata=m) for i, m in enumerate(metadata)]).write_parquet(path)
    assert texts(Columns(), path, "a") == {"metadata.a": [None] * 4 + ["x"]}


def test_read_once(file):
    columns = Columns()
    assert not is_kept(columns, file, "a")
    read(columns, file, "a", "b")
    assert is_kept(columns, file, "a")
    assert is_kept(columns, file, "b")
    assert not is_kept(columns, file, "c")


def test_files_are_kept_apart(file, tmp_path):
    columns = Columns()
    read(columns, file, "a")
    other = tmp_path / "other.parquet"
    frame([event("1", NOW, metadata={"a": "other"})]).write_parquet(other)
    assert texts(columns, other, "a") == {"metadata.a": ["other"]}
    assert texts(columns, file, "a")["metadata.a"][0] == "a0"


def test_least_recently_used_go_first(file):
    columns = Columns(budget=3 * size(file))
    read(columns, file, "a", "b", "c")
    read(columns, file, "a")
    read(columns, file, "d")
    assert [is_kept(columns, file, key) for key in "acd"] == [True, True, True]
    assert not is_kept(columns, file, "b")


def test_budget_is_kept_and_counted_right(file):
    columns = Columns(budget=2 * size(file))
    for key in KEYS * 3:
        assert texts(columns, file, key)[f"metadata.{key}"][5] == f"{key}5"
        assert columns._held == held(columns) <= 2 * size(file)


def test_a_column_larger_than_the_budget_is_served(file):
    columns = Columns(budget=1)
    for key in KEYS:
        assert len(texts(columns, file, key)[f"metadata.{key}"]) == ROWS
        assert columns._held == held(columns)
    assert [is_kept(columns, file, key) for key in KEYS] == [False, False, False, True]


def test_several_keys_beyond_the_budget_at_once(file):
    found = texts(Columns(budget=1), file, *KEYS)
    assert [found[f"metadata.{key}"][3] for key in KEYS] == ["a3", "b3", "c3", "d3"]


def test_counted_once_when_read_by_many(file):
    columns = Columns()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: read(columns, file, KEYS[i % 4]), range(64)))
    assert columns._held == held(columns)
    assert len(columns._columns) == 4
