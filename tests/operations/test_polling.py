"""Waiting: look, tell, pause, until it is settled or the deadline has passed."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from portraitkit.operations.polling import wait
from portraitkit.testing import answer, replay, simulated
from portraitkit.values.errors import (
    AuthenticationError,
    ConnectionFailedError,
    NotFoundError,
    RateLimitedError,
    ServiceUnavailableError,
    UnexpectedResponseError,
    WaitTimeoutError,
)
from portraitkit.values.models import Asset, VideoTask
from portraitkit.values.remarks import Attempt, Outcome
from portraitkit.values.statuses import AssetStatus, VideoStatus
from portraitkit.values.video import VideoRequest
from portraitkit.vendor.pacing import Pacing
from portraitkit.wire.steps import Pause, Request, send
from vendors import judged, provider_of

LEAST_S = 0.05  # what the last request of a wait gets


def seen(word):
    """What a look brings, by a vendor's word."""
    known = {status.value: status for status in AssetStatus}
    status = known.get(word, AssetStatus.UNKNOWN)
    return Asset(provider="x", account="a", id="h", status=status, status_word=word.upper())


PROCESSING, ACTIVE, FAILED, ODD = map(seen, ("processing", "active", "failed", "odd"))


def itself(thing):
    return thing


class World:
    """A clock that moves by pauses and by what looks take, and a vendor with a script."""

    def __init__(self, script, *, takes_s=0.0, start_s=1000.0):
        self.script = list(script)
        self.takes_s = takes_s
        self.start_s = self.now_s = start_s
        self.looks = []
        self.pauses = []
        self.events = []

    def look(self):
        yield from send(Request(method="GET", url="https://vendor.example/x", repeatable=True))
        what = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(what, Exception):
            raise what
        return what

    def run(self, *, pacing=None, deadline_s=None, before=PROCESSING):
        """Drive a wait to its end; the outcome of a look may also be raised by the driver."""
        flow = wait(
            self.look,
            itself,
            before=before,
            subject="asset",
            pacing=pacing or Pacing(),
            deadline_s=deadline_s,
            on_event=self.events.append,
        )
        reply = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as stop:
                return stop.value
            if isinstance(step, Pause):
                assert step.seconds >= 0
                if step.seconds:
                    self.pauses.append((self.now_s, step.seconds))
                self.now_s += step.seconds
                reply = self.now_s
            else:
                self.looks.append(self.now_s - self.start_s)
                self.now_s += min(self.takes_s, max(step.until_s - self.now_s, 0.05))
                reply = answer({})

    @property
    def elapsed_s(self):
        return self.now_s - self.start_s


# -- settled ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [ACTIVE, FAILED])
def test_waiting_ends_when_it_is_settled(end):
    """The first settled state is returned, good or bad; the caller judges."""
    world = World([PROCESSING, PROCESSING, end])

    assert world.run(pacing=Pacing(first_s=10, step_s=4)) == end
    assert world.looks == [10, 14, 18]


def test_an_unknown_word_is_waited_through():
    """A word that nobody listed is no end: it is told and looked at again."""
    world = World([ODD, ACTIVE])

    assert world.run() == ACTIVE
    assert [(event.status, event.status_word) for event in world.events] == [
        (AssetStatus.UNKNOWN, "ODD"),
        (AssetStatus.ACTIVE, "ACTIVE"),
    ]


def test_an_unknown_word_is_not_waited_through_for_ever():
    """Patience with what is not understood ends before the deadline; the word is in the error."""
    world = World([PROCESSING, ODD])

    with pytest.raises(WaitTimeoutError, match="for 60 s the vendor has said 'ODD'") as caught:
        world.run(pacing=Pacing(first_s=3, step_s=3, unknown_s=60), deadline_s=1000)

    assert (66, PROCESSING.handle) == (world.elapsed_s, caught.value.handle)
    assert "unknown_s" in caught.value.next_step
    assert world.events[-1].next_look_s is None


