"""How long the suite looks for faults: a little in CI, as long as it takes with `--full`."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

FULL = False
"""Set by the root conftest before a test is imported."""

SEED: Final = int(os.environ.get("VITRINE_SEED", "7"))
RESULTS: Final = Path(__file__).with_name("RESULTS.md")
HEAD: Final = (
    "# Faults at full size\n\n"
    "`pytest tests/api tests/faults tests/browser --full`; the last run of each.\n"
)


def size(small: int, full: int) -> int:
    return full if FULL else small


def record(title: str, text: str) -> None:
    """Print what a test saw; a full run keeps it in RESULTS.md."""
    print(f"{title}: {text}")
    if FULL:
        before = RESULTS.read_text() if RESULTS.exists() else HEAD
        section = f"\n## {title}\n\n{datetime.now(UTC):%Y-%m-%d}, seed {SEED}. {text}\n"
        pattern = re.compile(rf"\n## {re.escape(title)}\n.*?(?=\n## |\Z)", re.DOTALL)
        kept, found = pattern.subn(lambda _: section, before)
        RESULTS.write_text(kept if found else before + section)
