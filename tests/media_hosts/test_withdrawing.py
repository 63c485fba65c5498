"""Files at a media host: there while a vendor may fetch them, and gone when that is over."""

from __future__ import annotations

import inspect
import threading

import anyio
import httpx
import pytest

import portraitkit as pk
from accounts import PNG, UNCLEAR, Accounts
from portraitkit.config.media_hosts import media_host_of
from portraitkit.config.profiles import Profile
from portraitkit.values.errors import OutcomeUnknownError, PortraitError

VENDORS = ("apiyi", "byteplus", "volcengine", "xcompute")
"""Those that take files by URL only."""
SURE = ("plain", "denied", "quota", "bad key", "not found", "unreachable")


class Bucket:
    """A host in memory: what it has, and what was asked of it."""

    def __init__(self, broken=None):
        self.files, self.asked, self._broken = {}, [], broken

    def publish(self, content, *, filename, content_type):
        url = (
            f"https://bucket.example/{len(self.asked)}.png?X-Amz-Signature=s3cr3t{len(self.asked)}"
        )
        self.files[url] = content
        self.asked.append(url)
        return url

    def withdraw(self, url):
        if self._broken:
            raise self._broken(url)
        self.asked.append(url)
        del self.files[url]


class Story:
    """One vendor's client, blocking or awaited, with a media host."""

    def __init__(self, vendor, driver, host):
        self.accounts = Accounts(vendor, driver=driver, **{vendor: {"media_host": host}})
        self.client, self.vendor = self.accounts.client(), vendor
        self.group = self("create_group", "Mia")

    def __call__(self, operation, *args, **kwargs):
        async def call():
            return await getattr(self.client, operation)(*args, **kwargs)

        made = getattr(self.client, operation)
        return anyio.run(call) if inspect.iscoroutinefunction(made) else made(*args, **kwargs)


each = pytest.mark.parametrize(
    ("vendor", "driver"), [(v, d) for v in VENDORS for d in ("blocking", "awaited")]
)


@each
def test_a_vendor_can_fetch_a_file_until_its_review_has_ended(store, vendor, driver, monkeypatch):
    """In a real store: there when the create comes and while it is reviewed, gone afterwards."""
    settings = {"media_host": "s3://faces", "media_options": store.options}
    profile = Profile(name=vendor, provider=vendor, settings=settings)
    story = Story(vendor, driver, media_host_of(profile, settings, rehearsed=False))
    fetched, send = [], story.accounts.send

    def fetching(request):
        links = [x for x in request.content.decode().split('"') if x.startswith(store.endpoint)]
        fetched.extend(httpx.get(link).content for link in links)
        return send(request)

    monkeypatch.setattr(story.accounts, "send", fetching)

    one = story("add_asset", story.group, PNG, name="Mia")
    several = story("add_assets", story.group, [PNG, PNG])
    assert 3 == len(store.files())
    one = story("wait_until_active", one)
    assert 2 == len(store.files())
    several = story("wait_until_active", several)

    assert [PNG] * 3 == fetched
    assert {"active"} == {asset.status.value for asset in (one, *several)}
    assert [None] * 3 == [asset.published for asset in (one, *several)]
    assert [] == store.files()


@each
@pytest.mark.parametrize("fault", SURE)
def test_a_file_that_nothing_came_of_is_taken_back(vendor, driver, fault):
    """Where the create was refused, or never sent."""
    for operation, what in (("add_asset", PNG), ("add_assets", [PNG])):
        host = Bucket()
        story = Story(vendor, driver, host)
        story.accounts.lasting[vendor] = fault
        try:
            (asset,) = story(operation, story.group, what)
        except PortraitError as error:
            assert not isinstance(error, OutcomeUnknownError)
        else:
            assert ("failed", None) == (asset.status.value, asset.published)
        assert host.asked
        assert {} == host.files


