"""Who is told what drivers do: each call, each attempt at a request, each rest."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol, TypeVar

from ..operations.provider import PortraitProvider
from ..wire.steps import At, Pause, Request, Response

T = TypeVar("T")


class AttemptSpan(Protocol):
    """One attempt at a request."""

    def ended(self, response: Response | None, error: BaseException | None) -> None:
        """It was answered, or not."""
        ...


class CallSpan(Protocol):
    """One call of an operation."""

    def attempt(self, provider: PortraitProvider, request: Request) -> AttemptSpan:
        """A request is sent now."""
        ...

    def rested(self, seconds: float) -> None:
        """Time has passed: between looks, before another attempt, for the account's rate."""
        ...

    def ended(self, result: Any, error: BaseException | None) -> None:
        """The call is over."""
        ...


class Observer(Protocol):
    """Is told of everything; what it raises would end the call."""

    def call(self, provider: PortraitProvider, operation: str) -> CallSpan:
        """A call begins."""
        ...

    def limited(self, provider: PortraitProvider, family: str, seconds: float) -> None:
        """A request has waited so long for the account's rate."""
        ...


class Observing:
    """The one observer of the process."""

    observer: Observer | None = None


def observed(
    observer: Observer, steps: Generator[Any, Any, T], provider: PortraitProvider, operation: str
) -> Generator[Any, Any, T]:
    """Run what is left for a driver, and tell of it."""
    call = observer.call(provider, operation)
    try:
        result = yield from _told(call, steps)
    except BaseException as error:
        call.ended(None, error)
        raise
    finally:
        steps.close()
    call.ended(result, None)
    return result


def _told(call: CallSpan, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    reply: Any = None
    error: Exception | None = None
    while True:
        try:
            step = steps.send(reply) if error is None else steps.throw(error)
        except StopIteration as stop:
            result: T = stop.value
            return result
        reply, error = None, None
        attempt = call.attempt(step.provider, step.request) if isinstance(step, At) else None
        try:
            reply = yield step
        except BaseException as caught:
            if attempt:
                attempt.ended(None, caught)
            if not isinstance(caught, Exception):
                raise
            error = caught
        else:
            if attempt:
                attempt.ended(reply, None)
        if isinstance(step, Pause):
            call.rested(step.seconds)
