"""The demo: one job for every vendor, one table, one exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from portraitkit.simulators import demo
from portraitkit.simulators.demo import Report


def test_the_table_fits_a_terminal_of_80_columns():
    """The longest ids, names and manual steps stay within the width."""
    report = Report(
        profile="volcengine",
        group_id="group-20260102030405-00001",
        asset_id="ta_" + 32 * "f",
        video_field="input_references[]",
        person="by hand: " + "open the console and let the person pass there " * 5,
        statuses={"video": ["queued", "running", "succeeded"]},
        requests=124,
        seconds=12.3,
        file="mia-volcengine.mp4 25 kB",
        error="something went wrong " * 9,
    )

    assert 80 >= max(len(line) for line in demo.table([report]).splitlines())


def test_the_demo_ends_well_where_every_vendor_went_through(monkeypatch, capsys):
    """A vendor over real HTTP, from the picture to the file; the exit code is 0."""
    monkeypatch.setattr(demo, "VENDORS", ("apiyi",))
    monkeypatch.setattr(demo, "RENDER_S", 0.1)

    assert 0 == demo.main()
    told = capsys.readouterr().out
    assert "mia-apiyi.mp4 25 kB" in told
    assert "asset: processing > active" in told


def test_the_demo_says_who_failed(monkeypatch, capsys):
    """A vendor that does not go through makes the exit code 1, and the table says why."""
    monkeypatch.setattr(demo, "VENDORS", ("alltoken",))
    monkeypatch.setattr(demo, "_CREDENTIALS", ("access_key",))
    monkeypatch.setenv("SIMULATED_API_KEY", "of-someone-else")

    assert 1 == demo.main()
    assert "FAILED: alltoken create_group" in capsys.readouterr().out


@pytest.mark.parametrize("vendor", demo.VENDORS)
def test_every_vendor_has_its_profile(vendor):
    """The configuration of the demo knows all of them."""
    assert f"[profiles.{vendor}]" in demo._profile(vendor, "http://127.0.0.1:1", Path(), 1)
