"""What a client writes down: before it acts, after it acted, and when things go wrong."""

from __future__ import annotations

import inspect
import json
import warnings

import anyio
import pytest
from attrs import evolve

from portraitkit.journal.file import JournalFile
from portraitkit.journal.journal import Journal
from portraitkit.journal.sql_store import SqlStore
from portraitkit.testing import SimulatorTransport
from portraitkit.values import errors
from portraitkit.values.secret import MASK, Secret
from portraitkit.values.statuses import AssetStatus, VideoStatus
from portraitkit.values.video import References, VideoRequest
from portraitkit.wire.steps import At, Request

REQUEST = VideoRequest(prompt="a smile", duration_s=5)
in_both = pytest.mark.parametrize("place", ["file", "postgresql"], indirect=True)


class Spoilt(SimulatorTransport):
    """Does as told before or after the vendor has acted on a request that creates."""

    def __init__(self, simulator, *, before=None, after=None):
        super().__init__(simulator)
        self._before, self._after = before, after

    def send(self, request):
        if self._before and not request.repeatable:
            self._before(request)
        response = super().send(request)
        if self._after and not request.repeatable:
            self._after(request)
        return response


def raising(error):
    def act(request):
        raise error

    return act


@pytest.fixture
def broken(monkeypatch):
    """Let writes of some kinds of entries fail, as on a full disk."""

    def on(*kinds):
        for store in (JournalFile, SqlStore):

            def written(self, do, *, flushed, write=store.write):
                rows = inspect.getclosurevars(do).nonlocals.get("rows", [])
                if any(row[1] in kinds for row in rows):
                    raise errors.JournalError("the journal cannot be written: disk is full")
                return write(self, do, flushed=flushed)

            monkeypatch.setattr(store, "write", written)

    return on


# -- all goes well ---------------------------------------------------------------------------------


@in_both
def test_a_create_is_noted_before_it_leaves(desk):
    """When the vendor sees it, the entry is there; what came of it follows."""
    seen = []
    transport = Spoilt(desk.simulator, before=lambda _: seen.append(desk.kinds()))
    with desk.client(transport=transport) as client:
        task = client.create_video(REQUEST)

    (sending,) = [each for each in desk.entries() if each.kind == "sending"]
    (known,) = [each for each in desk.entries() if each.kind == "known"]
    assert [["begun", "sending"]] == seen
    place = {"profile": "alltoken", "provider": "alltoken", "account": desk.provider.account}
    assert {**place, "token": ""} == sending.facts
    assert (task.handle, {"status": "queued"}) == (known.handle, known.facts)


@in_both
def test_the_main_job_leaves_nothing_unfinished(desk):
    """Group, asset, wait, video, wait, download: each is ended, and says how."""
    with desk.client() as client:
        group = client.create_group("Mia")
        asset = client.wait_until_active(client.add_asset(group, desk.picture, name="front"))
        person = client.wait_until_verified(client.start_verification("Ann"))
        request = evolve(REQUEST, prompt="{m}", media=References(images={"m": asset}))
        task = client.wait_for_video(client.create_video(request))
        path = client.download_video(task, desk.folder / "mia.mp4")
    jobs = {each.operation: each for each in Journal(desk.path).jobs()}

    assert all(each.finished for each in jobs.values())
    statuses = {name: each.status for name, each in jobs.items()}
    assert {
        "create_group": "made",
        "add_asset": "active",
        "wait_until_active": "active",
        "start_verification": "made",
        "wait_until_verified": "made",
        "create_video": "succeeded",
        "wait_for_video": "succeeded",
        "download_video": "written",
    } == statuses
    assert person.handle == jobs["start_verification"].handle
    assert str(path) == jobs["download_video"].arguments["path"]
    assert [] == desk.unfinished()


