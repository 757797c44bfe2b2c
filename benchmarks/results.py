"""benchmarks/RESULTS.md: a section for each benchmark, replaced by its next run."""

import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
PEERS: Final = ("polars", "deltalake", "duckdb")
HEAD: Final = """# Measured

Ratios of one run on one machine are what counts; milliseconds are for orientation.
"""


def write_section(title: str, text: str) -> None:
    """Put a section in place of the one with the same title, or at the end."""
    before = RESULTS.read_text() if RESULTS.exists() else HEAD
    versions = ", ".join(f"{name} {version(name)}" for name in PEERS)
    stamp = f"{datetime.now(UTC):%Y-%m-%d}, {versions}."
    section = f"\n## {title}\n\n{stamp} {text}\n"
    pattern = re.compile(rf"\n## {re.escape(title)}\n.*?(?=\n## |\Z)", re.DOTALL)
    kept, found = pattern.subn(lambda _: section, before)
    RESULTS.write_text(kept if found else before + section)
