"""Unfinished jobs in another's hands: what they say, what they do, what the caller decides."""

from __future__ import annotations

import anyio
import pytest
from attrs import evolve

from portraitkit.failover.router import Failover
from portraitkit.failover.routes import Route
from portraitkit.journal import finishing
from portraitkit.journal.jobs import JobState, resume
from portraitkit.journal.journal import Journal, Lease
from portraitkit.journal.records import Record
from portraitkit.simulators.state import never
from portraitkit.testing import SimulatorTransport, answer, replay
from portraitkit.values import errors
from portraitkit.values.handles import Handle
from portraitkit.values.models import Page, VideoTask
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VerificationStatus, VideoStatus
from portraitkit.values.video import References, VideoRequest

REQUEST = VideoRequest(prompt="a smile", duration_s=5)
SIGNED = "https://cdn.example/mia.jpg?Signature=s3cret"
in_both = pytest.mark.parametrize("place", ["file", "postgresql"], indirect=True)


class Killed(BaseException):
    """Stands for the end of the process."""


class Dying(SimulatorTransport):
    """The process ends when a create is about to leave, or when it was carried out."""

    def __init__(self, simulator, *, sent, at=1, late_s=0):
        super().__init__(simulator)
        self._sent, self._left, self._late_s = sent, at, late_s
        self._clock = simulator.world.clock

    def send(self, request):
        if request.repeatable:
            return super().send(request)
        self._left -= 1
        if self._left == 0:
            self._clock.advance(self._late_s)  # as where an attempt before it was refused
            if self._sent:
                _ = super().send(request)
            raise Killed
        return super().send(request)


@pytest.fixture
def crash(desk, monkeypatch):
    """Let a client begin something and die: it notes nothing more."""
    return lambda *args, **named: crash_at(desk, monkeypatch, *args, **named)


def crash_at(desk, monkeypatch, operation, *args, sent=True, at=1, late_s=0, **named):
    client = desk.client(transport=Dying(desk.simulator, sent=sent, at=at, late_s=late_s))
    with monkeypatch.context() as patched:
        patched.setattr("portraitkit.journal.writer.JournalWriter.interrupted", lambda *_: None)
        with pytest.raises(Killed):
            _ = getattr(client, operation)(*args, **named)
    client.close()


def began(desk, operation, **arguments):
    """Note a call that got no further."""
    journal = Journal(desk.path)
    facts = {
        "operation": operation,
        "profile": "alltoken",
        "provider": desk.provider.name,
        "account": desk.provider.account,
        "arguments": arguments,
    }
    lease = Lease(journal)
    journal.add(lease.id, [("job", "begun", "", facts)], flushed=True)


# -- what a job says -------------------------------------------------------------------------------


def test_nothing_is_unfinished_in_a_new_journal(desk):
    """So that a program can begin with it."""
    assert [] == resume(desk.path)
    assert [] == resume(Journal(desk.path))


def test_a_bad_path_is_a_clear_error_without_frames(desk):
    """It says what to do."""
    with pytest.raises(errors.ConfigError, match="has no folder"):
        _ = resume(desk.folder / "no" / "jobs.db")


@in_both
def test_a_job_says_where_it_stands_and_what_to_do(desk, crash):
    """In one line, with its handle once there is one."""
    crash("create_video", REQUEST)
    (job,) = desk.unfinished()
    text = str(job)

    assert ("create_video", "alltoken", "alltoken") == (job.operation, job.profile, job.provider)
    assert JobState.UNSURE is job.state
    assert "<Job create_video at alltoken: outcome unknown>" == repr(job)
    assert "begun 2026-01-02 03:04:05 UTC" in text
    assert "job.send_again()" in job.next_step
    assert job.next_step in text
    assert "a smile" == job.arguments["request"]["prompt"]
    assert job.begun_at is not None
    job.adopt(next(iter(desk.world.videos)))
    assert JobState.MADE is job.state
    assert job.handle in str(job)
    assert "waits for the end" in job.next_step
    job.drop()
    assert (JobState.DROPPED, "nothing") == (job.state, job.next_step)


