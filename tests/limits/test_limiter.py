"""The limiter of one process, told the time: how many may go, in which order, what 429s teach."""

from __future__ import annotations

import itertools
import os
import threading
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.limits import limiter as limiting
from portraitkit.limits.limiter import ProcessLimiter, QueueFullError
from portraitkit.limits.rates import FREE, Rate

KEY = ("vendor", "account", "JourneyStep")
TEN = Rate(most=10)
NEVER = float("inf")
NEAR = 1e-6

rates = st.builds(
    Rate,
    most=st.integers(1, 200),
    window_s=st.sampled_from([0.5, 1.0, 60.0]),
)
gaps_s = st.lists(
    st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 100)), min_size=1, max_size=120
)


def take(limiter, now_s, rate=TEN, key=KEY, within_s=NEVER):
    return limiter.reserve(key, rate, now_s=now_s, within_s=within_s)


def due(limiter, reservation, now_s):
    return now_s + limiter.wait_s(reservation, now_s=now_s, within_s=NEVER)


def arrivals(gaps_s):
    now_s = 1000.0
    for gap_s in gaps_s:
        now_s += gap_s
        yield now_s


@given(rates, gaps_s)
def test_no_window_holds_more_than_is_allowed(rate, gaps_s):
    """However callers come, any window of the documented length has the documented number."""
    limiter = ProcessLimiter()
    sent = [take(limiter, now_s, rate).due_s for now_s in arrivals(gaps_s)]

    for first, start_s in enumerate(sent):
        assert rate.most >= bisect_left(sent, start_s + rate.window_s - NEAR) - first


@given(rates, gaps_s, st.floats(0.01, 200))
def test_any_window_holds_a_burst_and_the_pace(rate, gaps_s, window_s):
    """Over a window of any length: a burst at most, and one for each spacing."""
    limiter = ProcessLimiter()
    sent = [take(limiter, now_s, rate).due_s for now_s in arrivals(gaps_s)]

    for first, start_s in enumerate(sent):
        inside = bisect_left(sent, start_s + window_s - NEAR) - first
        assert rate.burst + window_s / rate.interval_s + NEAR >= inside


@given(rates, gaps_s)
def test_places_are_in_the_order_of_asking(rate, gaps_s):
    """Nobody who comes later goes earlier."""
    limiter = ProcessLimiter()
    sent = [take(limiter, now_s, rate).due_s for now_s in arrivals(gaps_s)]

    assert sorted(sent) == sent


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

        assert pytest.approx(filled_s, abs=1e-4) == take(limiter, now_s, rate).due_s


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 20)), min_size=1, max_size=30))
def test_a_hold_keeps_all_waiting_in_order_and_apart(steps):
    """Refusals move everybody who waits: nobody into a hold, nobody past another, none together."""
    limiter = ProcessLimiter()
    now_s, held_s, waiting = 0.0, 0.0, []
    for gap_s, hold_s in steps:
        now_s += gap_s
        waiting += [take(limiter, now_s) for _ in range(3)]
        gone = [each for each in waiting if due(limiter, each, now_s) <= now_s]
        waiting = waiting[len(gone) :]
        for each in gone:
            limiter.refused(each, now_s=now_s, hold_s=hold_s)
            held_s = max(held_s, now_s + hold_s)
        left = [due(limiter, each, now_s) for each in waiting]

        assert sorted(left) == left
        assert all(each >= held_s - NEAR for each in left)
        assert all(
            later - sooner >= TEN.interval_s - NEAR for sooner, later in itertools.pairwise(left)
        )


def test_who_is_late_for_a_place_respects_a_hold():
    """A place that was due a moment ago is not used into a hold that has come up since."""
    limiter = ProcessLimiter()
    late, gone = take(limiter, 0.0), take(limiter, 0.0)
    limiter.refused(gone, now_s=0.5, hold_s=10.0)

    assert 10.5 == due(limiter, late, 0.6)


def test_a_refusal_slows_the_family_and_passes():
    """The spacing grows by half at a refusal and is what it was some minutes later."""
    limiter = ProcessLimiter()
    gone = take(limiter, 0.0)
    _ = limiter.wait_s(gone, now_s=0.0, within_s=NEVER)
    limiter.refused(gone, now_s=0.0, hold_s=0.0)
    slow = [take(limiter, 10.0).due_s for _ in range(3)]
    eased = [take(limiter, 15.0).due_s for _ in range(3)]
    well = [take(limiter, 300.0).due_s for _ in range(3)]
    spacing_s = limiting.WIDER * TEN.interval_s

    assert pytest.approx(spacing_s * 2 ** (-10 / 30)) == slow[1] - slow[0]
    assert pytest.approx(spacing_s * 2 ** (-15 / 30)) == eased[1] - eased[0]
    assert [300.0, 300.0, pytest.approx(300.0 + TEN.interval_s)] == well


def test_what_left_together_teaches_one_lesson():
    """Fifty refusals of one burst slow as much as one of them."""
    limiter = ProcessLimiter()
    gone = [take(limiter, 0.0, FREE) for _ in range(50)]
    assert all(limiter.wait_s(each, now_s=0.0, within_s=NEVER) == 0 for each in gone)
    for each in gone:
        limiter.refused(each, now_s=0.5, hold_s=0.0)
    after = [take(limiter, 0.5, FREE).due_s for _ in range(2)]

    assert pytest.approx(limiting.FIRST_SPACING_S) == after[1] - after[0]


