"""Who is told what drivers do: each call, each attempt at a request, each rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import Any, Final, Protocol, TypeVar

from ..operations.provider import PortraitProvider
from ..wire.steps import At, Pause, Request, Response

S = TypeVar("S")
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
    """Is told of everything. What it raises is logged once, and no call suffers from it."""

    def call(self, provider: PortraitProvider, operation: str) -> CallSpan:
        """A call begins."""
        ...

    def limited(self, provider: PortraitProvider, family: str, seconds: float) -> None:
        """A request has waited so long for the account's rate."""
        ...


class Observing:
    """The one observer of the process."""

    observer: Observer | None = None


def tell(what: Callable[..., S], *args: Any) -> S | None:
    """Tell an observer something; a paid call does not end by what that raises."""
    try:
        return what(*args)
    except Exception as error:  # noqa: BLE001  (an observer is anybody's)
        kind = type(error)
        if kind not in _LOGGED:
            _LOGGED.add(kind)
            _log.warning("an observer of calls raised %s, which is passed over", kind.__name__)
        return None


def observed(
    observer: Observer, steps: Generator[Any, Any, T], provider: PortraitProvider, operation: str
) -> Generator[Any, Any, T]:
    """Run what is left for a driver, and tell of it."""
    call = tell(observer.call, provider, operation)
    if call is None:
        return (yield from steps)
    try:
        result = yield from _watched(call, steps)
    except BaseException as error:
        tell(call.ended, None, error)
        raise
    finally:
        steps.close()
    tell(call.ended, result, None)
    return result


def _watched(call: CallSpan, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
    reply: Any = None
    error: Exception | None = None
    while True:
        try:
            step = steps.send(reply) if error is None else steps.throw(error)
        except StopIteration as stop:
            result: T = stop.value
            return result
        reply, error = None, None
        is_sent = isinstance(step, At)
        attempt = tell(call.attempt, step.provider, step.request) if is_sent else None
        try:
            reply = yield step
        except BaseException as caught:
            if attempt:
                tell(attempt.ended, None, caught)
            if not isinstance(caught, Exception):
                raise
            error = caught
        else:
            if attempt:
                tell(attempt.ended, reply, None)
        if isinstance(step, Pause):
            tell(call.rested, step.seconds)


_log: Final = logging.getLogger("portraitkit")
_LOGGED: Final[set[type[Exception]]] = set()