class TwoVendors:
    """Sends each request to the simulator of its origin; the process ends at a create of one."""

    def __init__(self, home, away, dies_at=""):
        self._desks = {each.provider.base_url: each for each in (home, away)}
        self._dies_at = dies_at

    def send(self, request):
        desk = self._desks[request.origin]
        response = SimulatorTransport(desk.simulator).send(request)
        if desk.provider.name == self._dies_at and not request.repeatable:
            raise Killed
        return response

    def close(self):
        pass


def test_a_moved_job_belongs_to_where_it_was_moved(desk, desk_at, monkeypatch):
    """The journal names the profile that did it, and the client finds its way there again."""
    away = desk_at("token360")
    away.world.clock = desk.world.clock
    full = answer({"error": {"code": "RateLimit", "message": "slow down"}}, 429)
    for _ in range(9):
        desk.simulator.answer_next(full, lambda request: request.method == "POST")
    fallback = Route(profile="second", provider=away.provider)
    options = {"failover": Failover(fallbacks=(fallback,)), "profile": "first"}
    client = desk.client(transport=TwoVendors(desk, away, "token360"), **options)
    with monkeypatch.context() as patched:
        patched.setattr("portraitkit.journal.writer.JournalWriter.interrupted", lambda *_: None)
        with pytest.raises(Killed):
            _ = client.create_video(REQUEST)
    client.close()
    (job,) = desk.unfinished()
    assert ("second", "token360") == (job.profile, job.provider)
    assert "create_video at second: outcome unknown" in str(job)
    with desk.client(transport=TwoVendors(desk, away), **options) as client:
        job.adopt(next(iter(away.world.videos)))
        done = client.resume(job)
        again = client.wait_for_video(done.handle)

    assert "token360" == done.provider == again.provider
    assert ["second", "second"] == [each.profile for each in Journal(desk.path).jobs()]


# -- whose it is -----------------------------------------------------------------------------------


@in_both
def test_waiting_for_a_thing_is_no_second_job(desk):
    """A create and the waits for what it made are resumed as one."""
    with desk.client() as client:
        task = client.create_video(REQUEST)
        for _ in range(2):
            with pytest.raises(LookupError):
                _ = client.wait_for_video(task, on_event=lambda _: {}[0])
    (job,) = desk.unfinished()
    with desk.client() as client:
        done = client.resume(job)

    assert ("create_video", task.handle) == (job.operation, job.handle)
    assert done.status is VideoStatus.SUCCEEDED
    del job
    assert [] == desk.unfinished()


def test_a_job_belongs_to_its_account(desk, crash):
    """Another profile cannot carry it on."""
    crash("create_video", REQUEST)
    (job,) = desk.unfinished()
    other = desk.elsewhere(api_key=Secret("sk-another"))

    with pytest.raises(errors.HandleError, match="belongs to the profile 'alltoken' at alltoken"):
        _ = job.flow(other)


@in_both
def test_a_finished_job_has_no_flow(desk, crash):
    """It says how it ended."""
    crash("create_video", REQUEST)
    (job,) = desk.unfinished()
    job.drop()

    with pytest.raises(errors.InvalidInputError, match="this job has dropped"):
        _ = job.flow(desk.provider)
    assert [] == desk.unfinished()


# -- certainly not sent ----------------------------------------------------------------------------


@in_both
@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_was_not_sent_is_made_now(desk, asynchronous):
    """A paid create, too: nothing of it had left. It is carried to its end."""
    began(desk, "create_video", request={"prompt": "a smile", "duration_s": 5})
    (job,) = desk.unfinished()
    assert JobState.NOT_SENT is job.state
    assert "client.resume(job): nothing was sent" in job.next_step

    async def main():
        async with desk.async_client() as client:
            return await client.resume(job)

    if asynchronous:
        done = anyio.run(main)
    else:
        with desk.client() as client:
            done = client.run(job.flow(client.provider))

    assert done.status is VideoStatus.SUCCEEDED
    assert 1 == desk.world.billed["demo", "video"]
    assert JobState.ENDED is job.state


