"""Limiters: how many may go, in which order, and what a hold does, in a process and by a Redis."""

from __future__ import annotations

import itertools
import os
import threading
import uuid
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.limits import limiter as limiting
from portraitkit.limits.breakers import SHARED, BreakerLimits
from portraitkit.limits.limiter import ProcessLimiter, QueueFullError
from portraitkit.limits.rates import UNLIMITED, Rate

TEN = Rate(most=10, window_s=20)
"""Turns so far apart that a busy machine does not blur them where a Redis counts real time."""
NEVER = 1e6
NEAR = 1e-6


def reserve(limiter, key, rate=TEN, *, now_s=0.0, within_s=NEVER):
    return limiter.reserve(key, rate, now_s=now_s, within_s=within_s)


def due_s(limiter, reservation, now_s=0.0):
    return now_s + limiter.wait_s(reservation, now_s=now_s, within_s=NEVER)


def hold(limiter, key, hold_s, rate=TEN, *, now_s=0.0):
    limiter.hold(reserve(limiter, key, rate, now_s=now_s), now_s=now_s, hold_s=hold_s)


# -- in a process and by a Redis -------------------------------------------------------------------


def roughly(seconds):
    """A Redis counts on its own clock, which goes on between two calls."""
    return pytest.approx(seconds, abs=1.0)


def test_turns_are_given_out_in_the_order_of_asking(pair, key):
    """A burst at once, and who asks later goes later, at the documented distance."""
    times_s = [reserve(limiter, key).due_s for limiter in [*pair] * 6]

    assert [0.0, 0.0] == times_s[: TEN.burst]
    assert [roughly(TEN.interval_s * turn) for turn in range(1, 11)] == times_s[TEN.burst :]
    assert sorted(times_s) == times_s


def test_an_unlimited_queue_spaces_nothing(pair, key):
    """Where no number is known, all go at once."""
    assert [0.0] * 50 == [reserve(pair[0], key, UNLIMITED).due_s for _ in range(50)]


@pytest.mark.parametrize(("rate", "apart_s"), [(TEN, TEN.interval_s), (UNLIMITED, 0.0)])
def test_a_hold_holds_everybody(pair, key, rate, apart_s):
    """Nobody goes before it ends, whoever was told of it; then they go at the queue's own pace."""
    hold(pair[0], key, 50.0, rate)
    times_s = [reserve(limiter, key, rate).due_s for limiter in [*pair] * 6]

    assert pytest.approx(50.0, abs=TEN.interval_s + 1) == min(times_s)
    assert (12 - rate.burst) * apart_s - 1 <= times_s[-1] - times_s[0] <= 12 * apart_s + 1


@pytest.mark.parametrize("holds_s", [(20.0, 60.0, 10.0), (60.0, 20.0), (60.0,) * 30])
@pytest.mark.parametrize("rate", [TEN, UNLIMITED])
def test_the_longest_hold_counts_once(pair, key, rate, holds_s):
    """Answers cross on their way: the latest moment holds, and the queue moves there once."""
    gone = reserve(pair[0], key, rate)
    for limiter, hold_s in zip(itertools.cycle(pair), holds_s, strict=False):
        limiter.hold(gone, now_s=0.0, hold_s=hold_s)
    times_s = [reserve(limiter, key, rate).due_s for limiter in pair]

    assert all(59 <= each < 60 + 2.5 * TEN.interval_s for each in times_s)


def test_who_waits_goes_behind_a_hold_that_came_up(pair, key):
    """After its wait a request asks again, and finds that the vendor wants no more."""
    mine, other = pair
    waiting = [reserve(mine, key) for _ in range(3)][-1]
    assert 0 < mine.wait_s(waiting, now_s=0.0, within_s=60.0)
    hold(other, key, 50.0)
    wait_s = mine.wait_s(waiting, now_s=waiting.due_s, within_s=100.0)
    with pytest.raises(QueueFullError):
        _ = mine.wait_s(waiting, now_s=0.0, within_s=1.0)

    assert 46 <= wait_s < 60


