from __future__ import annotations

import pytest


@pytest.fixture
def clock(vendor):
    """The clock of the test's vendor."""
    return vendor.world.clock
