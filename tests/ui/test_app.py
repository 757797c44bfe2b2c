"""The application as a whole, before anybody has come."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_pandas_is_there_before_the_first_visitor(tmp_path: Path) -> None:
    """Imported by one visitor's thread, it is seen half made by another's, and a page fails."""
    environment = os.environ | {"VITRINE_HOME": str(tmp_path), "VITRINE_DEMO_EVENTS": "0"}
    program = "import sys, app; print('pandas' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == "True"
