"""Small files that unpack to anything, by command: refused with a reason, in little memory."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.usage import memory
from engine.errors import InvalidRequest
from engine.ingest import parquet, refuse
from engine.ingest.read import read
from tests.ingest.files import BRAND, counts, lake, loaded, row, write_ndjson

MEMORY = 1024
"""MiB that a refusal may take at most, on top of what the test run has."""


def refused(tmp_path, path):
    """Why a load refuses a file; nothing is stored."""
    before = memory(os.getpid(), "VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # what was the most before, is forgotten
    with pytest.raises(InvalidRequest) as caught:
        loaded(tmp_path, path)
    assert memory(os.getpid(), "VmHWM") - before < MEMORY
    assert caught.value.message.startswith(f"{path.name}: ")
    assert lake(tmp_path).tables() == []
    return caught.value.message


def repeated(text, rows, **columns):
    """A table whose event types are one text, written once."""
    places = pa.array(np.zeros(rows, np.int32))
    coded = pa.DictionaryArray.from_arrays(places, pa.array([text]))
    return pa.table({"event_type": coded, **columns})


def test_a_text_that_a_parquet_file_repeats(tmp_path):
    """300 GB of text in 50 KB."""
    path = tmp_path / "a.parquet"
    pq.write_table(repeated("x" * 1_000_000, 300_000), path, store_schema=False)
    assert path.stat().st_size < 100_000
    assert "its texts unpack to more than 4.0 GiB" in refused(tmp_path, path)


@pytest.mark.parametrize("kind", ["map", "list", "struct"])
def test_a_nested_text_that_a_parquet_file_repeats(tmp_path, kind):
    places = pa.array(np.zeros(20_000, np.int32))
    coded = pa.DictionaryArray.from_arrays(places, pa.array(["x" * 1_000_000]))
    ends = pa.array(np.arange(20_001, dtype=np.int32))
    made = {
        "map": lambda: pa.MapArray.from_arrays(ends, pa.array(["k"] * 20_000), coded),
        "list": lambda: pa.ListArray.from_arrays(ends, coded),
        "struct": lambda: pa.StructArray.from_arrays([coded], ["k"]),
    }[kind]()
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"metadata": made}), path, store_schema=False)
    assert "its texts unpack to more than 4.0 GiB" in refused(tmp_path, path)


def test_texts_of_which_each_repeats_the_one_before(tmp_path):
    """Incremental encoding: only what differs from the text before is in the file."""
    path = tmp_path / "a.parquet"
    texts = [f"{'x' * 1_000_000}{i}" for i in range(300)]
    table = pa.table({"event_type": texts})
    pq.write_table(table, path, use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY")
    with pq.ParquetFile(path) as file:
        assert parquet._rows_at_once(file, path, 200_000) < 600
    assert sum(frame.height for frame in read(path)) == 300


def test_a_row_group_that_unpacks_to_much(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    zeros = pa.array(np.zeros(1_000_000, np.int64))
    pq.write_table(pa.table({"amount": zeros}), path, use_dictionary=False, compression="zstd")
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(parquet, "UNPACKED", 4 << 20)
    assert "row group 0 unpacks to" in refused(tmp_path, path)


def test_usual_repetition_is_no_bomb(tmp_path):
    """Long texts, repeated within reason: in smaller batches, which make no difference."""
    path = tmp_path / "a.parquet"
    table = repeated("a" * 20_000, 60_000, brand_id=[BRAND] * 60_000)
    pq.write_table(table, path, store_schema=False)
    heights = [frame.height for frame in read(path)]
    assert sum(heights) == 60_000
    assert 20_000 < heights[0] < 30_000


def test_parquet_without_row_groups_or_texts(tmp_path):
    path = tmp_path / "a.parquet"
    for table in (pa.table({}), pa.table({"a": pa.array([], pa.string())}), pa.table({"a": [1]})):
        pq.write_table(table, path)
        assert sum(frame.height for frame in read(path)) == table.num_rows


@pytest.mark.parametrize("kind", [".csv", ".ndjson"])
def test_a_line_of_a_gigabyte(tmp_path, kind):
    path = tmp_path / f"a{kind}"
    with path.open("wb") as file:
        file.write(b'event_type\n"' if kind == ".csv" else b'{"event_type":"')
        for _ in range(1024):
            file.write(b"x" * (1 << 20))
    assert "longer than 16 MiB" in refused(tmp_path, path)


def test_ten_thousand_columns(tmp_path):
    names = [f"c{i}" for i in range(10_000)]
    text = tmp_path / "a.csv"
    text.write_text(",".join(names) + "\n" + ",".join(names) + "\n")
    assert "10,000 columns; the most is 1,000" in refused(tmp_path, text)
    lines = write_ndjson(tmp_path / "a.ndjson", dict.fromkeys(names, 1))
    assert "more than 1,000 names" in refused(tmp_path, lines)
    columns = tmp_path / "a.parquet"
    pl.DataFrame({name: [1] for name in names}).write_parquet(columns)
    assert "10,000 columns; the most is 1,000" in refused(tmp_path, columns)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_text("event_type\ncafé\n", encoding=encoding)
    said = "line 2 is not UTF-8" if encoding == "latin-1" else "UTF-16; save it as UTF-8"
    assert said in refused(tmp_path, path)


def test_lines_in_another_encoding_are_rejected_one_by_one(tmp_path):
    path = tmp_path / "a.ndjson"
    good = json.dumps(row("1")).encode()
    path.write_bytes(good + b'\n{"event_type":"caf\xe9"}\n')
    assert counts(loaded(tmp_path, path)) == (2, 1, 0)


def test_metadata_in_rows_that_are_long(tmp_path, monkeypatch):
    """As long as a line may be, and not one byte more."""
    monkeypatch.setattr(refuse, "LINE_LIMIT", 2000)
    path = tmp_path / "a.csv"
    path.write_text(f"event_type,note\na,{'x' * 1998}\n")
    assert counts(loaded(tmp_path, path)) == (1, 1, 0)
    path.write_text(f"event_type,note\na,{'x' * 1999}\n")
    assert "longer than 16 MiB" in refused(tmp_path / "other", path)
