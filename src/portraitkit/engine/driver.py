"""
Runs flows. One loop sends, waits and tries again; the two drivers differ in how they do I/O alone.

One owner of retries: a request's first attempt is plain, and stamina counts the others.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

import anyio
import anyio.to_thread

from .. import rehearsal
from ..limits.limiter import Limiter
from ..operations.guarding import guarded, logged, reveal
from ..operations.patience import AskShared, SetPatience
from ..operations.provider import PortraitProvider
from ..values.errors import PortraitError, emptied
from ..values.masking import masker
from ..values.secret import Hidden
from ..wire.steps import AskTime, At, Budget, Flow, Pause, Request, Response, Work
from .attempts import Attempts
from .clock import Clock
from .observing import Observing, observed, tell
from .response_body import TransportError
from .transport import AsyncHttpxTransport, AsyncTransport, HttpxTransport, Transport

T = TypeVar("T")
IO: TypeAlias = Pause | Work[Any] | At
"""What a driver does itself: sleep, call what blocks, send once."""
IOFlow: TypeAlias = Generator[IO, Any, T]
"""Yields that alone."""


def fresh(flow: Flow[T]) -> Flow[T]:
    """Refuse a flow that has already run: it would return None."""
    if inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise TypeError("this flow has already run: make a new one for each call")
    return flow


class _TryAgain(Exception):  # noqa: N818  (a signal to stamina, never seen outside)
    pass


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

    def _io(self, flow: Flow[T], operation: str) -> IOFlow[T]:
        """Run a flow with all that surrounds it; what is left for a driver is I/O."""
        steps = self._steps(logged(guarded(flow, self._provider, operation), operation))
        observer = Observing.observer
        return observed(observer, steps, self._provider, operation) if observer else steps

    def _steps(self, flow: Flow[T]) -> IOFlow[T]:
        """Do what a flow asks for. Thousands rest at once: a pause takes no frame of its own."""
        reply: object = None
        fault: Exception | None = None
        turn_s: float | None = None
        try:
            while True:
                step = flow.send(reply) if fault is None else flow.throw(fault)
                reply = fault = None
                try:
                    if isinstance(step, Pause):
                        if step.seconds > 0:
                            yield step
                        if isinstance(step, SetPatience):
                            turn_s = step.turn_s
                        reply = self._told(step)
                    elif isinstance(step, Work):
                        reply = yield step
                    else:
                        reply = yield from self._answered(step, turn_s)
                except Exception as caught:  # noqa: BLE001  (the flow inside may want to catch it)
                    fault = caught
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    def _told(self, step: Pause) -> object:
        """What a flow wants to know after a pause: as a rule how late it is."""
        if isinstance(step, AskShared):
            return self._shared
        return self._clock.now() if isinstance(step, AskTime) else self._clock.monotonic()

    def _answered(self, step: Request | At, turn_s: float | None) -> IOFlow[Response]:
        """Send a request, which waits *turn_s* for its turn; if None as its budget says."""
        limiter = rehearsal.limiter_in(self._limiter)
        provider, budget = self._provider, self._budget
        if isinstance(step, At):
            provider, request = step.provider, step.request
            if step.budget:
                budget, turn_s = step.budget, None
        else:
            request = step
        attempts = Attempts(provider, request, self._clock, budget, limiter, turn_s=turn_s)
        try:
            return (yield from _attempt(attempts)) or (yield from _attempt_again(attempts))
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
                tell(Observing.observer.limited, provider, request.family, waited_s)


def _attempt_again(attempts: Attempts) -> IOFlow[Response]:
    """Send a request again until an answer stands, or no attempt is left."""
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


def _attempt(attempts: Attempts) -> IOFlow[Response | None]:
    """Send a request once, when its account may; None if that is worth another attempt."""
    blocks = attempts.permit.blocks  # the limiter may be at the other end of a network
    while True:
        ask = attempts.permitted_in_s
        wait_s: float = (yield Work(ask)) if blocks else ask()
        if not wait_s:
            break
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
        if attempts.hold_s:
            if blocks:
                yield Work(attempts.hold)
            else:
                attempts.hold()
        return answer
    attempts.failed(failed)
    return None


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
        steps = self._io(flow, operation)
        step: IO | None = None
        reply: object = None
        fault: Exception | None = None
        try:
            while True:
                step = steps.send(reply) if fault is None else steps.throw(fault)
                reply = fault = None
                try:
                    if isinstance(step, At):
                        reply = _simulated(step, self._transport)
                        reply = reply or self._transport.send(step.request)
                    elif isinstance(step, Work):
                        reply = step.call()
                    else:
                        self._clock.sleep(step.seconds)
                except rehearsal.Halt:
                    raise
                except Exception as raised:  # noqa: BLE001  (what it means is the flow's to say)
                    fault = raised
        except StopIteration as stop:
            result: T = stop.value
            return result
        except BaseException as error:  # noqa: BLE001  (raised below, interrupts too)
            left = error
        finally:
            steps.close()
            step = reply = fault = None
        raise self._emptied(left)


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
        steps = self._io(flow, operation)
        step: IO | None = None
        reply: object = None
        fault: Exception | None = None
        try:
            while True:
                step = steps.send(reply) if fault is None else steps.throw(fault)
                reply = fault = None
                try:
                    if isinstance(step, At):
                        reply = _simulated(step, self._transport)
                        reply = reply or await self._transport.send(step.request)
                    elif isinstance(step, Work):
                        reply = await _in_thread(step)
                    else:
                        await self._clock.sleep_async(step.seconds)
                except rehearsal.Halt:
                    raise
                except Exception as raised:  # noqa: BLE001  (what it means is the flow's to say)
                    fault = raised
        except StopIteration as stop:
            result: T = stop.value
            return result
        except BaseException as error:  # noqa: BLE001  (raised below, cancellations too)
            left = error
        finally:
            steps.close()
            step = reply = fault = None
        raise self._emptied(left)


async def _in_thread(work: Work[Any]) -> object:
    result, error = (await anyio.to_thread.run_sync(_redacted, work.call)).value
    if error is not None:
        raise error
    return result


def _redacted(call: Callable[[], Any]) -> Hidden:
    """Hide what a thread hands back: asyncio logs it in its debug mode, signed URLs and all."""
    try:
        return Hidden((call(), None))
    except PortraitError as error:
        return Hidden((None, error))


def _simulated(step: At, transport: object) -> Response | None:
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
