"""Portraits in memory: every operation, and every course that a test may script."""

from __future__ import annotations

import pytest

import portraitkit as pk
from portraitkit.operations.provider import PortraitProvider
from portraitkit.rehearsal import rehearsing
from portraitkit.testing.doubles.fakeprovider import FakeProvider, fake_rehearsal
from portraitkit.testing.doubles.fakes import FakePortraits

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(24)


@pytest.fixture
def fake():
    memory = FakePortraits()
    with rehearsing(fake_rehearsal(memory)):
        yield memory


@pytest.fixture
def client(fake):
    with pk.connect() as client:
        yield client


def test_every_operation_is_there(client):
    """An application can do in the fake what it can do at any vendor."""
    operations = [
        name
        for name in dir(PortraitProvider)
        if name.split("_")[0] in {"create", "get", "list", "rename", "delete", "cancel", "start"}
    ]

    assert len(operations) > 12
    assert [] == [each for each in operations if not client.supports(each)]


def test_groups_and_assets(client, fake):
    """Created, found, listed, renamed and deleted."""
    group = client.create_group("Mia", description="a")
    upload = client.add_asset(group, PICTURE, name="front")
    link = client.add_asset(group.handle, "https://example.com/mia.jpg")

    listed = list(client.list_assets(group))
    assert [upload.id, link.id] == [each.id for each in listed]
    assert [] == list(client.list_assets(group, status=pk.AssetStatus.FAILED))
    assert "side" == client.rename_asset(upload, "side").name
    client.delete_asset(link)
    assert [upload.id] == [each.id for each in client.list_assets(group)]
    assert "Mia 2" == client.rename_group(group, "Mia 2").name
    assert ["Mia 2"] == [each.name for each in client.list_groups()]
    assert [] == list(client.list_groups(kind=pk.GroupKind.REAL_PERSON))
    client.delete_group(group)
    assert ({}, {}) == (fake.groups, fake.assets)
    with pytest.raises(pk.NotFoundError, match="the fake holds no group-fake-0001"):
        client.get_group(group)


def test_a_face_check_makes_a_group(client):
    """After as many looks as were scripted; the callback is a hint as everywhere."""
    check = client.start_verification("Ann")

    assert check.url.startswith("https://portraits.invalid/")
    assert pk.VerificationStatus.WAITING is client.read_callback("token=x").status
    group = client.wait_until_verified(check)
    assert (pk.GroupKind.REAL_PERSON, "Ann") == (group.kind, group.name)
    assert group == client.check_verification(check).group


def test_a_face_check_may_fail(client, fake):
    """The application meets the error of any vendor."""
    fake.verification_statuses = (pk.VerificationStatus.WAITING, pk.VerificationStatus.FAILED)

    with pytest.raises(pk.VerificationFailedError):
        client.wait_until_verified(client.start_verification("Ann"))


def test_videos(client, fake, tmp_path):
    """Checked as at a vendor, followed, listed and downloaded."""
    asset = client.add_asset(client.create_group("Mia"), PICTURE)
    request = pk.VideoRequest(
        prompt="{mia} waves",
        model="seedance-2.0",
        media=pk.References(images={"mia": asset}),
        duration_s=5,
    )

    task = client.create_video(request)
    with pytest.raises(pk.VideoNotReadyError):
        client.download_video(task, tmp_path / "early.mp4")
    done = client.wait_for_video(task)

    assert [request] == fake.requests
    assert done.video_url.startswith("https://portraits.invalid/")
    assert [done] == list(client.list_videos())
    assert fake.video == client.download_video(done, tmp_path / "mia.mp4").read_bytes()
    assert "https://portraits.invalid/videos" == client.preview_video(request).url
    with pytest.raises(pk.ConflictError):
        client.cancel_video(done)


def test_what_no_vendor_takes_the_fake_refuses(client):
    """An asset that is not ready, an empty prompt, a group that cannot be created."""
    with pytest.raises(pk.InvalidInputError):
        client.create_video(pk.VideoRequest(prompt=" ", model="seedance-2.0"))
    with pytest.raises(pk.UnsupportedError):
        client.create_group("Ann", kind=pk.GroupKind.REAL_PERSON)


def test_a_video_may_be_cancelled_or_fail(client, fake):
    """While it is queued; and by script."""
    request = pk.VideoRequest(prompt="rain", model="seedance-2.0")

    assert pk.VideoStatus.CANCELLED is client.cancel_video(client.create_video(request)).status
    fake.video_statuses = (pk.VideoStatus.QUEUED, pk.VideoStatus.FAILED)
    with pytest.raises(pk.VideoFailedError, match="the test asked for a failure"):
        client.wait_for_video(client.create_video(request))


def test_one_thing_may_have_a_course_of_its_own(client, fake):
    """From its next look on."""
    asset = client.add_asset(client.create_group("Mia"), PICTURE)

    fake.set_status(asset, pk.AssetStatus.PROCESSING, pk.AssetStatus.ACTIVE)

    looks = [client.get_asset(asset).status for _ in range(3)]
    assert [pk.AssetStatus.PROCESSING, pk.AssetStatus.ACTIVE, pk.AssetStatus.ACTIVE] == looks
    with pytest.raises(pk.InvalidInputError):
        fake.set_status(asset)


def test_a_deadline_passes_without_waiting(client, fake):
    """What never becomes ready times out at once."""
    fake.asset_statuses = (pk.AssetStatus.PROCESSING,)
    asset = client.add_asset(client.create_group("Mia"), PICTURE)

    with pytest.raises(pk.WaitTimeoutError):
        client.wait_until_active(asset, deadline_s=3600)


def test_the_fake_never_sends():
    """It signs nothing, refuses nothing, owns no origin, and reads its own body back."""
    from datetime import UTC, datetime

    from portraitkit.testing import answer
    from portraitkit.wire.steps import Request

    fake = FakeProvider(memory=FakePortraits())
    request = Request(method="GET", url="https://portraits.invalid")

    assert request is fake.authorize(request, now=datetime.now(UTC))
    assert fake.fault({}, answer({})) is None
    assert frozenset() == fake.origins
    parsed = fake.dialect.parse({"prompt": "rain", "model": "m"}, provider="fake", model="m")
    assert "rain" == parsed.request.prompt
