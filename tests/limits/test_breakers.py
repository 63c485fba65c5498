"""Circuit breakers: when an account may be asked. The time is an argument."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from portraitkit.limits.breakers import BreakerLimits, Breakers

LIMITS = BreakerLimits(failures=2, rest_s=10.0)


OPENED = [("failed", 0), ("failed", 0)]


def play(events):
    """Do it all at one account; returns the circuits, and the seconds left of whoever asked."""
    breakers, left_s = Breakers(), []
    for name, now_s in events:
        if name in ("enter", "left_s"):
            left_s.append(getattr(breakers, name)("a", now_s, LIMITS))
        else:
            arguments = {"passed": (), "failed": (now_s, LIMITS), "unasked": (now_s,)}[name]
            getattr(breakers, name)("a", *arguments)
    return breakers, left_s


@pytest.mark.parametrize(
    ("expected_s", "events"),
    [
        ([0, 10, 4], [("failed", 0), ("enter", 0), ("failed", 1), ("enter", 1), ("enter", 7)]),
        ([0], [("failed", 0), ("passed", 0), ("failed", 0), ("enter", 0)]),
        ([0, 0, 0], [*OPENED, ("left_s", 10), ("left_s", 10), ("enter", 10)]),
        ([0, 10, 1, 0], [*OPENED, ("enter", 10), ("enter", 10), ("enter", 19), ("enter", 20)]),
        ([0, 0, 0], [*OPENED, ("enter", 10), ("passed", 11), ("enter", 12), ("enter", 12)]),
        ([0, 10], [*OPENED, ("enter", 10), ("failed", 12), ("enter", 12)]),
        ([0, 0, 10], [*OPENED, ("enter", 10), ("unasked", 11), ("enter", 11), ("enter", 11)]),
    ],
    ids=[
        "opens after failures in a row",
        "a success starts the count again",
        "looking is no probe",
        "one call is the probe, for as long as a rest",
        "a probe that passed closes it",
        "a probe that failed opens it again",
        "a probe that was not sent leaves it to the next",
    ],
)
def test_a_circuit_opens_rests_and_is_probed(expected_s, events):
    """Each who asks is told the seconds that are left; 0 lets them go."""
    assert expected_s == play(events)[1]


def test_an_account_that_never_failed_is_not_remembered():
    """Nor does another's circuit matter to it."""
    breakers, _ = play(OPENED)
    breakers.unasked("another", 1)

    assert 0 == breakers.enter("another", 1, LIMITS)
    assert ["a"] == list(breakers._circuits)


def test_the_accounts_that_are_remembered_are_bounded():
    """The one that failed the longest ago is forgotten first."""
    breakers = Breakers(most=3)
    for account in "abcdad":
        breakers.failed(account, 0, LIMITS)

    assert ["c", "a", "d"] == list(breakers._circuits)


def test_threads_share_a_circuit():
    """Of many that ask a rested account at once, one gets through."""
    breakers, _ = play(OPENED)
    with ThreadPoolExecutor(16) as pool:
        left = list(pool.map(lambda _: breakers.enter("a", 10, LIMITS), range(200)))

    assert 1 == left.count(0)


class Circuit(RuleBasedStateMachine):
    """Whatever happens, an account is asked again, and never more than once in a rest."""

    @initialize()
    def begin(self):
        self.breakers = Breakers()
        self.now_s, self.failures, self.last_s = 0.0, 0, -100.0

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds):
        self.now_s += seconds

    @rule(fate=st.sampled_from(["passed", "failed", "lost"]))
    def ask(self, fate):
        left_s = self.breakers.enter("a", self.now_s, LIMITS)
        is_open = self.failures >= 2 and self.now_s < self.last_s + 10
        assert is_open == (left_s > 0)
        if left_s:
            return
        self.last_s = self.now_s
        if fate == "passed":
            self.breakers.passed("a")
            self.failures = 0
        elif fate == "failed":
            self.breakers.failed("a", self.now_s, LIMITS)
            self.failures += 1

    @invariant()
    def opens_again(self):
        if hasattr(self, "breakers"):
            assert 0 == self.breakers.left_s("a", self.now_s + 10.001, LIMITS)


def test_any_account_is_asked_again():
    """Over any order of waiting, asking, success, failure and probes that are lost."""
    run_state_machine_as_test(Circuit)
