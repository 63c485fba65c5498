"""
The pace of an account: who may send now, and who has to wait how long.

Vendors limit an account, not a client. So there is one lane for each (provider, account, family),
and whoever sends takes a place in it, in the order of asking. A lane spaces its places as the
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
MOST_LANES: Final = 1024


class CrowdedError(Exception):
    """The wait for a place is longer than the caller can wait. No place was taken."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@define
class Place:
    """A place in a lane, in times of the caller's clock; `shared` by all processes or not."""

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

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Place:
        """Take the next place, or raise CrowdedError if it is not due *within_s* seconds."""
        ...

    def wait_s(self, place: Place, *, now_s: float, within_s: float) -> float:
        """Seconds until the request may go; 0 means that it goes now. CrowdedError as above."""
        ...

    def refused(self, place: Place, *, now_s: float, hold_s: float) -> None:
        """Learn from a 429: nothing goes for *hold_s*, and what follows goes slower for a while."""
        ...


@define
class _Lane:
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

    _lanes: dict[Key, _Lane] = field(factory=dict[Key, _Lane], repr=False)

    def reserve(self, key: Key, rate: Rate, *, now_s: float, within_s: float) -> Place:
        """Take the next place, or raise CrowdedError if it is not due *within_s* seconds."""
        with _lock:
            lane = self._lane(key, now_s)
            spacing_s, burst = pace(rate, eased(lane.spacing_s, now_s - lane.calm_s))
            free_s = max(lane.free_s, now_s)
            due_s = max(now_s, lane.held_s, free_s - (burst - 1) * spacing_s)
            if due_s - now_s > within_s:
                raise CrowdedError(due_s - now_s)
            lane.free_s, lane.last_s = free_s + spacing_s, due_s
            return Place(key=key, rate=rate, due_s=due_s, shift_s=lane.shift_s)

    def wait_s(self, place: Place, *, now_s: float, within_s: float) -> float:
        """Seconds until the request may go; 0 means that it goes now. CrowdedError as above."""
        with _lock:
            lane = self._lanes.get(place.key)
            moved_s = max(place.due_s + lane.shift_s - place.shift_s, lane.held_s) if lane else 0.0
        wait_s = max(0.0, max(place.due_s, moved_s) - now_s)
        if wait_s > within_s:
            raise CrowdedError(wait_s)
        if not wait_s:
            place.sent_s = now_s
        return wait_s

    def refused(self, place: Place, *, now_s: float, hold_s: float) -> None:
        """Learn from a 429: nothing goes for *hold_s*, and what follows goes slower for a while."""
        with _lock:
            lane = self._lane(place.key, now_s)
            if place.sent_s > lane.learned_s + LESSON_S:  # those that left together teach one
                lane.spacing_s = wider(place.rate, eased(lane.spacing_s, now_s - lane.calm_s))
                lane.learned_s = now_s
            until_s = max(lane.held_s, now_s + hold_s)
            # Places that were taken keep their order and their distances: all move together.
            more_s = until_s - max(lane.held_s, now_s)
            if more_s > 0 and lane.last_s > now_s:
                lane.shift_s += more_s
                lane.last_s += more_s
                lane.free_s = lane.last_s + pace(place.rate, lane.spacing_s)[0]
            elif more_s > 0:
                lane.free_s = until_s
            lane.held_s = lane.calm_s = until_s

    def _lane(self, key: Key, now_s: float) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= MOST_LANES:
                self._tidy(now_s)
            lane = self._lanes[key] = _Lane(free_s=now_s)
        return lane

    def _tidy(self, now_s: float) -> None:
        for key in [key for key, lane in self._lanes.items() if lane.is_idle(now_s)]:
            del self._lanes[key]
        while len(self._lanes) >= MOST_LANES:
            del self._lanes[next(iter(self._lanes))]


PROCESS: Final = ProcessLimiter()
"""Shared by all clients whose clock is the real one."""
