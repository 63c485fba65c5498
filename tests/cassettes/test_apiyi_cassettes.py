"""APIYI's documented examples, through the real drivers."""

from __future__ import annotations

import pytest

from portraitkit.providers.apiyi import APIYI
from portraitkit.values.errors import InvalidRequestError
from portraitkit.values.models import Group
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VideoStatus
from portraitkit.values.video import References, VideoRequest

PROVIDER = APIYI(
    access_key=Secret("AKLTnotreal"),
    secret_key=Secret("bm90LWEtcmVhbC1rZXk="),
    api_key=Secret("sk-not-a-real-key"),
    project_name="films",
)
FOLDER = "apiyi/documented"
ASSET_ID = "asset-20260318035710-xxxxx"


def test_the_guides_walk_from_group_to_video(replay_cassette):
    """The guide's own steps and body: signed asset calls, then the gateway."""

    def story(provider):
        group = yield from provider.create_group("my_figure")
        asset = yield from provider.add_asset(group, "https://example.com/my_figure.jpg")
        mia = yield from provider.wait_until_active(asset)
        request = VideoRequest(
            prompt="{mia} turns from the window and smiles, soft daylight",
            media=References(images={"mia": mia}),
            ratio="16:9",
            duration_s=5,
            resolution="720p",
        )
        task = yield from provider.create_video(request)
        return mia, (yield from provider.wait_for_video(task))

    mia, task = replay_cassette(f"{FOLDER}/virtual_avatar.yaml", PROVIDER, story)

    assert (AssetStatus.ACTIVE, f"asset://{ASSET_ID}") == (mia.status, mia.uri)
    assert (VideoStatus.SUCCEEDED, "20260318040000AAAA") == (task.status, task.raw.request_id)
    assert "/none.mp4?" in task.video_url


def test_the_library_is_searched_and_emptied(replay_cassette):
    """Both lists, then the asset's and the group's deletion, each with the project."""

    def story(provider):
        groups = yield from provider.list_groups(None, kind=GroupKind.VIRTUAL)
        (group,) = groups.items
        assets = yield from provider.list_assets(None, group, status=AssetStatus.ACTIVE)
        (asset,) = assets.items
        yield from provider.delete_asset(asset)
        yield from provider.delete_group(group)
        return group, asset

    group, asset = replay_cassette(f"{FOLDER}/library.yaml", PROVIDER, story)

    assert isinstance(group, Group)
    assert ("my_figure", GroupKind.VIRTUAL) == (group.name, group.kind)
    assert (ASSET_ID, group.id) == (asset.id, asset.group_id)


def test_a_foreign_asset_is_refused_in_the_guides_words(replay_cassette):
    """HTTP 400 names the asset and the member that holds it; a look says that it is not here."""

    def story(provider):
        request = VideoRequest(prompt="{image_1} smiles", media=References(images=[ASSET_ID]))
        return (yield from provider.create_video(request))

    with pytest.raises(InvalidRequestError, match="is not found") as caught:
        replay_cassette(f"{FOLDER}/foreign_asset.yaml", PROVIDER, story)

    assert ("InvalidParameter", "content[1].image_url.url") == (
        caught.value.code,
        caught.value.field,
    )
    assert f"{ASSET_ID} is not in this account and project" in caught.value.next_step
