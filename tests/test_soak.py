"""A small soak: many things in flight at a vendor that fails all the time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.timeout(600)
@pytest.mark.parametrize("vendor", ["alltoken", "token360", "volcengine"])
def test_nothing_is_lost_and_nothing_is_made_twice(vendor, monkeypatch):
    """One fault in ten, and in the end the vendor's books and the callers' knowledge agree."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import soak

    plan = soak.Plan(
        vendor=vendor, assets=100, videos=20, faults=0.1, at_once=50, seed=3, speed=30.0
    )
    known, found = soak.soak(plan)

    assert [] == found
    assert {} == known.errors
    # What is told to be unknown is a video, or an asset whose list moved while it was read.
    assert 120 == len(known.assets) + len(known.videos) + len(known.unknown)
    sys.modules.pop("soak")
