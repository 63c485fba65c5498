"""The line from a client to a vendor: real HTTP clients, led into a fault at a chosen request."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Final

import httpx
from attrs import define, evolve, field, frozen
from fault_front import Act, healthy, trusting
from fault_list import CALM, Fault
from fault_places import Places
from fault_wire import at_the_seam, at_the_seam_async, in_memory, in_memory_async

from portraitkit.engine.transport import (
    AsyncHttpxTransport,
    HttpxTransport,
    Timeouts,
    TransportError,
)
from portraitkit.values.remarks import Outcome
from portraitkit.wire.steps import JSON_LIMIT_BYTES, Request, Response


@frozen
class Sent:
    """One attempt: what was sent, whether into the fault, and what became of it."""

    request: Request
    faulty: bool
    outcome: Outcome | None = None
    status: int = 0


@define
class Aim:
    """Which attempts meet the fault: the one of that number, or all from it on."""

    places: Places
    fault: Fault | None = None
    first: int = 1
    lasting: bool = False
    sent: list[Sent] = field(factory=list[Sent])

    def at(self, fault: Fault | None, first: int, *, lasting: bool) -> None:
        """Begin another cell."""
        self.fault, self.first, self.lasting = fault, first, lasting
        self.sent = []

    def next(self, request: Request) -> tuple[Request, str, Timeouts]:
        """Prepare the next attempt: where it goes, by which client, with which limits."""
        # What is left of a wait is told in virtual seconds, and the sockets' are real.
        request = evolve(request, timeout_s=None)
        number = len(self.sent) + 1
        hit = number == self.first or (self.lasting and number > self.first)
        fault = self.fault if hit else None
        self.sent.append(Sent(request, fault is not None))
        self._play(fault.play if fault else healthy)
        if fault is None:
            route = self.fault.route if self.fault else "seam"
            return request, route if route in ("front", "memory") else "seam", CALM
        url = request.url.replace(self.places.front.url, self.places.origin(fault.route))
        most = request.limit_bytes
        led = evolve(
            request,
            url=url,
            limit_bytes=fault.limit_bytes if most == JSON_LIMIT_BYTES else most,
        )
        return led, fault.route, fault.timeouts

    def came_to(self, led: Request, result: Response | TransportError) -> None:
        """Note what became of an attempt, and let the front catch up with it."""
        failed = isinstance(result, TransportError)
        outcome = result.outcome if failed else None
        status = 0 if failed else result.status
        self.sent[-1] = evolve(self.sent[-1], outcome=outcome, status=status)
        if outcome is Outcome.NOT_SENT:
            return
        for front in self.places.fronts:
            if led.origin == front.url:
                front.visited += 1
                if failed:
                    front.settle()

    def _play(self, act: Act) -> None:
        self.places.front.act = self.places.narrow.act = act


@define
class Line:
    """A blocking transport that leads requests into faults."""

    aim: Aim
    clients: dict[str, httpx.Client]

    def send(self, request: Request) -> Response:
        """Send one request, once."""
        led, route, timeouts = self.aim.next(request)
        client = self.clients.get(route, self.clients["front"])
        try:
            response = HttpxTransport(client, timeouts).send(led)
        except TransportError as fault:
            self.aim.came_to(led, fault)
            raise
        self.aim.came_to(led, response)
        return response

    def close(self) -> None:
        """The clients outlive a cell."""


@define
class AsyncLine:
    """The same, awaited."""

    aim: Aim
    clients: dict[str, httpx.AsyncClient]

    async def send(self, request: Request) -> Response:
        """Send one request, once."""
        led, route, timeouts = self.aim.next(request)
        client = self.clients.get(route, self.clients["front"])
        try:
            response = await AsyncHttpxTransport(client, timeouts).send(led)
        except TransportError as fault:
            self.aim.came_to(led, fault)
            raise
        self.aim.came_to(led, response)
        return response

    async def close(self) -> None:
        """The clients outlive a cell."""


_TRUST: Final = trusting()
_NARROW: Final = [(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)]
_ONE: Final = httpx.Limits(max_connections=1)


@contextmanager
def line(aim: Aim, route: str = "front") -> Iterator[Line]:
    """Open a blocking line; faults of one *route* can be met on it."""
    with ExitStack() as stack:
        clients = {
            "front": stack.enter_context(httpx.Client(verify=_TRUST, trust_env=False)),
            "memory": stack.enter_context(in_memory(aim.places.fronts)),
            "seam": stack.enter_context(at_the_seam(aim.places.fronts)),
        }
        if route == "narrow":
            narrow = httpx.HTTPTransport(verify=_TRUST, socket_options=_NARROW)
            clients[route] = stack.enter_context(httpx.Client(transport=narrow))
        if route == "pool":
            busy = httpx.Client(verify=_TRUST, trust_env=False, limits=_ONE)
            clients[route] = stack.enter_context(busy)
            _ = stack.enter_context(busy.stream("GET", _held(aim)))
        yield Line(aim, clients)


@asynccontextmanager
async def async_line(aim: Aim, route: str = "front") -> AsyncIterator[AsyncLine]:
    """Open an asynchronous line."""
    async with AsyncExitStack() as stack:
        front = httpx.AsyncClient(verify=_TRUST, trust_env=False)
        memory = in_memory_async(aim.places.fronts)
        seam = at_the_seam_async(aim.places.fronts)
        clients = {
            "front": await stack.enter_async_context(front),
            "memory": await stack.enter_async_context(memory),
            "seam": await stack.enter_async_context(seam),
        }
        if route == "narrow":
            narrow = httpx.AsyncHTTPTransport(verify=_TRUST, socket_options=_NARROW)
            client = httpx.AsyncClient(transport=narrow)
            clients[route] = await stack.enter_async_context(client)
        if route == "pool":
            busy = httpx.AsyncClient(verify=_TRUST, trust_env=False, limits=_ONE)
            clients[route] = await stack.enter_async_context(busy)
            _ = await stack.enter_async_context(busy.stream("GET", _held(aim)))
        yield AsyncLine(aim, clients)


def _held(aim: Aim) -> str:
    """The address of an answer that keeps its connection busy."""
    aim.places.front.act = healthy
    aim.places.front.visited += 1
    return f"{aim.places.front.url}/media/clip.mp4"
