"""python -m engine.ingest: what it prints, and how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.ingest.__main__ import main
from tests.ingest.files import BRAND, OTHER_BRAND, WORKSPACE, ids, lake, row, write_csv

ROOT = Path(__file__).parents[2]
LATIN = "event_type,session_id\na,b\na,caf\xe9\n".encode("latin-1")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path))


@pytest.fixture
def run(capsys):
    """Exit code, output and errors of one command; the time it took is cut off."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, re.sub(r", \d+\.\d s$", "", out, flags=re.MULTILINE).splitlines(), err

    return run


def test_a_file_is_loaded(tmp_path, run):
    path = write_csv(tmp_path / "a.csv", *(row(str(i), amount="0.12345678") for i in range(1234)))
    assert run(path, "--workspace", WORKSPACE) == (
        0,
        [
            f"a.csv -> {WORKSPACE}: 1,234 rows read, 1,234 stored, 0 duplicates, 0 rejected,"
            " 1,234 numbers rounded to 6 digits"
        ],
        "",
    )
    assert len(ids(tmp_path)) == 1234
    _, (again,), _ = run(path, "--workspace", WORKSPACE)
    assert "1,234 rows read, 0 stored, 1,234 duplicates, 0 rejected" in again


def test_events_without_a_brand_are_told(tmp_path, run):
    path = write_csv(tmp_path / "a.csv", row("1", brand_id=""), row("2"))
    code, (_, hint), err = run(path, "--workspace", WORKSPACE)
    assert (code, err) == (0, "")
    assert hint == ("1 events have no brand and are in no brand's answers; name one with --brand.")
    assert ids(tmp_path, None) == ["1"]


@pytest.mark.parametrize("brand", [OTHER_BRAND, OTHER_BRAND.replace("2", "A")])
def test_a_brand_for_the_whole_file(tmp_path, run, brand):
    path = write_csv(tmp_path / "a.csv", row("1", brand_id=""), row("2"))
    code, lines, err = run(path, "--workspace", WORKSPACE, "--brand", brand)
    assert (code, len(lines), err) == (0, 1, "")
    assert lake(tmp_path).brands() == {WORKSPACE: [brand.lower()]}
    assert ids(tmp_path, brand.lower()) == ["1", "2"]


def test_rejected_rows_are_named(tmp_path, run):
    path = write_csv(tmp_path / "a.csv", row("1"), row("2", created_at="x", amount="1e12"))
    code, (line,), err = run(path, "--workspace", WORKSPACE)
    assert code == 0
    assert "2 rows read, 1 stored, 0 duplicates, 1 rejected" in line
    assert err.splitlines() == [
        "row 2: created_at: x is not a time; send ISO 8601, as in 2026-11-23T05:31:56Z",
        "row 2: amount: 1e12 is 10^12 or more; a measure must be smaller",
    ]


def test_the_order_of_dates_can_be_said(tmp_path, run):
    times = ("1/2/2026 8:26", "13/2/2026")
    rows = [row(f"{i}", created_at=time) for i, time in enumerate(times)]
    path = write_csv(tmp_path / "a.csv", *rows)
    _, (line,), err = run(path, "--workspace", WORKSPACE)
    assert "0 stored, 0 duplicates, 2 rejected" in line
    assert err.splitlines()[-1] == ("Say with --dates what comes first in dates such as 3/4/2026.")
    _, (line,), err = run(path, "--workspace", WORKSPACE, "--dates", "day-first")
    assert ("2 stored" in line, err) == (True, "")
    events = lake(tmp_path).open(WORKSPACE, BRAND).all_events().collect().sort("event_id")
    assert [f"{moment:%Y-%m-%dT%H:%M}" for moment in events["created_at"]] == [
        "2026-02-01T08:26",
        "2026-02-13T00:00",
    ]


def test_many_rejected_rows_are_counted(tmp_path, run):
    path = write_csv(tmp_path / "a.csv", *(row(str(i), event_type="") for i in range(1500)))
    code, (line,), err = run(path, "--workspace", WORKSPACE)
    assert code == 0
    assert "1,500 rejected" in line
    assert len(err.splitlines()) == 11
    assert err.splitlines()[-1] == "... and 1,490 more"


