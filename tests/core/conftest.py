from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from video_cases import vendor

# Time says nothing on a busy machine, and what fails once has to fail again.
settings.register_profile(
    "core", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("core")


@pytest.fixture(scope="module")
def adapters_at_hand():
    """Look adapters up once: properties ask for them thousands of times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portraitkit.client.translation.provider_class", vendor)
        yield
