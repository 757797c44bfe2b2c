"""Workbooks become the rows that a CSV of their first sheet would give; forged ones are refused."""

import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import openpyxl
import pytest

from engine.errors import InvalidRequest
from engine.ingest import xlsx
from engine.ingest.read import read
from engine.ingest.refuse import count_rows, sample
from tests.ingest.files import BRAND, OTHER_BRAND, counts, loaded, stored

MOMENT = datetime(2026, 11, 23, 5, 31, 56)  # noqa: DTZ001
HEADER = ["event_id", "event_type", "created_at", "brand_id", "amount", "metadata", "Stock Code"]


def workbook(path, *rows, header=HEADER):
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    book.create_sheet("second").append(["not", "read"])
    book.save(path)
    return path


def test_a_workbook_is_loaded(tmp_path):
    """Numbers, dates and texts of one column, as Excel has them; empty rows are none."""
    path = workbook(
        tmp_path / "a.xlsx",
        [1, "agent-view", MOMENT, BRAND, 0.1, '{"country":"PT"}', 22423],
        [None] * 7,
        ["b", "agent_view", "2026-11-23T05:31:56Z", BRAND, 17850, None, "85123A"],
        [3.5, "agent_view", MOMENT, BRAND, "1e12", None, True],
        ["c", None, MOMENT, BRAND, 1, None, None],
    )
    result = loaded(tmp_path, path)
    assert counts(result) == (4, 2, 0)
    assert result.rejected.select("row", "field").rows() == [(3, "amount"), (4, "event_type")]
    first, second = stored(tmp_path).sort("event_id").to_dicts()
    assert (first["event_id"], second["event_id"]) == ("1", "b")
    assert first["created_at"] == second["created_at"] == MOMENT.replace(tzinfo=UTC)
    assert (first["amount"], second["amount"]) == (Decimal("0.1"), 17850)
    assert first["metadata"] == {"country": "PT", "stock_code": "22423"}
    assert second["metadata"] == {"stock_code": "85123A"}
    assert counts(loaded(tmp_path, path)) == (4, 0, 2)


def test_batches_make_no_difference(tmp_path):
    rows = [[i, "a", MOMENT, BRAND, i / 4, None, None] for i in range(10)]
    path = workbook(tmp_path / "a.xlsx", *rows)
    frames = list(read(path, 3))
    assert [frame.height for frame in frames] == [3, 3, 3, 1]
    assert [row for frame in frames for row in frame["row"]] == list(range(1, 11))
    assert counts(loaded(tmp_path, path, brand=OTHER_BRAND)) == (10, 10, 0)


def test_what_it_looks_like_and_how_many_rows(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["1", "a", MOMENT, BRAND, 1, None, None])
    assert sample(path).columns == ["row", *HEADER]
    assert count_rows(path) == 1


def test_a_whole_number_keeps_its_digits(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [123456789012345], [7], header=["event_id"])
    (frame,) = read(path)
    assert frame["event_id"].to_list() == ["123456789012345", "7"]


def changed(path, part, change):
    """The same workbook with another text in one part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    before = parts[part]
    parts[part] = change(before)
    assert parts[part] != before
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def refused(path):
    with pytest.raises(InvalidRequest) as caught:
        for _ in read(path):
            pass
    assert caught.value.message.startswith(f"{path.name}: cannot be read as .xlsx: ")
    return caught.value.message


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ([], ["1"], "the first row of its first sheet is empty"),
        (["a", "a"], ["1", "2"], "two columns are called 'a'"),
        (["a"], ["1", "2"], "row 1 has 2 fields, but the header has 1"),
        ([f"c{i}" for i in range(1001)], [1], "it has 1,001 columns; the most is 1,000"),
    ],
    ids=["no header", "twice", "more fields", "too many columns"],
)
def test_refused_with_a_reason(tmp_path, header, row, said):
    assert said in refused(workbook(tmp_path / "a.xlsx", row, header=header))


def test_a_workbook_that_unpacks_to_more_is_not_unpacked(tmp_path, monkeypatch):
    """A real one: a million of the same bytes for each thousand of the file."""
    path = workbook(tmp_path / "a.xlsx", ["1"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.xml", b" " * (20 << 20))
    assert path.stat().st_size < 100_000
    assert list(read(path))
    monkeypatch.setattr(xlsx, "UNPACKED", 16 << 20)
    assert "unpacks to more than 16 MiB" in refused(path)


def test_a_directory_that_understates_a_part_is_found_out(tmp_path):
    path = workbook(tmp_path / "a.xlsx", *(["x" * 100] for _ in range(100)), header=["a"])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo(SHEET)
    entry = content.rindex(SHEET.encode()) - 46
    assert content[entry : entry + 4] == b"PK\x01\x02"
    assert int.from_bytes(content[entry + 24 : entry + 28], "little") == part.file_size
    content[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    assert "no whole workbook" in refused(path)


def test_one_text_in_many_cells_is_refused(tmp_path, monkeypatch):
    path = workbook(tmp_path / "a.xlsx", *(["x" * 30_000] for _ in range(100)), header=["a"])
    monkeypatch.setattr(xlsx, "TEXTS", 1 << 20)
    assert "100 of its rows hold more than 1 MiB of text" in refused(path)


def test_many_texts_are_refused_before_they_are_read(tmp_path, monkeypatch):
    path = workbook(tmp_path / "a.xlsx", [1], header=["a"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * 20_000)
    monkeypatch.setattr(xlsx, "TEXTS", 10_000)
    assert "of texts" in refused(path)


def test_rows_that_are_not_there_are_refused(tmp_path):
    """The number of a row is up to whoever wrote the file."""
    path = workbook(tmp_path / "a.xlsx", [1], header=["a"])
    far = b'</row><row r="900000000000"><c r="A900000000000"><v>1</v></c></row></sheetData>'
    changed(path, SHEET, lambda xml: xml.replace(b"</row></sheetData>", far))
    assert "more than 1,048,576 rows" in refused(path)


def test_columns_that_are_not_there_cost_nothing(tmp_path):
    path = workbook(tmp_path / "a.xlsx", ["x"], header=["event_type"])
    changed(path, SHEET, lambda xml: xml.replace(b"A1:A2", b"A1:XFD1048576"))
    (frame,) = read(path)
    assert frame.rows() == [(1, "x")]
    assert count_rows(path) <= 1 << 20


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "%s">%s]><l>&z;</l>""" % (
    b"ha" * 1000,
    b"".join(b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 100) for name in range(98, 123)),
)


@pytest.mark.parametrize(
    ("part", "content"),
    [(SHEET, b"<worksheet><sheetData><row"), ("xl/workbook.xml", b"nonsense"), (SHEET, LAUGHS)],
    ids=["cut", "no xml", "entities"],
)
def test_damaged(tmp_path, part, content):
    path = changed(workbook(tmp_path / "a.xlsx", ["1"]), part, lambda _: content)
    assert "no whole workbook" in refused(path)


def test_no_workbook(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", "event_type\nview\n")
    for content in (file.getvalue(), b"PK\x03\x04", b"x"):
        path = tmp_path / "a.xlsx"
        path.write_bytes(content)
        assert "no whole workbook" in refused(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"event_type\nview\n", "is no Excel workbook"),
        (b"\xd0\xcf\x11\xe0 old", "an old Excel workbook, or one with a password"),
    ],
)
def test_other_files_called_xlsx(tmp_path, content, said):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(InvalidRequest, match=said):
        sample(path)