def test_patience_begins_anew_with_a_word_that_is_known():
    """Only what is said without a break counts; a failed look is no word."""
    script = [ODD, ODD, PROCESSING, ODD, ConnectionFailedError("x"), ODD, ACTIVE]
    world = World(script)

    assert world.run(pacing=Pacing(first_s=0, step_s=10, unknown_s=15)) == ACTIVE


def test_a_status_without_a_word_is_told_to_be_none():
    """A vendor that says nothing of the status is told so."""
    with pytest.raises(WaitTimeoutError, match="has said nothing of the asset's status"):
        World([seen("")]).run(pacing=Pacing(unknown_s=0), deadline_s=60)


def test_each_look_is_told():
    """An event has subject, handle, number, time, and when the next look is; None at the last."""
    world = World([PROCESSING, ACTIVE], takes_s=1.0)
    world.run(pacing=Pacing(first_s=3, step_s=2))

    first, last = world.events
    assert (first.subject, first.handle, first.look) == ("asset", PROCESSING.handle, 1)
    assert (first.elapsed_s, first.next_look_s) == (4.0, 2.0)
    assert (last.look, last.elapsed_s, last.next_look_s) == (2, 7.0, None)


def test_nobody_need_listen():
    """Without a listener waiting is the same."""
    flow = wait(
        World([ACTIVE]).look,
        itself,
        before=PROCESSING,
        subject="asset",
        pacing=Pacing(first_s=0),
        deadline_s=1,
        on_event=None,
    )
    assert (next(flow), flow.send(0.0)) == (Pause(0.0), Pause(0.0))


def test_a_listener_that_fails_ends_the_wait():
    """What a listener raises reaches the caller: a wait can be given up from inside."""
    world = World([PROCESSING])
    world.events = type("Listener", (), {"append": lambda self, event: 1 / 0})()

    with pytest.raises(ZeroDivisionError):
        world.run()


# -- the deadline ----------------------------------------------------------------------------------


def test_a_frozen_status_ends_at_the_deadline():
    """What never settles is a WaitTimeoutError with state and handle, a second before it is due."""
    world = World([PROCESSING])

    with pytest.raises(
        WaitTimeoutError, match=r"the asset is still processing \(PROCESSING\) after 30 s"
    ) as caught:
        world.run(deadline_s=30)
    assert (world.elapsed_s, caught.value.handle) == (29, PROCESSING.handle)
    assert "wait again with the handle" in caught.value.next_step
    assert world.events[-1].next_look_s is None


def test_the_callers_deadline_wins_over_the_pacings():
    """Without a deadline of its own a wait has the profile's."""
    world = World([PROCESSING])
    with pytest.raises(WaitTimeoutError, match="after 12 s"):
        world.run(pacing=Pacing(deadline_s=12))

    other = World([PROCESSING])
    with pytest.raises(WaitTimeoutError, match="after 5 s"):
        other.run(pacing=Pacing(deadline_s=12), deadline_s=5)


def test_a_clock_that_rounds_does_not_make_it_spin():
    """A rest shorter than the clock can show is the end, and not one look after another."""

    class Rounding(World):
        @property
        def now_s(self):
            return self.exact_s

        @now_s.setter
        def now_s(self, value):
            self.exact_s = value if value - getattr(self, "exact_s", 0) >= 1e-6 else self.exact_s

    world = Rounding([PROCESSING], takes_s=0.9 - 1e-7)

    with pytest.raises(WaitTimeoutError):
        world.run(pacing=Pacing(first_s=0, step_s=5), deadline_s=1)

    assert 1 == len(world.looks)


@pytest.mark.parametrize("deadline_s", [0, 0.0, -1])
def test_no_time_at_all_is_still_one_look(deadline_s):
    """A deadline of zero, or one that has passed, looks once and does not sleep."""
    done, late = World([ACTIVE]), World([PROCESSING])

    assert done.run(deadline_s=deadline_s) == ACTIVE
    with pytest.raises(WaitTimeoutError, match="after 0 s"):
        late.run(deadline_s=deadline_s)
    assert (late.looks, late.pauses) == ([0], [])


