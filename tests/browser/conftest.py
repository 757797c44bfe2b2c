import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.explore import Explore
from tests.browser.server import chromium, chromium_path, serving


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    with serving(home, events=60_000) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_path() is None and not os.environ.get("CI"):
        pytest.skip("there is no chromium on this machine")
    with chromium() as browser:
        yield browser


@pytest.fixture
def explore(browser: Browser, address: str) -> Iterator[Callable[..., Explore]]:
    """Opens the page in a browser of its own, with its own cookies and storage."""
    contexts = []

    def open_page(query: str = "", painted: bool = True, **options: object) -> Explore:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        contexts.append(context)
        return Explore(context.new_page(), address).open(query, painted)

    yield open_page
    for context in contexts:
        context.close()
