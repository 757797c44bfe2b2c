"""In a made-up language every word of the page is one that was translated."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine import Scope, process
from engine.contract import AGGREGATIONS, DIMENSIONS, MEASURES
from engine.demo.words import BRANDS, WORKSPACE
from pages.ui import session, words
from pages.ui.portuguese import PORTUGUESE

EXPLORE = str(Path(__file__).parents[2] / "pages" / "explore.py")
KINDS = (
    "markdown",
    "caption",
    "button",
    "selectbox",
    "multiselect",
    "tab",
    "number_input",
    "slider",
    "toggle",
    "radio",
    "info",
    "warning",
    "tabs",
)
NAMES = {"K", "all", "JSON", "cURL", "Python", "SQL", "PT", "UTC", "English", "Português"}
APIS_WORDS = set(
    re.findall(r"\w+", "limit is not a whole number from to Send for example x v data")
)
"""Faults are in the API's own words, in every language."""


class MadeUp(dict[str, str]):
    """Every text in brackets, its values kept."""

    def get(self, message: str, default: str | None = None) -> str:
        assert message in PORTUGUESE, message
        return f"⟦{message}⟧"


@pytest.fixture(scope="module", autouse=True)
def made_up(demo_shop: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "language", lambda: "pt")
        patch.setattr(words, "PORTUGUESE", MadeUp())
        yield


def untranslated(text: str) -> str:
    """What is left of a text without what was translated, names in the data, and numbers."""
    while "⟦" in text:
        text = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    known = "|".join(re.escape(name) for name in known_names())
    text = re.sub(known, " ", text.replace("\\", ""))
    return re.sub(r"\d+ d\b|[\W\d_]+|\bEUR|USD|GBP|BRL\b|\bmil\b|\bs\b|\bms\b", " ", text).strip()


def known_names() -> list[str]:
    inventory = process().engine.inventory(Scope(WORKSPACE, BRANDS[0]))
    wire = ("metadata", *MEASURES, *DIMENSIONS, *AGGREGATIONS, "SKU")
    ids = (WORKSPACE, *BRANDS, *inventory.catalogs)
    found = [*ids, *inventory.event_types, *inventory.metadata_keys, *wire]
    return sorted(found, key=len, reverse=True)


@pytest.mark.parametrize(
    "link",
    [
        {},
        {"group_by": "event_type", "compare": "true", "goal": "900"},
        {"group_by": "product_id", "limit": "3", "aggregation": "avg", "value_field": "amount"},
        {"group_by": "none", "compare": "true"},
        {"group_by": "metadata.country", "aggregation": "count_distinct"},
        {"event_types": "never_seen"},
        {"limit": "0"},
    ],
    ids=str,
)
def test_nothing_is_left_untranslated(link: dict[str, str]) -> None:
    page = AppTest.from_file(EXPLORE, default_timeout=30)
    for name, value in link.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    said: list[str] = []
    for kind in KINDS:
        for element in page.get(kind):
            said += [str(getattr(element, name, None) or "") for name in ("label", "help")]
            if kind in ("markdown", "caption", "info", "warning"):
                said.append(str(element.value))
            if not str(getattr(element, "key", "")).startswith("row_"):  # names in the data
                said += [str(option) for option in getattr(element, "options", [])]
    left = {word for text in said for word in untranslated(text).split()}
    assert left - {"never", "seen", "material"} - NAMES - APIS_WORDS == set()
    assert len(said) > 40
