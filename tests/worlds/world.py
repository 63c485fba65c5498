"""One world: vendors, machines, programs and people, and all that happens in it."""

from __future__ import annotations

import logging
import random
import tempfile
import warnings
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import anyio.to_thread

import portraitkit.engine.response_body
import portraitkit.journal.journal
import portraitkit.values.name_tokens
import portraitkit.values.sealing
import portraitkit.wire.partial_file
from portraitkit.simulators.state import EPOCH, VirtualClock, never, scans_after
from portraitkit.values.errors import OutcomeUnknownError, PermissionDeniedError
from portraitkit.wire.steps import Request, Response
from worlds import laws
from worlds.calls import WAIT_FOR, Call, Operation
from worlds.choices import Choices
from worlds.disk import Disk
from worlds.network import FAULTS, REPLICA, Fault, drawn
from worlds.programs import Interrupted, Process, furnish, offered, start
from worlds.scheduler import Scheduler
from worlds.sites import ECHO, REPLICA_S, VENDORS, Make, Site, is_read, make_alike, origin_of

_LOG: Final = logging.getLogger("portraitkit")
_MEMORY: Final = Path("/dev/shm")
FOLDER: Final = Path(tempfile.mkdtemp(prefix="worlds-", dir=_MEMORY if _MEMORY.is_dir() else None))
_LINES: Final = 400


