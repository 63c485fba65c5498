"""The cells of the matrix: one operation at one vendor meets one fault."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from attrs import define, evolve, field, frozen
from fault_jobs import CLIP, SIGNED, Bench, Job, counts
from fault_line import Aim, line
from fault_list import Fault, Means
from fault_places import Places

from portraitkit.client.client import Client
from portraitkit.engine.clock import Clock
from portraitkit.simulators.simulator import Simulator
from portraitkit.simulators.state import VirtualClock, never
from portraitkit.testing import VirtualTime
from portraitkit.wire.steps import Budget

ATTEMPTS: Final = 3
BUDGET: Final = Budget(attempts=ATTEMPTS)


@frozen(kw_only=True)
class Cell:
    """One place of the matrix: the fault meets the request of that number, once or from then on."""

    vendor: str
    job: Job
    kind: str
    fault: Fault
    first: int
    lasting: bool

    def __str__(self) -> str:
        how = "from" if self.lasting else "at"
        return f"{self.vendor} {self.job.name}: {self.fault.name}, {how} request {self.first}"

    @property
    def key(self) -> tuple[str, str, str, int, bool]:
        """What tells it from the others."""
        return self.vendor, self.job.name, self.fault.name, self.first, self.lasting


@frozen(kw_only=True)
class Judged:
    """What a cell came to: what the caller got, and what is wrong with that."""

    cell: Cell
    word: str
    problems: tuple[str, ...]


@frozen(kw_only=True)
class Normal:
    """One operation without a fault: its requests, what it makes, what it returns."""

    kinds: tuple[str, ...]
    signed: bool
    made: dict[str, int]
    found: object


@define
class Ground:
    """Everything that cells need: the places, furnished vendors, and what is normal there."""

    places: Places
    folder: Path
    benches: dict[str, Bench] = field(factory=dict[str, Bench])
    normal: dict[tuple[str, str], Normal] = field(factory=dict[tuple[str, str], Normal])

    def furnish(self, vendor: str) -> Bench:
        """Get a vendor's bench; the first time, learn what is normal there."""
        if vendor not in self.benches:
            bench = self.benches[vendor] = Bench.at(vendor, self.places.front.url)
            bench.stuff.path = self.folder / f"{vendor}.mp4"
            aim = Aim(self.places)
            self.places.front.simulator = bench.simulator()
            with line(aim) as wire:
                for job in bench.jobs():
                    self.normal[vendor, job.name] = _learn(bench, job, aim, wire)
        return self.benches[vendor]

    def cells(self, vendor: str, fault: Fault) -> list[Cell]:
        """Every cell of one vendor and one fault."""
        bench = self.furnish(vendor)
        foreign = fault.vendors and vendor not in fault.vendors
        if foreign or (fault.means is Means.STALE and vendor not in SIGNED):
            return []
        cells: list[Cell] = []
        for job in bench.jobs():
            kinds = self.normal[vendor, job.name].kinds
            for number, kind in enumerate(kinds, 1):
                if fault.vendors and kind == "media":
                    continue  # the words are an API's, and a media host has none
                if not fault.lasting_only:
                    cells.append(_cell(vendor, job, kind, fault, number, lasting=False))
                # Of reads after reads, what lasts is met by the first of them.
                if number == 1 or not (fault.lasting_only or kind == kinds[0] == "read"):
                    cells.append(_cell(vendor, job, kind, fault, number, lasting=True))
        return cells


def _cell(vendor: str, job: Job, kind: str, fault: Fault, first: int, *, lasting: bool) -> Cell:
    return Cell(vendor=vendor, job=job, kind=kind, fault=fault, first=first, lasting=lasting)


def _learn(bench: Bench, job: Job, aim: Aim, wire: Any) -> Normal:
    aim.at(None, 1, lasting=False)
    run = Run(None, bench, aim, job)
    client = run.client(Client, wire)
    result = listed(job.call(client, bench.stuff))
    requests = [each.request for each in aim.sent]
    return Normal(
        kinds=tuple(job.kind_of(each) for each in requests),
        signed=any(each.auth.value == "signature" for each in requests),
        made=dict(counts(run.simulator.world) - run.before),
        found=found_in(result),
    )


def found_in(result: Any) -> object:
    """What of a result has to be the same with and without a passing fault."""
    if isinstance(result, list):
        return tuple(found_in(each) for each in result)
    if isinstance(result, Path):
        return CLIP == result.read_bytes()
    status = getattr(result, "status", None)
    return None if result is None else (result.handle, status)


def listed(result: Any) -> Any:
    """A list of what is iterated over; anything else as it is."""
    return list(result) if isinstance(result, Iterator) else result


class Run:
    """One cell under way: a vendor of its own, a clock of its own."""

    def __init__(self, fault: Fault | None, bench: Bench, aim: Aim, job: Job) -> None:
        self.simulator: Simulator = bench.simulator()
        if job.name != "wait_until_verified":
            self.simulator.world.person = never
        self.before = counts(self.simulator.world)
        clock = self.simulator.world.clock
        assert isinstance(clock, VirtualClock)
        self.time = VirtualTime(clock)
        self.started_s = time.monotonic()
        self._provider = evolve(bench.provider, name_tokens=job.named)
        self._skew = timedelta(seconds=fault.skew_s if fault else 0)
        for front in aim.places.fronts:
            front.simulator = self.simulator
            front.seen.clear()

    def client(self, kind: Any, wire: Any) -> Any:
        """Make a client of either kind."""
        own = self.time.clock
        clock: Clock = evolve(own, now=lambda: own.now() + self._skew)
        return kind(self._provider, transport=wire, clock=clock, budget=BUDGET)
