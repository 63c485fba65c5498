"""BytePlus' documented examples, through the real drivers."""

from __future__ import annotations

from portraitkit.providers.byteplus import BytePlus
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VideoStatus
from portraitkit.values.video import References, VideoRequest

PROVIDER = BytePlus(
    access_key=Secret("AKLTnotreal"),
    secret_key=Secret("bm90LWEtcmVhbC1rZXk="),
    api_key=Secret("not-a-real-key"),
    callback_url="https://example.com/back",
)


def test_a_real_person_comes_into_a_video(replay_cassette):
    """Session, one look before the scan, the person's group, an asset, a video of dreamina-."""

    def story(provider):
        check = yield from provider.start_verification("Ann")
        group = yield from provider.wait_until_verified(check.handle)
        asset = yield from provider.add_asset(group, "https://example.com/ann.jpg")
        ann = yield from provider.wait_until_active(asset)
        request = VideoRequest(
            prompt="{ann} looks up from a book",
            media=References(images={"ann": ann}),
            duration_s=5,
            ratio="16:9",
            resolution="720p",
        )
        task = yield from provider.create_video(request)
        return group, ann, (yield from provider.wait_for_video(task))

    group, ann, task = replay_cassette("byteplus/documented/real_person.yaml", PROVIDER, story)

    assert ("Ann", GroupKind.REAL_PERSON) == (group.name, group.kind)
    assert AssetStatus.ACTIVE is ann.status
    assert (VideoStatus.SUCCEEDED, 108900) == (task.status, task.usage.completion_tokens)
    assert task.usage.total_tokens is None
