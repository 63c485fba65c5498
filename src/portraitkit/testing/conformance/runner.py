"""Runs a journey at a simulated vendor, and looks at what passes between them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any, Self

import anyio
from attrs import define, frozen

from ...client.client import AsyncClient, Client
from ...engine.clock import Clock
from ...operations.provider import PortraitProvider
from ...simulators.state import World
from ...values.models import Asset
from ...values.video import VideoRequest
from ...wire.steps import Flow, Request, Response, Step, through
from ..doubles.simulating import InProcessTransport, SimulatedVendor, SimulatorTransport, clock_of
from .journey import Journey, JourneyStep, StepResult, acts


class SpyVendor:
    """A transport to a vendor that keeps what passes, and may answer in the vendor's place."""

    def __init__(self, simulator: SimulatedVendor) -> None:
        self._transport = SimulatorTransport(simulator)
        self.exchanged: list[tuple[Request, Response]] = []
        self.instead: Callable[[Request], Response | None] = lambda _: None

    def send(self, request: Request) -> Response:
        """Answer a request."""
        response = self.instead(request) or self._transport.send(request)
        self.exchanged.append((request, response))
        return response

    def close(self) -> None:
        """Nothing is open."""


@frozen
class Trial:
    """
    A client at a fresh simulator, and what passes between them.

    Attributes:
        world: The simulator's memory, where it has one of portraitkit's: what is really so.
    """

    client: Client
    vendor: SpyVendor
    clock: Clock
    world: World | None

    @classmethod
    def of(cls, provider: PortraitProvider, simulator: SimulatedVendor) -> Self:
        """Connect them."""
        vendor, clock = SpyVendor(simulator), clock_of(simulator)
        world = getattr(simulator, "world", None)
        client = Client(provider, transport=vendor, clock=clock)
        return cls(client, vendor, clock, world if isinstance(world, World) else None)

    @property
    def provider(self) -> PortraitProvider:
        """The adapter."""
        return self.client.provider

    def sent(self, since: int = 0) -> list[Request]:
        """The requests from the *since*-th on."""
        return [request for request, _ in self.vendor.exchanged[since:]]

    @property
    def count(self) -> int:
        """How many requests were sent."""
        return len(self.vendor.exchanged)

    @property
    def answers(self) -> str:
        """The text of all answers, with slashes and ampersands as they are."""
        texts = (
            each.content.decode("utf-8", errors="replace") for _, each in self.vendor.exchanged
        )
        return "".join(texts).replace("\\/", "/").replace("&amp;", "&")

    def record(self, kind: str, id: str | None) -> Any:
        """What the simulator remembers under an id; None where its memory cannot be seen."""
        things: dict[str, Any] = getattr(self.world, kind) if self.world else {}
        return things.get(id or "")


class _Log(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{record.getMessage()} {record.args!r}")


@define
class JourneyRunner:
    """Takes a journey's steps, and notes what each came to."""

    provider: PortraitProvider
    simulator: SimulatedVendor
    video: Callable[[Asset | None], VideoRequest]
    pass_check: Callable[[Any], object]

    def run(self, *, awaited: bool = False) -> Journey:
        """Take all steps, blocking or under asyncio."""
        vendor = SpyVendor(self.simulator)
        clock = clock_of(self.simulator)
        call: Callable[[Flow[Any], str], Any]
        if awaited:
            client = AsyncClient(self.provider, transport=InProcessTransport(vendor), clock=clock)
            call = partial(_run_async, client)
        else:
            call = Client(self.provider, transport=vendor, clock=clock).run
        journey = Journey(self.provider)
        with tempfile.TemporaryDirectory() as folder:
            story = acts(self.provider, self.video, self.pass_check, Path(folder))
            self._walk(journey, story, vendor, call)
        return journey

    def _walk(
        self,
        journey: Journey,
        story: Generator[JourneyStep, Any],
        vendor: SpyVendor,
        call: Callable[[Flow[Any], str], Any],
    ) -> None:
        logger, handler = logging.getLogger(), _Log(journey.logged)
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            reply: object = None
            while True:
                act = story.send(reply)
                step = self._take(act, vendor, call)
                journey.steps.append(step)
                if step.error is not None and not act.gone:
                    journey.broken = f"{act.operation}: {step.error!r}"
                    return
                reply = step.result
        except StopIteration:
            return
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)

    def _take(
        self, act: JourneyStep, vendor: SpyVendor, run: Callable[[Flow[Any], str], Any]
    ) -> StepResult:
        asked: list[Request] = []
        before = len(vendor.exchanged)
        result: Any = None
        error: Exception | None = None
        try:
            result = run(noting(act.begin(self.provider), asked), act.operation)
        except Exception as raised:  # noqa: BLE001  (any of them ends the journey, and is told)
            error = raised
        return StepResult(
            operation=act.operation,
            begin=act.begin,
            asked=tuple(asked),
            exchanged=tuple(vendor.exchanged[before:]),
            result=result,
            error=error,
            arguments=act.arguments,
            gone=act.gone,
        )


def noting(flow: Flow[Any], asked: list[Request]) -> Flow[Any]:
    """Run *flow*, and note the requests that it yields."""

    def do(step: Step) -> Flow[Any]:
        if isinstance(step, Request):
            asked.append(step)
        return (yield step)

    return through(flow, do)


def _run_async(client: AsyncClient, flow: Flow[Any], operation: str) -> Any:
    return anyio.run(client.run, flow, operation)
