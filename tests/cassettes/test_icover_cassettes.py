"""The documented examples of icover's library, which is APIYI's second one."""

from __future__ import annotations

import pytest

from portraitkit.providers.apiyi import APIYIWithIcover
from portraitkit.values.errors import NotFoundError
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind

PROVIDER = APIYIWithIcover(
    library_key=Secret("sk-not-a-library-key"), api_key=Secret("sk-not-a-video-key")
)
FOLDER = "apiyi/documented"
FACE = b"\x89PNG\r\n\x1a\nnot really"
ASSET_ID = "asset-20260318035710-xxxxx"


def test_a_picture_goes_through_the_storage_into_the_library(tmp_path, replay_cassette):
    """Presign, put, register; then the label, the list, the removal, and icover's own refusal."""
    path = tmp_path / "mia.png"
    _ = path.write_bytes(FACE)

    def story(provider):
        group = yield from provider.create_group("Mia")
        asset = yield from provider.add_asset(group, path, name="front")
        mia = yield from provider.wait_until_active(asset)
        page = yield from provider.list_assets(None, group)
        renamed = yield from provider.rename_asset(mia, "side")
        yield from provider.delete_asset(mia)
        with pytest.raises(NotFoundError, match="the asset does not exist"):
            yield from provider.get_asset(mia)
        return mia, page, renamed

    mia, page, renamed = replay_cassette(f"{FOLDER}/icover_portrait.yaml", PROVIDER, story)

    assert (AssetStatus.ACTIVE, f"asset://{ASSET_ID}") == (mia.status, mia.uri)
    assert ([ASSET_ID], None) == ([each.id for each in page.items], page.next)
    assert "side" == renamed.name


def test_a_person_is_verified_without_a_callback(replay_cassette):
    """The session is polled by its token until the person's group is there."""

    def story(provider):
        check = yield from provider.start_verification("Ann")
        return check, (yield from provider.wait_until_verified(check.handle))

    check, group = replay_cassette(f"{FOLDER}/icover_person.yaml", PROVIDER, story)

    assert "https://h5.example/none" == check.url
    assert ("Ann", GroupKind.REAL_PERSON) == (group.name, group.kind)