def test_a_group_that_was_not_sent_is_made_now(desk):
    """Its kind comes back, too."""
    began(desk, "create_group", name="Mia", kind=GroupKind.VIRTUAL.value)
    (job,) = desk.unfinished()
    with desk.client() as client:
        group = client.resume(job)

    assert "Mia" == group.name
    assert ("ended", group.handle) == (job.record.state, job.handle)


def test_what_is_not_kept_has_to_be_given_again(desk):
    """Bytes are in no journal: the job says so, and takes them."""
    with desk.client() as client:
        group = client.create_group("Mia")
        with pytest.raises(errors.MediaError):
            _ = client.add_asset(group, b"no picture")
    journal = Journal(desk.path)
    (failed,) = [each for each in journal.jobs() if each.operation == "add_asset"]
    facts = {k: v for k, v in desk.entries()[-2].facts.items() if k != "error"}
    lease = Lease(journal)
    journal.add(lease.id, [("again", "begun", "", facts)], flushed=True)
    lease.release()
    (job,) = desk.unfinished()
    with desk.client() as client:
        with pytest.raises(errors.InvalidInputError, match="keeps no secrets") as caught:
            _ = client.resume(job)
        asset = client.resume(job, source=desk.picture)

    assert failed.finished
    assert ("source", "add_asset") == (caught.value.field, caught.value.operation)
    assert "client.resume(job, source=…)" in caught.value.next_step
    assert asset.status is AssetStatus.ACTIVE


@in_both
def test_a_refusal_leaves_it_unsent(desk):
    """What was certainly not carried out may be tried once more, such as with a full purse."""
    began(desk, "create_video", request={"prompt": "a smile", "duration_s": 5})
    (job,) = desk.unfinished()
    stranger = evolve(desk.provider, api_key=Secret("no"), account_name=desk.provider.account)
    with desk.client(provider=stranger) as client, pytest.raises(errors.AuthenticationError):
        _ = client.resume(job)
    assert (JobState.NOT_SENT, "AuthenticationError") == (job.state, job.record.error)
    with desk.client() as client:
        done = client.resume(job)

    assert done.status is VideoStatus.SUCCEEDED


def test_what_was_made_now_is_known_at_once(desk):
    """A wait that runs out after it leaves a handle, and nothing to be sent again."""
    began(desk, "create_video", request={"prompt": "a smile", "duration_s": 5})
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.WaitTimeoutError) as caught:
        _ = client.resume(job, deadline_s=0)

    assert (JobState.MADE, caught.value.handle) == (job.state, job.handle)
    assert 1 == desk.world.billed["demo", "video"]


def test_a_face_check_that_was_not_sent_is_opened(desk):
    """Its link has to be shown before there is anything to wait for."""
    began(desk, "start_verification", name="Ann")
    (job,) = desk.unfinished()
    with desk.client() as client:
        check = client.resume(job)
        assert check.url
        assert check.status is VerificationStatus.WAITING
        assert JobState.MADE is job.state
        person = client.resume(job)

    assert person.kind is GroupKind.REAL_PERSON
    assert (JobState.ENDED, person.handle) == (job.state, job.handle)


# -- may have been made ----------------------------------------------------------------------------


@in_both
@pytest.mark.parametrize("sent", [False, True])
def test_a_paid_create_is_never_repeated_by_itself(desk, crash, sent):
    """Candidates are what no other entry has claimed; the caller decides."""
    with desk.client() as client:
        earlier = client.create_video(REQUEST)
    desk.world.clock.advance(3600)
    crash("create_video", REQUEST, sent=sent)
    job = desk.unfinished()[-1]
    with desk.client() as client:
        for _ in range(2):
            with pytest.raises(errors.OutcomeUnknownError) as caught:
                _ = client.resume(job)
        billed = desk.world.billed["demo", "video"]
        if sent:
            (candidate,) = caught.value.candidates
            job.adopt(candidate)
        else:
            assert () == caught.value.candidates
            job.send_again()
        done = client.resume(job)

    assert 1 + sent == billed
    assert 2 == desk.world.billed["demo", "video"]
    assert done.handle != earlier.handle
    assert done.status is VideoStatus.SUCCEEDED
    assert "job.adopt(it)" in caught.value.next_step
    assert f"{int(sent)} candidates were found" in str(caught.value)
    assert caught.value.candidates_are_all