@in_both
def test_what_others_see_ends_a_job(desk):
    """Reading, cancelling and deleting tell how a job came out as well as waiting does."""
    with desk.client() as client:
        group = client.create_group("Mia")
        asset = client.add_asset(group, desk.picture)
        gone = client.add_asset(group, desk.picture)
        task = client.create_video(REQUEST)
        check = client.start_verification("Ann")
        assert client.get_video(task).status is VideoStatus.QUEUED
        _ = client.cancel_video(task)
        desk.world.clock.advance(100)
        assert client.get_asset(asset).status is AssetStatus.ACTIVE
        client.delete_asset(gone)
        person = client.check_verification(check).group
        assert client.get_group(group).id == group.id
    jobs = Journal(desk.path).jobs()

    with desk.client() as client:
        count = len(desk.entries())
        _ = client.get_video(task)
    assert count == len(desk.entries())
    statuses = {each.handle: each.status for each in jobs if each.finished}
    assert "active" == statuses[asset.handle]
    assert "deleted" == statuses[gone.handle]
    assert "cancelled" == statuses[task.handle]
    assert "verified" == statuses[person.handle]
    assert [] == desk.unfinished()


@pytest.mark.parametrize("vendor", ["alltoken", "volcengine", "xcompute"])
def test_each_part_is_noted_by_itself(desk_at, vendor):
    """One that could not be added does not hide what became of the others."""
    desk = desk_at(vendor)
    sources = ["https://cdn.example/a.jpg", desk.folder / "none.jpg", "https://cdn.example/b.jpg"]
    with desk.client() as client:
        group = client.create_group("Mia")
        assets = client.add_assets(group, sources)
        waiting = [each for each in assets if each.id or each.ref]
        before = [each for each in Journal(desk.path).jobs() if each.operation == "add_asset"]
        done = client.wait_until_active(waiting)
    after = [each for each in Journal(desk.path).jobs() if each.operation == "add_asset"]

    assert ["known", "failed", "known"] == [each.state for each in before]
    assert [0, 1, 2] == [each.part for each in before]
    assert 1 == len({each.call for each in before})
    assert "MediaError" == before[1].error
    assert [each.handle for each in waiting] == [before[0].handle, before[2].handle]
    assert ["ended", "failed", "ended"] == [each.state for each in after]
    assert [each.handle for each in done] == [after[0].handle, after[2].handle]


@in_both
def test_a_part_is_known_before_the_next_is_sent(desk):
    """A crash in the middle loses none of those before."""
    seen = []
    transport = Spoilt(desk.simulator, before=lambda _: seen.append(desk.kinds("add_asset")))
    with desk.client(transport=transport) as client:
        _ = client.add_assets(client.create_group("Mia"), [desk.picture, desk.picture])

    assert ["begun", "begun", "sending"] == seen[1]
    assert ["begun", "begun", "sending", "known", "sending"] == seen[2]


def test_without_a_journal_nothing_is_written(desk):
    """It is an option, and costs nothing where it is not taken."""
    with desk.client(journal=None) as client:
        _ = client.create_group("Mia")
        assert client.journal is None

    assert not (desk.folder / "jobs.db").exists()


def test_a_request_of_another_provider_is_noted_as_its(desk):
    """After a failover the journal says who really did it."""
    other = desk.elsewhere(account_name="other")

    class Moved(type(desk.provider)):
        def create_video(self, request, *, on_unsupported="raise", strict_limits=None):
            flow = super().create_video(request)
            reply = None
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration as stop:
                    return stop.value
                reply = yield At(other, step) if isinstance(step, Request) else step

    moved = Moved(api_key=desk.provider.api_key)
    with desk.client(provider=moved) as client:
        _ = client.create_video(REQUEST)
    (record,) = Journal(desk.path).jobs()

    assert "other" == record.account


# -- errors and interruptions ----------------------------------------------------------------------


@in_both
def test_a_refused_create_has_failed(desk):
    """Nothing is open: the caller was told, and nothing was made."""
    stranger = desk.elsewhere(api_key=Secret("sk-unknown"))
    with desk.client(provider=stranger) as client, pytest.raises(errors.AuthenticationError):
        _ = client.create_video(REQUEST)
    (record,) = Journal(desk.path).jobs()

    assert ("failed", "AuthenticationError") == (record.state, record.error)
    assert record.code
    assert [] == desk.unfinished()


