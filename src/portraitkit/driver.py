"""
Runs flows. The two drivers differ only in how they wait for I/O; what they decide stands in `Call`.

One owner of retries: a request's first attempt is plain, and stamina counts the others. A read is
repeated after any passing fault; a create only when it was certainly not sent, or was refused for
load.
"""

from __future__ import annotations

import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread
import stamina
from attrs import evolve, field, frozen

from . import refusals
from .errors import (
    Attempt,
    ConnectionFailedError,
    Outcome,
    OutcomeUnknownError,
    PortraitError,
    UnexpectedResponseError,
)
from .flows.guarding import guarded
from .provider import PortraitProvider
from .sink import TransportError
from .transport import AsyncTransport, Transport
from .wire import Auth, Flow, Pause, Request, Response, Step, Work

T = TypeVar("T")
_log: Final = logging.getLogger("portraitkit")
# Without a handler of the application's own, Python would print stamina's notes to stderr.
for _name in ("portraitkit", "stamina"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def _utc_now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class Clock:
    """Where drivers get the time from, and how they let it pass. Tests put a virtual one here."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = anyio.sleep
    jitter: Callable[[], float] = field(default=random.random)


@frozen(kw_only=True)
class Budget:
    """How often one request may be tried, and how long is waited in between."""

    attempts: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 20.0
    patience_s: float = 120.0
    """A `Retry-After` that is longer ends the attempts; it is told in the error instead."""


class _TryAgain(Exception):  # noqa: N818  (a signal to stamina, never seen outside)
    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call


class Call:
    """One request through its attempts: what to send now, what an outcome means, when to stop."""

    def __init__(
        self, provider: PortraitProvider, request: Request, clock: Clock, budget: Budget
    ) -> None:
        self._provider = provider
        self._request = request
        self._clock = clock
        self._budget = budget
        self._tries: list[Attempt] = []
        self._last: Response | None = None
        self._until_s = None if request.timeout_s is None else clock.monotonic() + request.timeout_s
        self.wait_s = 0.0

    def attempt(self) -> Request:
        """The request as it is sent now: authorised afresh, within what time is left."""
        request = self._request
        if self._until_s is not None:
            request = evolve(request, timeout_s=max(0.05, self._until_s - self._clock.monotonic()))
        if request.auth is Auth.NONE:
            return request
        if request.origin not in self._provider.origins:
            raise UnexpectedResponseError(
                f"a request with credentials was meant for {request.origin}, which is foreign",
                provider=self._provider.name,
            )
        return self._provider.authorize(request, now=self._clock.now())

    def answered(self, response: Response) -> Response | None:
        """Take an answer: the final one, or None if the request is worth another attempt."""
        self._last = evolve(response, attempts=tuple(self._tries), received_at=self._clock.now())
        error = self._error_in(self._last)
        if error is None and self._is_garbled(self._last):
            again = self._note(Outcome.UNKNOWN, "answer not readable", None)
            return None if again else self._last
        if error is None or not refusals.is_load(error):
            return self._last
        refused = refusals.was_refused(error)
        outcome = Outcome.REFUSED if refused else Outcome.UNKNOWN
        again = (refused or self._request.repeatable) and self._note(
            outcome, f"HTTP {response.status}", error.retry_after_s
        )
        return None if again else self._last

    def failed(self, fault: TransportError) -> None:
        """
        Take the lack of an answer. Returns if the request is worth another attempt.

        Raises:
            ConnectionFailedError: It is not, and nothing was changed.
            OutcomeUnknownError: It is not, and a create may have been carried out.
            UnexpectedResponseError: An answer came, and no other would be better.
        """
        self._last = None
        again = fault.outcome is Outcome.NOT_SENT or self._request.repeatable
        if self._note(fault.outcome, fault.reason, None) and again and fault.passing:
            return
        raise self._given_up(fault)

    def end(self) -> Response:
        """The answer to go with when no attempt is left."""
        if self._last is None:
            last = self._tries[-1]
            raise self._given_up(TransportError(last.outcome, last.reason))
        return self._last

    def backoff(self, attempt: stamina.Attempt) -> float:
        """Seconds to wait before this attempt: the vendor's word, else growing with jitter."""
        if not self.wait_s:
            self.wait_s = attempt.next_wait * (0.5 + self._clock.jitter())
        if self._until_s is not None:
            self.wait_s = min(self.wait_s, max(0.0, self._until_s - self._clock.monotonic()))
        _log.info(
            "%s: %s, next attempt in %.1f s", self._request, self._tries[-1].reason, self.wait_s
        )
        return self.wait_s

    @property
    def budget(self) -> Budget:
        """How often this may be tried."""
        return self._budget

    def _error_in(self, response: Response) -> PortraitError | None:
        if self._request.auth is not Auth.NONE:
            return self._provider.refusal(response)
        return refusals.bare(response)

    def _is_garbled(self, response: Response) -> bool:
        """Tell whether a read came back as a page or in pieces: the next answer may be whole."""
        request = self._request
        asked = request.repeatable and request.auth is not Auth.NONE
        return asked and not refusals.is_readable(request, response)

    def _note(self, outcome: Outcome, reason: str, retry_after_s: float | None) -> bool:
        """Remember a failed attempt; tell whether budget and deadline allow another."""
        number = len(self._tries) + 1
        self._tries.append(
            Attempt(number=number, outcome=outcome, reason=reason, waited_s=self.wait_s)
        )
        self.wait_s = retry_after_s or 0.0
        if self._last is not None:
            self._last = evolve(self._last, attempts=tuple(self._tries))
        least_s = self.wait_s or self._budget.first_wait_s
        if number >= self._budget.attempts or least_s > self._budget.patience_s:
            return False
        return self._until_s is None or self._clock.monotonic() + least_s < self._until_s

    def _given_up(self, fault: TransportError) -> PortraitError:
        context: dict[str, Any] = {"provider": self._provider.name, "attempts": tuple(self._tries)}
        where = f"{fault.reason} at {self._request.origin}"
        if fault.outcome is Outcome.UNKNOWN and not self._request.repeatable:
            return OutcomeUnknownError(
                f"{where}, and the request may have arrived and been carried out",
                next_step=refusals.LOOK_FIRST,
                **context,
            )
        if not fault.passing:
            return UnexpectedResponseError(where, next_step="report it to the vendor", **context)
        return ConnectionFailedError(
            where,
            next_step="check the network and the profile's base_url, then call again",
            **context,
        )


def fresh(flow: Flow[T]) -> Flow[T]:
    """Refuse a flow that has already run: it would return None."""
    if inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise TypeError("this flow has already run: make a new one for each call")
    return flow


class Driver:
    """Runs flows on the calling thread."""

    def __init__(
        self, provider: PortraitProvider, transport: Transport, clock: Clock, budget: Budget
    ) -> None:
        self._provider = provider
        self._transport = transport
        self._clock = clock
        self._budget = budget

    def run(self, flow: Flow[T], operation: str) -> T:
        """Run a flow to its end."""
        steps = guarded(fresh(flow), self._provider, operation)
        reply: object = None
        error: PortraitError | None = None
        while True:
            try:
                step = steps.send(reply) if error is None else steps.throw(error)
            except StopIteration as stop:
                result: T = stop.value
                return result
            reply, error = None, None
            try:
                reply = self._do(step)
            except PortraitError as raised:
                error = raised

    def _do(self, step: Step) -> object:
        if isinstance(step, Pause):
            if step.seconds > 0:
                self._clock.sleep(step.seconds)
            return self._clock.monotonic()
        if isinstance(step, Work):
            return step.call()
        return self._send(Call(self._provider, step, self._clock, self._budget))

    def _send(self, call: Call) -> Response:
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

    def _try(self, call: Call) -> Response | None:
        try:
            return call.answered(self._transport.send(call.attempt()))
        except TransportError as fault:
            failed = fault
        call.failed(failed)
        return None


class AsyncDriver:
    """Runs flows under asyncio or trio."""

    def __init__(
        self, provider: PortraitProvider, transport: AsyncTransport, clock: Clock, budget: Budget
    ) -> None:
        self._provider = provider
        self._transport = transport
        self._clock = clock
        self._budget = budget

    async def run(self, flow: Flow[T], operation: str) -> T:
        """Run a flow to its end."""
        steps = guarded(fresh(flow), self._provider, operation)
        reply: object = None
        error: PortraitError | None = None
        while True:
            try:
                step = steps.send(reply) if error is None else steps.throw(error)
            except StopIteration as stop:
                result: T = stop.value
                return result
            reply, error = None, None
            try:
                reply = await self._do(step)
            except PortraitError as raised:
                error = raised

    async def _do(self, step: Step) -> object:
        if isinstance(step, Pause):
            if step.seconds > 0:
                await self._clock.sleep_async(step.seconds)
            return self._clock.monotonic()
        if isinstance(step, Work):
            return await anyio.to_thread.run_sync(step.call)
        return await self._send(Call(self._provider, step, self._clock, self._budget))

    async def _send(self, call: Call) -> Response:
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

    async def _try(self, call: Call) -> Response | None:
        try:
            return call.answered(await self._transport.send(call.attempt()))
        except TransportError as fault:
            failed = fault
        call.failed(failed)
        return None


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
