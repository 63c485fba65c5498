"""Jobs in steps: one look at a time, by anybody, with what is known in the journal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portraitkit import jobs
from portraitkit.client.client import AsyncClient, Client
from portraitkit.engine.response_body import TransportError
from portraitkit.jobs import Done, Later
from portraitkit.journal.jobs import resume
from portraitkit.journal.journal import Journal
from portraitkit.testing import SimulatorTransport, VirtualTime
from portraitkit.testing.doubles.simulating import InProcessTransport
from portraitkit.values import errors
from portraitkit.values.remarks import Outcome
from portraitkit.values.statuses import AssetStatus, VideoStatus
from portraitkit.values.video import VideoRequest
from vendors import KEYS, PICTURE, judged, provider_of

REQUEST = VideoRequest(prompt="a quiet sea", duration_s=5)


class Desk:
    """A vendor, a journal, and clients that come and go; time passes only between steps."""

    def __init__(self, way, place, **settings):
        self.way, self.place = way, place
        self.settings = settings
        self.vendor = judged(way)
        self.time = VirtualTime(self.vendor.world.clock)
        self.requests, self.slept_s = 0, 0.0
        self.fault = lambda request: None

    def send(self, request):
        self.requests += 1
        if fault := self.fault(request):
            raise fault
        return SimulatorTransport(self.vendor).send(request)

    def close(self):
        pass

    def client(self, kind=Client):
        transport = self if kind is Client else InProcessTransport(self)
        clock = self.time.clock
        return kind(
            provider_of(self.way, **self.settings),
            transport=transport,
            clock=clock,
            journal=Journal(self.place),
        )

    def step(self, job, **given):
        """One step in a process of its own, in which no time passes by sleeping."""
        before_s = self.time.monotonic()
        with self.client() as client:
            found = jobs.advance(client, job, **given)
        self.slept_s = max(self.slept_s, self.time.monotonic() - before_s)
        return found

    def finish(self, job, **given):
        """Step after step, each when it is due."""
        for number in range(1, 100):
            match self.step(job, **given):
                case Later(seconds):
                    self.time.sleep(seconds)
                case Done() as done:
                    return done, number
        raise AssertionError

    def begin(self, operation, **arguments):
        with self.client() as client:
            return jobs.begin(client, operation, **arguments)


@pytest.fixture
def desk(tmp_path):
    return Desk("alltoken", tmp_path / "jobs.db")


@pytest.mark.parametrize("way", KEYS)
def test_a_video_is_made_in_steps_at_every_vendor(way, tmp_path):
    """No step sleeps, each is a look, and there is one video in the end."""
    desk = Desk(way, tmp_path / "jobs.db")
    job = desk.begin("create_video", request=REQUEST)
    assert 0 == desk.requests
    done, steps = desk.finish(job)

    assert (VideoStatus.SUCCEEDED, "succeeded") == (done.result.status, done.status)
    assert done.handle == done.result.handle
    assert 1 == len(desk.vendor.world.videos)
    assert 0 == desk.slept_s
    assert desk.requests <= steps + 1
    assert Done(None, done.handle, "succeeded") == desk.step(job)


def test_assets_groups_and_waits_are_jobs_too(desk):
    """Whatever makes something or takes long."""
    group = desk.finish(desk.begin("create_group", name="Mia"))[0].result
    asset = desk.finish(desk.begin("add_asset", group=group, source=PICTURE))[0].result
    assert AssetStatus.ACTIVE is asset.status
    again = desk.finish(desk.begin("wait_until_active", asset=asset))[0]
    assert (asset.handle, AssetStatus.ACTIVE) == (again.handle, again.result.status)


def test_a_download_waits_for_its_video_in_steps(desk, tmp_path):
    """And is then done in one."""
    with desk.client() as client:
        task = client.create_video(REQUEST)
    job = desk.begin("download_video", task=task, path=tmp_path / "sea.mp4")
    done, steps = desk.finish(job)
    assert tmp_path / "sea.mp4" == done.result
    assert done.result.stat().st_size
    assert steps > 2


def test_two_at_once_do_not_send_twice(desk):
    """Whoever comes second is told to come later."""
    job = desk.begin("create_video", request=REQUEST)
    seen = []

    def meanwhile(request):
        if not seen:
            seen.append(None)
            seen[0] = desk.step(job)

    desk.fault = meanwhile
    first = desk.step(job)

    assert [Later(5.0)] == seen
    assert isinstance(first, Later)
    assert 1 == len(desk.vendor.world.videos)


@pytest.mark.parametrize("kind", ["connect", "rate"])
def test_what_passes_is_tried_again_later(desk, kind):
    """A refusal for load and a network that is down end no job."""
    job = desk.begin("create_video", request=REQUEST)
    if kind == "connect":
        desk.fault = lambda request: TransportError(Outcome.NOT_SENT, "no route")
    else:
        desk.vendor.refuse_next = 99
        desk.fault = lambda request: errors.RateLimitedError("slowly", retry_after_s=33)
    found = desk.step(job)
    assert Later(33 if kind == "rate" else 5) == found
    desk.fault = lambda request: None
    assert VideoStatus.SUCCEEDED is desk.finish(job)[0].result.status
    assert 1 == len(desk.vendor.world.videos)


def test_an_unknown_outcome_is_never_sent_again(desk):
    """It is raised at each step, until somebody decides."""
    job = desk.begin("create_video", request=REQUEST)

    def lose(request):
        if request.method == "POST":
            SimulatorTransport(desk.vendor).send(request)
            return TransportError(Outcome.UNKNOWN, "reset")
        return None

    desk.fault = lose
    for _ in range(3):
        with pytest.raises(errors.OutcomeUnknownError):
            desk.step(job)
    assert 1 == len(desk.vendor.world.videos)


def test_an_orphaned_job_is_named_to_one_who_asks(desk):
    """One in nobody's hand of which nothing was noted for so long; a call is none."""

    def orphaned():
        with desk.client() as client:
            return jobs.orphaned(client, quiet_s=60)

    job = desk.begin("create_video", request=REQUEST)
    assert [] == orphaned()
    desk.time.sleep(61)
    assert ([job], []) == (orphaned(), orphaned())

    desk.fault = lambda request: desk.time.sleep(61) or seen.append(orphaned())
    seen = []
    assert isinstance(desk.step(job), Later)
    assert [[]] == seen
    desk.fault = lambda request: None
    desk.time.sleep(61)
    with desk.client() as client:
        _ = client.create_video(REQUEST)
        desk.time.sleep(61)
    assert [job] == orphaned()
    _ = desk.finish(job)
    desk.time.sleep(61)
    assert [] == orphaned()


