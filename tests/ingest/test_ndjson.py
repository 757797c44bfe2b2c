"""Lines read together give the very rows that they give one by one."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from engine.errors import InvalidRequest
from engine.ingest import ndjson
from engine.ingest.members import members_in, members_of_each
from engine.ingest.metadata import read_metadata
from engine.ingest.read import read
from tests.ingest.files import write_ndjson

PIECES = (
    *(b'{}[],::""  \\', b"null", b"true", b"1", b"-0", b"1.0", b"0.1", b"1e5", b"1e999"),
    *(b"NaN", b"12345678901234567890", b"9007199254740993", b"\t", b"\r", b"\xff", b"\xc3\xa9"),
    *(b'"a"', b'"b"', b'":"', b'"\\u0061"', b'"\\ud800"', b'"\\":"', b'"amount"', b'"metadata"'),
    *(b'{"a":1}', b'{"a":1,"a":1}', b'{"a" :1,"a":1}', b'{"a":{"b":"x"}}', b'"{\\"a\\":1}"'),
)
NAMES = ("a", "b", "amount", "metadata", "row", "fault", "a b", "é", "event_type", 'q"')


def scalars():
    floats = st.floats(allow_nan=False, allow_infinity=False)
    texts = st.sampled_from(
        ["", "x", "1", ":", '":', "é", "\x00", "\ud800", '{"a":1}', '{"a":NaN}']
    )
    return st.none() | st.booleans() | st.integers() | floats | texts


def values():
    flat = st.dictionaries(st.sampled_from(NAMES), scalars(), max_size=3)
    return scalars() | flat | st.lists(flat | scalars(), max_size=2)


def lines():
    """Rows, rows with white space or a member twice, and nonsense."""
    rows = st.dictionaries(st.sampled_from(NAMES), values(), max_size=5)
    good = rows.map(lambda row: json.dumps(row).encode())
    spaced = rows.map(lambda row: json.dumps(row, separators=(" , ", "\t: ")).encode())
    unescaped = rows.map(
        lambda row: json.dumps(row, ensure_ascii=False).encode(errors="surrogatepass")
    )
    double = st.tuples(good, good).map(lambda two: two[0][:-1] + b"," + two[1][1:])
    nonsense = st.lists(st.sampled_from(PIECES), max_size=6).map(b"".join)
    wrapped = nonsense.map(lambda text: b'{"a":' + text + b"}")
    return good | good | spaced | unescaped | double | nonsense | wrapped


def normal(frame):
    """The columns in one order; metadata as what it means."""
    nothing = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    maps, bad = read_metadata(frame.get_column("metadata", default=nothing), [])
    given = frame.drop("metadata", strict=False).with_columns(maps=maps, bad=bad)
    numbers = [name for name in ("amount",) if name in given.columns]
    texts = given.with_columns(pl.col(numbers).cast(pl.Float64, strict=False))
    return texts.select(sorted(texts.columns))


@given(st.lists(st.lists(lines(), min_size=1, max_size=6), min_size=1, max_size=3))
def test_lines_read_together_are_those_read_one_by_one(batches):
    shape = ndjson._Shape()
    for batch in batches:
        whole = [line for line in batch if line and not line.isspace()]
        if not whole:
            continue
        text = b"\n".join(whole)
        for together in (shape.whole(text), shape.frame(whole), shape.whole(text + b"\n")):
            if together is not None:
                assert_frame_equal(normal(together), normal(ndjson._one_by_one(whole, {})))


@given(st.lists(lines(), min_size=1, max_size=6), st.sampled_from((b" ", b"\t", b"\n", b"\r\n")))
def test_a_text_with_any_white_space_has_the_rows_of_its_lines(values, space):
    """Values may share a line, and one may go over several."""
    shape = ndjson._Shape()
    text = b"\n".join(value.replace(b",", b"," + space).replace(b"}{", b"}\n{") for value in values)
    for part in (text, text.replace(b"\n{", b" {"), text.replace(b":", b":\n")):
        given = [line for line in part.split(b"\n") if line and not line.isspace()]
        if given and shape.frame(given) is None:
            shape.frame(given[:1])
        together = shape.whole(part)
        if together is not None:
            assert_frame_equal(normal(together), normal(ndjson._one_by_one(given, {})))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1} {"a":2}\n{"a":\n3}',
        b'\n{"a":1} {"a":2}',
        b'{"a":1}\n\n{"a":1} {"a":2}',
        b'{"a":1} {"a":2}\r\n\r\n{"a":3}',
        b'{"a":1}{"a":2}\n\n',
        b'{"a":1} {"a":2}\n{"a":\n{"a":3}}',
        b'\xef\xbb\xbf{"a":1}',
        b' {"a":1}',
        b'{"a":1}\n ',
        b"",
        b"\n",
    ],
)
def test_a_text_whose_lines_are_not_plainly_one_object_each(text):
    shape = ndjson._Shape()
    shape.frame([b'{"a":1}', b'{"a":{"a":1}}'])
    assert shape.whole(b'{"a":1}\n{"a":{"a":2}}\r\n{"a":3}\r\n').height == 3
    assert shape.whole(text) is None


def test_usual_texts_are_read_whole(tmp_path, monkeypatch):
    rows = [{"a": str(i), "amount": i / 4, "metadata": {"k": "v", "n": i}} for i in range(50)]
    path = write_ndjson(tmp_path / "a.ndjson", *rows)
    shape = ndjson._Shape()
    assert shape.whole(path.read_bytes()) is None
    assert shape.frame(path.read_bytes().splitlines()).height == 50
    assert not shape._any_is_mixed
    whole = shape.whole(path.read_bytes())
    assert whole.columns == ["fault", "a", "amount", "metadata"]
    monkeypatch.setattr(ndjson, "BYTES", 100)
    (joined,) = read(path)
    assert_frame_equal(joined.drop("row"), whole)


@pytest.mark.parametrize(
    "odd",
    [
        b'{"amount":"2"}',
        b'{"amount":true}',
        b'{"amount":12345678901234567890}',
        b'{"amount":-1000000000000}',
        b'{"amount":1e12}',
        b'{"text":1}',
        b'{"text":["x",{"y":1}]}',
        b'{"text":{"text":"x"}}',
        b'{"n":"x"}',
        b'{"other":"x"}',
        b'{"metadata":"{\\"k\\":1}"}',
        b'{"metadata":{"k":{"k":"v"}}}',
        b'{"metadata":{"k":1,"k":2}}',
        b'{"metadata":null}',
        b"{}",
    ],
)
def test_values_of_another_type_than_before(odd):
    usual = [b'{"text":"x","amount":1.5,"n":1,"metadata":{"k":"v"}}', b'{"amount":2}']
    usual += [b'{"text":null,"amount":null}', b'{"text":"y","amount":0.1,"n":2,"metadata":{}}']
    shape = ndjson._Shape()
    shape.frame(usual)
    assert shape.whole(b"\n".join(usual)).height == 4
    assert not shape._any_is_mixed
    for lines in ([*usual, odd], [odd], usual):
        expected = normal(ndjson._one_by_one(lines, {}))
        for together in (shape.whole(b"\n".join(lines)), shape.frame(lines)):
            if together is not None:
                assert_frame_equal(normal(together), expected)
    assert shape.whole(b"\n".join(usual)).height == 4


def test_usual_lines_are_read_together():
    """Or the test above would show nothing."""
    rows = [{"event_type": "a", "amount": 1.5, "metadata": {"k": "v", "n": 1, "f": 0.5}}]
    rows += [{"event_type": None, "score": 1, "metadata": None}, {"other": ["x", {"y": 1}]}]
    lines = [json.dumps(row).encode() for row in rows] * 5
    lines += [b"nonsense", b"[1]", b'{"event_type" : "b"}']
    frame = ndjson._Shape().frame(lines)
    assert frame is not None
    assert frame.columns == ["fault", "event_type", "amount", "metadata", "score", "other"]
    assert frame["fault"].null_count() == 16
    assert frame["other"][2] == '["x",{"y":1}]'


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1,"a":1}',
        b'{"a" :1,"a":1}',
        b'{"a":1,"\\u0061":1}',
        b'{"a":":","a":1}',
        b'{"metadata":{"a":1,"a":1}}',
        b'{"metadata":{"a" :1,"a":1}}',
        b'{"a":[{"b":1,"b":1}]}',
        b'{"a":1,"b":2,"a":3}',
        b'{"b":1,"b":1}',
    ],
)
def test_a_member_that_stands_twice_is_seen(tmp_path, line):
    """Whatever else stands in the lines around it."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"a":1,"b":2}\n{"a":1}\n{"a":":"}\n' + line + b"\n")
    (frame,) = read(path)
    assert frame["fault"].is_not_null().to_list() == [False, False, False, True]
    assert "stands twice" in frame["fault"][3]