def test_old_tasks_are_no_candidates(desk, crash):
    """A task of yesterday, which no entry knows, was not made by this call."""
    with desk.client(journal=None) as client:
        _ = client.create_video(REQUEST)
    desk.world.clock.advance(24 * 3600)
    crash("create_video", REQUEST, sent=False)
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.OutcomeUnknownError) as caught:
        _ = client.resume(job)

    assert () == caught.value.candidates


def wait_for_it(desk):
    desk.world.clock.advance(60)
    with desk.client() as client:
        _ = client.wait_for_video(next(iter(desk.world.videos)))


def set_the_clock(desk):
    desk.world.clock.advance(60)
    desk.ahead_s = 0.0


@pytest.mark.parametrize(
    ("ahead_s", "lag_s", "late_s", "meanwhile"),
    [
        (0, 0, 0, wait_for_it),
        (1200, 0, 0, lambda _: None),
        (1200, 0, 0, set_the_clock),
        (0, 9, 0, lambda _: None),
        (0, 9, 9, lambda _: None),
    ],
    ids=[
        "waited for by another job",
        "sent by a clock that is ahead",
        "set right since",
        "not listed yet",
        "sent again after that was noted",
    ],
)
def test_what_may_be_it_is_not_overlooked(desk, crash, ahead_s, lag_s, late_s, meanwhile):
    """Whoever reads that nothing was found sends it again, and pays twice."""
    desk.ahead_s, desk.world.list_lag_s = ahead_s, lag_s
    crash("create_video", REQUEST, late_s=late_s)
    meanwhile(desk)
    job = next(each for each in desk.unfinished() if each.operation == "create_video")
    with desk.client() as client, pytest.raises(errors.OutcomeUnknownError) as caught:
        _ = client.resume(job)

    assert [*desk.world.videos] == [each.id for each in caught.value.candidates]


def test_what_exceeds_a_limit_is_known_to_who_resumes(desk):
    """The wait's result in another process has the findings of the create."""
    media = References(images=["https://files.example.com/mia.png"])
    with desk.client() as client:
        made = client.create_video(VideoRequest(prompt="As in Image 7", media=media, duration_s=5))
    (job,) = desk.unfinished()
    with desk.client() as client:
        assert made.findings == client.resume(job).findings != ()


def test_every_page_of_tasks_is_looked_at(monkeypatch):
    """No vendor promises an order; of a list without an end it is said that it goes on."""
    first, second = (VideoTask(provider="x", account="a", id=each) for each in "12")
    pages = {None: Page(items=(first,), next="a"), "a": Page(items=(second,), next=None)}

    class Listing:
        supports = staticmethod(lambda _: True)

        def list_videos(self, cursor):
            yield from ()
            return pages.get(cursor) or Page(items=(evolve(first, id=cursor),), next=f"{cursor}.")

    def seen():
        return replay(
            finishing._look(Listing(), Record(id="1", operation="create_video"), None), []
        ).result

    monkeypatch.setattr(finishing, "call_of", lambda *_: {})
    assert ([first, second], "") == seen()
    pages[None] = Page(items=(), next="b")
    found, trouble = seen()
    assert finishing._MOST_PAGES - 1 == len(found)
    assert "the list goes on" in trouble


def test_a_vendor_without_a_list_leaves_it_to_the_console(desk_at, monkeypatch):
    """The error says so, and a bare id from the console is enough."""
    desk = desk_at("xcompute")
    crash_at(desk, monkeypatch, "create_video", REQUEST)
    (job,) = desk.unfinished()
    with desk.client() as client:
        with pytest.raises(errors.OutcomeUnknownError, match="no list to look in") as caught:
            _ = client.resume(job)
        job.adopt(next(iter(desk.world.videos)))
        done = client.resume(job)

    assert ((), False) == (caught.value.candidates, caught.value.candidates_are_all)
    assert done.status is VideoStatus.SUCCEEDED


