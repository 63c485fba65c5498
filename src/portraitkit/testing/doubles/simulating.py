"""Clients whose vendor is a simulator in this process, and whose time is virtual."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ...client.client import AsyncClient, Client
from ...engine.clock import Clock
from ...engine.transport import Transport
from ...operations.provider import PortraitProvider
from ...simulators.state import VirtualClock
from ...wire.steps import Budget, Request, Response


class SimulatedVendor(Protocol):
    """
    A vendor in this process: one function from request to answer, on virtual time.

    A `Simulator` of portraitkit is one, and so is any object with `handle` and a `VirtualClock` as
    `clock` or `world.clock`.
    """

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        ...


class VirtualTime:
    """Time that passes only where somebody waits; shared with a simulator's clock if given."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self._clock = clock or VirtualClock()
        self._start = self._clock()

    def now(self) -> datetime:
        """The time of day."""
        return self._clock()

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return (self._clock() - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.advance(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.advance(seconds)

    @property
    def clock(self) -> Clock:
        """The same, as drivers want it; without jitter."""
        return Clock(
            now=self.now,
            monotonic=self.monotonic,
            sleep=self.sleep,
            sleep_async=self.sleep_async,
            jitter=lambda: 0.5,
        )


class SimulatorTransport:
    """Hands requests to a simulator instead of a network."""

    def __init__(self, simulator: SimulatedVendor) -> None:
        self._simulator = simulator

    def send(self, request: Request) -> Response:
        """Let the simulator answer."""
        response = self._simulator.handle(request)
        if request.save_to and response.ok:
            request.save_to.save(response.content)
        return response

    def close(self) -> None:
        """Nothing is open."""


class InProcessTransport:
    """A transport of this process, for an asynchronous client."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, request: Request) -> Response:
        """Hand the request on."""
        return self._transport.send(request)

    async def close(self) -> None:
        """Nothing is open."""


def simulated(
    provider: PortraitProvider, simulator: SimulatedVendor, *, budget: Budget | None = None
) -> Client:
    """Make a client for a simulator. Waiting takes no time: it moves the simulator's clock."""
    transport = SimulatorTransport(simulator)
    return Client(provider, transport=transport, clock=clock_of(simulator), budget=budget)


def simulated_async(
    provider: PortraitProvider, simulator: SimulatedVendor, *, budget: Budget | None = None
) -> AsyncClient:
    """Make an asynchronous client for a simulator."""
    transport = InProcessTransport(SimulatorTransport(simulator))
    return AsyncClient(provider, transport=transport, clock=clock_of(simulator), budget=budget)


def clock_of(simulator: SimulatedVendor) -> Clock:
    """
    The clock of a simulator, as drivers want it.

    Raises:
        TypeError: It has none that can be moved.
    """
    world = getattr(simulator, "world", None)
    clock = getattr(simulator, "clock", None) or getattr(world, "clock", None)
    if not isinstance(clock, VirtualClock):
        raise TypeError("a simulated client needs a simulator on a VirtualClock")
    return VirtualTime(clock).clock
