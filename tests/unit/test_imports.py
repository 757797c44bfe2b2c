"""Who may import whom: the architecture's import direction, read from the code as it stands.

A rule about a module that does not exist (yet) holds.
"""

import ast
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]

STAGES = ["contract", "request", "plan", "execute", "engine", "bootstrap"]
"""A stage may import those to its left, never those to its right."""

FORBIDDEN = [
    # importers, what they never import, however indirectly
    ("engine.contract", ["engine.errors", "engine.request", "engine.scope", "engine.stores"]),
    ("engine.errors", ["engine.*"]),
    ("engine.numbers", ["engine.*"]),
    ("engine.cache", ["engine.request", "engine.result", "engine.scope", "engine.stores"]),
    ("engine.caches", ["engine.cache", "engine.engine", "engine.plan", "engine.stores"]),
    ("engine.pool", ["engine.cache", "engine.request", "engine.scope", "engine.stores"]),
    ("engine.settings", ["engine.*"]),
    ("engine.request", ["engine.plan", "engine.stores", "engine.scope", "engine.result"]),
    ("engine.scope", ["engine.request", "engine.plan", "engine.stores"]),
    ("engine.result", ["engine.plan", "engine.stores", "engine.execute"]),
    ("engine.plan", ["engine.stores", "engine.execute", "engine.cache", "engine.result"]),
    ("engine.execute", ["engine.cache", "engine.engine", "engine.stores.lake"]),
    ("engine.stores", ["engine.execute", "engine.engine", "engine.cache", "engine.ingest"]),
    ("engine.rollups", ["engine.engine", "engine.cache", "engine.ingest", "engine.workspaces"]),
    ("engine.backends", ["engine.engine", "engine.cache", "engine.workspaces"]),
    ("engine.engine", ["engine.stores.lake", "engine.ingest", "engine.bootstrap"]),
    ("engine.workspaces", ["engine.stores", "engine.execute", "engine.plan"]),
    ("engine.ingest", ["engine.engine", "engine.execute", "engine.plan", "engine.cache"]),
]

OF_PAGES = ("streamlit", "plotly", "pages", "app")
NOT_FOR_PAGES = ("engine.stores", "engine.plan", "engine.execute", "engine.cache", "engine.http")


@cache
def graph():
    return grimp.build_graph("engine", include_external_packages=True, cache_dir=None)


def within(package):
    """A module or a package with all that is in it."""
    return {name for name in graph().modules if f"{name}.".startswith(f"{package}.")}


def chains(importers, imported):
    return [
        " -> ".join(chain)
        for importer in sorted(importers)
        for target in sorted(imported - importers)
        if (chain := graph().find_shortest_chain(importer, target))
    ]


@pytest.mark.parametrize(("importer", "never"), FORBIDDEN, ids=[rule[0] for rule in FORBIDDEN])
def test_never(importer, never):
    everything = {name for name in graph().modules if name.startswith("engine.")}
    imported = set().union(*(everything if n == "engine.*" else within(n) for n in never))
    assert chains(within(importer), imported) == []


def test_stages_import_in_one_direction():
    present = [f"engine.{name}" for name in STAGES]
    assert set(present) <= graph().modules
    for i, stage in enumerate(present):
        assert chains({stage}, set(present[i + 1 :])) == []


def test_engine_does_not_know_its_pages():
    outside = {name for name in graph().modules if name.split(".")[0] in OF_PAGES}
    assert chains(within("engine"), outside) == []


def test_only_the_doors_know_http():
    others = within("engine") - within("engine.http")
    assert chains(others, within("engine.http")) == []


def test_engine_needs_no_web_framework():
    outside = {name for name in graph().modules if name in ("starlette", "uvicorn")}
    assert chains(within("engine") - within("engine.http"), outside) == []


def test_nothing_imports_in_a_circle():
    for module in sorted(within("engine") - {"engine"}):
        for imported in graph().find_modules_directly_imported_by(module):
            assert imported == "engine" or not graph().find_shortest_chain(imported, module)


def test_the_package_itself_is_imported_only_from_outside():
    """Within engine/, modules import each other, not the public names."""
    inner = within("engine") - {"engine"} - within("engine.http")
    assert graph().find_modules_that_directly_import("engine") & inner == set()


def imports(path):
    """Absolute names that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offences(paths, names):
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports(path)
        if any(f"{name}.".startswith(f"{never}.") for never in names)
    ]


def test_pages_stay_out_of_the_engine_room():
    assert offences((ROOT / "pages").rglob("*.py"), NOT_FOR_PAGES) == []


def test_parts_of_pages_do_not_import_pages():
    pages = [f"pages.{path.stem}" for path in (ROOT / "pages").glob("*.py")]
    assert offences((ROOT / "pages" / "ui").rglob("*.py"), pages) == []


def test_only_one_module_touches_the_session_state():
    owner = ROOT / "pages" / "ui" / "session.py"
    others = [path for path in (ROOT / "pages").rglob("*.py") if path != owner]
    assert [str(path) for path in others if "session_state" in path.read_text()] == []


def test_the_rules_see_imports():
    """A rule that could not fail would say nothing."""
    assert chains({"engine.engine"}, {"engine.contract"})
    assert graph().modules & {"polars", "deltalake"}
    assert "grimp" in imports(Path(__file__))