@in_both
@pytest.mark.parametrize("sent", [False, True])
def test_a_lost_group_is_looked_for(desk, crash, sent):
    """By its name; what is found is adopted by the caller, what is not is made."""
    crash("create_group", "Mia", sent=sent)
    (job,) = desk.unfinished()
    assert "looks for what was made" in job.next_step
    with desk.client() as client:
        with pytest.raises(errors.OutcomeUnknownError) as caught:
            _ = client.resume(job)
        found = caught.value.candidates
        job.adopt(found[0]) if found else job.send_again()
        group = client.resume(job)

    assert sent == len(found)
    assert ["Mia"] == [each.name for each in desk.world.groups.values()]
    assert ("ended", group.handle) == (job.record.state, job.handle)


@pytest.mark.parametrize("hours", [0, 5])
def test_a_name_that_was_cut_proves_nothing(desk, crash, hours):
    """What has lost its token at the vendor may be it, however late somebody resumes."""
    desk.provider = desk.elsewhere(name_tokens=True)
    desk.world.name_length = 8
    crash("create_group", "Mia")
    desk.world.clock.advance(hours * 3600)
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.OutcomeUnknownError) as caught:
        _ = client.resume(job)

    assert [*desk.world.groups] == [each.id for each in caught.value.candidates]


def test_groups_of_unknown_age_may_be_it_under_another_name(desk_at, monkeypatch):
    """Token360 does not say when one was made: that none has the name is no leave to send again."""
    desk = desk_at("token360")
    crash_at(desk, monkeypatch, "create_group", "Mia")
    (group,) = desk.world.groups.values()
    group.name = "Maya"
    (job,) = desk.unfinished()
    unknown = pytest.raises(errors.OutcomeUnknownError, match="does not say when groups were made")
    with desk.client() as client, unknown as caught:
        _ = client.resume(job)

    assert ((), False) == (caught.value.candidates, caught.value.candidates_are_all)


def test_a_clock_that_was_set_back_proves_nothing_absent(desk, crash):
    """What was renamed since is shown, as nobody knows when the create was sent."""
    desk.provider, desk.ahead_s = desk.elsewhere(name_tokens=True), 7200.0
    crash("create_group", "Mia")
    (group,) = desk.world.groups.values()
    group.name, desk.ahead_s = "Maya", 0.0
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.OutcomeUnknownError) as caught:
        _ = client.resume(job)

    assert [group.id] == [each.id for each in caught.value.candidates]


def test_a_lost_asset_is_looked_for_in_its_group(desk, crash):
    """And waited for, once it is adopted."""
    with desk.client() as client:
        group = client.create_group("Mia")
    crash("add_asset", group, desk.picture, name="front")
    (job,) = desk.unfinished()
    with desk.client() as client:
        with pytest.raises(errors.OutcomeUnknownError) as caught:
            _ = client.resume(job)
        job.adopt(caught.value.candidates[0].handle)
        asset = client.resume(job)

    assert asset.status is AssetStatus.ACTIVE
    assert 1 == len(desk.world.assets)


@in_both
@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("operation", ["create_group", "add_asset"])
def test_what_carries_a_token_needs_no_decision(desk, crash, operation, sent):
    """It is found by it and adopted, or certainly absent and made once."""
    desk.provider = desk.elsewhere(name_tokens=True)
    args = ("Mia",)
    if operation == "add_asset":
        with desk.client() as client:
            args = (client.create_group("Ann"), "https://cdn.example/mia.jpg")
    named = {"name": "Mia"} if operation == "add_asset" else {}
    crash(operation, *args, sent=sent, **named)
    (job,) = desk.unfinished()
    assert job.record.token.startswith("pk-")
    with desk.client() as client:
        made = client.resume(job)

    assert "Mia" == made.name
    assert JobState.ENDED is job.state
    things = desk.world.groups if operation == "create_group" else desk.world.assets
    assert 1 == len(things)
    assert sent == (1 == desk.kinds(operation).count("sending"))


