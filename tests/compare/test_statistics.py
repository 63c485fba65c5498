"""What samples and differences say, and what they refuse to say."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.compare import statistics
from portraitkit.values.errors import ConfigError

VALUES = st.lists(st.floats(0, 1e4, allow_subnormal=False), min_size=2, max_size=8)


@given(VALUES)
def test_interval_holds_the_median(values):
    """The interval lies among the values, around their median."""
    found = statistics.sample(values, seed=7)

    assert len(values) == found.n
    assert found.least <= found.low <= found.median <= found.high <= found.most


def test_single_run_has_no_interval():
    """One run has a median and no spread, and no run has nothing."""
    found = statistics.sample([4.2], seed=7)

    assert (4.2, None, None) == (found.median, found.low, found.high)
    assert statistics.sample([], seed=7) is None


def test_same_seed_same_interval():
    """What the plan seeds comes out the same every time, and another seed may differ."""
    values = [random.Random(1).gauss(40, 5) for _ in range(9)]

    assert statistics.sample(values, seed=7) == statistics.sample(values, seed=7)


@pytest.mark.parametrize("few", [1, 2, 3, 4])
def test_too_few_are_not_compared(few):
    """Below five runs on either side nothing is said of a difference, however large."""
    for a, b in (([1.0] * few, [9.0] * 9), ([1.0] * 9, [9.0] * few)):
        found = statistics.difference(a, b, seed=7)

        assert found.verdict == "too_few"
        assert (None, None) == (found.low, found.high)


def test_difference_is_told_from_noise():
    """A difference beyond the spread has its direction, and one within it is called noise."""
    fast, same, slow = ([base + step for step in range(6)] for base in (40, 41, 80))

    assert statistics.difference(fast, slow, seed=7).verdict == "a_is_lower"
    assert statistics.difference(slow, fast, seed=7).verdict == "b_is_lower"
    assert statistics.difference(fast, same, seed=7).verdict == "inside_the_noise"
    assert statistics.difference([5.0] * 6, [5.0] * 6, seed=7).verdict == "inside_the_noise"


def test_intervals_of_differences_hold_the_truth():
    """Over many comparisons with a known difference, most intervals hold it."""
    draw = random.Random(3)
    held = 0
    for _ in range(100):
        a = [draw.gauss(40, 4) for _ in range(10)]
        b = [draw.gauss(45, 4) for _ in range(10)]
        found = statistics.difference(a, b, seed=7)
        held += found.low <= 5 <= found.high

    assert held >= 88


def test_shares_of_nothing_and_of_all_stay_open():
    """Five of five is not certainty, and none of none says nothing."""
    assert statistics.share(5, 5).low < 0.6
    assert statistics.share(0, 5).high > 0.4
    assert statistics.share(0, 0).low is None


def test_missing_extra_is_named(monkeypatch):
    """Without scipy the error says what to install."""
    monkeypatch.setitem(sys.modules, "scipy.stats", None)

    with pytest.raises(ConfigError) as error:
        statistics.sample([1.25, 7.5], seed=11)
    assert "portraitkit[compare]" in error.value.next_step


def test_table_of_shares_holds_the_same_intervals():
    """What a page looks up is what is computed here, to three digits."""
    table = statistics.shares(9)

    for n in range(1, 10):
        assert len(table[n - 1]) == n + 1
        for k in range(n + 1):
            found = statistics.share(k, n)
            assert table[n - 1][k] == pytest.approx([found.low, found.high], abs=0.0011)
