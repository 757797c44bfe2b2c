"""What every test shares: how long hypothesis searches, and how long all of them do.

In CI the same examples are tried every time; elsewhere each run tries others.
"""

import os
from typing import Any

from hypothesis import HealthCheck, settings

from tests.faults import sizes

settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_addoption(parser: Any) -> None:
    parser.addoption("--full", action="store_true", help="look for faults at full size")


def pytest_configure(config: Any) -> None:
    """Before any test is imported: what it measures itself by is read then."""
    sizes.FULL = config.getoption("--full")