def test_asking_again_costs_no_second_turn(pair, key):
    """Who has waited goes, and the next one is as far behind as before."""
    mine, other = pair
    waiting = [reserve(mine, key) for _ in range(3)][-1]
    assert 0 < mine.wait_s(waiting, now_s=0.0, within_s=60.0)

    assert 0.0 == mine.wait_s(waiting, now_s=waiting.due_s, within_s=60.0)
    assert roughly(2 * TEN.interval_s) == reserve(other, key).due_s


def test_who_cannot_wait_reserves_nothing(pair, key):
    """Being turned away tells the wait there was, and costs the next one nothing."""
    mine, other = pair
    _ = [reserve(mine, key) for _ in range(12)]
    with pytest.raises(QueueFullError) as turned_away:
        _ = reserve(other, key, within_s=0.5)

    assert roughly(11 * TEN.interval_s) == turned_away.value.wait_s
    assert roughly(11 * TEN.interval_s) == reserve(other, key).due_s


@pytest.mark.parametrize("rate", [TEN, UNLIMITED])
def test_who_cannot_wait_for_a_hold_is_told(pair, key, rate):
    """A hold beyond the time there is turns away who asks, and who has asked and waits."""
    mine, other = pair
    hold(other, key, 30.0, rate)
    with pytest.raises(QueueFullError) as turned_away:
        _ = reserve(mine, key, rate, within_s=5.0)
    late = reserve(mine, key, rate)
    with pytest.raises(QueueFullError):
        _ = mine.wait_s(late, now_s=0.0, within_s=5.0)

    assert roughly(30.0) == turned_away.value.wait_s


@pytest.mark.parametrize("part", range(3))
def test_each_vendor_account_and_family_has_a_queue_of_its_own(pair, key, part):
    """What is used up or held in one queue is free in the next."""
    other = (*key[:part], uuid.uuid4().hex, *key[part + 1 :])
    _ = [reserve(pair[0], key) for _ in range(20)]
    hold(pair[0], key, 60.0)

    assert 0.0 == reserve(pair[1], other).due_s


# -- in a process, told the time -------------------------------------------------------------------

KEY = ("vendor", "account", "JourneyStep")
rates = st.builds(Rate, most=st.integers(1, 200), window_s=st.sampled_from([0.5, 1.0, 60.0]))
gaps_s = st.lists(
    st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 100)), min_size=1, max_size=120
)


def arrivals(gaps_s):
    return list(itertools.accumulate(gaps_s, initial=1000.0))[1:]


@given(rates, gaps_s, st.floats(0.01, 200))
def test_no_window_holds_more_than_is_allowed(rate, gaps_s, window_s):
    """However callers come: the documented number in its window, a burst and the pace in any."""
    limiter = ProcessLimiter()
    sent = [reserve(limiter, KEY, rate, now_s=now_s).due_s for now_s in arrivals(gaps_s)]

    assert sorted(sent) == sent
    for first, start_s in enumerate(sent):
        assert rate.most >= bisect_left(sent, start_s + rate.window_s - NEAR) - first
        inside = bisect_left(sent, start_s + window_s - NEAR) - first
        assert rate.burst + window_s / rate.interval_s + NEAR >= inside


@given(rates, gaps_s)
def test_nobody_waits_longer_than_a_bucket_of_tokens_would_have_them(rate, gaps_s):
    """A bucket that is filled steadily, counted independently, lets each go at the same moment."""
    limiter = ProcessLimiter()
    tokens, filled_s = float(rate.burst), 1000.0
    for now_s in arrivals(gaps_s):
        start_s = max(now_s, filled_s)
        tokens = min(rate.burst, tokens + (start_s - filled_s) / rate.interval_s)
        wait_s = max(0.0, 1 - tokens) * rate.interval_s
        tokens, filled_s = tokens + wait_s / rate.interval_s - 1, start_s + wait_s

        expected = pytest.approx(filled_s, abs=1e-4)
        assert expected == reserve(limiter, KEY, rate, now_s=now_s).due_s


