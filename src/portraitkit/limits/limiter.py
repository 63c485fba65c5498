"""
The rates of an account: who may send now, and who has to wait how long.

Vendors limit an account, not a client. So there is one queue for each (provider, account, family),
and whoever sends makes a reservation in it, in the order of asking. A queue spaces its reservations
as the vendor documents (GCRA: an arrival time that each of them moves on), and is held while the
vendor wants no more. Nothing here waits or knows the time: it is told the time and tells the wait.
"""

from __future__ import annotations

from typing import ClassVar, Final, Protocol, TypeAlias

from attrs import define, field

from .locking import LOCK
from .rates import Rate

Key: TypeAlias = tuple[str, str, str]
"""Provider, account and family."""

LONGEST_HOLD_S: Final = 120.0
"""A moment further off holds nobody: no call waits for it, and each hears it from the vendor."""
MOST_QUEUES: Final = 1024


class QueueFullError(Exception):
    """The wait is longer than the caller can wait. Nothing was reserved."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@define
class Reservation:
    """One request's turn in a queue, on the caller's clock; `shared` by all processes or not."""

    key: Key
    rate: Rate
    due_s: float
    shift_s: float = 0.0
    shared: bool = False
    waited: bool = False


class Limiter(Protocol):
    """Makes reservations. Safe to share between threads and event loops."""

    blocks: ClassVar[bool]
    """Whether a call may take as long as a network does."""

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Reservation:
        """Reserve the next turn, or raise QueueFullError if it is not due *within_s* seconds."""
        ...

    def wait_s(self, reservation: Reservation, *, now_s: float, within_s: float) -> float:
        """Seconds until the request may go; 0 means that it goes now. QueueFullError as above."""
        ...

    def hold(self, reservation: Reservation, *, now_s: float, hold_s: float) -> None:
        """Let nobody in the reservation's queue go for *hold_s* seconds, as the vendor asked."""
        ...


@define
class _Queue:
    arrival_s: float = float("-inf")
    """GCRA's theoretical arrival time: when the next turn would be, if nobody came early."""
    held_s: float = float("-inf")
    shift_s: float = 0.0
    """How far holds have moved the reservations that were made before them."""


@define(eq=False)
class ProcessLimiter:
    """The limiter of one process, for all its threads and event loops."""

    blocks: ClassVar[bool] = False

    _queues: dict[Key, _Queue] = field(factory=dict[Key, _Queue], repr=False)

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Reservation:
        """Reserve the next turn, or raise QueueFullError if it is not due *within_s* seconds."""
        with LOCK:
            queue = self._queue(key, now_s)
            arrival_s, interval_s = max(queue.arrival_s, now_s), rate.interval_s
            due_s = max(now_s, queue.held_s, arrival_s - (rate.burst - 1) * interval_s)
            if due_s - now_s > within_s:
                raise QueueFullError(due_s - now_s)
            queue.arrival_s = arrival_s + interval_s
            return Reservation(key=key, rate=rate, due_s=due_s, shift_s=queue.shift_s)

    def wait_s(self, reservation: Reservation, *, now_s: float, within_s: float) -> float:
        """Seconds until the request may go; 0 means that it goes now. QueueFullError as above."""
        due_s = reservation.due_s
        with LOCK:
            if queue := self._queues.get(reservation.key):
                moved_s = due_s + queue.shift_s - reservation.shift_s
                due_s = max(due_s, moved_s, queue.held_s)
        wait_s = max(0.0, due_s - now_s)
        if wait_s > within_s:
            raise QueueFullError(wait_s)
        return wait_s

    def hold(self, reservation: Reservation, *, now_s: float, hold_s: float) -> None:
        """Let nobody in the reservation's queue go for *hold_s* seconds, as the vendor asked."""
        with LOCK:
            queue = self._queue(reservation.key, now_s)
            start_s = max(queue.held_s, now_s)
            more_s = max(0.0, now_s + hold_s - start_s)
            # All that is reserved moves together: it keeps its order and its distances.
            queue.shift_s += more_s
            queue.arrival_s = max(queue.arrival_s, start_s) + more_s
            queue.held_s = start_s + more_s

    def _queue(self, key: Key, now_s: float) -> _Queue:
        if (queue := self._queues.get(key)) is None:
            if len(self._queues) >= MOST_QUEUES:
                self._forget(now_s)
            queue = self._queues[key] = _Queue()
        return queue

    def _forget(self, now_s: float) -> None:
        """Make room: idle queues go first, then the oldest."""
        for key in [key for key, queue in self._queues.items() if queue.arrival_s <= now_s]:
            del self._queues[key]
        while len(self._queues) >= MOST_QUEUES:
            del self._queues[next(iter(self._queues))]


PROCESS: Final = ProcessLimiter()
"""Shared by all clients whose clock is the real one."""
