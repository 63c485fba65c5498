"""
The pace of an account: who may send now, and who has to wait how long.

Vendors limit an account, not a client. So there is one queue for each (provider, account, family),
and whoever sends takes a place in it, in the order of asking. A queue spaces its places as the
vendor documents (GCRA: an arrival time that each place moves on) and, once refused, as the refusals
have taught. Nothing here waits or knows the time: it is told the time and tells the wait.
"""

from __future__ import annotations

import math
import os
import threading
from typing import ClassVar, Final, Protocol, TypeAlias

from attrs import define, field

from .rates import Rate

Key: TypeAlias = tuple[str, str, str]
"""Provider, account and family."""

FIRST_SPACING_S: Final = 0.1
"""The spacing after a refusal where none was known before."""
WIDEST_SPACING_S: Final = 60.0
LONGEST_HOLD_S: Final = 120.0
"""A moment further off holds nobody: no call waits for it, and each hears it from the vendor."""
LESSON_S: Final = 1.0
"""A vendor's window is still full for so long: what it refuses then teaches nothing new."""
WIDER: Final = 1.5
EASE_S: Final = 30.0
"""Seconds without a refusal that halve what was learned."""
MOST_QUEUES: Final = 1024


class QueueFullError(Exception):
    """The wait for a place is longer than the caller can wait. No place was taken."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@define
class Reservation:
    """A place in a queue, in times of the caller's clock; `shared` by all processes or not."""

    key: Key
    rate: Rate
    due_s: float
    shift_s: float = 0.0
    sent_s: float = 0.0
    shared: bool = False
    waited: bool = False
    seen: bytes | None = None


class Limiter(Protocol):
    """Gives out places. Safe to share between threads and event loops."""

    blocks: ClassVar[bool]
    """Whether a call may take as long as a network does."""

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Reservation:
        """Take the next place, or raise QueueFullError if it is not due *within_s* seconds."""
        ...

    def wait_s(self, reservation: Reservation, *, now_s: float, within_s: float) -> float:
        """Seconds until the request may go; 0 means that it goes now. QueueFullError as above."""
        ...

    def refused(self, reservation: Reservation, *, now_s: float, hold_s: float) -> None:
        """Learn from a 429: nothing goes for *hold_s*, and what follows goes slower for a while."""
        ...


@define
class _Queue:
    free_s: float
    """GCRA's theoretical arrival time: when the next place would be, if nobody came early."""
    last_s: float = float("-inf")
    """When the last place that was taken is due."""
    shift_s: float = 0.0
    """How far holds have moved the places that were taken before them."""
    held_s: float = float("-inf")
    spacing_s: float = 0.0
    learned_s: float = float("-inf")
    calm_s: float = 0.0
    """Since when there was no refusal, or nothing was sent."""

    def is_idle(self, now_s: float) -> bool:
        over_s = max(self.free_s, self.held_s)
        return over_s <= now_s and not eased(self.spacing_s, now_s - self.calm_s)


def eased(spacing_s: float, calm_s: float) -> float:
    """What is left of a learned spacing after *calm_s* seconds without a refusal; 0 if nothing."""
    if not spacing_s or calm_s >= life_s(spacing_s):
        return 0.0
    return spacing_s * math.exp2(-max(0.0, calm_s) / _half_s(spacing_s))


def life_s(spacing_s: float) -> float:
    """Seconds until a learned spacing is forgotten: by then it is a few milliseconds."""
    return _half_s(spacing_s) * math.log2(32 * spacing_s / FIRST_SPACING_S)


def _half_s(spacing_s: float) -> float:
    # A wide spacing eases slowly: a few requests have to pass before it is tried again.
    return max(EASE_S, 10 * spacing_s)


def pace(rate: Rate, spacing_s: float) -> tuple[float, int]:
    """The spacing and the burst that hold now: what was learned, where it is slower."""
    if spacing_s > rate.interval_s:
        return spacing_s, 1
    return rate.interval_s, rate.burst


def wider(rate: Rate, spacing_s: float) -> float:
    """The spacing after a refusal at a pace with *spacing_s* learned."""
    return min(max(WIDER * max(spacing_s, rate.interval_s), FIRST_SPACING_S), WIDEST_SPACING_S)


# One lock for all: it is held for microseconds, and a fork must find it free.
_lock: Final = threading.Lock()
if hasattr(os, "register_at_fork"):  # pragma: no branch  (Windows has no fork)
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )


@define(eq=False)
class ProcessLimiter:
    """The limiter of one process, for all its threads and event loops."""

    blocks: ClassVar[bool] = False

    _queues: dict[Key, _Queue] = field(factory=dict[Key, _Queue], repr=False)

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Reservation:
        """Take the next place, or raise QueueFullError if it is not due *within_s* seconds."""
        with _lock:
            queue = self._queue(key, now_s)
            spacing_s, burst = pace(rate, eased(queue.spacing_s, now_s - queue.calm_s))
            free_s = max(queue.free_s, now_s)
            due_s = max(now_s, queue.held_s, free_s - (burst - 1) * spacing_s)
            if due_s - now_s > within_s:
                raise QueueFullError(due_s - now_s)
            queue.free_s, queue.last_s = free_s + spacing_s, due_s
            return Reservation(key=key, rate=rate, due_s=due_s, shift_s=queue.shift_s)

    def wait_s(self, reservation: Reservation, *, now_s: float, within_s: float) -> float:
        """Seconds until the request may go; 0 means that it goes now. QueueFullError as above."""
        with _lock:
            queue = self._queues.get(reservation.key)
            moved_s = (
                max(reservation.due_s + queue.shift_s - reservation.shift_s, queue.held_s)
                if queue
                else 0.0
            )
        wait_s = max(0.0, max(reservation.due_s, moved_s) - now_s)
        if wait_s > within_s:
            raise QueueFullError(wait_s)
        if not wait_s:
            reservation.sent_s = now_s
        return wait_s

    def refused(self, reservation: Reservation, *, now_s: float, hold_s: float) -> None:
        """Learn from a 429: nothing goes for *hold_s*, and what follows goes slower for a while."""
        with _lock:
            queue = self._queue(reservation.key, now_s)
            if (
                reservation.sent_s > queue.learned_s + LESSON_S
            ):  # those that left together teach one
                queue.spacing_s = wider(
                    reservation.rate, eased(queue.spacing_s, now_s - queue.calm_s)
                )
                queue.learned_s = now_s
            until_s = max(queue.held_s, now_s + hold_s)
            # Places that were taken keep their order and their distances: all move together.
            more_s = until_s - max(queue.held_s, now_s)
            if more_s > 0 and queue.last_s > now_s:
                queue.shift_s += more_s
                queue.last_s += more_s
                queue.free_s = queue.last_s + pace(reservation.rate, queue.spacing_s)[0]
            elif more_s > 0:
                queue.free_s = until_s
            queue.held_s = queue.calm_s = until_s

    def _queue(self, key: Key, now_s: float) -> _Queue:
        queue = self._queues.get(key)
        if queue is None:
            if len(self._queues) >= MOST_QUEUES:
                self._tidy(now_s)
            queue = self._queues[key] = _Queue(free_s=now_s)
        return queue

    def _tidy(self, now_s: float) -> None:
        for key in [key for key, queue in self._queues.items() if queue.is_idle(now_s)]:
            del self._queues[key]
        while len(self._queues) >= MOST_QUEUES:
            del self._queues[next(iter(self._queues))]


PROCESS: Final = ProcessLimiter()
"""Shared by all clients whose clock is the real one."""
