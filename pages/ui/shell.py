"""The HTML in which pages begin: Streamlit's own, with what lets a browser paint sooner."""

import re
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit.file_util import get_static_dir

from engine.workspaces.permissions import SHARED_PATH

ADDRESSES: Final = ("/", "/dashboards", "/dashboard", "/data", "/admin", SHARED_PATH)
MODULES: Final = ("PlotlyChart", "DataFrame")
"""Streamlit loads these, the largest, when it meets the first chart and the first table."""
CONNECT: Final = """<script>
      window.__streamlit = {
        BACKEND_BASE_URL: location.origin + "/",
        HOST_CONFIG: { allowedOrigins: [location.origin], useExternalAuthToken: false },
      }
    </script>"""
"""Where the server is. Otherwise Streamlit looks below the page's own address first, then waits."""
FONT: Final = "./app/static/inter-latin-wght-normal.woff2"


def shell() -> str:
    """Raises ValueError when Streamlit's HTML is not what this knows."""
    folder = Path(get_static_dir())
    found = [next(folder.glob(f"static/js/{name}.*.js"), None) for name in MODULES]
    names = [path.name for path in found if path is not None]
    preloads = "".join(f'<link rel="modulepreload" href="./static/js/{name}">' for name in names)
    html = (folder / "index.html").read_text()
    html, fonts = re.subn(r"\./static/media/SourceSans[^\"]*", FONT, html)
    html, titles = re.subn("<title>Streamlit</title>", f"<title>Vitrine</title>{CONNECT}", html)
    html, heads = re.subn("</head>", f"{preloads}</head>", html)
    if (fonts, titles, heads, len(names)) != (1, 1, 1, len(MODULES)):
        raise ValueError("this version of Streamlit has other HTML than pages/ui/shell.py changes")
    return html


def routes() -> list[Route]:
    """Before Streamlit's own, which answers all other addresses with its HTML as it is."""
    html = shell()

    async def begin(_: Request) -> HTMLResponse:
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    return [Route(address, begin) for address in ADDRESSES]