class World:
    """
    Everything that there is, made of choices.

    Attributes:
        story: What happened, in words; kept if *tells*.
        states: What was reached: operation, outcome, and how the vendor stood.
    """

    def __init__(self, choices: Choices, *, tells: bool = False) -> None:
        self.choices = choices
        self.tells = tells
        self.story: list[str] = []
        self.states: set[tuple[str, ...]] = set()
        self.clock = VirtualClock(EPOCH + timedelta(days=1))
        self.scheduler = Scheduler(choices, self.clock, self._after_a_step)
        self.folder = FOLDER
        self.sites: list[Site] = []
        self.processes: list[Process] = []
        self.calls: list[Call] = []
        self.texts: list[tuple[str, str]] = []
        self.rests: dict[Any, float] = {}
        self.is_calm = self.is_over = False

    # -- how it is made ----------------------------------------------------------------------------

    def furnish(self) -> None:
        """Draw what there is, who is there, and what will happen when."""
        draw, pick = self.choices.draw, self.choices.pick
        self.disk = Disk()
        vendors = [pick(VENDORS)]
        if self.choices.once_in(4) and (other := pick(VENDORS)) != vendors[0]:
            vendors.append(other)
        self.sites = [furnish(each, self.clock) for each in vendors]
        self.vendors = tuple(vendors)
        self.by_origin = {origin_of(each.furnished.vendor): each for each in self.sites}
        self.latency_s = pick((0.05, 0.5, 1.5))
        self.trouble = pick((8, 0, 4, 2, 3))
        for site in self.sites:
            self._furnish(site)
        for number in range(pick((1, 1, 1, 2, 2, 3))):
            self._populate(number)
        self.happenings = sorted(
            (1 + draw(60), pick(HAPPENINGS).__name__) for _ in range(max(0, draw(5) - 1))
        )

    def _furnish(self, site: Site) -> None:
        memory, pick = site.memory, self.choices.pick
        memory.list_lag_s = pick((0, 0, 2, REPLICA_S))
        site.has_replicas = self.choices.once_in(4)
        memory.name_length = pick((None, None, None, None, 8, 0))
        memory.person = pick((scans_after(5), scans_after(5), never, scans_after(3, 1)))
        if self.choices.once_in(8):
            memory.reject_assets = {"front": ("PictureRefused", ECHO)}
        if self.choices.once_in(8):
            memory.fail_videos = {"smiles": ("InternalServiceError", ECHO)}
        if self.choices.once_in(16):
            memory.group_quota = 1

    def _populate(self, number: int) -> None:
        draw, pick = self.choices.draw, self.choices.pick
        process = Process(
            self,
            f"program {number + 1}",
            self.sites[:: -1 if self.sites[1:] and draw(2) else 1],
            disk=None if self.choices.once_in(5) else self.disk,
            awaits=bool(draw(2)),
            name_tokens=not self.choices.once_in(6),
        )
        self.processes.append(process)
        able = offered(process.sites[0].furnished.vendor)
        script: list[Operation] = []
        for _ in range(pick((1, 1, 2, 3))):
            script.append(pick(able))
            if (wait := WAIT_FOR.get(script[-1].makes)) in able and self.choices.once_in(3):
                script.append(wait)
        self.scheduler.spawn(process, lambda: process.run(script))

    # -- how it goes -------------------------------------------------------------------------------

    def run(self) -> None:
        """Live, then let everybody come back and carry on, in calm weather."""
        with staged(self):
            self.furnish()
            self.tell(lambda: f"{self.sites[0].furnished.vendor}, faults 1 in {self.trouble}")
            self.scheduler.run()
            self.calm_down()
            self.carry_on()
            laws.at_the_end(self)

    def carry_on(self) -> None:
        """Let somebody who looks in the vendors' consoles carry on what is open; or leave it."""
        self.is_over = self.choices.draw(2) == 0
        for number in range(3 * self.is_over):
            if laws.is_finished(self):
                break
            last = next(each for each in self.processes if each.disk)
            start(self, f"day {number + 2}", last, knows=True)
            self.scheduler.run()

    def calm_down(self) -> None:
        """Let nothing go wrong any more."""
        self.is_calm = True
        self.happenings.clear()
        self.disk.is_full = False
        self.scheduler.advance(6 * 3600)
        for site in self.sites:
            site.outage, site.has_replicas = (0.0, ()), False
            site.memory.list_lag_s, site.memory.group_quota = 0, 50

    def _after_a_step(self) -> None:
        steps = self.scheduler.steps
        while self.happenings and self.happenings[0][0] <= steps:
            _, name = self.happenings.pop(0)
            _HAPPENS[name](self)

    def tell(self, what: Any) -> None:
        """Add a line to the story."""
        if self.tells and len(self.story) < _LINES:
            self.story.append(f"{self.scheduler.now_s():7.2f} s  {what()}")

    def now(self, skew_s: float) -> Any:
        """The time of day on a machine whose clock is so far off."""
        return self.clock() + timedelta(seconds=skew_s)

    # -- what calls come to ------------------------------------------------------------------------

    def begin(self, process: Process, operation: Operation, **more: Any) -> Call:
        """Begin a call."""
        call = Call(len(self.calls) + 1, process, operation, self.scheduler.now_s(), **more)
        self.calls.append(call)
        self.tell(lambda: f"{call} begins")
        return call

    def ended(self, call: Call) -> None:
        """Note what came of a call, and judge it."""
        call.ended_s = self.scheduler.now_s()
        self.tell(lambda: f"{call} ends: {call.word} {call.error or call.result or ''}"[:300])
        self.states.add(laws.state_of(self, call))
        laws.after_a_call(self, call)

    def makes_of(self, call: Call) -> list[Make]:
        """What a call, and whoever carried it on, made at the vendors."""
        return [
            each
            for site in self.sites
            for each in site.makes
            if each.by and each.by.origin is call.origin
        ]

    def origin_of(self, job: Any) -> Call:
        """The call that a job of the journal began with."""
        rows = self.disk.connection.execute(
            "SELECT min(id) FROM entries WHERE job = ?", (job._record.id,)
        )
        ((number,),) = rows
        return self.disk.writers[number].origin

    def decide(self, job: Any, call: Call) -> None:
        """Look in the vendor's console for what a job may have made, and say which it is."""
        record = job.record
        if record.handle and isinstance(call.error, PermissionDeniedError):
            job.drop()  # it was deleted, where such a thing is denied
        if job.record.finished or record.handle:
            return
        known = laws.made_by_jobs(self.disk)
        made = [e for e in self.makes_of(call) if not known & laws.names_of(self, e)]
        made = [e for e in made if e.kind == call.origin.operation.makes]
        if made and record.operation != "start_verification":
            job.adopt(max(laws.names_of(self, made[0])))  # a review task's, where there is one
        elif isinstance(call.error, OutcomeUnknownError) and record.operation in _PAID:
            job.send_again()
        else:
            job.drop()

    # -- what the network asks ---------------------------------------------------------------------

    def pause(self, seconds: float = 0.0) -> None:
        """Let others go on."""
        self.scheduler.current.owner.pause(seconds)

    def site_of(self, request: Request) -> Site | None:
        """Who answers a request."""
        return self.by_origin.get(request.origin)

    def faults_of(self, request: Request) -> tuple[Fault, ...]:
        """What goes wrong with the next exchange."""
        call = self.scheduler.current.call
        if call:
            call.exchanges += 1
        site = self.site_of(request)
        if self.is_calm or site is None:
            return ()
        until_s, faults = site.outage
        if self.scheduler.now_s() < until_s:
            return faults
        faults = drawn(self.choices) if self.choices.once_in(self.trouble or 1) else ()
        return (*REPLICA, *faults) if site.has_replicas and self.choices.draw(2) else faults

    def acts(self, fault: Fault | None) -> bool:
        """Tell whether the vendor acts on an exchange all the same."""
        if fault is None or fault.acts is not None:
            return fault is None or bool(fault.acts)
        return bool(self.choices.draw(2))

    def answered(self, process: Process, exchange: Any) -> Response:
        """Let the vendor answer; from here on it has acted."""
        request = exchange.request
        site, call = self.site_of(request), process.calling
        self.tell(lambda: f"{process} asks {request.method} {request.shown_url[:90]}")
        if site is None:
            laws.about_a_foreign_host(self, request)
            return Response(status=404, content=b"", received_at=self.clock())
        laws.about_a_request(self, process, call, request)
        if site.has_replicas and {*REPLICA} & {*exchange.faults} and is_read(request):
            lag_s = self.choices.pick((REPLICA_S, REPLICA_S, 2.0)) - site.memory.list_lag_s
            if lag_s > 0 and (response := site.answer_late(request, lag_s)):
                self.met(exchange, REPLICA[0].name)
                return response
        number = len(site.makes)
        response = site.answer(request, call)
        for make in site.makes[number:]:
            self.tell(lambda make=make: f"the vendor makes {make.kind[:-1]} {make.id}")
            laws.about_a_make(self, site, process, make)
        return response

    def met(self, exchange: Any, name: str, *, hides_rows: bool = False) -> None:
        """Note that a fault was met."""
        call = self.scheduler.current.call
        self.tell(lambda: f"    {name}{', acted on' if exchange.acted else ''}")
        if call:
            call.met.append(name)
            call.hides_rows = call.hides_rows or hides_rows

    def told(self, process: Process, exchange: Any, answer: Response) -> None:
        """Note what an answer asks for."""
        laws.about_an_answer(self, process, exchange, answer)


