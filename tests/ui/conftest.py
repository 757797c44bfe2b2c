"""What the tests of pages share."""

from collections.abc import Iterator

import pytest

from engine import process
from pages.ui import visitor


@pytest.fixture(scope="module")
def demo_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home of its own with a small demo shop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("VITRINE_DEMO_EVENTS", "20000")
        # A page that is run without a browser is asked from nowhere.
        patch.setattr(visitor, "address", lambda: "127.0.0.1")
        process.cache_clear()
        process().demo.build()
        yield
    process.cache_clear()