def test_a_review_that_refuses_ends_the_asset(desk):
    """And a wait that runs out does not."""
    refused = ("Refused", "no face")
    desk.world.reject_assets = {"bad": refused, "bad.jpg": refused}
    picture = desk.picture.rename(desk.folder / "bad.jpg")
    with desk.client() as client:
        group = client.create_group("Mia")
        bad = client.add_asset(group, picture, name="bad")
        slow = client.add_asset(group, picture.read_bytes(), name="slow")
        with pytest.raises(errors.WaitTimeoutError):
            _ = client.wait_until_active(slow, deadline_s=0)
        with pytest.raises(errors.AssetFailedError):
            _ = client.wait_until_active(bad)
    records = {each.arguments.get("name"): each for each in Journal(desk.path).jobs()}

    assert ("ended", "failed") == (records["bad"].state, records["bad"].status)
    assert "known" == records["slow"].state
    assert [slow.handle] == [each.handle for each in desk.unfinished()]


@in_both
def test_an_exception_after_a_create_left_is_noted_as_unknown(desk):
    """A hook that raises when the vendor has acted: the job stays open, and says so."""
    transport = Spoilt(desk.simulator, after=raising(KeyError("mine")))
    with desk.client(transport=transport) as client, pytest.raises(errors.OutcomeUnknownError):
        _ = client.create_video(REQUEST)

    assert ["begun", "sending", "unsure"] == desk.kinds()


class Odd(SimulatorTransport):
    """Answers what creates with a form that nobody knows, when it was carried out."""

    def __init__(self, simulator, body):
        super().__init__(simulator)
        self._content = json.dumps(body).encode()

    def send(self, request):
        response = super().send(request)
        return response if request.repeatable else evolve(response, content=self._content)


ODD = {
    "task": {"id": "odd-1", "status": "queued", "note": "the face of Ann", "seed": 1234567},
    "h5": ["https://x.example/check/AAAA1111"],
    "tok": "BT-0123456789",
    "Authorization": "sk-planted-0123456789",
    "ab0123456789": True,
}


@pytest.mark.parametrize("vendor", ["alltoken", "token360", "volcengine", "apiyi", "xcompute"])
def test_an_answer_that_cannot_be_read_is_kept_without_secrets(desk_at, vendor):
    """The journal has its ids and its form; resuming names them and creates nothing again."""
    desk = desk_at(vendor)
    transport = Odd(desk.simulator, ODD)
    with desk.client(transport=transport) as client, pytest.raises(errors.OutcomeUnknownError):
        _ = client.create_video(REQUEST)
    (job,) = desk.unfinished()
    kept = {"task": {"id": "odd-1", "status": "queued", "note": MASK, "seed": MASK}}
    kept |= {"h5": [MASK], "tok": MASK, "Authorization": MASK, MASK: True}

    assert ("unsure", ("odd-1",)) == (job.record.state, job.record.likely_ids)
    assert kept == job.record.answer["body"]
    assert not [
        each for each in ("face of", "AAAA", "0123456789", "1234567") if each in desk.text()
    ]
    likely = pytest.raises(errors.OutcomeUnknownError, match="'odd-1', likely what was made")
    with desk.client() as client, likely:
        _ = client.resume(job)
    assert 1 == len(desk.world.videos)


def test_an_exception_of_a_listener_is_noted(desk):
    """What the caller's own code raises is named in the entry."""
    with desk.client() as client:
        task = client.create_video(REQUEST)

        def listener(event):
            raise LookupError("mine")

        with pytest.raises(LookupError):
            _ = client.wait_for_video(task, on_event=listener)
    (left,) = [each for each in desk.entries() if each.kind == "interrupted"]

    assert "LookupError" == left.facts["error"]