_PAID: Final = ("add_asset", "create_video")


# -- what happens ----------------------------------------------------------------------------------


def a_program_is_killed(world: World) -> None:
    process = _one_of(world)
    if process:
        _kill(world, process)
        if process.disk and world.choices.draw(2):
            for number in range(1 + world.choices.draw(2)):
                start(world, f"{process} again {number + 1}", process)


def the_power_is_cut(world: World) -> None:
    for process in [each for each in world.processes if each.alive]:
        _kill(world, process)
    world.disk.cut_power()
    world.tell(lambda: "the power is cut")


def _one_of(world: World) -> Process | None:
    alive = [e for e in world.processes if any(t.owner is e for t in world.scheduler.tasks)]
    return world.choices.pick(alive) if alive else None


def _kill(world: World, process: Process) -> None:
    world.tell(lambda: f"{process} is killed")
    process.alive = False
    for task in [each for each in world.scheduler.tasks if each.owner is process]:
        world.scheduler.end(task)
    holders = world.disk.holders
    for lease in [each for each, holder in holders.items() if holder is process]:
        del holders[lease]


def a_caller_gives_up(world: World) -> None:
    process = _one_of(world)
    for task in world.scheduler.tasks:
        if task.owner is process and task.call:
            world.tell(lambda: f"{process} is interrupted")
            world.scheduler.interrupt(task, Interrupted())


def the_disk_is_full(world: World) -> None:
    world.disk.is_full = not world.disk.is_full
    world.tell(lambda: f"the disk is {'full' if world.disk.is_full else 'cleared'}")


def a_clock_jumps(world: World) -> None:
    if process := _one_of(world):
        process.skew_s += world.choices.pick((30.0, -30.0, 240.0, -240.0, 1200.0))
        world.tell(lambda: f"the clock of {process} jumps to {process.skew_s:+g} s")


def a_vendor_has_an_outage(world: World) -> None:
    site = world.choices.pick(world.sites)
    until_s = world.scheduler.now_s() + world.choices.pick((2.0, 10.0, 60.0))
    site.outage = (until_s, (world.choices.pick(FAULTS),))
    world.tell(lambda: f"until {until_s:.0f} s: {site.outage[1][0].name}")


def somebody_adds_alike(world: World) -> None:
    """A person who uses the same account makes what has the same names."""
    site = world.choices.pick(world.sites)
    world.tell(lambda: f"somebody else uses {site.furnished.vendor}")
    make_alike(site)


HAPPENINGS: Final = (
    a_program_is_killed,
    the_power_is_cut,
    a_caller_gives_up,
    the_disk_is_full,
    a_clock_jumps,
    a_vendor_has_an_outage,
    somebody_adds_alike,
)
_HAPPENS: Final = {each.__name__: each for each in HAPPENINGS}


# -- what takes the place of chance and threads ----------------------------------------------------


@contextmanager
def staged(world: World) -> Any:
    """Let the library take its time, its random names and its threads from a world."""
    rolled = random.Random(1)
    secrets = SimpleNamespace(
        choice=rolled.choice,
        token_hex=lambda number: rolled.randbytes(number).hex(),
        token_bytes=rolled.randbytes,
    )
    instead = [
        (
            portraitkit.engine.response_body,
            "time",
            SimpleNamespace(monotonic=world.scheduler.now_s),
        ),
        (anyio.to_thread, "run_sync", _in_the_same_thread),
        (warnings, "showwarning", lambda text, *_: world.texts.append(("warning", str(text)))),
        *((module, "secrets", secrets) for module in _RANDOM),
        (_LOG, "handlers", [_Texts(world.texts)]),
        (_LOG, "propagate", False),
        (_LOG, "isEnabledFor", bool),  # to change its level makes all loggers forget theirs
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in instead]
    try:
        for module, name, what in instead:
            setattr(module, name, what)
        yield
    finally:
        for module, name, what in before:
            setattr(module, name, what)


async def _in_the_same_thread(call: Any, *args: Any) -> Any:
    return call(*args)


class _Texts(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, texts: list[tuple[str, str]]) -> None:
        super().__init__()
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(("log", record.getMessage()))


_RANDOM: Final = (
    portraitkit.journal.journal,
    portraitkit.values.name_tokens,
    portraitkit.values.sealing,
    portraitkit.wire.partial_file,
)
