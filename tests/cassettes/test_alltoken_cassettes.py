"""AllToken's documented examples, through the real drivers."""

from __future__ import annotations

import pytest

from portraitkit.providers.alltoken import AllToken
from portraitkit.values.errors import ConflictError, QuotaExceededError
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VerificationStatus, VideoStatus
from portraitkit.values.video import Frames, VideoRequest

PROVIDER = AllToken(api_key=Secret("sk-not-a-real-key"))


def test_a_virtual_portrait_goes_from_url_to_video(replay_cassette):
    """The guide's own example: group, asset by URL, polling until Active, first-frame video."""

    def story(provider):
        group = yield from provider.create_group("Mia")
        asset = yield from provider.add_asset(group, "https://example.com/mia.jpg", name="front")
        active = yield from provider.wait_until_active(asset)
        request = VideoRequest(
            prompt="The presenter walks onto a bright stage and waves",
            media=Frames(first=active),
            ratio="16:9",
            duration_s=5,
            resolution="720p",
        )
        return active, (yield from provider.create_video(request))

    active, task = replay_cassette("alltoken/documented/virtual_portrait.yaml", PROVIDER, story)

    assert active.status is AssetStatus.ACTIVE
    assert active.uri == "asset://asset-20260318035710-xxxxx"
    assert (task.id, task.status) == ("vgen_0001", VideoStatus.QUEUED)


def test_a_real_person_is_verified_by_session_and_exchange(replay_cassette):
    """A check that is asked too early waits; the exchange gives the person's group."""

    def story(provider):
        callback = "https://app.example/verified"
        check = yield from provider.start_verification("Ann", callback_url=callback)
        early = yield from provider.check_verification(check)
        group = yield from provider.wait_until_verified(check)
        return early, group

    early, group = replay_cassette("alltoken/documented/real_person.yaml", PROVIDER, story)

    assert early.status is VerificationStatus.WAITING
    assert (group.id, group.kind) == ("group-20260318035800-xxxxx", GroupKind.REAL_PERSON)


def test_a_picture_goes_up_as_the_guide_shows(replay_cassette, tmp_path):
    """The form has the fields `GroupId` and `file`; equal pictures are equal bytes on the wire."""
    picture = tmp_path / "portrait.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(24))

    def story(provider):
        return (yield from provider.add_asset("group-20260318035710-xxxxx", picture))

    asset = replay_cassette("alltoken/documented/upload.yaml", PROVIDER, story)

    assert (asset.id, asset.status) == ("asset-20260318035710-xxxxx", AssetStatus.PROCESSING)


def test_a_video_is_read_listed_and_cancelled_too_late(replay_cassette):
    """Statuses, links and usage are read; cancelling a finished task is a ConflictError."""

    def story(provider):
        task = yield from provider.wait_for_video("vgen_0001")
        page = yield from provider.list_videos(None)
        try:
            yield from provider.cancel_video(task)
        except ConflictError as error:
            return task, page, error

    task, page, error = replay_cassette("alltoken/documented/video_tasks.yaml", PROVIDER, story)

    assert (task.status, task.usage.total_tokens) == (VideoStatus.SUCCEEDED, 108900)
    assert task.video_url == "https://media.example/v.mp4"
    assert [each.id for each in page.items] == ["vgen_0001"]
    assert (error.status, error.request_id) == (409, "req-409")


def test_a_refusal_may_come_with_http_200(replay_cassette):
    """The envelope decides, whatever the status says."""

    def story(provider):
        return (yield from provider.create_group("Mia"))

    with pytest.raises(QuotaExceededError) as caught:
        replay_cassette("alltoken/documented/refused_with_200.yaml", PROVIDER, story)

    assert caught.value.status == 200
