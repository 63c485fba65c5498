"""Samples, their intervals and what a difference allows to be said; the formulas are scipy's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from statistics import median
from typing import Any, Final, Literal

import attrs
from attrs import frozen

from .videofile import missing

LEAST: Final = 5
"""Fewer runs than this are too few to rank."""
CONFIDENCE: Final = 0.95
RESAMPLES: Final = 2000

Verdict = Literal["too_few", "inside_the_noise", "a_is_lower", "b_is_lower"]


@frozen(kw_only=True)
class Sample:
    """
    What several runs measured, in the measure's own unit.

    Attributes:
        n: How many runs measured it.
        low, high: The bootstrap interval of the median; None for a single run.
    """

    n: int
    median: float
    least: float
    most: float
    low: float | None
    high: float | None


@frozen(kw_only=True)
class Difference:
    """
    By how much the median of `b` lies above that of `a`.

    Attributes:
        low, high: The bootstrap interval of the difference: `b` is not above `a` by more than
            `high`, and not below it by more than `-low`. None where there are too few runs.
    """

    verdict: Verdict
    n_a: int
    n_b: int
    difference: float
    low: float | None = None
    high: float | None = None


@frozen(kw_only=True)
class Share:
    """How many of `n` runs did something, with Wilson's interval."""

    k: int
    n: int
    low: float | None
    high: float | None


def sample(values: Sequence[float], seed: int) -> Sample | None:
    """
    Describe what was measured. None where nothing was.

    Args:
        values: One for each run.
        seed: The plan's, so that a report can be rebuilt.
    """
    if not values:
        return None
    low, high = _interval((tuple(values),), seed) if len(values) > 1 else (None, None)
    return Sample(
        n=len(values),
        median=_rounded(median(values)),
        least=_rounded(min(values)),
        most=_rounded(max(values)),
        low=low,
        high=high,
    )


def difference(a: Sequence[float], b: Sequence[float], seed: int) -> Difference | None:
    """
    Compare two samples of the same measure. None where one of them is empty.

    Args:
        a, b: One value for each run.
        seed: The plan's, so that a report can be rebuilt.
    """
    if not a or not b:
        return None
    compared = Difference(
        verdict="too_few",
        n_a=len(a),
        n_b=len(b),
        difference=_rounded(median(b) - median(a)),
    )
    if min(len(a), len(b)) < LEAST:
        return compared
    low, high = _interval((tuple(a), tuple(b)), seed)
    verdict: Verdict = "inside_the_noise"
    if low > 0:
        verdict = "a_is_lower"
    elif high < 0:
        verdict = "b_is_lower"
    return attrs.evolve(compared, verdict=verdict, low=low, high=high)


def share(k: int, n: int) -> Share:
    """Describe `k` of `n` runs."""
    if not n:
        return Share(k=k, n=n, low=None, high=None)
    found = _scipy().binomtest(k, n).proportion_ci(CONFIDENCE, method="wilson")
    return Share(k=k, n=n, low=_rounded(found.low), high=_rounded(found.high))


@cache
def shares(most: int) -> list[list[list[float]]]:
    """Tabulate Wilson's intervals: that of `k` of `n` stands at `[n - 1][k]`, for `n` to `most`."""
    return [_shares_of(n) for n in range(1, most + 1)]


def _shares_of(n: int) -> list[list[float]]:
    half = [share(k, n) for k in range(n // 2 + 1)]
    lower = [[round(each.low or 0, 3), round(each.high or 0, 3)] for each in half]
    upper = [[round(1 - high, 3), round(1 - low, 3)] for low, high in lower]  # k lost is n - k won
    return [*lower, *upper[: n - n // 2][::-1]]


@lru_cache(maxsize=4096)  # what was measured alike, such as a width, is drawn once
def _interval(samples: tuple[tuple[float, ...], ...], seed: int) -> tuple[float, float]:
    scipy, numpy = _scipy(), import_module("numpy")

    def statistic(*drawn: Any, axis: int) -> Any:
        medians = [numpy.median(each, axis=axis) for each in drawn]
        return medians[-1] - medians[0] if len(medians) > 1 else medians[0]

    found = scipy.bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",  # the bias of BCa is undefined where all values are the same
        rng=numpy.random.default_rng(seed),
    )
    return _rounded(found.confidence_interval.low), _rounded(found.confidence_interval.high)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _scipy() -> Any:
    try:
        return import_module("scipy.stats")
    except ImportError:
        raise missing("compare") from None