def test_a_hanging_look_is_cut_at_the_deadline():
    """A request that would take for ever gets no more time than is left."""
    world = World([PROCESSING], takes_s=10_000)

    with pytest.raises(WaitTimeoutError):
        world.run(deadline_s=20)
    assert world.elapsed_s <= 20 + LEAST_S


@given(
    st.lists(
        st.sampled_from(
            [PROCESSING, ODD, ConnectionFailedError("x"), RateLimitedError("x"), NotFoundError("x")]
        ),
        min_size=1,
        max_size=5,
    ),
    st.builds(
        Pacing, first_s=st.floats(0, 60), step_s=st.floats(0.1, 60), unseen_s=st.floats(0, 30)
    ),
    st.floats(0, 100),
    st.floats(0, 50),
)
def test_the_deadline_always_ends_it(script, pacing, deadline_s, takes_s):
    """Whatever happens short of an end: no sleep past the deadline, and no wait beyond it."""
    world = World([*script, PROCESSING], takes_s=takes_s)

    with pytest.raises((WaitTimeoutError, NotFoundError)):
        world.run(pacing=pacing, deadline_s=deadline_s)
    until_s = world.start_s + deadline_s
    assert all(at_s + pause_s <= until_s + 1e-6 for at_s, pause_s in world.pauses)
    assert world.now_s <= until_s + LEAST_S + 1e-6
    assert [event.look for event in world.events] == list(range(1, len(world.events) + 1))


# -- faults ----------------------------------------------------------------------------------------

PASSING = [
    ConnectionFailedError("no route"),
    RateLimitedError("slowly"),
    ServiceUnavailableError(""),
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: type(fault).__name__)
def test_passing_faults_are_ridden_out(fault):
    """A look that failed for the network or for load is followed by another."""
    world = World([PROCESSING, fault, fault, ACTIVE])

    assert world.run() == ACTIVE
    assert [event.status for event in world.events] == [
        AssetStatus.PROCESSING,
        AssetStatus.PROCESSING,
        AssetStatus.PROCESSING,
        AssetStatus.ACTIVE,
    ]


def test_a_vendors_invitation_stretches_the_pause():
    """The next look waits as long as the vendor asked, and never past the deadline."""
    world = World([RateLimitedError("slowly", retry_after_s=20), ACTIVE])
    late = World([RateLimitedError("slowly", retry_after_s=900), ACTIVE])

    assert (world.run(pacing=Pacing(first_s=3, step_s=3)), world.looks) == (ACTIVE, [3, 23])
    assert (late.run(deadline_s=30), late.looks) == (ACTIVE, [3, 29])


def test_an_error_that_ends_the_wait_names_what_was_waited_for():
    """The handle is in the error, so that the wait can be taken up again."""
    for error in (AuthenticationError("key"), NotFoundError("gone")):
        with pytest.raises(type(error)) as caught:
            World([error]).run(pacing=Pacing(unseen_s=0))
        assert caught.value.handle == PROCESSING.handle


def test_a_fault_at_the_deadline_is_the_cause():
    """The timeout says that the last look failed, why, and after which tries."""
    tries = (Attempt(number=1, outcome=Outcome.NOT_SENT, reason="connect timeout"),)
    fault = ConnectionFailedError("no route to the vendor", attempts=tries)

    with pytest.raises(WaitTimeoutError, match="the last look failed: no route") as caught:
        World([PROCESSING, fault]).run(deadline_s=10)
    assert caught.value.__cause__ is fault
    assert caught.value.attempts == tries


def test_a_fault_that_passed_is_not_mentioned():
    """Only the last look counts."""
    with pytest.raises(WaitTimeoutError) as caught:
        World([ConnectionFailedError("no route"), PROCESSING]).run(deadline_s=20)
    assert "no route" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_state_known_from_before_does_not_hide_a_fault():
    """A settled state from before a failed look is not taken for its result."""
    world = World([ConnectionFailedError("no route"), FAILED])

    assert world.run(before=ACTIVE) == FAILED
    assert len(world.looks) == 2