@given(st.recursive(scalars(), lambda inner: st.dictionaries(st.text(max_size=3), inner)))
def test_members_are_never_undercounted(value):
    def members(value):
        return sum(1 + members(item) for item in value.values()) if isinstance(value, dict) else 0

    for text in (
        json.dumps(value),
        json.dumps(value, indent=1),
        json.dumps(value, separators=",:"),
    ):
        assert members_in(text.encode()) >= members(value)
        assert members_of_each([text.encode(), b"{}"])[0] >= members(value)


def test_members_are_counted_over_blocks(monkeypatch):
    text = json.dumps({f"k{i}": i for i in range(100)}, separators=(",", ":")).encode()
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr("engine.ingest.members.BLOCK", size)
        assert members_in(text) == members_in(text.replace(b":", b" :")) == 100


def test_new_names_in_later_batches(tmp_path):
    rows = [{"a": "1"}, {"a": "2"}, {"b": 1, "metadata": {"k": "v"}}, {"c": True}, {"a": 3}]
    frames = list(read(write_ndjson(tmp_path / "a.ndjson", *rows), 2))
    assert [frame.drop("row", "fault").columns for frame in frames] == [
        ["a"],
        ["b", "metadata", "c"],
        ["a"],
    ]
    assert frames[2]["a"].to_list() == ["3"]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 31, 32, 33, 1000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n \r\n"])
