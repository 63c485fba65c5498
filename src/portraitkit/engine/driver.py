"""
Runs flows. One loop sends, waits and tries again; the two drivers differ in how they do I/O alone.

One owner of retries: a request's first attempt is plain, and stamina counts the others.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from typing import Any, TypeAlias, TypeVar, cast

import anyio
import anyio.to_thread
from attrs import define

from .. import rehearsal
from ..limits.limiter import Limiter
from ..operations.guarding import guarded, logged, reveal
from ..operations.patience import AskShared, SetPatience
from ..operations.provider import PortraitProvider
from ..values.errors import PortraitError, emptied
from ..values.masking import masker
from ..values.secret import Hidden
from ..wire.steps import AskTime, At, Budget, Flow, Pause, Response, Step, Work, through
from .attempts import Attempts
from .clock import Clock
from .observing import Observing, observed, tell
from .response_body import TransportError
from .transport import AsyncHttpxTransport, AsyncTransport, HttpxTransport, Transport

T = TypeVar("T")
IO: TypeAlias = Pause | Work[Any] | At
"""What a driver does itself: sleep, call what blocks, send once."""


def fresh(flow: Flow[T]) -> Flow[T]:
    """Refuse a flow that has already run: it would return None."""
    if inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise TypeError("this flow has already run: make a new one for each call")
    return flow


class _TryAgain(Exception):  # noqa: N818  (a signal to stamina, never seen outside)
    pass


@define
class _Patience:
    """How long the requests of one call wait for their turn; as the budget says if None."""

    turn_s: float | None = None


class _Runner:
    """What both drivers share: whose flows they run, on which clock, within which limits."""

    def __init__(
        self, provider: PortraitProvider, clock: Clock, budget: Budget, limiter: Limiter
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._budget = budget
        self._limiter = limiter
        self._shared: dict[Any, Any] = {}
        self._count = threading.Lock()
        self.limited_s = 0.0
        self.requests = 0
        self.received_bytes = 0

    def _emptied(self, error: BaseException) -> BaseException:
        return emptied(error, masker(reveal(self._provider.secrets), in_paths=True))

    def _io(self, flow: Flow[T], operation: str) -> Generator[IO, Any, T]:
        """Run a flow with all that surrounds it; what is left for a driver is I/O."""
        perform = partial(self._perform, _Patience())
        whole = through(logged(guarded(fresh(flow), self._provider, operation), operation), perform)
        steps = cast("Generator[IO, Any, T]", whole)
        observer = Observing.observer
        return observed(observer, steps, self._provider, operation) if observer else steps

    def _perform(self, patience: _Patience, step: Step) -> Flow[Any]:
        """Do what a flow asks for."""
        if isinstance(step, Pause):
            if step.seconds > 0:
                yield step
            if isinstance(step, AskShared):
                return self._shared
            if isinstance(step, SetPatience):
                patience.turn_s = step.turn_s
            return self._clock.now() if isinstance(step, AskTime) else self._clock.monotonic()
        if isinstance(step, Work):
            return (yield step)
        to = step if isinstance(step, At) else At(self._provider, step)
        limiter = rehearsal.limiter_in(self._limiter)
        budget = to.budget or self._budget
        turn_s = budget.patience_s if to.budget or patience.turn_s is None else patience.turn_s
        attempts = Attempts(to.provider, to.request, self._clock, budget, limiter, turn_s=turn_s)
        try:
            return (yield from _sent(attempts))
        except PortraitError:
            raise
        except Exception as error:
            raise attempts.broken(error) from error
        finally:
            with self._count:
                self.limited_s += attempts.permit.limited_s
                self.requests += attempts.sent
                self.received_bytes += attempts.received_bytes
            if attempts.permit.limited_s and Observing.observer:
                waited_s = attempts.permit.limited_s
                tell(Observing.observer.limited, to.provider, to.request.family, waited_s)


def _sent(attempts: Attempts) -> Flow[Response]:
    """Send a request until an answer stands, or no attempt is left."""
    if answer := (yield from _attempt(attempts)):
        return answer
    import stamina  # noqa: PLC0415  (most requests need no second attempt)

    if not stamina.is_active():
        return attempts.end()
    try:
        # The loop ends by an answer or an error, never by itself.
        for attempt in stamina.retry_context(**_retry(attempts.budget)):  # pragma: no branch
            with attempt:
                yield Pause(attempts.backoff(attempt))
                if answer := (yield from _attempt(attempts)):
                    return answer
                raise _TryAgain  # noqa: TRY301  (what stamina counts)
    except _TryAgain:
        pass
    return attempts.end()


def _attempt(attempts: Attempts) -> Flow[Response | None]:
    """Send a request once, when its account may; None if that is worth another attempt."""
    while wait_s := (yield from _limited(attempts, attempts.permitted_in_s)):
        yield Pause(wait_s)
    if attempts.is_over:
        return attempts.end()
    request = attempts.attempt()
    try:
        answer = attempts.answered((yield At(attempts.provider, request)))
    except TransportError as fault:
        failed = fault
        if stage := rehearsal.current():
            stage.failed(request, fault)
    else:
        yield from _limited(attempts, attempts.hold)
        return answer
    attempts.failed(failed)
    return None


def _limited(attempts: Attempts, ask: Callable[[], T]) -> Flow[T]:
    """Talk to the limiter, which may be at the other end of a network."""
    if not attempts.permit.blocks:
        return ask()
    found: T = yield Work(ask)
    return found


class Driver(_Runner):
    """Runs flows on the calling thread."""

    def __init__(
        self,
        provider: PortraitProvider,
        transport: Transport,
        clock: Clock,
        budget: Budget,
        limiter: Limiter,
    ) -> None:
        super().__init__(provider, clock, budget, limiter)
        self._transport = transport

    def run(self, flow: Flow[T], operation: str) -> T:
        """Run a flow to its end. Whatever leaves it shows no local variable of what is inside."""
        try:
            return self._run(flow, operation)
        except BaseException as error:  # noqa: BLE001  (raised below, interrupts too)
            left = error
        raise self._emptied(left)

    def _run(self, flow: Flow[T], operation: str) -> T:
        with closing(self._io(flow, operation)) as steps:
            go_on: Callable[[], IO] = partial(next, steps)
            while True:
                try:
                    step = go_on()
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                try:
                    go_on = partial(steps.send, self._do(step))
                except rehearsal.Halt:
                    raise
                except Exception as raised:  # noqa: BLE001  (what it means is the flow's to say)
                    go_on = partial(steps.throw, raised)

    def _do(self, step: IO) -> object:
        if isinstance(step, At):
            return _answered(step, self._transport) or self._transport.send(step.request)
        if isinstance(step, Work):
            return step.call()
        self._clock.sleep(step.seconds)
        return None


class AsyncDriver(_Runner):
    """Runs flows under asyncio or trio."""

    def __init__(
        self,
        provider: PortraitProvider,
        transport: AsyncTransport,
        clock: Clock,
        budget: Budget,
        limiter: Limiter,
    ) -> None:
        super().__init__(provider, clock, budget, limiter)
        self._transport = transport

    async def run(self, flow: Flow[T], operation: str) -> T:
        """Run a flow to its end. Whatever leaves it shows no local variable of what is inside."""
        try:
            return await self._run(flow, operation)
        except BaseException as error:  # noqa: BLE001  (raised below, cancellations too)
            left = error
        raise self._emptied(left)

    async def _run(self, flow: Flow[T], operation: str) -> T:
        with closing(self._io(flow, operation)) as steps:
            go_on: Callable[[], IO] = partial(next, steps)
            while True:
                try:
                    step = go_on()
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                try:
                    go_on = partial(steps.send, await self._do(step))
                except rehearsal.Halt:
                    raise
                except Exception as raised:  # noqa: BLE001  (what it means is the flow's to say)
                    go_on = partial(steps.throw, raised)

    async def _do(self, step: IO) -> object:
        if isinstance(step, At):
            return _answered(step, self._transport) or await self._transport.send(step.request)
        if isinstance(step, Work):
            result, error = (await anyio.to_thread.run_sync(_redacted, step.call)).value
            if error is not None:
                raise error
            return result
        await self._clock.sleep_async(step.seconds)
        return None


def _redacted(call: Callable[[], Any]) -> Hidden:
    """Hide what a thread hands back: asyncio logs it in its debug mode, signed URLs and all."""
    try:
        return Hidden((call(), None))
    except PortraitError as error:
        return Hidden((None, error))


def _answered(step: At, transport: object) -> Response | None:
    """What answers in place of the network: a rehearsal, or the provider's own simulation."""
    stage = rehearsal.current()
    # A transport of the caller's own is left alone.
    if stage and isinstance(transport, HttpxTransport | AsyncHttpxTransport):
        return stage.answer(step.provider, step.request)
    simulation = step.provider.simulation
    return simulation.answer(step.provider, step.request) if simulation else None


def _now(error: Exception) -> float | bool:
    return 0.0 if isinstance(error, _TryAgain) else False


def _retry(budget: Budget) -> dict[str, Any]:
    # The sleeping is ours, on an injected clock, so that stamina's own is zero.
    return {
        "on": _now,
        "attempts": max(1, budget.attempts - 1),
        "timeout": None,
        "wait_initial": budget.first_wait_s,
        "wait_max": budget.longest_wait_s,
    }
