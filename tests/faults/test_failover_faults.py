"""Every fault meets a video that could move to another vendor: it is made once at most."""

from __future__ import annotations

import pytest
from fault_cells import BUDGET, Run
from fault_jobs import ACCOUNT, JOBS, VENDORS, counts
from fault_line import Aim, line
from fault_list import FAULTS, Means

import portraitkit as pk
from portraitkit.client.client import Client
from portraitkit.failover.router import Failover, has_no_capacity
from portraitkit.failover.routes import Route
from portraitkit.providers.registry import provider_class
from portraitkit.simulators.__main__ import load
from portraitkit.testing import SimulatorTransport
from portraitkit.values.errors import PortraitError
from portraitkit.values.secret import Secret

SECOND = "https://second.invalid"
SEA = pk.VideoRequest(prompt="a quiet sea", resolution="720p")
JOB = next(each for each in JOBS if each.name == "create_video")


def named(value):
    return getattr(value, "name", value)


class Fork:
    """A line to the first vendor, and a second one that is well."""

    def __init__(self, wire, vendor, clock):
        self.wire = wire
        self.simulator = load(vendor)()
        self.simulator.world.clock = clock
        self.simulator.add_account(ACCOUNT)
        key = Secret(ACCOUNT.api_key)
        self.provider = provider_class(vendor)(api_key=key, base_url=SECOND, account_name="second")

    def send(self, request):
        if request.origin == SECOND:
            return SimulatorTransport(self.simulator).send(request)
        return self.wire.send(request)

    def close(self):
        """Nothing is open."""


def film(ground, vendor, fault, *, lasting):
    """Play one cell; say what is wrong with what came of it."""
    bench, aim = ground.furnish(vendor), Aim(ground.places)
    with line(aim, fault.route) as wire:
        run = Run(fault, bench, aim, JOB)
        aim.at(fault, 1, lasting=lasting)
        own = run.client(Client, wire)
        fork = Fork(wire, "alltoken" if vendor == "token360" else "token360", run.time._clock)
        place = Route(profile="second", provider=fork.provider)
        client = Client(
            own.provider,
            transport=fork,
            clock=own._driver._clock,
            budget=BUDGET,
            failover=Failover(fallbacks=(place,)),
        )
        task = error = None
        try:
            task = client.create_video(SEA)
        except PortraitError as raised:
            error = raised
        for front in ground.places.fronts:
            front.settle()
            front.failures.clear()
        ground.places.masked.heard.clear()
    here = (counts(run.simulator.world) - run.before)["paid video"]
    there = len(fork.simulator.seen)
    moved = bool(task and task.provider == fork.provider.name)
    yield from _wrong(here, there, task, error, moved=moved)


def _wrong(here, there, task, error, *, moved):
    if here + there > 1:
        yield f"{here} videos here and {there} requests there"
    if task and here + there != 1:
        yield f"{task} came of {here} and {there}"
    if task and moved != bool(there):
        yield f"{task} is not where it was made"
    if error and there:
        yield f"{error} came out, and the second vendor had been asked"
    if error and has_no_capacity(error):
        yield f"{error} did not move"
    if here and not task and not isinstance(error, pk.OutcomeUnknownError) and not error.handle:
        yield f"{error} hides a video that was paid for"


@pytest.mark.matrix
@pytest.mark.outside_the_contract
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_video_that_may_move_is_made_once_at_most(ground, vendor, fault):
    """Over the real wire: one video in total, none after it is unknown, and none that is hidden."""
    if fault.means is Means.STALE:
        pytest.skip("videos are not signed")
    ways = [True] if fault.lasting_only else [False, True]
    wrong = [each for way in ways for each in film(ground, vendor, fault, lasting=way)]

    assert [] == wrong