@in_both
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_task_is_noted(desk, backend):
    """Under both event loops, and the cancellation passes."""

    async def main():
        client = desk.async_client()
        desk.world.render_s = 10_000
        task = await client.create_video(REQUEST)
        with anyio.CancelScope() as scope:
            _ = await client.wait_for_video(task, on_event=lambda _: scope.cancel())
        assert scope.cancelled_caught
        await client.close()

    sleeping = desk.async_client

    def async_client(**options):
        client = sleeping(**options)
        clock = client.driver._clock

        async def sleep(seconds):
            await anyio.lowlevel.checkpoint()
            await clock.sleep_async(seconds)

        client.driver._clock = evolve(clock, sleep_async=sleep)
        return client

    desk.async_client = async_client
    anyio.run(main, backend=backend)

    assert ["begun", "interrupted"] == desk.kinds("wait_for_video")
    assert ["create_video"] == [each.operation for each in desk.unfinished()]


@in_both
def test_two_event_loops_write_into_one_journal(desk):
    """One after the other, with a client each; nothing is lost."""

    async def main(name):
        async with desk.async_client() as client:
            _ = await client.create_group(name)

    anyio.run(main, "Mia")
    anyio.run(main, "Ann", backend="trio")

    names = [each.arguments["name"] for each in Journal(desk.path).jobs() if each.finished]
    assert ["Mia", "Ann"] == names


# -- a journal that cannot be written --------------------------------------------------------------


@in_both
def test_a_result_is_never_hidden_by_the_journal(desk, broken):
    """What was paid for is returned; the warning names it."""
    broken("known")
    warned = pytest.warns(UserWarning, match="cannot be written")
    with desk.client() as client, warned as caught:
        task = client.create_video(REQUEST)

    assert task.handle in str(caught[0].message)
    assert 1 == desk.world.billed["demo", "video"]


def test_a_result_is_not_hidden_by_strict_warnings_either(desk, broken):
    """An application that makes warnings errors still gets what it paid for."""
    broken("known")
    with desk.client() as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        task = client.create_video(REQUEST)

    assert task.handle


@in_both
def test_waiting_goes_on_without_a_journal(desk, broken):
    """It changes nothing that would have to be found again."""
    with desk.client() as client:
        task = client.create_video(REQUEST)
        broken("begun", "ended")
        with pytest.warns(UserWarning, match="cannot be written"):
            done = client.wait_for_video(task)
        with pytest.warns(UserWarning, match="cannot be written"):
            _ = client.get_video(task)
        with pytest.warns(UserWarning, match="cannot be written"):
            _ = client.download_video(done, desk.folder / "mia.mp4")

    assert done.status is VideoStatus.SUCCEEDED
    assert (desk.folder / "mia.mp4").exists()


@pytest.mark.parametrize("name", ["jobs.db", "jobs.db-wal", "jobs.db-alive"])
@pytest.mark.parametrize("put", [None, b"", "copy"])
def test_a_journal_that_loses_its_file_stops_a_create(desk, name, put):
    """Deleted or replaced while it is used: nothing is sent that nobody could find again."""
    with desk.client() as client:
        _ = client.create_video(REQUEST)
        lost = desk.folder / name
        kept = lost.read_bytes()
        lost.rename(desk.folder / "away")
        if put is not None:
            _ = lost.write_bytes(kept if put == "copy" else put)
        with pytest.raises(errors.JournalError, match="was deleted or replaced") as caught:
            _ = client.create_video(REQUEST)
        assert repr(name) in str(caught.value)
        assert 1 == len(desk.world.videos)
        (desk.folder / "away").rename(lost)  # put back, it goes on
        _ = client.create_video(REQUEST)

    assert 2 == len(desk.world.videos)


def test_closing_a_client_closes_the_journal_that_it_opened(desk):
    """One that was given stays its owner's; a closed one opens again when it is read."""
    given = Journal(desk.path)
    with desk.client(journal=given), desk.client() as client:
        _ = client.create_video(REQUEST)

    assert client.journal.store._connection is None
    assert given.store._connection is not None
    assert 1 == len(client.journal.jobs())
