"""A large NDJSON file that other processes read gives what this one would read."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import islice

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.errors import InvalidRequest
from engine.ingest import apart
from engine.ingest.apart import Reader, is_worth_it, read_apart
from engine.ingest.ndjson import read_ndjson
from engine.ingest.normalise import normalise
from engine.ingest.read import read
from tests.ingest.files import ARRIVAL, row

BATCH = 10_000


@pytest.fixture
def parts(monkeypatch):
    """Files of a few rows have many parts."""
    monkeypatch.setattr(apart, "LARGE", 1)
    monkeypatch.setattr(apart, "PART", 777)
    monkeypatch.setattr(apart, "READERS", 2)


def odd_lines(seed, count):
    """Rows of several shapes, and what is no row."""
    random_ = random.Random(seed)
    made = [
        lambda i: json.dumps(row(f"e{i}", amount=i / 4, metadata={"k": "v", "n": i})),
        lambda i: json.dumps(row(f"e{i}", session_id=f"s{i % 7}", quantity=i), indent=None),
        lambda i: json.dumps(row(f"é{i}", amount=str(i)), ensure_ascii=False) + "\r",
        lambda i: json.dumps({"other": [i], **row(f"e{i}", metadata=None)}),
        lambda i: "",
        lambda _: "  ",
        lambda i: '{"event_id": ' + str(i),
        lambda i: f"[{i}]",
    ]
    weights = (40, 20, 10, 5, 2, 1, 1, 1)
    return [random_.choices(made, weights)[0](i) for i in range(count)]


def normal(frames):
    """Events and what was refused, whatever frames they came in."""
    rows, done = 1, []
    for frame in frames:
        raw = frame.with_row_index("row", offset=rows)
        done.append(normalise(raw, ARRIVAL, "file", None))
        rows += frame.height
    return rows, pl.concat(one.events for one in done), pl.concat(one.rejected for one in done)


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
@pytest.mark.parametrize("seed", range(3))
def test_the_parts_of_a_file_are_the_file(tmp_path, parts, seed, end):
    path = tmp_path / "events.ndjson"
    path.write_bytes(("\n".join(odd_lines(seed, 1_500)) + end).encode() + b"\n\xff\n" * bool(end))
    assert path.stat().st_size > 100 * apart.PART
    together, whole = normal(read_apart(path, BATCH)), normal(read_ndjson(path, BATCH))
    assert together[0] == whole[0] > 1_400
    for one, other in zip(together[1:], whole[1:], strict=True):
        assert_frame_equal(one, other)


def test_a_line_longer_than_its_part(tmp_path, parts):
    path = tmp_path / "a.ndjson"
    rows = [row(str(i), event_type="x" * size) for i, size in enumerate((5, 10_000, 5, 3_000, 5))]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    found = pl.concat(read_apart(path, BATCH))
    assert found["event_type"].str.len_chars().to_list() == [5, 10_000, 5, 3_000, 5]


def test_the_number_of_a_line_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "LARGE", 1)
    monkeypatch.setattr(apart, "PART", 1 << 20)
    path = tmp_path / "a.ndjson"
    short = json.dumps(row("e")) + "\n"
    path.write_text(short * 30_000 + "x" * (17 << 20) + "\n" + short * 5)
    with pytest.raises(InvalidRequest, match="line 30,001 is longer than 16 MiB"):
        list(read(path))


def test_more_names_than_a_file_may_have(tmp_path, parts):
    path = tmp_path / "a.ndjson"
    path.write_text("".join(json.dumps(row("e", **{f"n{i}": "x"})) + "\n" for i in range(1_100)))
    with pytest.raises(InvalidRequest, match="more than 1,000 names"):
        list(read(path))


def test_few_rows_and_small_files_are_read_here(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b"\n")
    assert not is_worth_it(path, BATCH)
    os.truncate(path, apart.LARGE)
    assert is_worth_it(path, BATCH) == (apart.READERS > 1)
    assert not is_worth_it(path, 200)


@pytest.mark.parametrize("wanted", [3, 1_000])
def test_nothing_is_left_of_the_frames_that_were_handed_over(tmp_path, parts, monkeypatch, wanted):
    path, folder = tmp_path / "a.ndjson", tmp_path / "temporary"
    path.write_text((json.dumps(row("e")) + "\n") * 1_000)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    frames = read_apart(path, 10)
    read = sum(frame.height for frame in islice(frames, wanted))
    assert read == 1_000 if wanted == 1_000 else any(folder.iterdir())
    frames.close()
    assert not any(folder.iterdir())


def test_a_reader_that_dies_is_told(tmp_path, parts, monkeypatch):
    path = tmp_path / "a.ndjson"
    path.write_text((json.dumps(row("e")) + "\n") * 1_000)
    begun = Reader.read

    def dying(reader, part):
        if part.start > 20 * apart.PART:
            reader._process.kill()
        return begun(reader, part)

    monkeypatch.setattr(Reader, "read", dying)
    with pytest.raises(InvalidRequest, match="has ended"):
        list(read(path))


def test_a_reader_begins_without_all_parts_of_a_server():
    code = "import sys, engine.ingest.apart; print('engine.bootstrap' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_readers_end_with_their_process():
    """Also when it is killed."""
    code = "from engine.ingest.apart import Reader; import time; "
    code += "print(Reader()._process.pid, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    reader = int(parent.stdout.readline())
    os.kill(reader, 0)
    parent.kill()
    parent.communicate()
    until = time.monotonic() + 20
    while _lives(reader):
        assert time.monotonic() < until
        time.sleep(0.05)


def _lives(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