def test_a_list_that_fails_leaves_the_decision_to_the_caller(desk, crash):
    """What could not be looked at proves nothing."""
    desk.provider = desk.elsewhere(name_tokens=True)
    crash("create_group", "Mia")
    (job,) = desk.unfinished()
    stranger = evolve(desk.provider, api_key=Secret("no"), account_name=desk.provider.account)
    failed = pytest.raises(errors.OutcomeUnknownError, match="looking for it failed")
    with desk.client(provider=stranger) as client, failed as caught:
        _ = client.resume(job)

    assert ((), False) == (caught.value.candidates, caught.value.candidates_are_all)
    assert JobState.UNSURE is job.state


def test_a_lost_face_check_is_opened_anew(desk, crash):
    """Nobody has the link of the other."""
    crash("start_verification", "Ann")
    (job,) = desk.unfinished()
    with desk.client() as client:
        with pytest.raises(errors.OutcomeUnknownError, match="nobody has its link") as caught:
            _ = client.resume(job)
        job.send_again()
        check = client.resume(job)

    assert "job.send_again()" in caught.value.next_step
    assert check.url


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ("pk1:alltoken:main:video:v:aaaa", "altered"),
        (str(Handle("alltoken", "another", "video", "v")), "another thing"),
        (str(Handle("token360", "main", "video", "v")), "another thing"),
        (7, "not a portraitkit handle"),
        ("group-20260318033045-mxpvh", "of the form of groups"),
    ],
)
def test_only_what_it_can_be_is_adopted(desk, crash, thing, message):
    """A damaged handle, another account's or vendor's thing is refused."""
    crash("create_video", REQUEST)
    (job,) = desk.unfinished()
    with pytest.raises(errors.HandleError, match=message):
        job.adopt(thing)
    with desk.client() as client:
        group = client.create_group("Mia")
    with pytest.raises(errors.HandleError, match="made a video at alltoken"):
        job.adopt(group)

    assert JobState.UNSURE is job.state


def test_a_wrong_id_is_put_right_until_the_job_has_ended(desk, crash):
    """Whoever mistypes is not left with a job that can only be dropped."""
    crash("create_video", REQUEST)
    (job,) = desk.unfinished()
    (made,) = desk.world.videos
    job.adopt("vgen_mistyped")
    job.adopt(made)
    with desk.client() as client:
        assert made == client.resume(job).id

    with pytest.raises(errors.InvalidInputError, match="known already"):
        job.adopt("vgen_another")


def test_what_is_known_is_neither_adopted_nor_sent_again(desk):
    """A task id is never replaced, nor paid for twice."""
    with desk.client() as client:
        task = client.create_video(REQUEST)
    (job,) = desk.unfinished()
    with pytest.raises(errors.InvalidInputError, match="known already"):
        job.adopt(task)
    with pytest.raises(errors.InvalidInputError, match="known what this job has made"):
        job.send_again()


# -- made, and to be waited for --------------------------------------------------------------------


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("fallbacks", [0, 1])
def test_what_was_created_is_logged_once_and_found_again_after_that(
    desk, desk_at, caplog, sent, fallbacks
):
    """An audit counts what was paid for, also where several profiles are asked."""
    caplog.set_level("INFO", "portraitkit")
    away = desk_at("token360")
    routes = (Route(profile="second", provider=away.provider),) * fallbacks
    options = {"transport": TwoVendors(desk, away), "failover": Failover(fallbacks=routes)}
    if not fallbacks:
        options = {}
    if sent:
        with desk.client(**options) as client:
            _ = client.create_video(REQUEST)
    else:
        began(desk, "create_video", request={"prompt": "a smile", "duration_s": 5})
    (job,) = desk.unfinished()
    with desk.client(**options) as client:
        handle = client.resume(job).handle

    told = [each.message for each in caplog.records if handle in each.message]
    assert 1 == sum(f"created {handle} (create_video" in each for each in told)
    assert sent == sum(f"found again {handle} (create_video" in each for each in told)