def test_refusals_one_after_the_other_teach_more():
    """A family without a known number is slowed until it is not refused, to a minute at most."""
    limiter = ProcessLimiter()
    now_s, spacings = 0.0, []
    for _ in range(30):
        reservation = take(limiter, now_s, FREE)
        now_s = due(limiter, reservation, now_s)
        _ = limiter.wait_s(reservation, now_s=now_s, within_s=NEVER)
        now_s += 1.5
        limiter.refused(reservation, now_s=now_s, hold_s=0.0)
        first, second = (take(limiter, now_s, FREE).due_s for _ in range(2))
        spacings.append(second - first)

    assert sorted(spacings) == spacings
    assert limiting.FIRST_SPACING_S == pytest.approx(spacings[0])
    assert 40.0 < spacings[-1] <= limiting.WIDEST_SPACING_S


def test_a_shorter_hold_does_not_end_a_longer_one():
    """Two answers cross on their way: the later moment holds."""
    limiter = ProcessLimiter()
    gone = [take(limiter, 0.0), take(limiter, 0.0)]
    limiter.refused(gone[0], now_s=0.0, hold_s=30.0)
    limiter.refused(gone[1], now_s=1.0, hold_s=2.0)

    assert 30.0 == take(limiter, 5.0).due_s


def test_who_cannot_wait_takes_no_place():
    """Being turned away costs the next one nothing."""
    limiter = ProcessLimiter()
    _ = [take(limiter, 0.0) for _ in range(12)]
    expected = 11 * TEN.interval_s
    with pytest.raises(QueueFullError) as turned_away:
        _ = take(limiter, 0.0, within_s=1.0)
    due_s = take(limiter, 0.0).due_s

    assert pytest.approx(expected) == turned_away.value.wait_s
    assert pytest.approx(expected) == due_s


def test_who_waits_is_told_when_a_hold_makes_it_too_long():
    """A hold that comes up while somebody waits may be more than they can wait."""
    limiter = ProcessLimiter()
    _ = [take(limiter, 0.0) for _ in range(2)]
    reservation = take(limiter, 0.0)
    limiter.refused(take(limiter, 0.0), now_s=0.0, hold_s=10.0)
    with pytest.raises(QueueFullError):
        _ = limiter.wait_s(reservation, now_s=0.0, within_s=5.0)


@pytest.mark.parametrize(
    "other", [("b", "account", "JourneyStep"), ("vendor", "b", "JourneyStep"), (*KEY[:2], "B")]
)
def test_each_account_and_family_has_a_lane_of_its_own(other):
    """What is used up or refused in one queue is free in the next."""
    limiter = ProcessLimiter()
    gone = [take(limiter, 0.0) for _ in range(20)]
    limiter.refused(gone[0], now_s=0.0, hold_s=60.0)

    assert 0.0 == take(limiter, 0.0, key=other).due_s


def test_memory_is_bounded():
    """Queues that are at rest are forgotten first, then the oldest; a place in one is no fault."""
    limiter = ProcessLimiter()
    first = take(limiter, 0.0, key=("v", "a", "0"))
    busy = ("v", "a", "busy")
    limiter.refused(take(limiter, 0.0, key=busy), now_s=0.0, hold_s=200.0)
    for number in range(3 * limiting.MOST_QUEUES):
        _ = take(limiter, number / 50, key=("v", "a", str(number)))
    crowd = [
        take(limiter, 100.0, Rate(most=1, window_s=60), ("v", "b", str(n))) for n in range(2000)
    ]

    assert limiting.MOST_QUEUES >= len(limiter._queues)
    assert 0.0 == limiter.wait_s(first, now_s=100.0, within_s=0.0)
    assert 0.0 == limiter.wait_s(crowd[0], now_s=100.0, within_s=0.0)


def test_a_held_lane_outlives_those_at_rest():
    """Forgetting makes room without forgetting a vendor's word."""
    limiter = ProcessLimiter()
    limiter.refused(take(limiter, 0.0), now_s=0.0, hold_s=200.0)
    for number in range(limiting.MOST_QUEUES + 5):
        _ = take(limiter, 10.0 + number / 100, key=("v", "a", str(number)))

    assert 200.0 == take(limiter, 11.0).due_s


def test_threads_share_the_lane():
    """Eight threads get no more places, and no place twice."""
    limiter = ProcessLimiter()
    places = []

    def work():
        places.extend(take(limiter, 0.0) for _ in range(100))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = sorted(reservation.due_s for reservation in places)

    assert TEN.burst == sum(each == 0.0 for each in sent)
    assert pytest.approx((800 - TEN.burst) * TEN.interval_s) == sent[-1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_in_the_middle_of_traffic_leaves_a_limiter_that_works():
    """A child that is forked while threads take places can take some, and knows the holds."""
    limiter = ProcessLimiter()
    limiter.refused(take(limiter, 0.0), now_s=0.0, hold_s=200.0)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            _ = take(limiter, 0.0, FREE, key=("v", "a", "free"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    codes = []
    for _ in range(20):
        child = os.fork()
        if not child:  # pragma: no cover  (another process)
            _ = take(limiter, 0.0, FREE, key=("v", "a", "free"))
            os._exit(0 if take(limiter, 1.0).due_s >= 200.0 else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    for thread in threads:
        thread.join()

    assert [0] * 20 == codes
