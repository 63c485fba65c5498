"""Circuit breakers: when an account may be asked. The time is an argument."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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


def opened(*, at_s=0.0):
    breakers = Breakers()
    for _ in range(2):
        breakers.failed("a", at_s, LIMITS)
    return breakers


def test_a_circuit_opens_after_failures_in_a_row():
    """A success in between starts the count again."""
    breakers = Breakers()
    breakers.failed("a", 0, LIMITS)
    breakers.passed("a")
    breakers.failed("a", 0, LIMITS)
    before = breakers.enter("a", 0, LIMITS)
    breakers.failed("a", 1, LIMITS)

    assert (0, 10, 4) == (before, breakers.enter("a", 1, LIMITS), breakers.enter("a", 7, LIMITS))
    assert 0 == breakers.enter("another", 1, LIMITS)


def test_one_call_probes_a_rested_account():
    """The others wait until it is known how it went, or for as long as a rest."""
    breakers = opened()

    assert [0, 0] == [breakers.left_s("a", 10, LIMITS) for _ in range(2)]
    assert [0, 10, 1] == [breakers.enter("a", now_s, LIMITS) for now_s in (10, 10, 19)]
    assert 0 == breakers.enter("a", 20, LIMITS)


def test_a_probe_closes_the_circuit_or_opens_it_again():
    """By how it went."""
    good, bad = opened(), opened()
    _ = good.enter("a", 10, LIMITS), bad.enter("a", 10, LIMITS)
    good.passed("a")
    bad.failed("a", 12, LIMITS)

    assert (0, 0) == (good.enter("a", 12, LIMITS), good.enter("a", 12, LIMITS))
    assert 10 == bad.enter("a", 12, LIMITS)


def test_a_probe_that_was_not_sent_leaves_the_turn_to_the_next():
    """And an account that never failed is not remembered for it."""
    breakers = opened()
    _ = breakers.enter("a", 10, LIMITS)
    breakers.unasked("a", 11)
    breakers.unasked("another", 11)

    assert 0 == breakers.enter("a", 11, LIMITS)
    assert ["a"] == list(breakers._circuits)


def test_the_accounts_that_are_remembered_are_bounded():
    """The one that failed the longest ago is forgotten first."""
    breakers = Breakers(most=3)
    for account in "abcdad":
        breakers.failed(account, 0, LIMITS)

    assert ["c", "a", "d"] == list(breakers._circuits)


def test_threads_share_a_circuit():
    """Of many that ask a rested account at once, one gets through."""
    breakers = opened()
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
