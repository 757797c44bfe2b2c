"""Small frames joined hold the rows that they held apart."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.ingest.join import joined
from engine.ingest.metadata import ENTRIES, text_of

KINDS = {
    "texts": (pl.String(), st.sampled_from(["", "x", "1.50"])),
    "doubles": (pl.Float64(), st.floats(allow_nan=False, allow_infinity=False)),
    "entries": (ENTRIES, st.just([{"key": "k", "value": "v"}])),
}


@st.composite
def frames(draw):
    height = draw(st.integers(1, 3))
    columns = [pl.Series("fault", draw(cells(st.just("bad"), height)), dtype=pl.String)]
    for name in draw(st.lists(st.sampled_from(["a", "b", "^.*$"]), unique=True)):
        dtype, values = KINDS[draw(st.sampled_from(sorted(KINDS)))]
        columns.append(pl.Series(name, draw(cells(values, height)), dtype=dtype))
    return pl.DataFrame(columns)


def cells(values, height):
    return st.lists(st.none() | values, min_size=height, max_size=height)


def rows(given):
    """Each row as texts of what is not null."""
    texts = [pl.DataFrame([text_of(column) for column in frame]) for frame in given]
    cells = [row for frame in texts for row in frame.iter_rows(named=True)]
    return [{name: text for name, text in row.items() if text is not None} for row in cells]


@given(st.lists(frames(), max_size=8), st.integers(1, 10))
def test_rows_stay_what_they_are(given, batch):
    together = list(joined(iter(given), batch))
    assert rows(together) == rows(given)
    assert all(frame.height <= max(batch, 3) for frame in together)
    names = {name for frame in given for name in frame.columns}
    assert {name for frame in together for name in frame.columns} == names


@pytest.mark.parametrize(("batch", "heights"), [(1, [1] * 6), (4, [4, 2]), (6, [6]), (100, [6])])
def test_as_many_rows_as_fit(batch, heights):
    one = pl.DataFrame({"fault": [None], "a": ["x"]}, schema_overrides={"fault": pl.String})
    assert [frame.height for frame in joined(iter([one] * 6), batch)] == heights


def test_as_many_bytes_as_fit(monkeypatch):
    """Rows that are long are few, so that they never fill the memory."""
    one = pl.DataFrame({"fault": ["x" * 1000] * 2})
    monkeypatch.setattr("engine.ingest.join.SIZE", 5000)
    assert [frame.height for frame in joined(iter([one] * 5), 100)] == [4, 4, 2]


def test_nothing_but_nulls_is_of_any_type():
    given = [
        pl.DataFrame({"a": [None]}, schema={"a": pl.String}),
        pl.DataFrame({"a": [1.5], "b": [None]}, schema={"a": pl.Float64, "b": pl.String}),
        pl.DataFrame({"c": ["x"]}),
    ]
    (together,) = joined(iter(given), 10)
    expected = {"a": [None, 1.5, None], "b": [None] * 3, "c": [None, None, "x"]}
    schema = {"a": pl.Float64, "b": pl.String, "c": pl.String}
    assert_frame_equal(together, pl.DataFrame(expected, schema=schema))


def test_doubles_among_texts_are_texts():
    given = [
        pl.DataFrame({"a": [1.0, 0.1]}),
        pl.DataFrame({"a": ["x"]}),
        pl.DataFrame({"a": [2.5]}),
    ]
    (together,) = joined(iter(given), 10)
    assert together["a"].to_list() == ["1", "0.1", "x", "2.5"]


def test_objects_and_texts_stay_apart():
    objects = pl.DataFrame({"a": [[{"key": "k", "value": "v"}]]})
    given = [objects, objects, pl.DataFrame({"a": ["x"]}), objects]
    assert [frame.height for frame in joined(iter(given), 10)] == [2, 1, 1]
