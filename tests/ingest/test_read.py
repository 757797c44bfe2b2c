"""Files become frames of raw rows, numbered from 1; a file that is none is named with its row."""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from engine.errors import InvalidRequest
from engine.ingest.read import read
from tests.ingest.files import write_csv, write_ndjson

HEADER = b"event_id,event_type,created_at\n"
KINDS = (".csv", ".ndjson", ".jsonl", ".parquet")


def rows(path, content=None, batch=1000):
    """The columns but `row`, and the rows with their numbers."""
    if content is not None:
        path.write_bytes(content)
    frames = list(read(path, batch))
    assert all(0 < frame.height <= batch for frame in frames)
    for frame in frames:
        assert frame.columns[0] == "row"
        assert frame.schema["row"] == pl.UInt32
    return [row for frame in frames for row in frame.select(pl.exclude("fault")).rows()]


def refusal(path, content=None):
    """The one message about a file that cannot be read."""
    with pytest.raises(InvalidRequest) as caught:
        rows(path, content)
    (fault,) = caught.value.faults
    assert fault.field == path.name
    assert "\n" not in fault.message
    assert len(fault.message) < 300
    return fault.message


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "a[1].csv", "a*.csv", "a?.csv", "é 日.csv"])
def test_csv(tmp_path, name):
    """The name is a name, never a pattern."""
    (tmp_path / "ab.csv").write_bytes(HEADER + b"other,other,other\n")
    assert rows(tmp_path / name, HEADER + b"1,a,b\n2,,c\n") == [
        (1, "1", "a", "b"),
        (2, "2", None, "c"),
    ]


CSV = [
    ("no last newline", HEADER + b"1,a,b", [(1, "1", "a", "b")]),
    ("windows", HEADER.replace(b"\n", b"\r\n") + b"1,a,b\r\n", [(1, "1", "a", "b")]),
    ("byte order mark", b"\xef\xbb\xbf" + HEADER + b"1,a,b\n", [(1, "1", "a", "b")]),
    ("quotes", HEADER + b'"1","a ""b"" ","c,d"\n', [(1, "1", 'a "b" ', "c,d")]),
    (
        "newline in quotes",
        HEADER + b'1,"a\nb",c\n2,d,e\n',
        [(1, "1", "a\nb", "c"), (2, "2", "d", "e")],
    ),
    ("quotes that open nothing", HEADER + b'1,a"b"c,d\n', [(1, "1", 'a"b"c', "d")]),
    ("fewer fields", HEADER + b"1,a\n2\n", [(1, "1", "a", None), (2, "2", None, None)]),
    ("spaces", HEADER + b" 1, a ,b\n", [(1, " 1", " a ", "b")]),
    ("numbers and words stay text", HEADER + b"007,1e5,true\n", [(1, "007", "1e5", "true")]),
    ("zero byte", HEADER + b"1\0,a,b\n", [(1, "1\0", "a", "b")]),
    ("emoji", HEADER + "1,é\U0001f600,b\n".encode(), [(1, "1", "é\U0001f600", "b")]),
    ("header only", HEADER, []),
    ("header without newline", HEADER.strip(), []),
    ("one column", b"event_type\na\n", [(1, "a")]),
    ("own row and fault", b"row,event_type\n7,a\n", [(1, "7", "a")]),
]


@pytest.mark.parametrize(("content", "found"), [case[1:] for case in CSV], ids=[c[0] for c in CSV])
def test_csv_of_any_form(tmp_path, content, found):
    assert rows(tmp_path / "a.csv", content) == found


NO_CSV = [
    ("empty", b"", "empty"),
    ("blank", b"\n\n", "empty"),
    (
        "more fields",
        HEADER + b"1,a,b\n2,a,b,c\n3,a,b\n",
        "row 2 has 4 fields, but the header has 3",
    ),
    ("comment above the header", b"# made by hand\n" + HEADER, "row 1 has 3 fields"),
    ("latin-1", HEADER + b"1,a,b\n2,a,b\n3,\xe9,b\n", "row 3 is not UTF-8"),
    ("quotes never closed", HEADER + b'1,a,b\n2,"a,b\n3,a,b\n', "row 2"),
]


