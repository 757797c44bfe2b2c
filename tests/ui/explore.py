"""The explore page without a browser, over a small demo shop."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from engine import Scope
from engine.demo.words import BRANDS, WORKSPACE
from engine.request import from_query

SCOPE = Scope(WORKSPACE, BRANDS[0])
EXPLORE = str(Path(__file__).parents[2] / "pages" / "explore.py")


def opened(tab: str = "Rows", **parameters: Any) -> AppTest:
    page = AppTest.from_file(EXPLORE, default_timeout=30)
    page.session_state["beneath"] = tab
    for name, value in parameters.items():
        page.query_params[name] = [str(v) for v in value] if isinstance(value, list) else str(value)
    page.run()
    assert not page.exception
    return page


def asked(body: dict[str, Any]) -> dict[str, Any]:
    """A body as parameters; what is null stays away."""
    return {name: value for name, value in body.items() if value not in (None, [])}


def rows_of(page: AppTest) -> list[tuple[Any, ...]]:
    frame = page.dataframe[0].value
    return list(frame.replace({float("nan"): None}).itertuples(index=False, name=None))


def address_of(page: AppTest) -> dict[str, list[str]]:
    """The parameters, whether the page or the test wrote them."""
    said = {name: page.query_params[name] for name in page.query_params}
    return {name: [v] if isinstance(v, str) else list(v) for name, v in said.items()}


def captions(page: AppTest) -> str:
    return "\n".join(caption.value for caption in page.caption).replace("\\", "")


def request_of(page: AppTest) -> dict[str, Any]:
    raw = from_query(address_of(page))
    return raw | {"event_types": raw["event_types"] or None}
