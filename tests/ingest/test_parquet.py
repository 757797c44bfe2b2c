"""What Polars reads of a usual Parquet file by itself is what it reads by way of Arrow."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.errors import InvalidRequest
from engine.ingest import parquet
from engine.ingest.parquet import read_parquet
from engine.ingest.read import read

MOMENTS = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001  (hypothesis wants bounds without a zone)
TEXTS = st.sampled_from(["", "x", "é" * 40, "\x00", "a text of more than twelve bytes"])
FRACTIONS = st.decimals(-(10**11), 10**11, places=6)
USUAL = [
    (pa.string(), TEXTS),
    (pa.large_string(), TEXTS),
    (pa.bool_(), st.booleans()),
    (pa.float64(), st.floats()),
    (pa.int8(), st.integers(-128, 127)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.uint32(), st.integers(0, 2**32 - 1)),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.date32(), st.dates(date(1, 1, 1), date(9999, 12, 31))),
    (pa.timestamp("ms"), MOMENTS.map(lambda t: t.replace(microsecond=0))),
    (pa.timestamp("us"), MOMENTS),
    (pa.timestamp("ns"), MOMENTS),
    (pa.timestamp("us", "UTC"), MOMENTS.map(lambda t: t.replace(tzinfo=UTC))),
    (pa.timestamp("us", "America/Sao_Paulo"), MOMENTS.map(lambda t: t.replace(tzinfo=UTC))),
    (pa.decimal128(18, 6), FRACTIONS),
    (pa.decimal128(38, 2), st.integers(-(10**34), 10**34).map(Decimal)),
    (pa.decimal128(7, 0), st.integers(-(10**6), 10**6).map(Decimal)),
    (
        pa.map_(pa.string(), pa.string()),
        st.lists(st.tuples(TEXTS, st.none() | TEXTS), max_size=3, unique_by=lambda pair: pair[0]),
    ),
]
UNUSUAL = [
    pa.array([1.5], pa.float32()),
    pa.array([date(2026, 11, 23)], pa.date64()),
    pa.array([b"x"], pa.binary()),
    pa.array([[1]], pa.list_(pa.int64())),
    pa.array([{"k": "v"}], pa.struct({"k": pa.string()})),
    pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    pa.array(["x"]).dictionary_encode(),
]


def frames(path, batch, by_polars):
    """Its rows as the reader is told to read them, and how many frames they came in."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parquet, "_is_usual", lambda *_: by_polars)
        found = list(read_parquet(path, batch))
    return pl.concat(found), len(found)


def usual(path):
    with pq.ParquetFile(path) as file:
        return parquet._is_usual(file, pl.scan_parquet(path))


@pytest.mark.parametrize(("dtype", "values"), USUAL, ids=[str(dtype) for dtype, _ in USUAL])
@given(data=st.data())
def test_usual_columns(tmp_path_factory, dtype, values, data):
    cells = data.draw(st.lists(st.none() | values, min_size=1, max_size=12))
    path = tmp_path_factory.getbasetemp() / "usual.parquet"
    pq.write_table(
        pa.table({"a": pa.array(cells, dtype), "^b$": list(range(len(cells)))}),
        path,
        row_group_size=data.draw(st.integers(1, 12)),
        use_dictionary=data.draw(st.booleans()),
        store_schema=data.draw(st.booleans()),
        store_decimal_as_integer=data.draw(st.booleans()),
        data_page_version=data.draw(st.sampled_from(["1.0", "2.0"])),
    )
    assert usual(path)
    batch = data.draw(st.integers(1, 12))
    (by_polars, _), (by_arrow, _) = (frames(path, batch, way) for way in (True, False))
    assert_frame_equal(by_polars, by_arrow)


@pytest.mark.parametrize("column", UNUSUAL, ids=lambda column: str(column.type))
def test_columns_that_go_by_way_of_arrow(tmp_path, column):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"event_type": ["a"], "b": column}), path)
    assert not usual(path)


def test_times_of_an_old_form_go_by_way_of_arrow(tmp_path):
    path = tmp_path / "a.parquet"
    times = pa.array([datetime(2026, 11, 23, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"a": times}), path, use_deprecated_int96_timestamps=True)
    assert not usual(path)


@pytest.mark.parametrize("most", [(100, 10**9), (10**9, 9)])
def test_large_row_groups_go_by_way_of_arrow(tmp_path, monkeypatch, most):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": [f"text {i}" for i in range(10)]}).write_parquet(path)
    assert usual(path)
    monkeypatch.setattr(parquet, "GROUP", most)
    assert not usual(path)


@pytest.mark.parametrize(
    ("groups", "batch", "heights"),
    [(3, 10, [10]), (3, 9, [9, 1]), (3, 3, [3, 3, 3, 1]), (3, 5, [3, 3, 4]), (10, 4, [4, 4, 2])],
)
def test_row_groups_make_batches(tmp_path, groups, batch, heights):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": list(range(10))}), path, row_group_size=groups)
    found = list(read_parquet(path, batch))
    assert [frame.height for frame in found] == heights
    assert pl.concat(found)["a"].to_list() == list(range(10))


def test_a_damaged_part_is_refused_or_read(tmp_path):
    """Whatever byte is wrong, never an error of another kind."""
    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"a": [f"text {i}" for i in range(300)], "b": list(range(300))}), whole)
    content = whole.read_bytes()
    path = tmp_path / "a.parquet"
    told: list[str] = []
    for place in range(4, len(content) - 8, 61):
        path.write_bytes(content[:place] + b"\xff\x00\x7f" + content[place + 3 :])
        try:
            assert sum(frame.height for frame in read(path, 100)) <= 300
        except InvalidRequest as error:
            told.append(error.message)
    assert told
    assert all(text.startswith("a.parquet: cannot be read as .parquet") for text in told)
