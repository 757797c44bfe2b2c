"""Nothing the page says lacks a translation, and no translation is of something it never says."""

import ast
import re
import string
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from engine.contract import FIELDS
from engine.workspaces.templates import TEMPLATES, template
from pages.ui import answer, charts, form, session, toolbar, words
from pages.ui.charts import heat
from pages.ui.portuguese import PORTUGUESE

PAGES = Path(__file__).parents[2] / "pages"
SPEAKERS = {"say": 1, "both": 2}
FROM_TABLES = {
    *(name for _, name in toolbar.TYPE_NAMES.values()),
    *(message for pair in answer.PARTIAL.values() for message in pair),
    *heat.WEEKDAYS,
    *(field.label for field in FIELDS),
    *(field.help for field in FIELDS),
    "Data",  # pick_scope's argument
    "Explore",
    "Dashboards",
    *(raw[part] for raw in map(template, TEMPLATES) for part in ("name", "description")),
    *(one["config"]["title"] for raw in map(template, TEMPLATES) for one in raw["widgets"]),
    form.NO_COOKIES,
    "Sum of {field}",
    "Average of {field}",
}
"""What is said by way of a variable."""


def module_of(path: Path) -> ModuleType | None:
    """The module, unless it is a page, which would run."""
    inner = path.relative_to(PAGES.parent).with_suffix("")
    return import_module(".".join(inner.parts)) if "ui" in inner.parts else None


def said(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for argument in node.args[: SPEAKERS.get(node.func.id, 0)]:
                yield from texts(argument, path)


def texts(argument: ast.expr, path: Path) -> Iterator[str]:
    """The texts an argument may be: itself, either branch, or any entry of a table."""
    if isinstance(argument, ast.Constant):
        yield str(argument.value)
    elif isinstance(argument, ast.IfExp):
        yield from texts(argument.body, path)
        yield from texts(argument.orelse, path)
    elif isinstance(argument, ast.Subscript) and isinstance(argument.value, ast.Name):
        yield from getattr(module_of(path), argument.value.id).values()
    elif isinstance(argument, ast.Name) and argument.id == "MISSING":
        yield "(none)"


def everything_said() -> set[str]:
    return FROM_TABLES.union(*(said(path) for path in PAGES.rglob("*.py")))


def test_every_text_has_its_translation() -> None:
    found = everything_said()
    assert len(found) > 100
    assert found - set(PORTUGUESE) == set()


def test_every_translation_is_of_something_said() -> None:
    assert set(PORTUGUESE) - everything_said() == set()


@pytest.mark.parametrize("message", PORTUGUESE)
def test_translations_have_the_same_values(message: str) -> None:
    def values(text: str) -> list[str]:
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)

    allowed = [values(message)]
    if "day · UTC" in message:
        allowed.append([name for name in allowed[0] if name != "days"])
    assert values(PORTUGUESE[message]) in allowed


def test_what_is_said_is_in_the_language_of_the_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words.say("{n} events", n=2) == "2 events"
    monkeypatch.setattr(session, "language", lambda: "pt")
    assert words.say("{n} events", n=2) == "2 eventos"
    assert words.both("{n} event", "{n} events", 1, n=1) == "1 evento"


def test_charts_have_words_for_every_look() -> None:
    assert set(charts.DRAW) - set(toolbar.LOOK_NAMES) == {"ranking", "funnel"}
    assert all(re.fullmatch(r":material/\w+:", icon) for icon, _ in toolbar.TYPE_NAMES.values())
