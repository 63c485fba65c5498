"""One scenario, all vendors, one golden trace; what differs is declared, and truly so."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from portraitkit.building import build_provider
from portraitkit.secret import Secret
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.state import World, scans_after
from portraitkit.testing import simulated
from portraitkit.waiting import Pacing
from scenario_steps import Steps

ROOT = Path(__file__).parent.parent
QUICK = dict.fromkeys(
    ("asset", "verification", "video"), Pacing(first_s=1, step_s=1, deadline_s=300)
)


def tool():
    spec = importlib.util.spec_from_file_location("differences", ROOT / "tools" / "differences.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()


def built_in(name, monkeypatch):
    signed = name in ("apiyi", "volcengine")
    keys = ("api_key", "access_key", "secret_key") if signed else ("api_key",)
    _, provider = build_provider(name, {key: getattr(ACCOUNT, key) for key in keys})
    return provider, load(name)


def strangers(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "portraitkit-acme" / "src"))
    from portraitkit_acme.provider import Acme
    from portraitkit_acme.simulator import AcmeSimulator

    keys = {"key_id": Secret(ACCOUNT.access_key), "key_secret": Secret(ACCOUNT.secret_key)}
    return Acme(**keys), AcmeSimulator


@pytest.mark.parametrize("name", [*TOOL.VENDORS, "acme"])
def test_every_vendor_leaves_the_golden_trace(name, monkeypatch, tmp_path):
    """Step by step the trace is the golden one, or what the adapter says of itself."""
    provider, simulator = (strangers if name == "acme" else built_in)(name, monkeypatch)
    provider = evolve(provider, pacing=QUICK)
    vendor = simulator(world=World(person=scans_after(4)))
    vendor.add_account(ACCOUNT)
    steps = TOOL.SCENARIO["golden"]

    told = Steps(simulated(provider, vendor), tmp_path).trace(steps)

    assert {step: TOOL.expected(type(provider), step)[1] for step in steps} == told


@pytest.mark.parametrize("name", TOOL.VENDORS)
def test_no_declaration_is_stale(name):
    """A declared difference names a step that is offered, and a trace that differs."""
    cls = TOOL.provider_class(name)
    for step, told in cls.differences.items():
        assert "other" == TOOL.expected(cls, step)[0]
        assert TOOL.SCENARIO["golden"][step] != told.trace
        assert told.why
        assert told.source


def test_the_page_shows_the_differences():
    """docs/differences.md is what the adapters say now; tools/differences.py writes it."""
    made = subprocess.run(
        [sys.executable, "tools/differences.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "" == made.stderr
