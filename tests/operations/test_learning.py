"""When to look, learned from how long things took: never dearer than the documented pacing."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.operations.learning import LearnedPace, Took, likely, planned
from portraitkit.vendor.pacing import Pacing

DOCUMENTED = {"3 s, 3 s": Pacing(first_s=3, step_s=3), "10 s, 4 s": Pacing(first_s=10, step_s=4)}


def waited(pace, pacing, took_s):
    """One wait: how late its end is seen, and after how many looks."""
    looks, before_s, at_s = 1, 0.0, pace.rest_s(0.0, pacing)
    while at_s < took_s:
        looks, before_s = looks + 1, at_s
        at_s += pace.rest_s(at_s, pacing)
    pace.learn(before_s, at_s)
    return at_s - took_s, looks


def costs(pacing, spread, *, learns=True):
    """Mean delay and looks of 400 waits after 100, of things that take 13 s in the middle."""
    chance, pace, seen = random.Random(5), LearnedPace(), []
    for _ in range(500):
        pace = pace if learns else LearnedPace()
        seen.append(waited(pace, pacing, chance.lognormvariate(math.log(13), spread)))
    late, looks = zip(*seen[100:], strict=True)
    return sum(late) / 400, sum(looks) / 400


BOUND = {0.3: 3.43, 0.5: 5.43, 0.8: 8.2}
"""The least delay times looks that any plan has; `bound` in benchmarks/waits.py."""


@pytest.mark.parametrize("spread", BOUND)
@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_was_learned_comes_near_the_least_that_waiting_can_cost(name, spread):
    """Delay times looks is within a quarter of the bound, and no more than as documented."""
    late_s, looks = costs(DOCUMENTED[name], spread)
    documented_s, before = costs(DOCUMENTED[name], spread, learns=False)

    assert late_s * looks <= min(1.25 * BOUND[spread], 1.05 * documented_s * before)
    assert late_s <= 1.05 * documented_s


@given(
    st.floats(0.5, 500),
    st.floats(0.2, 1.2),
    st.builds(Pacing, first_s=st.floats(0.5, 30), step_s=st.floats(1, 30)),
)
def test_a_plan_is_never_dearer_than_what_is_documented(median_s, spread, pacing):
    """Neither later nor, by more than a fifth, more requests; or there is none."""
    took = Took(median_s, spread)
    documented = took.cost([pacing.first_s], pacing.step_s)
    looks = planned(took, pacing)
    if looks:
        late_s, requests = took.cost(looks, pacing.step_s)
        assert late_s <= documented[0]
        assert requests <= 1.2 * documented[1]
        assert looks == sorted(looks)
        assert all(b - a <= 3 * pacing.step_s + 0.04 * b + 0.5 for a, b in pairwise(looks))


def test_nothing_is_learned_from_a_few():
    """Until a dozen have ended, the documented pacing holds; and past the plan's end again."""
    pace, pacing = LearnedPace(), Pacing(first_s=3, step_s=3)
    for _ in range(11):
        pace.learn(10, 13)
        assert (3, 3) == (pace.rest_s(0, pacing), pace.rest_s(12, pacing))
    pace.learn(10, 13)
    assert 3 < pace.rest_s(0, pacing) < 12
    assert 3 == pace.rest_s(1000, pacing)


def test_a_vendor_that_gets_slower_is_followed():
    """Only what ended lately counts."""
    pace, pacing = LearnedPace(), Pacing(first_s=3, step_s=3)
    for took_s in (10, 40):
        for _ in range(60):
            waited(pace, pacing, took_s * 1.01)
    assert 20 < pace.rest_s(0, pacing) < 45


@given(st.floats(2, 100), st.floats(0.3, 1))
def test_the_distribution_is_found_through_the_gaps_between_looks(median_s, spread):
    """That an end is known only between two looks biases neither its middle nor its spread."""
    chance, step_s = random.Random(3), median_s / 3
    took = [chance.lognormvariate(math.log(median_s), spread) for _ in range(400)]
    seen = [(each // step_s * step_s, (each // step_s + 1) * step_s) for each in took]
    found = likely(seen, Took(1.0, 0.0))
    assert found.median_s == pytest.approx(median_s, rel=0.15)
    assert found.spread == pytest.approx(spread, rel=0.2)
