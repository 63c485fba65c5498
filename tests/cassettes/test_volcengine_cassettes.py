"""Volcengine's documented examples, through the real drivers."""

from __future__ import annotations

import pytest

from portraitkit.providers.volcengine import Volcengine
from portraitkit.values.errors import AssetFailedError, ConflictError
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VideoStatus
from portraitkit.values.video import References, VideoRequest

PROVIDER = Volcengine(
    access_key=Secret("AKLTnotreal"),
    secret_key=Secret("bm90LWEtcmVhbC1rZXk="),
    api_key=Secret("not-a-real-key"),
    callback_url="https://example.com/back",
)
FOLDER = "volcengine/documented"


def test_a_virtual_portrait_goes_from_url_to_video(replay_cassette):
    """Group, asset by URL, a review that begins with not found, reference video, its link."""

    def story(provider):
        group = yield from provider.create_group("Mia", description="A drawn host")
        asset = yield from provider.add_asset(group, "https://example.com/mia.jpg", name="front")
        mia = yield from provider.wait_until_active(asset)
        request = VideoRequest(
            prompt="{mia} waves from a doorway, the camera comes closer",
            media=References(images={"mia": mia}),
            ratio="16:9",
            duration_s=5,
            resolution="720p",
        )
        task = yield from provider.create_video(request)
        return mia, (yield from provider.wait_for_video(task))

    mia, task = replay_cassette(f"{FOLDER}/virtual_portrait.yaml", PROVIDER, story)

    assert (AssetStatus.ACTIVE, "asset://asset-20260318035710-xxxxx") == (mia.status, mia.uri)
    assert (VideoStatus.SUCCEEDED, 5.0, 108900) == (
        task.status,
        task.duration_s,
        task.usage.total_tokens,
    )
    assert task.video_url.endswith("/none.mp4?X-Tos-Expires=86400&X-Tos-Signature=none")


def test_a_real_person_is_verified_before_the_asset(replay_cassette):
    """Session, two looks before the scan, the person's group; another face is refused in review."""

    def story(provider):
        check = yield from provider.start_verification("Ann")
        group = yield from provider.wait_until_verified(check.handle)
        asset = yield from provider.add_asset(group, "https://example.com/ann.jpg")
        try:
            yield from provider.wait_until_active(asset)
        except AssetFailedError as error:
            return check, group, error
        return check, group, None

    check, group, error = replay_cassette(f"{FOLDER}/real_person.yaml", PROVIDER, story)

    assert "https://h5.example/none" == check.url
    assert ("Ann", GroupKind.REAL_PERSON) == (group.name, group.kind)
    assert "FaceMismatch" == error.code


def test_only_the_queued_task_is_deleted(replay_cassette):
    """A list, one cancellation, and no deletion for the finished task."""

    def story(provider):
        page = yield from provider.list_videos(None)
        queued, finished = page.items
        cancelled = yield from provider.cancel_video(queued)
        with pytest.raises(ConflictError):
            yield from provider.cancel_video(finished)
        return page, cancelled

    page, cancelled = replay_cassette(f"{FOLDER}/tasks.yaml", PROVIDER, story)

    assert [VideoStatus.QUEUED, VideoStatus.SUCCEEDED] == [each.status for each in page.items]
    assert (VideoStatus.CANCELLED, None) == (cancelled.status, page.next)
