"""
Runs flows. The two drivers differ only in how they wait for I/O; what they decide is in `attempts`.

One owner of retries: a request's first attempt is plain, and stamina counts the others.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import stamina

from .. import rehearsal
from ..limits.limiter import Limiter
from ..operations.guarding import guarded, reveal
from ..operations.provider import PortraitProvider
from ..values.errors import PortraitError, emptied
from ..values.masking import masker
from ..values.secret import Hidden
from ..wire.steps import At, Budget, Flow, Pause, Request, Response, Step, Work
from .attempts import Attempts
from .clock import Clock
from .response_body import TransportError
from .transport import AsyncHttpxTransport, AsyncTransport, HttpxTransport, Transport

T = TypeVar("T")
# Without a handler of the application's own, Python would print stamina's notes to stderr.
for _name in ("portraitkit", "stamina"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class _TryAgain(Exception):  # noqa: N818  (a signal to stamina, never seen outside)
    def __init__(self, call: Attempts) -> None:
        super().__init__()
        self.call = call


def fresh(flow: Flow[T]) -> Flow[T]:
    """Refuse a flow that has already run: it would return None."""
    if inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise TypeError("this flow has already run: make a new one for each call")
    return flow


class _Runner:
    """What both drivers know: whose flows they run, on which clock, within which limits."""

    def __init__(
        self, provider: PortraitProvider, clock: Clock, budget: Budget, limiter: Limiter
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._budget = budget
        self._limiter = limiter
        self._count = threading.Lock()
        self.limited_s = 0.0

    def _emptied(self, error: BaseException) -> BaseException:
        return emptied(error, masker(reveal(self._provider.secrets), in_paths=True))

    def _call(self, step: Request | At) -> Attempts:
        limiter = rehearsal.limiter_in(self._limiter)
        if isinstance(step, At):
            budget = step.budget or self._budget
            return Attempts(step.provider, step.request, self._clock, budget, limiter)
        return Attempts(self._provider, step, self._clock, self._budget, limiter)

    def _done(self, call: Attempts) -> None:
        if call.permit.limited_s:
            with self._count:
                self.limited_s += call.permit.limited_s


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
        with closing(guarded(fresh(flow), self._provider, operation)) as steps:
            reply: object = None
            error: Exception | None = None
            while True:
                try:
                    step = steps.send(reply) if error is None else steps.throw(error)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                reply, error = None, None
                try:
                    reply = self._do(step)
                except rehearsal.Halt:
                    raise
                except Exception as raised:  # noqa: BLE001  (what it means is the flow's to say)
                    error = raised

    def _do(self, step: Step) -> object:
        if isinstance(step, Pause):
            if step.seconds > 0:
                self._clock.sleep(step.seconds)
            return self._clock.monotonic()
        if isinstance(step, Work):
            return step.call()
        call = self._call(step)
        try:
            return self._send(call)
        except (PortraitError, rehearsal.Halt):
            raise
        except Exception as error:
            raise call.broken(error) from error
        finally:
            self._done(call)

    def _send(self, call: Attempts) -> Response:
        if (answer := self._try(call)) or not stamina.is_active():
            return answer or call.end()
        try:
            # The loop ends by an answer or an error, never by itself.
            for attempt in stamina.retry_context(**_retry(call.budget)):  # pragma: no branch
                with attempt:
                    self._clock.sleep(call.backoff(attempt))
                    if answer := self._try(call):
                        return answer
                    raise _TryAgain(call)  # noqa: TRY301  (what stamina counts)
        except _TryAgain:
            pass
        return call.end()

    def _try(self, call: Attempts) -> Response | None:
        while wait_s := call.permitted_in_s():
            self._clock.sleep(wait_s)
        if call.is_over:
            return call.end()
        try:
            request = call.attempt()
            reply = _rehearsed(call.provider, self._transport, request)
            answer = call.answered(reply or self._transport.send(request))
        except TransportError as fault:
            failed = fault
        else:
            call.learn()
            return answer
        call.failed(failed)
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
        with closing(guarded(fresh(flow), self._provider, operation)) as steps:
            reply: object = None
            error: Exception | None = None
            while True:
                try:
                    step = steps.send(reply) if error is None else steps.throw(error)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                reply, error = None, None
                try:
                    reply = await self._do(step)
                except rehearsal.Halt:
                    raise
                except Exception as raised:  # noqa: BLE001  (what it means is the flow's to say)
                    error = raised

    async def _do(self, step: Step) -> object:
        if isinstance(step, Pause):
            if step.seconds > 0:
                await self._clock.sleep_async(step.seconds)
            return self._clock.monotonic()
        if isinstance(step, Work):
            result, error = (await anyio.to_thread.run_sync(_redacted, step.call)).value
            if error is not None:
                raise error
            return result
        call = self._call(step)
        try:
            return await self._send(call)
        except (PortraitError, rehearsal.Halt):
            raise
        except Exception as error:
            raise call.broken(error) from error
        finally:
            self._done(call)

    async def _send(self, call: Attempts) -> Response:
        if (answer := await self._try(call)) or not stamina.is_active():
            return answer or call.end()
        try:
            # The loop ends by an answer or an error, never by itself.
            async for attempt in stamina.retry_context(**_retry(call.budget)):  # pragma: no branch
                with attempt:
                    await self._clock.sleep_async(call.backoff(attempt))
                    if answer := await self._try(call):
                        return answer
                    raise _TryAgain(call)  # noqa: TRY301  (what stamina counts)
        except _TryAgain:
            pass
        return call.end()

    async def _try(self, call: Attempts) -> Response | None:
        while wait_s := await self._limit(call, call.permitted_in_s):
            await self._clock.sleep_async(wait_s)
        if call.is_over:
            return call.end()
        try:
            request = call.attempt()
            reply = _rehearsed(call.provider, self._transport, request)
            answer = call.answered(reply or await self._transport.send(request))
        except TransportError as fault:
            failed = fault
        else:
            await self._limit(call, call.learn)
            return answer
        call.failed(failed)
        return None

    async def _limit(self, call: Attempts, ask: Callable[[], T]) -> T:
        """Talk to the limiter, which may be at the other end of a network."""
        return await anyio.to_thread.run_sync(ask) if call.permit.blocks else ask()


def _redacted(call: Callable[[], Any]) -> Hidden:
    """Hide what a thread hands back: asyncio logs it in its debug mode, signed URLs and all."""
    try:
        return Hidden((call(), None))
    except PortraitError as error:
        return Hidden((None, error))


def _rehearsed(provider: PortraitProvider, transport: object, request: Request) -> Response | None:
    """The answer of a rehearsal, if one goes on. A transport of the caller's own is left alone."""
    stage = rehearsal.current()
    if stage is None or not isinstance(transport, HttpxTransport | AsyncHttpxTransport):
        return None
    return stage.answer(provider, request)


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