def test_a_job_that_waits_for_a_decision_is_no_orphan(desk):
    """It is one again when the person has decided."""
    job = desk.begin("create_video", request=REQUEST)
    lost = TransportError(Outcome.UNKNOWN, "reset")
    desk.fault = lambda request: None if request.repeatable else lost
    with pytest.raises(errors.OutcomeUnknownError):
        desk.step(job)
    desk.time.sleep(61)
    with desk.client() as client:
        assert [] == jobs.orphaned(client, quiet_s=60)
        with resume(client.journal) as [mine]:
            mine.send_again()
        desk.time.sleep(61)
        assert [job] == jobs.orphaned(client, quiet_s=60)


def test_a_refused_create_ends_its_job(desk):
    """It would be refused again."""
    job = desk.begin("create_video", request=VideoRequest(prompt="x", model="no-such-model"))
    with pytest.raises(errors.ProviderError):
        desk.step(job)
    assert Done(None, "", "failed") == desk.step(job)


def test_a_failed_video_is_raised_and_ends_its_job(desk):
    """As it is by a wait."""
    desk.vendor.world.fail_videos["quiet"] = ("Boom", "no")
    job = desk.begin("create_video", request=REQUEST)
    with pytest.raises(errors.VideoFailedError):
        desk.finish(job)
    assert Done(None, desk.vendor and desk.step(job).handle, "failed") == desk.step(job)


def test_a_deadline_counts_from_the_sending(tmp_path):
    """Over all steps, wherever they are done; a later step may take longer."""
    desk = Desk("alltoken", tmp_path / "jobs.db", pacing={"video": {"deadline_s": 90}})
    desk.vendor.world.render_s = 10**6
    job = desk.begin("create_video", request=REQUEST)
    began_s = desk.time.monotonic()
    with pytest.raises(errors.WaitTimeoutError):
        desk.finish(job)
    assert 88 <= desk.time.monotonic() - began_s <= 90
    assert isinstance(desk.step(job, deadline_s=60), Later)


def test_what_a_journal_does_not_keep_is_given_again(desk):
    """Bytes, for one."""
    group = desk.finish(desk.begin("create_group", name="Mia"))[0].result
    job = desk.begin("add_asset", group=group, source=b"\x89PNG\r\n\x1a\n" + bytes(20))
    with pytest.raises(errors.InvalidInputError, match="keeps no secrets"):
        desk.step(job)
    assert AssetStatus.ACTIVE is desk.finish(job, source=PICTURE)[0].result.status


def test_what_is_no_job_is_refused(desk):
    """Before anything is noted or sent."""
    with pytest.raises(errors.InvalidInputError, match="no job that can be done in steps"):
        desk.begin("get_video", task="x")
    with pytest.raises(errors.InvalidInputError, match="has no job 'other'"):
        desk.step("other")
    with (
        Client(provider_of("alltoken")) as client,
        pytest.raises(errors.ConfigError, match="needs a journal"),
    ):
        jobs.begin(client, "create_video", request=REQUEST)
    assert (0, []) == (desk.requests, Journal(desk.place).entries())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_step_can_be_awaited(desk, backend):
    """The same, in an event loop."""
    import anyio

    job = desk.begin("create_video", request=REQUEST)

    async def run():
        async with desk.client(AsyncClient) as client:
            return [await jobs.advance_async(client, job) for _ in range(2)]

    found = anyio.run(run, backend=backend)
    assert [Later, Later] == [type(each) for each in found]
    desk.vendor.world.clock.advance(timedelta(hours=1).total_seconds() / 4)
    assert VideoStatus.SUCCEEDED is desk.step(job).result.status
