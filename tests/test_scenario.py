"""One scenario, all vendors, one golden trace; what differs is declared, and truly so."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import attrs
import pytest
from attrs import evolve

from portraitkit.client.client import Client
from portraitkit.config.building import build_provider
from portraitkit.engine.response_body import TransportError
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.demo import VENDORS
from portraitkit.simulators.state import World, scans_after
from portraitkit.simulators.table import simulator_of
from portraitkit.testing import simulated
from portraitkit.testing.doubles.simulating import SimulatorTransport, clock_of
from portraitkit.values.remarks import Outcome
from portraitkit.values.secret import Secret
from portraitkit.vendor.pacing import Pacing
from scenario_steps import Steps

ROOT = Path(__file__).parent.parent
KEYS = ("api_key", "access_key", "secret_key", "library_key")
QUICK = dict.fromkeys(
    ("asset", "verification", "video"), Pacing(first_s=1, step_s=1, deadline_s=300)
)


def tool():
    spec = importlib.util.spec_from_file_location("differences", ROOT / "tools" / "differences.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()


def built_in(way, monkeypatch):
    vendor, settings = TOOL.WAYS.get(way, (way, {}))
    fields = {each.name for each in attrs.fields(TOOL.class_of(way))}
    keys = {key: getattr(ACCOUNT, key) for key in KEYS if key in fields}
    table = getattr(TOOL.class_of(way), "table", None)
    simulator = simulator_of(table) if table else load(vendor)
    return build_provider(vendor, {**keys, **settings})[1], simulator


def strangers(name, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "portraitkit-acme" / "src"))
    from portraitkit_acme.provider import Acme
    from portraitkit_acme.simulator import AcmeSimulator

    keys = {"key_id": Secret(ACCOUNT.access_key), "key_secret": Secret(ACCOUNT.secret_key)}
    return Acme(**keys, name_tokens=True), AcmeSimulator


class Losing(SimulatorTransport):
    """Loses the answer to the first create."""

    lost = 0

    def send(self, request):
        answer = super().send(request)
        if request.repeatable or self.lost:
            return answer
        self.lost += 1
        raise TransportError(Outcome.UNKNOWN, "connection lost while receiving")


LIBRARIES = [name for name in TOOL.TABLES if "create_group" in TOOL.class_of(name).table.calls]
"""Tables that make groups: the scenario begins with one."""


@pytest.mark.parametrize("name", [*TOOL.WAYS, *LIBRARIES, "acme"])
def test_every_vendor_leaves_the_golden_trace(name, monkeypatch, tmp_path):
    """Step by step the trace is the golden one, or what the adapter says of itself."""
    provider, simulator = (strangers if name == "acme" else built_in)(name, monkeypatch)
    provider = evolve(provider, pacing=QUICK)
    vendor = simulator(world=World(person=scans_after(4)))
    vendor.add_account(ACCOUNT)
    steps = TOOL.SCENARIO["golden"]

    told = Steps(simulated(provider, vendor), tmp_path).trace(steps)

    assert {step: TOOL.expected(type(provider), step)[1] for step in steps} == told


def test_every_way_of_the_demo_is_shown():
    """The scenario runs wherever the demo does: at each vendor, in each mode."""
    assert {*VENDORS} == {*TOOL.WAYS}


def test_a_strangers_lost_group_is_found_again(monkeypatch):
    """Acme overrides make_group, and the base looks for what a lost create has made."""
    provider, simulator = strangers("acme", monkeypatch)
    vendor = simulator()
    vendor.add_account(ACCOUNT)
    losing = Losing(vendor)
    client = Client(provider, transport=losing, clock=clock_of(vendor))

    group = client.create_group("Mia")

    assert 1 == losing.lost
    assert "Mia" == group.name
    assert [group.id] == [each.id for each in client.list_groups()]


@pytest.mark.parametrize("name", TOOL.WAYS)
def test_no_declaration_is_stale(name):
    """A declared difference names a step that is offered, and a trace that differs."""
    cls = TOOL.class_of(name)
    for step, told in cls.differences.items():
        assert "other" == TOOL.expected(cls, step)[0]
        assert TOOL.SCENARIO["golden"][step] != told.trace
        assert told.why
        assert told.source