NO_FILES = [
    ("missing.csv", None, "does not exist, or is not a file"),
    ("a.xls", b"x", "is not a kind of file that can be read"),
    ("a.xlsx", b"x", "is no Excel workbook; save it as .xlsx"),
    ("a", b"x", "is not a kind of file that can be read"),
    ("a.csv", b"", "cannot be read as .csv: empty"),
    ("a.csv", LATIN, "line 3 is not UTF-8"),
    ("a.csv", b"event_type\na\nb,c\n", "cannot be read as .csv: row 2 has 2 fields"),
    ("a.parquet", b"PAR1 and then nothing", "cannot be read as .parquet: "),
    ("a.parquet", b"", "cannot be read as .parquet: "),
    (f"{'x' * 300}.csv", None, "name too long"),
]


@pytest.mark.parametrize(("name", "content", "reason"), NO_FILES, ids=lambda part: str(part)[:20])
def test_a_file_that_cannot_be_read(tmp_path, run, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, out, err = run(tmp_path / name, "--workspace", WORKSPACE)
    assert (code, out) == (1, [])
    assert reason in err
    assert name[:20] in err
    assert err.count("\n") == 1
    assert lake(tmp_path).tables() == []


def test_a_folder_is_no_file(tmp_path, run):
    (tmp_path / "a.csv").mkdir()
    code, _, err = run(tmp_path / "a.csv", "--workspace", WORKSPACE)
    assert (code, err) == (1, "a.csv: does not exist, or is not a file; give the path of a file.\n")


@pytest.mark.parametrize("text", ["", "event_type\n"])
def test_a_file_without_events_is_no_error(tmp_path, run, text):
    path = tmp_path / ("a.csv" if text else "a.ndjson")
    path.write_text(text)
    code, (line,), err = run(path, "--workspace", WORKSPACE)
    assert (code, err) == (0, "")
    assert "0 rows read, 0 stored, 0 duplicates, 0 rejected, 0 numbers rounded" in line


@pytest.mark.parametrize("workspace", ["shop", "ws_", "WS_A", "ws_a/b", "../ws_a", "ws_a\n", ""])
def test_no_workspace(tmp_path, run, workspace):
    path = write_csv(tmp_path / "a.csv", row("1"))
    code, out, err = run(path, "--workspace", workspace)
    assert (code, out) == (2, [])
    assert "is not a workspace id: ws_ and then a-z or 0-9" in err
    assert not (tmp_path / "lake").exists()


def test_no_brand_and_no_workspace_are_told_together(tmp_path, run):
    for brand in ("x", "", BRAND[:-1]):
        code, out, err = run(tmp_path / "a.csv", "--workspace", "shop", "--brand", brand)
        assert (code, out) == (2, [])
        assert "is not a workspace id" in err
        assert "is not a UUID" in err


def test_usage(capsys):
    for arguments, code in (([], 2), (["a.csv"], 2), (["--workspace", "ws_a"], 2), (["-h"], 0)):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == code
        out, err = capsys.readouterr()
        assert "usage: python -m engine.ingest" in out + err
    assert "Traceback" not in err


def test_settings_that_are_wrong(tmp_path, run, monkeypatch):
    monkeypatch.setenv("VITRINE_DEMO_EVENTS", "many")
    code, out, err = run(write_csv(tmp_path / "a.csv", row("1")), "--workspace", WORKSPACE)
    assert (code, out) == (2, [])
    assert err.startswith("VITRINE_DEMO_EVENTS is 'many'; ")


def test_a_home_that_is_a_file(tmp_path, run, monkeypatch):
    path = write_csv(tmp_path / "a.csv", row("1"))
    monkeypatch.setenv("VITRINE_HOME", str(path))
    code, out, err = run(path, "--workspace", WORKSPACE)
    assert (code, out) == (1, [])
    assert str(path) in err


def test_as_a_command(tmp_path):
    """In a process of its own: nothing but the report, and no traceback when it fails."""
    path = tmp_path / "a.ndjson"
    path.write_text("".join(json.dumps(row(str(i))) + "\n" for i in range(3)) + "{oops\n")
    command = [sys.executable, "-m", "engine.ingest", path, "--workspace", WORKSPACE]
    environ = os.environ | {"VITRINE_HOME": str(tmp_path)}
    options = {"cwd": ROOT, "env": environ, "capture_output": True, "text": True}
    done = subprocess.run(command, check=False, **options)
    assert done.returncode == 0
    assert re.fullmatch(
        rf"a\.ndjson -> {WORKSPACE}: 4 rows read, 3 stored, 0 duplicates, 1 rejected,"
        r" 0 numbers rounded to 6 digits, \d+\.\d s\n",
        done.stdout,
    )
    assert re.fullmatch(r"row 4: line: is not valid JSON \(.*\n", done.stderr)
    assert ids(tmp_path) == ["0", "1", "2"]
    path.unlink()
    failed = subprocess.run(command, check=False, **options)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("a.ndjson: does not exist")