def test_the_size_of_blocks_makes_no_difference(tmp_path, monkeypatch, size, end):
    monkeypatch.setattr(ndjson, "BYTES", size)
    lines = [b'\xef\xbb\xbf{"a":"\xc3\xa9","b":1}', b"", *[b'{"a":"x","a":2}', b'{"b":2}\r'] * 3]
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"\n".join(lines) + end)
    together = pl.concat(read(path, 3), how="diagonal_relaxed")
    assert together["row"].to_list() == [1, 2, 3, 4, 5, 6, 7]
    assert together["b"].to_list() == ["1", None, "2", None, "2", None, "2"]
    assert together["fault"].is_not_null().to_list() == [False, *[True, False] * 3]


def test_odd_lines_are_found_among_many(tmp_path, monkeypatch):
    monkeypatch.setattr(ndjson, "FEW", 4)
    lines = [b'{"a":"%d"}' % i for i in range(40)]
    lines[17] = b'{"a":"x","a":"y"}'
    lines[30] = b'{"a":"\\ud800"}'
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"\n".join(lines))
    (together,) = read(path)
    assert together["row"].to_list() == list(range(1, 41))
    assert together["fault"].is_not_null().arg_true().to_list() == [17]
    assert together["a"][30] == "\ufffd"
    with path.open("rb") as file:
        assert max(frame.height for frame in ndjson.read_lines(file, 100)) == 10


def refusal(path):
    with pytest.raises(InvalidRequest) as caught:
        for _ in read(path):
            pass
    return caught.value.message


def test_a_line_that_is_too_long_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(ndjson, "LINE_LIMIT", 1000)
    for size in (10, 500, 1 << 20):
        monkeypatch.setattr(ndjson, "BYTES", size)
        path = write_ndjson(tmp_path / "a.ndjson", {"a": "x" * 991}, {"a": "x" * 992}, {"a": 1})
        assert "line 2 is longer than 16 MiB" in refusal(path)
        rest = path.read_text().partition("\n")[0]
        path.write_text(f"{rest}\n\n{rest}")
        assert sum(frame.height for frame in read(path)) == 2


def test_too_many_names(tmp_path):
    wide = {f"k{i}": i for i in range(1001)}
    assert "more than 1,000 names" in refusal(write_ndjson(tmp_path / "a.ndjson", wide))
    rows = [{f"k{i}": i} for i in range(1001)]
    assert "more than 1,000 names" in refusal(write_ndjson(tmp_path / "b.ndjson", *rows))
    assert sum(f.height for f in read(write_ndjson(tmp_path / "c.ndjson", *rows[:1000]))) == 1000
