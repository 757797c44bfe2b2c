"""A brand for each test."""

import pytest

from tests.rollups.brand import Brand


@pytest.fixture
def brand(tmp_path):
    return Brand(tmp_path)
