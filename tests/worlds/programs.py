"""Programs: processes with a client each, that call, are killed, and start again."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from inspect import isawaitable
from pathlib import Path
from typing import Any

from attrs import evolve

from portraitkit.client.client import AsyncClient, Client
from portraitkit.engine.clock import Clock
from portraitkit.engine.transport import HttpxTransport
from portraitkit.failover.router import Failover
from portraitkit.failover.routes import Route
from portraitkit.journal.jobs import resume
from portraitkit.limits.limiter import ProcessLimiter
from portraitkit.portraits.ledger import MemoryLedger
from portraitkit.values.errors import PortraitError
from portraitkit.wire.steps import Budget
from worlds.broken import Broken
from worlds.calls import OPERATIONS, RESUME, Call, Hands, Operation
from worlds.disk import Disk, journal_on
from worlds.network import TIMEOUTS, Wire
from worlds.scheduler import Killed
from worlds.sites import AVATARS, Site, furnished

BUDGET = Budget(attempts=3)


class Interrupted(KeyboardInterrupt):
    """The caller gives up."""


class Awaited:
    """A blocking transport for a client that awaits it: what pauses is the greenlet."""

    def __init__(self, transport: HttpxTransport) -> None:
        self._transport = transport

    async def send(self, request: Any) -> Any:
        return self._transport.send(request)

    async def close(self) -> None:
        self._transport.close()


def finished(coroutine: Any) -> Any:
    """Run a coroutine that never waits by itself."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits for something that is no part of the world")


async def _items(found: Any) -> list[Any]:
    return [each async for each in found]


class Process:
    """One program that runs, with a client of its own."""

    def __init__(
        self,
        world: Any,
        name: str,
        sites: list[Site],
        *,
        disk: Disk | None,
        awaits: bool = False,
        name_tokens: bool = True,
        profile: str = "",
    ) -> None:
        self.world = world
        self.name = name
        self.sites = sites
        self.disk = disk
        self.alive = True
        self.skew_s = 0.0
        home = sites[0].furnished
        self.awaits = awaits
        self.name_tokens = name_tokens
        self.hands = Hands.of(home.things, home.foreign)
        for site in sites[1:]:  # another vendor's things are foreign, too
            self.hands.foreign["task"].append(site.furnished.things.done)
        self.journal = journal_on(disk, self) if disk else None
        self.client = self._client(profile or home.vendor)

    def __str__(self) -> str:
        return self.name

    def _client(self, profile: str) -> Any:
        scheduler = self.world.scheduler
        transport = HttpxTransport(Wire(self), TIMEOUTS)
        primary, *others = (
            _provider(each.furnished.vendor, self.name_tokens) for each in self.sites
        )
        places = tuple(Route(profile=each.name, provider=each) for each in others)
        kind = AsyncClient if self.awaits else Client
        return kind(
            primary,
            profile=profile,
            transport=Awaited(transport) if self.awaits else transport,
            clock=Clock(
                now=self.now,
                monotonic=scheduler.now_s,
                sleep=self.pause,
                sleep_async=self.sleep_async,
                jitter=lambda: 0.5,
            ),
            budget=BUDGET,
            journal=self.journal,
            ledger=self._ledger(),
            limiter=ProcessLimiter(),
            failover=Failover(fallbacks=places) if places else None,
        )

    def _ledger(self) -> MemoryLedger:
        """A ledger that knows who consented where the world's first vendor is."""
        made = MemoryLedger()
        if consented := self.world.sites[0].furnished.things.consented:
            made.change(consented.key, lambda _: consented)
        return made

    def now(self) -> Any:
        """The time of day, as this machine has it."""
        return self.world.now(self.skew_s)

    def pause(self, seconds: float = 0.0) -> None:
        """Wait, unless this process has ended."""
        if not self.alive:
            raise Killed
        self.world.scheduler.pause(seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.pause(seconds)

    @property
    def calling(self) -> Call | None:
        """The call that goes on now."""
        task = self.world.scheduler.current
        return task.call if task else None

    def file(self) -> Path:
        """Where a video goes."""
        return self.world.folder / f"{self.name}.mp4"

    # -- what it does ------------------------------------------------------------------------------

    def run(self, operations: Iterable[Operation]) -> None:
        """Call one operation after the other, and close."""
        self._living(lambda: [self.perform(each) for each in operations])

    def run_resuming(self, *, knows: bool = False) -> None:
        """Carry on what the journal says is open."""
        self._living(lambda: self._resume(knows=knows))

    def _living(self, do: Any) -> None:
        with suppress(Killed):
            with suppress(PortraitError):  # a journal that cannot be read
                do()
            self._done(self.client.close())

    def perform(self, operation: Operation, **more: Any) -> Call:
        """Call an operation, and keep what comes of it."""
        task = self.world.scheduler.current
        call = task.call = self.world.begin(self, operation, **more)
        try:
            call.result = self._done(operation.run(self.client, call))
            call.word = "result"
        except Killed:
            call.word = "killed"
            self.world.ended(call)
            raise
        except Broken:
            raise
        except Interrupted:
            call.word = "interrupted"
        except BaseException as error:  # noqa: BLE001  (what comes out is what is judged)
            call.error, call.word = error, type(error).__name__
        finally:
            task.call = None
        if call.result is not None:
            self.hands.take(call.result)
        self.world.ended(call)
        return call

    def _done(self, result: Any) -> Any:
        if hasattr(result, "__aiter__"):
            return finished(_items(result))
        if isawaitable(result):
            return finished(result)
        return list(result) if hasattr(result, "__next__") else result

    def _resume(self, *, knows: bool) -> None:
        with resume(self.journal) as jobs:
            for job in jobs:
                origin = self.world.origin_of(job)
                call = self.perform(RESUME, origin=origin, job=job, subject=job.handle)
                if knows and call.error:
                    self.world.decide(job, call)


def start(world: Any, name: str, like: Process, *, knows: bool = False) -> Process:
    """Start a program again, that carries on what another has left."""
    process = Process(
        world,
        name,
        like.sites,
        disk=like.disk,
        awaits=not like.awaits,
        name_tokens=like.name_tokens,
    )
    world.processes.append(process)
    world.scheduler.spawn(process, lambda: process.run_resuming(knows=knows))
    return process


@cache
def _provider(vendor: str, name_tokens: bool) -> Any:
    return evolve(furnished(vendor).provider, name_tokens=name_tokens)


@cache
def offered(vendor: str) -> list[Operation]:
    """What a vendor can be asked. Groups of avatars are made by their first asset."""
    provider = furnished(vendor).provider
    return [
        each
        for each in OPERATIONS
        if provider.supports(each.public) and not (each.makes == "groups" and vendor in AVATARS)
    ]


def furnish(vendor: str, clock: Any) -> Site:
    """Open a vendor in a world."""
    known = furnished(vendor)
    return Site(known, known.simulator(clock))
