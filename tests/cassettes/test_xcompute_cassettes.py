"""xcompute's documented examples, through the real drivers."""

from __future__ import annotations

from portraitkit.providers.xcompute import XCompute
from portraitkit.values.models import Group
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VideoStatus
from portraitkit.values.video import Frames, References, VideoRequest

PROVIDER = XCompute(api_key=Secret("sk-not-a-real-key"))
PICTURES = ["https://example.com/avatar-a.png", "https://example.com/avatar-b.png"]
PERSON = Group(
    provider="xcompute", account=PROVIDER.account, id="group_a", kind=GroupKind.REAL_PERSON
)


def portrait_of(asset):
    return VideoRequest(prompt="使用参考人像生成视频", media=References(images=[asset]))


def test_a_real_person_goes_from_session_to_video(replay_cassette):
    """The guide's own example: face check, two pictures that pass, a video on the -face model."""

    def story(provider):
        check = yield from provider.start_verification(
            "Ann", callback_url="https://example.com/callback"
        )
        group = yield from provider.wait_until_verified(check.handle)
        assets = yield from provider.add_assets(group, PICTURES)
        active = yield from provider.wait_until_all_active(assets)
        return group, active, (yield from provider.create_video(portrait_of(active[0])))

    path = "xcompute/documented/real_avatar.yaml"
    group, active, task = replay_cassette(path, PROVIDER, story)

    assert (group.id, group.name, group.kind) == ("group_a", "Ann", GroupKind.REAL_PERSON)
    assert ["asset://asset_a", "asset://asset_b"] == [asset.uri for asset in active]
    assert (task.id, task.status) == ("task_01KVIDEO", VideoStatus.QUEUED)


def test_a_failed_task_does_not_cost_its_usable_asset(replay_cassette):
    """The guide's partial failure: one picture is refused, the other one makes a video."""

    def story(provider):
        assets = yield from provider.add_assets(PERSON, PICTURES)
        good, bad = yield from provider.wait_until_all_active(assets)
        return good, bad, (yield from provider.create_video(portrait_of(good)))

    path = "xcompute/documented/partial_review.yaml"
    good, bad, task = replay_cassette(path, PROVIDER, story)

    assert (good.status, good.uri) == (AssetStatus.ACTIVE, "asset://asset_a")
    assert (bad.status, bad.failure.code) == (AssetStatus.FAILED, "task_failed")
    assert task.id == "task_01KVIDEO"


def test_a_virtual_figures_second_picture_joins_the_first(replay_cassette):
    """The first submission makes the group, and its result names it for the second one."""

    def story(provider):
        group = yield from provider.create_group("Mia", description="hero")
        front = yield from provider.add_asset(group, "https://example.com/mia.png", name="front")
        front = yield from provider.wait_until_active(front)
        side = yield from provider.add_asset(
            front.group_id, "https://example.com/mia-side.png", name="side"
        )
        return front, (yield from provider.wait_until_active(side))

    path = "xcompute/documented/virtual_avatar.yaml"
    front, side = replay_cassette(path, PROVIDER, story)

    assert (front.name, front.uri, front.group_id) == ("front", "asset://asset_a", "group_m")
    assert (side.name, side.uri, side.group_id) == ("side", "asset://asset_b", "group_m")


def test_a_video_runs_from_creation_to_its_link(replay_cassette):
    """Two frames, three looks, and a link with the moment at which it ends."""

    def story(provider):
        request = VideoRequest(
            prompt="rain on a window",
            media=Frames(
                first="https://example.com/first.png", last="https://example.com/last.png"
            ),
            duration_s=5,
            ratio="16:9",
            resolution="720p",
            generate_audio=True,
        )
        task = yield from provider.create_video(request)
        return (yield from provider.wait_for_video(task))

    task = replay_cassette("xcompute/documented/video.yaml", PROVIDER, story)

    assert (task.status, task.progress) == (VideoStatus.SUCCEEDED, 100)
    assert task.video_url == "https://example.com/video.mp4"
    assert (task.link_expires_at - task.updated_at).total_seconds() == 86400
