"""The HTML in which pages begin, made of that of the Streamlit that is installed."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.file_util import get_static_dir

from pages.ui import shell

MAIN = Path(shell.__file__).parents[1] / "main.py"


def test_every_page_begins_with_it() -> None:
    named = re.findall(r'url_path="(\w+)"', MAIN.read_text())
    assert {"/", shell.SHARED_PATH, *(f"/{name}" for name in named)} == set(shell.ADDRESSES)
    client = TestClient(Starlette(routes=shell.routes()))
    for address in shell.ADDRESSES:
        answer = client.get(f"{address}?dashboard=x")
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.text == shell.shell()


def test_what_it_names_is_there() -> None:
    html = shell.shell()
    for name in re.findall(r'modulepreload"[^>]* href="\./([^"]+)"', html):
        assert (Path(get_static_dir()) / name).is_file(), name
    for module in shell.MODULES:
        assert re.search(rf'rel="modulepreload" href="\./static/js/{module}\.', html)
    assert "<title>Vitrine</title>" in html
    assert html.index("window.__streamlit") < html.index('type="module"')
    assert (MAIN.parent / shell.FONT.replace("./app/", "")).is_file()


def test_another_streamlit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index.html").write_text("<html><head></head></html>")
    monkeypatch.setattr(shell, "get_static_dir", lambda: str(tmp_path))
    with pytest.raises(ValueError, match="other HTML"):
        shell.shell()
