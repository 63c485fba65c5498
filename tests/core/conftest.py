from __future__ import annotations

from hypothesis import HealthCheck, settings

# Time says nothing on a busy machine, and what fails once has to fail again.
settings.register_profile(
    "core", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("core")
