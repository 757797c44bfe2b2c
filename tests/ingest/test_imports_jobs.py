"""Imports behind the page: progress, one at a time, cancelled ones leave nothing."""

import io
import stat
from datetime import timedelta
from threading import Event
from types import SimpleNamespace

import polars as pl
import pytest

from engine.demo.words import WORKSPACE as DEMO
from engine.errors import InvalidRequest
from engine.ingest import imports as importing
from engine.ingest.imports import KEPT, Imports, rejected_csv
from engine.ingest.mapping import Mapping, guess
from engine.ingest.refuse import sample
from tests.ingest.files import ARRIVAL, BRAND, TIME, WORKSPACE, ids, lake

MAPPED = Mapping({"event_type": "Action", "created_at": "When", "session_id": "Visitor"})
WAIT = 30


def text_of(rows, *, bad=0):
    lines = [f"view,{'never' if i < bad else TIME},v{i % 7},PT" for i in range(rows)]
    return "\n".join(["Action,When,Visitor,Country", *lines]).encode()


@pytest.fixture
def imports(tmp_path):
    return Imports(lake(tmp_path), tmp_path / "imports", lambda: ARRIVAL)


def kept(imports, rows=10, name="orders.csv", **options):
    return imports.keep(name, io.BytesIO(text_of(rows, **options)))


def run(imports, path, workspace=WORKSPACE, mapping=MAPPED):
    job = imports.start(path, workspace, BRAND, mapping)
    assert job.finished.wait(WAIT)
    return job


def test_an_import_from_upload_to_report(imports, tmp_path):
    path = kept(imports, rows=1000, bad=10)
    assert guess(sample(path)) == MAPPED
    job = run(imports, path)
    assert (job.state, job.error, job.rows, job.total, job.share) == ("done", None, 1000, 1000, 1)
    assert job.bytes == job.bytes_read == len(text_of(1000, bad=10))
    assert (job.loaded.read, job.loaded.stored, job.loaded.duplicates) == (1000, 990, 0)
    assert job.loaded.rejected.height == 10
    assert len(ids(tmp_path)) == 990
    assert not path.parent.exists()
    assert imports.of("demo") == [job]
    assert imports.of("somebody else") == []


def test_uploads_are_private_and_leftovers_go(imports, tmp_path):
    path = kept(imports, name="../../etc/pass wd;.CSV")
    assert path.parent.parent == tmp_path / "imports"
    assert path.name == "pass wd_.CSV"
    for place in (path.parent, path.parent.parent):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    later = Imports(lake(tmp_path), tmp_path / "imports", lambda: ARRIVAL + timedelta(days=9999))
    other = kept(later)
    assert not path.exists()
    later.drop(other)
    assert not other.exists()


def test_a_file_twice_adds_nothing(imports, tmp_path):
    run(imports, kept(imports, rows=50))
    again = run(imports, kept(imports, rows=50, name="renamed.csv"))
    assert (again.loaded.stored, again.loaded.duplicates) == (0, 50)
    assert len(ids(tmp_path)) == 50


def test_progress_goes_by_batches(imports, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 100)
    shares = []
    progress = importing.Import._progress
    monkeypatch.setattr(
        importing.Import, "_progress", lambda job, n: (progress(job, n), shares.append(job.share))
    )
    run(imports, kept(imports, rows=1000))
    assert len(shares) > 3
    assert shares == sorted(shares)
    assert shares[-1] == 1


def paused(monkeypatch):
    """Imports wait at their first batch, until `go` is set."""
    at, go = Event(), Event()
    progress = importing.Import._progress

    def wait(job, rows):
        at.set()
        assert go.wait(WAIT)
        progress(job, rows)

    monkeypatch.setattr(importing.Import, "_progress", wait)
    return SimpleNamespace(at=at, go=go)


def test_a_cancelled_import_leaves_nothing(imports, tmp_path, monkeypatch):
    pause = paused(monkeypatch)
    path = kept(imports, rows=500)
    job = imports.start(path, WORKSPACE, BRAND, MAPPED)
    assert pause.at.wait(WAIT)
    assert job.state == "running"
    assert job.cancel()
    pause.go.set()
    assert job.finished.wait(WAIT)
    assert (job.state, job.loaded) == ("cancelled", None)
    assert lake(tmp_path).tables() == []
    assert not path.parent.exists()


def test_what_is_being_stored_cannot_be_cancelled(imports, tmp_path, monkeypatch):
    answers = []
    storing = importing.Import._storing
    monkeypatch.setattr(
        importing.Import, "_storing", lambda job: (storing(job), answers.append(job.cancel()))
    )
    job = run(imports, kept(imports))
    assert (answers, job.state, job.cancelled) == ([False], "done", False)
    assert job.cancel() is False
    assert len(ids(tmp_path)) == 10


def test_one_at_a_time_in_a_workspace(imports, tmp_path, monkeypatch):
    pause = paused(monkeypatch)
    first = imports.start(kept(imports), WORKSPACE, BRAND, MAPPED)
    assert pause.at.wait(WAIT)
    second = imports.start(kept(imports, rows=11), WORKSPACE, BRAND, MAPPED)
    third = imports.start(kept(imports, rows=12), WORKSPACE, BRAND, MAPPED)
    assert second.cancel()
    assert second.finished.wait(WAIT)
    assert (second.state, third.state) == ("cancelled", "queued")
    other = imports.start(kept(imports), "ws_other", BRAND, MAPPED)
    pause.go.set()
    for job in (first, third, other):
        assert job.finished.wait(WAIT)
        assert job.state == "done"
    assert imports.of("demo") == [other, third, second, first]


def test_only_the_last_are_kept(imports):
    jobs = [run(imports, kept(imports, rows=1)) for _ in range(KEPT + 2)]
    assert imports.of("demo") == jobs[:1:-1]


def test_what_goes_wrong_is_said(imports, tmp_path, monkeypatch):
    job = run(imports, imports.keep("a.csv", io.BytesIO(b"Action,When\nview\nview,x,y,z\n")))
    assert job.state == "failed"
    assert job.error.startswith("a.csv: ")
    monkeypatch.setattr(importing, "load", lambda *_, **__: 1 / 0)
    job = run(imports, kept(imports))
    assert (job.state, job.error) == ("failed", "It could not be stored: division by zero")
    assert lake(tmp_path).tables() == []


@pytest.mark.parametrize(
    ("workspace", "brand", "mapping"),
    [
        ("shop", BRAND, MAPPED),
        ("ws_shop/..", BRAND, MAPPED),
        (WORKSPACE, "my brand", MAPPED),
        (WORKSPACE, BRAND, Mapping()),
        (DEMO, BRAND, MAPPED),
    ],
)
def test_where_an_import_cannot_go(imports, workspace, brand, mapping):
    with pytest.raises(InvalidRequest):
        imports.start(kept(imports), workspace, brand, mapping)
    assert imports.of("demo") == []


@pytest.mark.parametrize("start", list("=+-@\t\r"))
def test_no_cell_of_the_rejected_rows_is_a_formula(start):
    rejected = pl.DataFrame(
        {"row": [1, 2], "field": ["created_at", f"{start}f"], "message": [f"{start}1+1", "a=b"]}
    )
    read = pl.read_csv(io.BytesIO(rejected_csv(rejected)))
    assert read.columns == ["row", "field", "message"]
    assert read.rows() == [(1, "created_at", f"'{start}1+1"), (2, f"'{start}f", "a=b")]
    assert rejected_csv(rejected.clear()) == b"row,field,message\n"