@each
def test_a_file_that_nobody_could_fetch_is_taken_back(vendor, driver, monkeypatch):
    """As when a store is reached by plain http; nothing was created."""
    host = Bucket()
    story = Story(vendor, driver, host)
    real = host.publish
    monkeypatch.setattr(host, "publish", lambda *file, **kind: real(*file, **kind)[5:])
    monkeypatch.setattr(host, "withdraw", lambda url: host.files.pop(f"https{url}"))

    with pytest.raises(pk.MediaError, match="has to begin https://"):
        story("add_asset", story.group, PNG)

    assert {} == host.files


@each
@pytest.mark.parametrize("fault", UNCLEAR)
def test_a_file_that_may_be_in_use_stays(vendor, driver, fault):
    """Nobody knows what became of the create: the vendor may be about to fetch it."""
    host = Bucket()
    story = Story(vendor, driver, host)
    story.accounts.faults[vendor] += [fault] * 10

    with pytest.raises(OutcomeUnknownError):
        story("add_asset", story.group, PNG)

    assert 1 == len(host.files)


@each
@pytest.mark.parametrize("by", ["asset", "handle"])
def test_a_refused_review_ends_it_too(vendor, driver, by):
    """The file is gone when the error is raised; of several, each with its own review."""
    host = Bucket()
    story = Story(vendor, driver, host)
    story.accounts.simulators[vendor].world.reject_assets["Mia"] = ("NotAllowed", "no face")
    made = [story("add_asset", story.group, PNG, name=name) for name in ("Mia", "Ann", "Mia")]
    given = made if by == "asset" else [asset.handle for asset in made]

    with pytest.raises(pk.AssetFailedError) as caught:
        story("wait_until_active", given[0])

    assert (None, 2) == (caught.value.result.published, len(host.files))
    seen = story("wait_until_active", given[1:])
    assert ["active", "failed"] == [asset.status.value for asset in seen]
    assert {} == host.files


@each
def test_a_wait_that_times_out_leaves_the_file(vendor, driver):
    """The review goes on, and so may the fetching; another wait ends it, by handle as well."""
    host = Bucket()
    story = Story(vendor, driver, host)
    asset = story("add_asset", story.group, PNG, name="Mia")

    with pytest.raises(pk.WaitTimeoutError):
        story("wait_until_active", asset.handle, deadline_s=0)

    assert 1 == len(host.files)
    assert "processing" == story("get_asset", asset.handle).status.value
    _ = story("wait_until_active", asset.handle)
    assert {} == host.files
    asked = len(host.asked)
    _ = story("wait_until_active", asset.handle)
    assert asked == len(host.asked)


@each
@pytest.mark.parametrize("raised", [OSError, KeyError, pk.MediaError])
def test_a_host_that_takes_nothing_back_fails_no_wait(vendor, driver, caplog, raised):
    """It is a warning in the log, and none of the link is in it."""
    host = Bucket(broken=lambda url: raised(f"DELETE {url} failed"))
    story = Story(vendor, driver, host)

    asset = story("wait_until_active", story("add_asset", story.group, PNG, name="Mia"))

    assert "active" == asset.status.value
    (warned,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert f"the media host could not take a file back: {raised.__name__}" == warned.getMessage()
    assert "s3cr3t" not in caplog.text


@each
def test_no_text_or_data_of_an_asset_has_its_link(vendor, driver):
    """It is known to the object alone, for as long as it is needed."""
    story = Story(vendor, driver, Bucket())

    asset = story("add_asset", story.group, PNG, name="Mia")

    assert "s3cr3t" in asset.published.reveal()
    shown = (repr(asset), str(asset), str(asset.to_dict()), asset._repr_html_(), repr(asset.raw))
    assert "s3cr3t" not in "".join(shown)


def test_an_upload_holds_up_no_other_task():
    """It waits in a thread, for as long as a store takes."""
    go = threading.Event()

    class Slow(Bucket):
        def publish(self, content, **kind):
            assert go.wait(30), "the event loop is held up"
            return super().publish(content, **kind)

    story = Story("volcengine", "awaited", Slow())

    async def both():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(story.client.add_asset, story.group, PNG)
            tasks.start_soon(anyio.to_thread.run_sync, go.set)

    anyio.run(both)

    assert go.is_set()
