from __future__ import annotations

import pytest
from video_cases import vendor


@pytest.fixture(scope="module")
def adapters_at_hand():
    """Look adapters up once: properties ask for them thousands of times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portraitkit.client.translation.provider_class", vendor)
        yield