@pytest.mark.parametrize(
    ("content", "reason"), [case[1:] for case in NO_CSV], ids=[c[0] for c in NO_CSV]
)
def test_no_csv(tmp_path, content, reason):
    message = refusal(tmp_path / "a.csv", content)
    assert message.startswith("cannot be read as .csv: ")
    assert reason in message


def test_a_broken_row_far_down_is_named(tmp_path):
    lines = b"".join(b'%d,"a\n",b\n' % i for i in range(1, 30_001))
    for bad, reason in ((b"1,2,3,4\n", "has 4 fields"), (b"\xff,a,b\n", "is not UTF-8")):
        message = refusal(tmp_path / "a.csv", HEADER + lines + bad + lines)
        assert f"row 30001 {reason}" in message


NDJSON = [
    ("plain", b'{"a":"x"}\n{"a":"y"}\n', [(1, "x"), (2, "y")]),
    ("no last newline", b'{"a":"x"}\n{"a":"y"}', [(1, "x"), (2, "y")]),
    ("windows", b'{"a":"x"}\r\n{"a":"y"}\r\n', [(1, "x"), (2, "y")]),
    ("byte order mark", b'\xef\xbb\xbf{"a":"x"}\n', [(1, "x")]),
    ("blank lines", b'\n{"a":"x"}\n \n\n{"a":"y"}\n', [(1, "x"), (2, "y")]),
    ("missing", b'{"a":"x"}\n{"a":null}\n{}\n', [(1, "x"), (2, None), (3, None)]),
    ("new keys later", b'{"a":"x"}\n{"b":1}\n', [(1, "x", None), (2, None, "1")]),
    ("types", b'{"a":1.0}\n{"a":true}\n{"a":[1.0]}\n', [(1, "1"), (2, "true"), (3, "[1]")]),
    ("large", b'{"a":12345678901234567890}\n', [(1, "12345678901234567890")]),
    ("surrogates", b'{"\\ud800":"\\udfff"}\n', [(1, "\ufffd")]),
    ("empty objects", b"{}\n{}\n", [(1,), (2,)]),
    ("own row", b'{"row":7,"a":"x"}\n', [(1, "7", "x")]),
    ("own fault", b'{"fault":"cable","a":"x"}\n', [(1, "cable", "x")]),
    ("empty", b"", []),
    ("blank", b"\n \r\n", []),
]


@pytest.mark.parametrize(
    ("content", "found"), [case[1:] for case in NDJSON], ids=[c[0] for c in NDJSON]
)
@pytest.mark.parametrize("kind", [".ndjson", ".jsonl"])
def test_ndjson(tmp_path, kind, content, found):
    assert rows(tmp_path / f"a{kind}", content) == found


BROKEN_LINES = (
    b"nonsense",
    b"{",
    b'{"a":1} x',
    b'{"a":1}{"a":2}',
    b'{"a":1,"a":2}',
    b'{"a":{"b":1,"b":2}}',
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b"{'a':1}",
    b"[1]",
    b'"x"',
    b"5",
    b"null",
    b"\xff\xfe",
    b'{"a":"\xe9"}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":' + b"[" * 400 + b"]" * 400 + b"}",
    b'{"a":' + b"[" * 900 + b"]" * 900 + b"}",
    b'{"a":' + b"[" * 100_000,
    b'{"metadata":' + b"[" * 100_000,
)


