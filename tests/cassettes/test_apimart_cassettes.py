"""APIMart's documented examples, through the real drivers."""

from __future__ import annotations

import pytest

from portraitkit.providers.apimart import APIMart
from portraitkit.values.errors import AuthenticationError, InsufficientBalanceError
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, VideoStatus
from portraitkit.values.video import References, VideoRequest

PROVIDER = APIMart(api_key=Secret("not-a-real-key"))
FOLDER = "apimart/documented"
FACE = b"\x89PNG\r\n\x1a\nnot really"


def test_a_picture_is_uploaded_reviewed_and_used(tmp_path, replay_cassette):
    """The vendor's storage makes the link that is submitted; the video has a -face model."""
    path = tmp_path / "mia.png"
    _ = path.write_bytes(FACE)

    def story(provider):
        group = yield from provider.create_group("Mia")
        asset = yield from provider.add_asset(group, path, name="front")
        mia = yield from provider.wait_until_active(asset)
        request = VideoRequest(
            prompt="{mia} smiles",
            media=References(images={"mia": mia}),
            duration_s=5,
            ratio="16:9",
            resolution="720p",
        )
        task = yield from provider.create_video(request)
        return mia, (yield from provider.wait_for_video(task))

    mia, task = replay_cassette(f"{FOLDER}/virtual_avatar.yaml", PROVIDER, story)

    assert (AssetStatus.ACTIVE, "asset://asset_a", "group_m") == (mia.status, mia.uri, mia.group_id)
    assert (VideoStatus.SUCCEEDED, 100) == (task.status, task.progress)
    assert "https://cdn.example/none.mp4" == task.video_url


def test_refusals_have_their_classes(replay_cassette):
    """The type in the error body says what is wrong."""

    def story(provider):
        with pytest.raises(AuthenticationError):
            yield from provider.get_video("task_1")
        with pytest.raises(InsufficientBalanceError, match="used up"):
            yield from provider.create_video(VideoRequest(prompt="x"))

    replay_cassette(f"{FOLDER}/refused.yaml", PROVIDER, story)