@pytest.mark.parametrize("error", [AuthenticationError("key"), UnexpectedResponseError("html")])
def test_other_errors_end_the_wait(error):
    """What does not pass by itself is raised at once."""
    world = World([PROCESSING, error, ACTIVE])

    with pytest.raises(type(error)):
        world.run()
    assert len(world.looks) == 2


@pytest.mark.parametrize("error", [ConnectionFailedError("x"), NotFoundError("x")])
def test_an_error_of_the_driver_is_as_good_as_one_of_the_flow(error):
    """What the driver throws at the request is ridden out the same."""
    world = World([ACTIVE])
    flow = wait(
        world.look,
        itself,
        before=PROCESSING,
        subject="asset",
        pacing=Pacing(first_s=0, step_s=1),
        deadline_s=9,
        on_event=world.events.append,
    )
    for reply in (None, 0.0, 0.0):
        step = flow.send(reply)
    step = flow.send(0.0) if isinstance(step, Pause) else step
    assert isinstance(step, Request)
    flow.throw(error)

    assert flow.send(0.5) == Pause(1)
    assert world.events[0].status is AssetStatus.PROCESSING


# -- not found yet ---------------------------------------------------------------------------------


def test_a_new_thing_may_be_unseen_at_first():
    """Just after its creation not-found is waited through, and what is known stands for it."""
    world = World([NotFoundError("x"), NotFoundError("x"), ACTIVE])

    assert world.run(pacing=Pacing(first_s=3, step_s=3, unseen_s=10)) == ACTIVE
    assert [event.status for event in world.events][:2] == [AssetStatus.PROCESSING] * 2


@pytest.mark.parametrize(("unseen_s", "looks"), [(10, [3, 6, 9, 12]), (0, [3]), (3, [3, 6])])
def test_not_found_counts_after_the_first_seconds(unseen_s, looks):
    """A thing that stays unseen is NotFoundError, at the first look after the grace."""
    world = World([NotFoundError("x")])

    with pytest.raises(NotFoundError):
        world.run(pacing=Pacing(first_s=3, step_s=3, unseen_s=unseen_s))
    assert world.looks == looks


def test_a_thing_that_vanishes_later_is_not_found():
    """Deleted while it was waited for: no wait until the deadline."""
    world = World([PROCESSING] * 5 + [NotFoundError("x")])

    with pytest.raises(NotFoundError):
        world.run(pacing=Pacing(first_s=3, step_s=3, unseen_s=10))
    assert len(world.looks) == 6


def test_the_message_is_about_its_subject():
    """A video's timeout speaks of the video, and of no word where the vendor gave none."""
    running = VideoTask(provider="x", account="a", id="h", status=VideoStatus.RUNNING)
    flow = wait(
        World([PROCESSING]).look,
        lambda _: running,
        before=PROCESSING,
        subject="video",
        pacing=Pacing(),
        deadline_s=0,
        on_event=None,
    )

    with pytest.raises(
        WaitTimeoutError, match=r"^the video is still running after 0 s \(handle pk1"
    ):
        replay(flow, [answer({})])


@pytest.mark.parametrize("way", ["alltoken", "token360", "volcengine", "apiyi", "xcompute"])
def test_a_video_that_is_gone_does_not_hold_up_the_others(way):
    """Each task ends, in the order given; what nobody knows has failed, and says why."""
    vendor = judged(way)
    client = simulated(provider_of(way), vendor)
    tasks = [client.create_video(VideoRequest(prompt=f"scene {number}")) for number in range(2)]
    lost = evolve(tasks[0], id=f"{tasks[0].id}9", ref="")
    done = client.wait_for_videos([tasks[0], lost, tasks[1].handle])

    assert ["succeeded", "failed", "succeeded"] == [each.status.value for each in done]
    assert done[1].failure.error is not None
    assert [] == client.wait_for_videos([])
    assert done == client.wait_for_videos(done)