@in_both
def test_a_thing_that_failed_ends_its_job(desk):
    """The error is the one that waiting raises."""
    desk.world.fail_videos = {"smile": ("Sensitive", "no")}
    with desk.client() as client:
        _ = client.create_video(REQUEST)
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.VideoFailedError):
        _ = client.resume(job)

    assert (JobState.ENDED, "failed") == (job.state, job.record.status)


def test_a_wait_that_runs_out_leaves_it_open(desk):
    """With the caller's deadline, and told at each look."""
    desk.world.render_s = 10_000
    with desk.client() as client:
        task = client.create_video(REQUEST)
    (job,) = desk.unfinished()
    events = []
    with desk.client() as client, pytest.raises(errors.WaitTimeoutError) as caught:
        _ = client.resume(job, deadline_s=7, on_event=events.append)

    assert task.handle == caught.value.handle
    assert "after 7 s" in str(caught.value)
    assert events
    assert JobState.MADE is job.state


def test_a_thing_that_is_gone_has_failed(desk_at):
    """There is nothing left to wait for."""
    desk = desk_at("volcengine")
    with desk.client() as client:
        asset = client.add_asset(client.create_group("Mia"), "https://cdn.example/mia.jpg")
    (job,) = desk.unfinished()
    desk.world.assets.clear()
    desk.world.clock.advance(100)
    with desk.client() as client, pytest.raises(errors.NotFoundError):
        _ = client.resume(job)

    assert JobState.FAILED is job.state
    assert asset.handle == job.handle


def test_a_group_that_is_gone_has_failed(desk_at, monkeypatch):
    """Whoever adopts one that was deleted is told so once."""
    desk = desk_at("volcengine")
    crash_at(desk, monkeypatch, "create_group", "Mia")
    (job,) = desk.unfinished()
    job.adopt(desk.world.groups.popitem()[0])
    with desk.client() as client, pytest.raises(errors.NotFoundError) as caught:
        _ = client.resume(job)

    assert JobState.FAILED is job.state
    assert caught.value.handle == job.handle != ""


def test_a_persons_check_goes_on(desk):
    """The handle holds all that is needed; that nobody comes ends it."""
    desk.world.person = never
    with desk.client() as client:
        _ = client.start_verification("Ann")
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.VerificationFailedError):
        _ = client.resume(job, deadline_s=200)

    assert (JobState.ENDED, "expired") == (job.state, job.record.status)


@in_both
def test_a_download_is_done_again(desk):
    """Whole, to the same path, once the video is there."""
    target = desk.folder / "mia.mp4"
    with desk.client() as client:
        task = client.create_video(REQUEST)
        handle = task.handle
    began(desk, "download_video", task=handle, path=str(target))
    job = desk.unfinished()[-1]
    assert "waits for the end" in job.next_step
    with desk.client() as client:
        path = client.resume(job)

    assert target == path
    assert target.stat().st_size > 1000
    assert JobState.ENDED is job.state


@pytest.mark.parametrize(
    ("options", "adopted", "expected"),
    [
        ({}, False, errors.OutcomeUnknownError),
        ({"deadline_s": 0}, True, errors.WaitTimeoutError),
        ({"on_event": lambda _: {}[0]}, True, LookupError),
        ({"api_key": Secret("no")}, True, errors.AuthenticationError),
        ({"account_name": "another"}, True, errors.HandleError),
    ],
)
def test_a_resume_that_fails_lets_go_of_its_job(desk, crash, options, adopted, expected):
    """Whoever keeps the error or the job keeps nobody from it, and is told who came first."""
    crash("create_video", REQUEST)
    (job,) = desk.unfinished()
    if adopted:
        job.adopt(next(iter(desk.world.videos)))
    named = {name: options.pop(name) for name in ("api_key", "account_name") if name in options}
    if "api_key" in named:
        named["account_name"] = desk.provider.account
    with desk.client(provider=desk.elsewhere(**named)) as client, pytest.raises(expected) as kept:
        _ = client.resume(job, **options)
    with resume(desk.path) as others:
        assert [job.record.id] == [each.record.id for each in others]
        for use in (job.send_again, job.drop, job.release, lambda: job.flow(desk.provider)):
            with pytest.raises(errors.InvalidInputError):
                use()
    if not adopted:
        job.adopt(next(iter(desk.world.videos)))
    with desk.client() as client:
        done = client.resume(job)

    assert done.status is VideoStatus.SUCCEEDED
    assert 1 == desk.world.billed["demo", "video"]
    assert kept.value.__traceback__ is not None
    assert [] == resume(desk.path)


