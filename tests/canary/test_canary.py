"""Marked secrets, every scenario at every vendor: nothing that can be seen holds one of them."""

from __future__ import annotations

import pytest
from canary_marks import leaks
from canary_scenarios import SCENARIOS
from canary_stage import everything, perform, seen_on_the_wire
from canary_vendors import VENDORS

pytestmark = [pytest.mark.outside_the_contract, pytest.mark.timeout(600)]

# Vendors and drivers do not know of each other: every scenario is played at every vendor, and
# under either driver, at every other vendor.
CELLS = [
    pytest.param(
        vendor,
        ("blocking", "asyncio")[(row + column) % 2],
        scenario,
        id=f"{vendor}-{scenario.__name__}",
    )
    for row, vendor in enumerate(VENDORS)
    for column, scenario in enumerate(SCENARIOS)
]


@pytest.mark.matrix
@pytest.mark.parametrize(("vendor", "driver", "scenario"), CELLS)
def test_no_secret_is_seen(stage_at, capfd, monkeypatch, vendor, driver, scenario):
    """Logs, warnings, output, text forms, tracebacks with locals, pickles, files: no secret."""
    stage = stage_at(vendor, driver)
    with stage.watch.listening(), seen_on_the_wire(stage.watch, monkeypatch):
        perform(stage, scenario)
    stage.watch.texts += [("output", text) for text in capfd.readouterr()]

    found = leaks(everything(stage))
    assert not found, f"{len(found)} leaks:\n" + "\n".join(found[:20])
    assert stage.marked.requests > 0