@pytest.mark.parametrize("line", BROKEN_LINES, ids=lambda line: str(line[:20]))
def test_broken_lines_say_why_and_sink_no_other(tmp_path, line):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"a":"x"}\n' + line + b'\n{"a":"y"}\n')
    (frame,) = read(path)
    assert frame["row"].to_list() == [1, 2, 3]
    assert frame["a"].to_list() == ["x", None, "y"]
    first, reason, last = frame["fault"]
    assert (first, last) == (None, None)
    assert reason.startswith(("is not valid JSON (", "is not a JSON object", "is nested too"))


def test_metadata_of_ndjson_stays_json(tmp_path):
    found = [{"a": 1.0, "b": [None]}, None, {}, {"c": "\ud800"}]
    path = write_ndjson(tmp_path / "a.ndjson", *({"metadata": value} for value in found))
    (frame,) = read(path)
    texts = frame["metadata"].to_list()
    assert [text and json.loads(text) for text in texts] == found


def arrow(values, kind):
    return pa.array(values, kind)


UUID = "11111111-1111-4111-8111-111111111111"
PARQUET = [
    (arrow(["x", None], pa.large_string()), ["x", None]),
    (arrow(["x"], pa.string_view()), ["x"]),
    (arrow(["x", "x", None], pa.string()).dictionary_encode(), ["x", "x", None]),
    (arrow([1, None], pa.uint64()), [1, None]),
    (arrow([b"x"], pa.binary()), [b"x"]),
    (arrow([b"xy"], pa.binary(2)), [b"xy"]),
    (arrow([np.float16(0.5)], pa.float16()), [0.5]),
    (arrow([0.1, 1234.56, 3e38, None], pa.float32()), [0.1, 1234.56, 3e38, None]),
    (arrow([Decimal("1.5")], pa.decimal32(5, 2)), [Decimal("1.5")]),
    (arrow([Decimal("1.5")], pa.decimal128(38, 2)), [Decimal("1.5")]),
    (arrow([date(2026, 11, 23)], pa.date64()), [date(2026, 11, 23)]),
    (arrow([time(5)], pa.time32("s")), [time(5)]),
    (arrow([timedelta(1)], pa.duration("ns")), [timedelta(1)]),
    (arrow([0], pa.timestamp("s")), [datetime(1970, 1, 1)]),  # noqa: DTZ001
    (arrow([[("k", 1)]], pa.map_(pa.string(), pa.int64())), [{"k": 1}]),
    (arrow([{"k": 1}], pa.struct({"k": pa.int64()})), [{"k": 1}]),
    (arrow([None, None], pa.null()), [None, None]),
    (arrow([bytes.fromhex(UUID.replace("-", "")), None], pa.uuid()), [UUID, None]),
    (arrow(['{"k":1}'], pa.json_()), ['{"k":1}']),
]


