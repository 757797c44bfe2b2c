"""`--full` reaches the tests that look for faults."""

import pytest

from tests.faults import sizes, test_compactions, test_kills


def test_the_option_is_heard(pytestconfig: pytest.Config) -> None:
    full = pytestconfig.getoption("--full")
    assert full == sizes.FULL == test_kills.FULL
    used = test_kills.KILLS, test_compactions.COMPACTIONS
    assert used == ((1000, 200) if full else (50, 40))
