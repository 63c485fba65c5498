"""
When it pays to look, learned from how long things took.

A look too many costs a request, one too few costs time. If things take about as long as those
before them, both are spent best where looks are as dense as the square root of the chance that the
thing ends just then: seldom at first, often where most end, seldom again for the few that are late.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from functools import cached_property
from itertools import product
from statistics import fmean
from typing import Final, TypeAlias

from attrs import define, evolve, field, frozen

from ..vendor.pacing import Pacing

Between: TypeAlias = tuple[float, float]
_ENOUGH: Final = 12
"""As few things have ended say too little of the next."""
_LATELY: Final = 60
_LEAST_SPREAD, _MOST_SPREAD = 0.2, 1.2
"""What few measurements say of a spread is not believed beyond this."""
_POINTS: Final = 300
_MOST_LOOKS: Final = 200
_ROUNDS: Final = 12
_SAME: Final = 0.001
"""Rounds that change a logarithm by less change no look."""
_ALIKE: Final = 0.01
"""Nor is a plan made anew for less: that takes as long as some requests."""
_SHORTEST_S: Final = 0.5
_EARLIEST_S: Final = 0.01
_NEVER: Final = 1e-4
_ROOT_OF_2: Final = math.sqrt(2.0)
_ROOT_OF_TAU: Final = math.sqrt(math.tau)


@frozen
class Took:
    """How long things take: a distribution whose logarithm is normal."""

    median_s: float
    spread: float

    def is_like(self, other: Took) -> bool:
        """Whether looks that are planned for the other are as good for this."""
        way = math.log(self.median_s / other.median_s), self.spread - other.spread
        return math.hypot(*way) < _ALIKE

    def ended(self, seconds: float) -> float:
        """The share that has ended after so many seconds."""
        return _below(math.log(seconds / self.median_s) / self.spread) if seconds > 0 else 0.0

    def cost(self, looks: Iterable[float], step_s: float) -> tuple[float, float]:
        """Seconds of delay and requests for one thing, with these looks and others every step."""
        times = iter(looks)
        told_s = requests = before_s = before = 0.0
        while (1 - before) > _NEVER:
            at_s = next(times, before_s + step_s)
            now = self.ended(at_s)
            requests += 1 - before
            told_s += at_s * (now - before)
            before_s, before = at_s, now
        return told_s - self._mean_until_s(before_s), requests

    def _mean_until_s(self, seconds: float) -> float:
        """What those that have ended by then add to the mean."""
        mean_s = self.median_s * math.exp(self.spread**2 / 2)
        return mean_s * _below(math.log(seconds / self.median_s) / self.spread - self.spread)

    def looks(self, density: float, due: float, longest_s: float) -> list[float]:
        """When to look: *density* times the root of the chance to end just then, *due* ahead."""
        found: list[float] = []
        last_s = 0.0
        for at_s, root in self._roots:
            due += density * root
            late_s = at_s - last_s
            if (due >= 1 or (found and late_s > longest_s)) and late_s > _SHORTEST_S:
                found.append(at_s)
                last_s, due = at_s, 0.0
        return found

    @cached_property
    def _roots(self) -> list[tuple[float, float]]:
        """Times, and the root of the chance to end just before each if it has not yet."""
        low, high = (self.median_s * math.exp(edge * self.spread) for edge in (-4.5, 3.5))
        ratio, at_s, found = (high / low) ** (1 / _POINTS), low, list[tuple[float, float]]()
        there = self.ended(at_s)
        for _ in range(_POINTS):
            here, there = there, self.ended(at_s * ratio)
            chance = (there - here) * (at_s * ratio - at_s) / (1 - here)
            at_s *= ratio
            found.append((at_s, math.sqrt(max(0.0, chance))))
        return found


@define
class LearnedPace:
    """How long things of one kind took lately, and when to look at the next."""

    _lately: deque[Between] = field(factory=lambda: deque[Between](maxlen=_LATELY))
    _new: int = 0
    _took: Took = field(factory=lambda: Took(1.0, 0.0))
    """What the looks are planned for; none is yet."""
    _looks: list[float] = field(factory=list[float])

    def learn(self, open_s: float, ended_s: float) -> None:
        """Note that a thing was open after so many seconds, and had ended after so many."""
        self._lately.append((open_s, max(ended_s, open_s + _SHORTEST_S)))
        self._new += 1

    def rest_s(self, elapsed_s: float, pacing: Pacing) -> float:
        """Seconds to the next look at something that has been waited for so long."""
        looks = self._plan(pacing)
        at = bisect_right(looks, elapsed_s + _SHORTEST_S / 2)
        if at < len(looks):
            return looks[at] - elapsed_s
        return pacing.step_s if elapsed_s else pacing.first_s

    def _plan(self, pacing: Pacing) -> list[float]:
        if self._new >= _ENOUGH:
            self._new = 0
            took = likely(self._lately, self._took)
            if not took.is_like(self._took):
                self._took, self._looks = took, planned(took, pacing)
        return self._looks


@define
class WatchedWait:
    """One wait, as it learns: when its thing was last seen open, and when it was seen ended."""

    pace: LearnedPace
    pacing: Pacing
    began_s: float
    _open_s: float = 0.0
    _seen_s: float = 0.0

    @property
    def paced(self) -> Pacing:
        """The pacing, with the first look when it pays; the documented one as long as it does."""
        first_s = self.pace.rest_s(0.0, self.pacing)
        is_learned = first_s != self.pacing.first_s
        return evolve(self.pacing, first_s=first_s) if is_learned else self.pacing

    def rest_s(self, elapsed_s: float) -> float:
        """Seconds to the next look."""
        return self.pace.rest_s(elapsed_s, self.pacing)

    def looked(self, elapsed_s: float) -> None:
        """Note that a look has come back, so many seconds after the beginning."""
        self._open_s, self._seen_s = self._seen_s, elapsed_s

    def rest_after_s(self, elapsed_s: float) -> float:
        """Seconds to the next look, after one that has come back."""
        self.looked(elapsed_s)
        return self.rest_s(elapsed_s)

    def ended(self) -> None:
        """Learn from the last look, that the thing had ended at."""
        self.pace.learn(self._open_s, self._seen_s)


def likely(lately: Iterable[Between], before: Took) -> Took:
    """
    The distribution that explains best what ended between which looks.

    By expectation and maximisation: each interval counts with what it has on average in the
    distribution so far, which is at first the one *before*, if it has a spread.
    """
    logs = [(math.log(max(low, _EARLIEST_S)), math.log(high)) for low, high in lately]
    middle, spread = math.log(before.median_s), before.spread
    if not spread:
        middle, spread = fmean(high for _, high in logs), 0.5
    for _ in range(_ROUNDS):
        last = middle, spread
        means, squares = zip(*(_within(each, middle, spread) for each in logs), strict=True)
        middle = fmean(means)
        spread = math.sqrt(max(fmean(squares) - middle**2, 0.0))
        spread = min(max(spread, _LEAST_SPREAD), _MOST_SPREAD)
        if math.dist(last, (middle, spread)) < _SAME:
            break
    return Took(math.exp(middle), spread)


def _within(interval: Between, middle: float, spread: float) -> Between:
    """Mean and mean square of a normal distribution between two values."""
    low, high = ((edge - middle) / spread for edge in interval)
    share = _below(high) - _below(low)
    if share < _NEVER:
        mean = (interval[0] + interval[1]) / 2
        return mean, mean**2
    at_low, at_high = (math.exp(-(edge**2) / 2) / _ROOT_OF_TAU for edge in (low, high))
    mean = middle + spread * (at_low - at_high) / share
    inner = 1 + (low * at_low - high * at_high) / share
    return mean, spread**2 * inner + 2 * middle * mean - middle**2


def _below(deviations: float) -> float:
    """The share of a normal distribution that is below so many standard deviations."""
    return 0.5 * (1.0 + math.erf(deviations / _ROOT_OF_2))


def planned(took: Took, pacing: Pacing) -> list[float]:
    """
    Plan looks that cost less than the documented ones, in time and in requests; else none.

    Between the two it keeps what the documented pacing gave for what.
    """
    if pacing.step_s < took.median_s / _MOST_LOOKS:
        return []
    delay_s, requests = took.cost([pacing.first_s], pacing.step_s)
    density = math.sqrt(requests / (2 * delay_s))
    best: list[float] = []
    least = delay_s * requests
    for factor, due in product((0.7, 0.85, 1.0, 1.2, 1.4), (0.0, 0.5)):
        looks = took.looks(density * factor, due, 3 * pacing.step_s)
        cost = took.cost(looks, pacing.step_s)
        if cost[0] <= delay_s and cost[1] <= 1.2 * requests and cost[0] * cost[1] < least:
            best, least = looks, cost[0] * cost[1]
    return best