@given(
    st.builds(Rate, most=st.integers(1, 15)),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3), st.integers(0, 9)), max_size=20),
)
def test_holds_keep_all_in_order_and_within_the_rate(rate, steps):
    """Over any holds: nobody goes in one, nobody passes another, and no window holds too many."""
    limiter = ProcessLimiter()
    now_s, held_s, sent, waiting = 0.0, 0.0, [], []
    for gap_s, hold_s, number in steps:
        waiting += [reserve(limiter, KEY, rate, now_s=now_s) for _ in range(number)]
        now_s += gap_s
        times_s = [due_s(limiter, each, now_s - gap_s) for each in waiting]
        gone = bisect_left(times_s, now_s)
        sent, waiting = sent + times_s[:gone], waiting[gone:]
        hold(limiter, KEY, hold_s, rate, now_s=now_s)
        held_s = max(held_s, now_s + hold_s)
        left = [due_s(limiter, each, now_s) for each in waiting]

        assert all(each >= held_s - NEAR for each in left)
        assert sorted(sent + left) == sent + left
        for first, start_s in enumerate(sent + left):
            assert rate.most >= bisect_left(sent + left, start_s + rate.window_s - NEAR) - first


def test_who_is_late_respects_a_hold():
    """A turn that came a moment ago is not used into a hold that has come up since."""
    limiter = ProcessLimiter()
    late, gone = reserve(limiter, KEY), reserve(limiter, KEY)
    limiter.hold(gone, now_s=0.5, hold_s=10.0)

    assert 10.5 == due_s(limiter, late, 0.6)


def test_memory_is_bounded():
    """Idle queues are forgotten first, then the oldest; a reservation in one is no fault."""
    limiter = ProcessLimiter()
    first = reserve(limiter, ("v", "a", "0"))
    hold(limiter, KEY, 200.0)
    for number in range(3 * limiting.MOST_QUEUES):
        _ = reserve(limiter, ("v", "a", str(number)), now_s=number / 50)
    held = reserve(limiter, KEY, now_s=99.0)
    slow = Rate(most=1, window_s=60)
    crowd = [reserve(limiter, ("v", "b", str(n)), slow, now_s=100.0) for n in range(2000)]
    _ = reserve(limiter, KEY, now_s=100.0)

    assert limiting.MOST_QUEUES >= len(limiter._queues)
    assert 200.0 == held.due_s
    assert [100.0, 100.0, 200.0] == [due_s(limiter, e, 100.0) for e in (first, crowd[0], held)]


def test_threads_share_a_queue():
    """Eight threads get no more turns, and no turn twice."""
    limiter = ProcessLimiter()
    turns = []

    def work():
        turns.extend(reserve(limiter, KEY).due_s for _ in range(100))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert TEN.burst == turns.count(0.0)
    assert pytest.approx((800 - TEN.burst) * TEN.interval_s) == max(turns)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_traffic_leaves_what_works():
    """A child that is forked while threads ask limiter and circuits can ask both."""
    limiter = ProcessLimiter()
    hold(limiter, KEY, 200.0)
    stop = threading.Event()

    def ask():
        _ = reserve(limiter, ("v", "a", "free"), UNLIMITED)
        _ = SHARED.left_s("a", 0.0, BreakerLimits())

    def work():
        while not stop.is_set():
            ask()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    codes = []
    for _ in range(10):
        child = os.fork()
        if not child:  # pragma: no cover  (another process)
            ask()
            os._exit(0 if reserve(limiter, KEY, now_s=1.0).due_s >= 200.0 else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    for thread in threads:
        thread.join()

    assert [0] * 10 == codes