def test_a_job_in_other_hands_shows_no_argument(desk, crash):
    """What was given again, such as a signed address, is in no frame of the refusal."""
    group = desk.client().create_group("Mia")
    crash("add_asset", group, SIGNED)
    (job,) = desk.unfinished()
    job.release()
    with resume(desk.path) as others, desk.client() as client:
        assert others
        with pytest.raises(errors.InvalidInputError, match="somebody else") as caught:
            _ = client.resume(job, source=SIGNED)
    inside = [each.frame for each in caught.traceback if "tests" not in each.path.parts]

    assert inside
    assert "s3cret" not in repr([frame.f_locals for frame in inside])


def test_arguments_that_cannot_be_read_hold_nobody(desk):
    """The next one is handed the job, too, and told the same."""
    began(desk, "create_video", request=7)
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.JournalError):
        _ = client.resume(job)

    assert [job.record.id] == [each.record.id for each in resume(desk.path)]


def test_the_end_of_a_block_lets_go_of_all_that_was_resumed(desk, crash):
    """Also of what nobody has come to, while a traceback keeps it."""
    for _ in range(2):
        crash("create_video", REQUEST)
    with pytest.raises(LookupError) as kept, resume(desk.path) as jobs:
        assert 2 == len(jobs)
        raise LookupError

    assert kept.value.__traceback__ is not None
    again = resume(desk.path)
    assert [each.record.id for each in jobs] == [each.record.id for each in again]
    again.release()
    jobs[0].drop()
    assert JobState.DROPPED is jobs[0].state


def test_what_somebody_has_in_hand_is_told(desk, caplog):
    """An empty list does not mean that nothing is unfinished: that would be paid for again."""
    caplog.set_level("WARNING", "portraitkit")  # whatever an application in this process has set
    with desk.client() as client:
        task = client.create_video(REQUEST)
        jobs = resume(desk.path)
        assert [] == jobs
        assert [task.handle] == [each.handle for each in jobs.held]
        assert f"not resumed: create_video {task.handle}" in caplog.text
    caplog.clear()
    jobs = resume(desk.path)

    assert [task.handle] == [each.handle for each in jobs]
    assert () == jobs.held
    assert not caplog.text
    jobs.release()
    with desk.client() as client:
        _ = client.resume(jobs[0])
    jobs = resume(desk.path)
    assert ([], ()) == (jobs, jobs.held)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("create_video", {"request": 7}),
        ("create_video", {"request": {"prompt": "x", "frames": {}}}),
        ("create_video", {"request": {"prompt": "x", "references": {"images": [1]}}}),
        ("create_video", {"request": {"prompt": "x", "unheard": 1}}),
        ("create_video", {}),
        ("create_group", {"name": "Mia", "kind": "unheard"}),
        ("create_group", {"name": "Mia", "unheard": 1}),
        ("download_video", {"task": "vgen_1"}),
        ("unheard", {}),
        ("secrets", {}),
    ],
)
def test_arguments_that_cannot_be_read_are_an_error_of_ours(desk, operation, arguments):
    """Nothing is sent of a call that the journal tells wrongly."""
    began(desk, operation, **arguments)
    (job,) = desk.unfinished()
    with desk.client() as client, pytest.raises(errors.JournalError) as caught:
        _ = client.resume(job)

    assert "journal" == caught.value.field
    assert not desk.simulator.world.videos
