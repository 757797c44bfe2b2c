"""Files that cannot be imported, and whether the refusal says what to do."""

import gzip
import io
import json
import zipfile

import polars as pl
import pytest

from engine.errors import InvalidRequest
from engine.ingest import refuse
from engine.ingest.refuse import count_rows, sample

GOOD = "event_type,created_at\nview,2026-11-23\nview,2026-11-24\n"


def zipped(name):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, GOOD)
    return file.getvalue()


REFUSED = [
    ("nothing.csv", b"", "is empty; export it again"),
    ("header.csv", b"event_type,created_at\n", "has no rows; export it again"),
    ("nothing.ndjson", b"\n\n", "has no rows"),
    ("gzip.csv", gzip.compress(GOOD.encode()), "is a gzip file; unpack it"),
    ("zip.csv", zipped("a.csv"), "is a ZIP archive or an Excel workbook; unpack it, or save"),
    ("zip.ndjson", zipped("a"), "is a ZIP archive"),
    ("gzip.parquet", gzip.compress(b"x"), "is a gzip file"),
    ("sixteen.csv", GOOD.encode("utf-16"), "UTF-16; save it as UTF-8"),
    ("big_endian.csv", b"\xfe\xff" + GOOD.encode("utf-16-be"), "UTF-16; save it as UTF-8"),
    ("unmarked.csv", GOOD.encode("utf-16-le"), "UTF-16; save it as UTF-8"),
    ("sixteen.ndjson", '{"a": 1}'.encode("utf-16"), "UTF-16; save it as UTF-8"),
    ("latin.csv", f"{GOOD}café,2026-11-25\n".encode("latin-1"), "line 4 is not UTF-8 (byte 0xE9)"),
    ("wide.csv", ",".join(f"c{i}" for i in range(1001)).encode() + b"\n1\n", "1,001 columns"),
    ("other.parquet", b"PAR1 it is not", "cannot be read as .parquet"),
]


@pytest.mark.parametrize(("name", "content", "said"), REFUSED, ids=[case[0] for case in REFUSED])
def test_refused_with_a_reason_and_a_way_out(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InvalidRequest) as refused:
        sample(path)
    assert refused.value.message.startswith(f"{name}: ")
    assert said in refused.value.message


def test_too_large(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate((2 << 30) + 1)
    with pytest.raises(InvalidRequest, match=r"the most is 2 GiB\. Split it"):
        sample(path)


def test_a_parquet_file_with_too_many_columns(tmp_path):
    path = tmp_path / "wide.parquet"
    pl.DataFrame({f"c{i}": [1] for i in range(1001)}).write_parquet(path)
    with pytest.raises(InvalidRequest, match="1,001 columns; the most is 1,000"):
        sample(path)


@pytest.mark.parametrize("name", ["long.csv", "long.ndjson"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_line_that_is_too_long(tmp_path, monkeypatch, name, end):
    monkeypatch.setattr(refuse, "LINE_LIMIT", 5000)
    monkeypatch.setattr(refuse, "BLOCK", 1024)
    path = tmp_path / name
    path.write_text(f"a\n{'x' * 5000}{end}")
    assert count_rows(path) >= 1
    path.write_text(f"a\n{'x' * 5001}{end}")
    with pytest.raises(InvalidRequest, match="longer than 16 MiB"):
        count_rows(path)


def test_rows_of_too_many_names(tmp_path):
    path = tmp_path / "names.ndjson"
    lines = [json.dumps({f"k{i}": i, f"m{i}": i}) for i in range(500)]
    path.write_text("\n".join(["no json", *lines]))
    assert count_rows(path) == 501
    path.write_text("\n".join([*lines, '{"one more": 1}']))
    with pytest.raises(InvalidRequest, match="1,001 columns"):
        count_rows(path)


def test_rows_are_counted(tmp_path):
    path = tmp_path / "a.csv"
    for content, rows in ((GOOD, 2), (GOOD.rstrip("\n"), 2), ("\ufeff" + GOOD, 2)):
        path.write_text(content)
        assert count_rows(path) == rows
        assert sample(path).columns == ["row", "event_type", "created_at"]
    pl.DataFrame({"a": [1, 2, 3]}).write_parquet(tmp_path / "a.parquet")
    assert count_rows(tmp_path / "a.parquet") == 3
