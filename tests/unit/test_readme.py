"""README's Python session is real: it runs, on the data it speaks of."""

import doctest
from pathlib import Path

import pytest

from engine.ingest.__main__ import main

ROOT = Path(__file__).parents[2]
RETAIL = ROOT.parent / "shared" / "data" / "online_retail.parquet"


@pytest.mark.skipif(not RETAIL.exists(), reason=f"there is no {RETAIL.name} beside the project")
def test_the_python_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path))
    assert main([str(RETAIL), "--workspace", "ws_retail"]) == 0
    session = doctest.DocTestParser().get_doctest(
        (ROOT / "README.md").read_text(), {}, "README", None, None
    )
    assert len(session.examples) > 3
    assert doctest.DocTestRunner().run(session).failed == 0