@pytest.mark.parametrize(("column", "found"), PARQUET, ids=[str(c.type) for c, _ in PARQUET])
def test_parquet(tmp_path, column, found):
    """Singles become the doubles that are written alike, UUIDs and JSON become text."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": column}), path)
    assert rows(path) == [(number, value) for number, value in enumerate(found, start=1)]


def test_parquet_of_another_program(tmp_path):
    path = tmp_path / "a.parquet"
    duckdb.sql(
        f"""copy (select '{UUID}'::uuid brand_id, '{{"k":1}}'::json metadata, 0.1::float price,
        timestamptz '2026-11-23 05:31:56+00' created_at) to '{path}'"""
    )
    (frame,) = read(path)
    assert frame["brand_id"].to_list() == [UUID]
    assert frame["metadata"].to_list() == ['{"k":1}']
    assert frame["price"].to_list() == [0.1]
    assert frame["created_at"].dtype == pl.Datetime("us", "UTC")


STRANGE = [
    arrow([Decimal("1.5")], pa.decimal256(50, 2)),
    arrow([["x"]], pa.list_view(pa.string())),
    arrow([[Decimal("1.5")]], pa.list_(pa.decimal256(50, 2))),
    pa.StructArray.from_arrays([arrow(["{}"], pa.json_())], ["k"]),
]


@pytest.mark.parametrize("column", STRANGE, ids=lambda column: str(column.type))
def test_parquet_of_types_that_cannot_be_read(tmp_path, column):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"event_type": ["a"], "odd": column}), path)
    assert "column odd is " in refusal(path)


def test_parquet_whose_text_is_no_utf8(tmp_path):
    path = tmp_path / "a.parquet"
    buffers = [None, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff")]
    pq.write_table(pa.table({"a": pa.Array.from_buffers(pa.string(), 1, buffers)}), path)
    assert "UTF-8" in refusal(path)


def whole_parquet(path, **columns):
    columns = columns or {"a": list(range(1000)), "b": [f"text {i}" for i in range(1000)]}
    pq.write_table(pa.table(columns), path)
    return path.read_bytes()


def test_parquet_damaged(tmp_path):
    path = tmp_path / "a.parquet"
    whole = whole_parquet(path)
    for content in (b"", b"PAR1", b"x" * 50, whole[:-20], whole[20:], HEADER):
        assert refusal(path, content).startswith("cannot be read as .parquet: ")
    middle = len(whole) // 4
    refusal(path, whole[:middle] + b"\xff" * 200 + whole[middle + 200 :])


def test_parquet_without_rows_or_columns(tmp_path):
    path = tmp_path / "a.parquet"
    whole_parquet(path, a=pa.array([], pa.string()))
    assert rows(path) == []
    pq.write_table(pa.table({}), path)
    assert rows(path) == []


def test_parquet_with_columns_of_our_names(tmp_path):
    path = tmp_path / "a.parquet"
    whole_parquet(path, row=[7], fault=["cable"])
    (frame,) = read(path)
    assert frame.to_dict(as_series=False) == {"row": [1], "row ": [7], "fault ": ["cable"]}


def test_parquet_with_one_name_twice(tmp_path):
    path = tmp_path / "a.parquet"
    columns = [pa.array([1]), pa.array([2])]
    pq.write_table(pa.Table.from_arrays(columns, names=["a", "a"]), path)
    refusal(path)


@pytest.mark.parametrize(
    "name", ["a.xls", "a.txt", "a", "a.csv.gz", ".csv", "a.json", "a.parquet "]
)
def test_other_kinds(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(HEADER)
    assert "the kinds are .csv, .ndjson, .jsonl, .parquet, .xlsx." in refusal(path)


@pytest.mark.parametrize("kind", KINDS)
def test_no_file(tmp_path, kind):
    (tmp_path / f"folder{kind}").mkdir()
    for name in ("missing", "folder", "missing/file", "zero\0byte"):
        assert "does not exist, or is not a file" in refusal(tmp_path / f"{name}{kind}")


def twenty(path):
    """Rows of which some lack what others have."""
    made = [{"event_id": str(i), "event_type": "a", "amount": str(i / 4)} for i in range(20)]
    made[11] |= {"extra": "x"}
    if path.suffix == ".csv":
        return write_csv(path, *made)
    if path.suffix == ".parquet":
        pl.DataFrame(made, infer_schema_length=None).write_parquet(path, row_group_size=9)
        return path
    return write_ndjson(path, *made)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [1, 7, 20])
def test_batches_make_no_difference(tmp_path, kind, batch):
    path = twenty(tmp_path / f"a{kind}")
    parts = list(read(path, batch))
    assert len(parts) >= 20 // batch
    together = pl.concat(parts, how="diagonal_relaxed")
    assert together["row"].to_list() == list(range(1, 21))
    (whole,) = read(path)
    assert_frame_equal(together, whole, check_column_order=False)


def test_reading_starts_before_the_end_was_seen(tmp_path):
    """A file larger than memory is no problem: the first rows come while the rest is unread."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"a":"x"}\n' * 10 + b"broken\n" * 10)
    first = next(read(path, 5))
    assert first["row"].to_list() == [1, 2, 3, 4, 5]
