"""Waiting, as flows: look, tell, pause, until it is settled or the deadline has passed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from ..values.errors import (
    ConnectionFailedError,
    NotFoundError,
    PortraitError,
    RateLimitedError,
    ServiceUnavailableError,
    WaitTimeoutError,
)
from ..values.models import Asset, Event, Verification, VideoTask
from ..values.statuses import VerificationStatus
from ..vendor.pacing import OnEvent, Pacing, Subject
from ..wire.steps import Flow, Pause, pause, within

T = TypeVar("T")
_log: Final = logging.getLogger("portraitkit")
Pending: TypeAlias = Asset | Verification | VideoTask

_PASSING: Final = (ConnectionFailedError, RateLimitedError, ServiceUnavailableError)
TICK_S: Final = 0.001
"""Clocks round: a rest as short as this may be none, and the look after it the same again."""


def wait(
    look: Callable[[], Flow[T]],
    one_of: Callable[[T], Pending],
    *,
    before: T,
    subject: Subject,
    pacing: Pacing,
    deadline_s: float | None,
    on_event: OnEvent | None,
    is_new: bool = True,
    elsewhere: Callable[[T], Flow[T | None]] | None = None,
    rest: Callable[[float], float] | None = None,
) -> Flow[T]:
    """
    Look until it is settled.

    Passing faults of the network or the vendor are ridden out until the deadline. While a thing
    *is_new*, what is known stands where it cannot be found: yet, or where a replica of the vendor's
    lags behind. After that it is gone, unless it is found *elsewhere*. The last look leaves itself
    a second. What has ended by our clock alone is looked at until the deadline. *one_of* picks the
    one that decides from what a look brings. *rest* is told of each look that came back, by the
    seconds waited, and says how long to wait for the next.

    Raises:
        WaitTimeoutError: The deadline passed, or the vendor kept saying what is not understood.
            Nothing was cancelled.
    """
    limit_s = max(0.0, pacing.deadline_s if deadline_s is None else deadline_s)
    started_s = yield from pause()
    until_s = started_s + limit_s
    last_s = until_s - min(1.0, limit_s / 10)
    state, fault, looks, logged = before, None, 0, None
    # Thousands may rest here at once: what a rest holds is held as often.
    now_s: float = yield Pause(min(pacing.first_s, last_s - started_s))
    understood_s = now_s
    while True:
        fault, seen = None, True
        is_new = is_new and now_s - started_s <= pacing.unseen_s
        try:
            looked = _found(look, elsewhere, state, is_new=is_new)
            if (found := (yield from within(looked, until_s))) is not None:
                state = found
            del looked
            seen = found is not None
        except _PASSING as error:
            fault = error
        except PortraitError as error:
            raise error.fill(handle=one_of(state).handle) from None
        looks += 1
        now_s = yield from pause()
        thing = one_of(state)
        late = _is_late(thing)
        if thing.status is not logged:
            logged = thing.status
            _log.info("%s is %s after %.0f s", thing.handle, thing.status.value, now_s - started_s)
        settled = thing.status.is_settled and not late and fault is None
        if not (seen and fault is None and thing.status.name == "UNKNOWN"):
            understood_s = now_s
        patient = now_s - understood_s <= pacing.unknown_s
        asked_s = fault.retry_after_s if fault else None
        own_s = rest(now_s - started_s) if rest and fault is None else pacing.step_s
        step_s = max(own_s, asked_s or 0.0)
        is_last = settled or not patient or last_s - now_s < TICK_S
        rest_s = None if is_last else min(step_s, last_s - now_s)
        if on_event:
            _ = on_event(_event(thing, subject, looks, now_s - started_s, rest_s))
        if settled or (rest_s is None and late and fault is None):
            return state
        if rest_s is None:
            patience_s = None if patient else pacing.unknown_s
            raise _expired(thing, subject, limit_s, fault, patience_s) from fault
        now_s = yield Pause(rest_s)


def _found(
    look: Callable[[], Flow[T]],
    elsewhere: Callable[[T], Flow[T | None]] | None,
    state: T,
    *,
    is_new: bool,
) -> Flow[T | None]:
    """Look; None if it is not found and may be too new for that."""
    try:
        return (yield from look())
    except NotFoundError as error:
        missing = error
    if is_new:
        return None
    found = None
    try:
        found = (yield from elsewhere(state)) if elsewhere else None
    except _PASSING:
        raise
    except PortraitError:
        pass
    if found is None:
        raise missing
    return found


def _is_late(thing: Pending) -> bool:
    """Tell a check that has run out by our clock from what the vendor calls expired."""
    return thing.status is VerificationStatus.EXPIRED and not thing.status_word


def _event(
    thing: Pending, subject: Subject, look: int, elapsed_s: float, rest_s: float | None
) -> Event:
    return Event(
        subject=subject,
        handle=thing.handle,
        status=thing.status,
        status_word=thing.status_word,
        elapsed_s=elapsed_s,
        look=look,
        next_look_s=rest_s,
    )


def _expired(
    thing: Pending,
    subject: Subject,
    limit_s: float,
    fault: PortraitError | None,
    patience_s: float | None,
) -> WaitTimeoutError:
    if patience_s is not None:
        word = repr(thing.status_word) if thing.status_word else "nothing"
        return WaitTimeoutError(
            f"for {patience_s:g} s the vendor has said {word} of the {subject}'s status, which is "
            "no word that this version knows",
            handle=thing.handle,
            next_step="look at it in the vendor's console; then wait again with the handle, or for "
            "longer with the profile's pacing (unknown_s)",
        )
    word = f" ({thing.status_word})" if thing.status_word else ""
    why = f"; the last look failed: {fault.message}" if fault else ""
    context: dict[str, Any] = {"attempts": fault.attempts} if fault else {}
    return WaitTimeoutError(
        f"the {subject} is still {thing.status.value}{word} after {limit_s:g} s{why}",
        handle=thing.handle,
        **context,
    )
