"""AllToken's documented examples, through the real drivers."""

from __future__ import annotations

from portraitkit.models import AssetStatus, VideoStatus
from portraitkit.providers.alltoken import AllToken
from portraitkit.secret import Secret
from portraitkit.video import Frames, VideoRequest

PROVIDER = AllToken(api_key=Secret("sk-not-a-real-key"))


def test_a_virtual_portrait_goes_from_url_to_video(replay_cassette):
    """The guide's own example: group, asset by URL, polling until Active, first-frame video."""

    def story(provider):
        group = yield from provider.create_group("Mia")
        asset = yield from provider.add_asset(group, "https://example.com/mia.jpg", name="front")
        active = yield from provider.wait_until_active(asset)
        request = VideoRequest(
            prompt="A confident keynote speaker on stage, cinematic 4K",
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
