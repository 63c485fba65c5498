"""Token360's documented examples, through the real drivers."""

from __future__ import annotations

import pytest

from portraitkit.providers.token360 import Token360
from portraitkit.values.errors import AuthenticationError
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VerificationStatus, VideoStatus
from portraitkit.values.video import Frames, VideoRequest

PROVIDER = Token360(api_key=Secret("sk-not-a-real-key"))
FOLDER = "token360/documented"
PICTURE = b"GIF89a, in place of a picture"


def test_a_virtual_portrait_goes_from_file_to_video(replay_cassette):
    """The guide's own steps: group, upload, polling until active, first-frame video."""

    def story(provider):
        group = yield from provider.create_group("Mia")
        asset = yield from provider.add_asset(group, PICTURE, name="front")
        active = yield from provider.wait_until_active(asset)
        request = VideoRequest(
            prompt="A drawn figure waves from a balcony at dusk",
            media=Frames(first=active),
            duration_s=6,
            resolution="720p",
            generate_audio=False,
        )
        return asset, active, (yield from provider.create_video(request))

    asset, active, task = replay_cassette(f"{FOLDER}/virtual_portrait.yaml", PROVIDER, story)

    assert (AssetStatus.PROCESSING, AssetStatus.ACTIVE) == (asset.status, active.status)
    assert "asset://ta_0123456789abcdef0123456789abcdef" == active.uri
    assert ("video_0001", VideoStatus.QUEUED) == (task.id, task.status)


def test_a_real_person_is_verified_before_the_upload(replay_cassette):
    """Create, verify, active, upload: the order that the vendor gives for real faces."""

    def story(provider):
        check = yield from provider.start_verification("Ann")
        waiting = yield from provider.check_verification(check.handle)
        group = yield from provider.wait_until_verified(check.handle)
        asset = yield from provider.add_asset(group, PICTURE)
        return check, waiting, group, asset

    check, waiting, group, asset = replay_cassette(f"{FOLDER}/real_face.yaml", PROVIDER, story)

    assert "https://h5.example/verify/0001" == check.url
    assert VerificationStatus.WAITING is waiting.status
    assert (GroupKind.REAL_PERSON, True) == (group.kind, group.active)
    assert (group.id, AssetStatus.PROCESSING) == (asset.group_id, asset.status)


def test_a_finished_video_is_downloaded(replay_cassette, tmp_path):
    """Queued, in progress, completed; then the link by `/content?format=url`, then the file."""

    def story(provider):
        task = yield from provider.wait_for_video("video_0001")
        path = yield from provider.download_video(task, tmp_path / "video.mp4")
        return task, path

    task, path = replay_cassette(f"{FOLDER}/finished_video.yaml", PROVIDER, story)

    assert (VideoStatus.SUCCEEDED, 6.0, "16:9", "720p") == (
        task.status,
        task.duration_s,
        task.ratio,
        task.resolution,
    )
    assert b"0000ftypisom in place of a film" == path.read_bytes()


def test_both_documented_forms_of_a_list_are_read(replay_cassette):
    """The page's table and the page's example disagree; groups come out of either."""

    def story(provider):
        table = yield from provider.list_groups(None)
        example = yield from provider.list_groups(None, kind=GroupKind.REAL_PERSON)
        yield from provider.delete_group(table.items[0])
        videos = yield from provider.list_videos(None)
        return table, example, videos

    table, example, videos = replay_cassette(f"{FOLDER}/lists.yaml", PROVIDER, story)

    assert [("group-0001", GroupKind.VIRTUAL)] == [(each.id, each.kind) for each in table.items]
    assert [("group-0002", GroupKind.REAL_PERSON)] == [
        (each.id, each.kind) for each in example.items
    ]
    assert [("video_0002", VideoStatus.FAILED), ("video_0001", VideoStatus.SUCCEEDED)] == [
        (each.id, each.status) for each in videos.items
    ]


def test_a_refused_key_is_an_authentication_error(replay_cassette):
    """The vendor's own example of a 401."""

    def story(provider):
        return (yield from provider.get_asset("ta_0123456789abcdef0123456789abcdef"))

    with pytest.raises(AuthenticationError) as caught:
        replay_cassette(f"{FOLDER}/refused_key.yaml", PROVIDER, story)

    assert ("invalid_api_key", 401) == (caught.value.code, caught.value.status)
