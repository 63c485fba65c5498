"""Vendors' documented examples, played to their end through the real drivers."""

from __future__ import annotations

import pytest

import contract_judge
from portraitkit.values import errors
from portraitkit.values.models import Group
from portraitkit.values.statuses import AssetStatus, GroupKind, VerificationStatus, VideoStatus
from portraitkit.values.video import Frames, References, VideoRequest
from vendors import provider_of

STORIES = {}
"""By cassette: the adapter's way, and what is asked and expected of it."""
BACK = "https://example.com/back"
PROVIDERS = {
    **{way: provider_of(way) for way in ("alltoken", "apimart", "icover", "token360", "xcompute")},
    "apiyi": provider_of("apiyi", project_name="films"),
    **{way: provider_of(way, callback_url=BACK) for way in ("byteplus", "volcengine")},
}
FACE = b"\x89PNG\r\n\x1a\nnot really"
PLAIN = {"duration_s": 5, "ratio": "16:9", "resolution": "720p"}
ARK_ASSET = "asset-20260318035710-xxxxx"
TOKEN360_ASSET = "ta_0123456789abcdef0123456789abcdef"
PERSON = Group(
    provider="xcompute",
    account=PROVIDERS["xcompute"].account,
    id="group_a",
    kind=GroupKind.REAL_PERSON,
)


def plays(way, name):
    """Take a story for that of a documented cassette."""

    def keep(story):
        vendor = "apiyi" if way == "icover" else way
        STORIES[f"{vendor}/documented/{name}.yaml"] = way, story
        return story

    return keep


@pytest.mark.parametrize("path", STORIES)
def test_a_documented_example_is_played_to_its_end(path, replay_cassette, tmp_path):
    """Each request is as the vendor's page shows it, and each answer means what the page says."""
    way, story = STORIES[path]

    replay_cassette(path, PROVIDERS[way], lambda provider: story(provider, tmp_path))


def test_every_documented_cassette_is_played():
    """An unused cassette proves nothing."""
    folder = contract_judge.FOLDER.parent / "cassettes"

    assert {*STORIES} == {each.relative_to(folder).as_posix() for each in folder.rglob("*.yaml")}


def portrait_of(prompt, asset):
    (name,) = (part.partition("}")[0] for part in prompt.split("{")[1:])
    return VideoRequest(prompt=prompt, media=References(images={name: asset}), **PLAIN)


def made(provider, request):
    """Make a video and wait for it."""
    task = yield from provider.create_video(request)
    return (yield from provider.wait_for_video(task))


# -- AllToken -------------------------------------------------------------------------------------


@plays("alltoken", "virtual_portrait")
def _(provider, folder):
    """The guide's own example: group, asset by URL, polling until Active, first-frame video."""
    group = yield from provider.create_group("Mia")
    asset = yield from provider.add_asset(group, "https://example.com/mia.jpg", name="front")
    active = yield from provider.wait_until_active(asset)
    prompt = "The presenter walks onto a bright stage and waves"
    request = VideoRequest(prompt=prompt, media=Frames(first=active), **PLAIN)
    task = yield from provider.create_video(request)

    assert (AssetStatus.ACTIVE, f"asset://{ARK_ASSET}") == (active.status, active.uri)
    assert ("vgen_0001", VideoStatus.QUEUED) == (task.id, task.status)


@plays("alltoken", "real_person")
def _(provider, folder):
    """A check that is asked too early waits; the exchange gives the person's group."""
    callback = "https://app.example/verified"
    check = yield from provider.start_verification("Ann", callback_url=callback)
    early = yield from provider.check_verification(check)
    group = yield from provider.wait_until_verified(check)

    assert early.status is VerificationStatus.WAITING
    assert ("group-20260318035800-xxxxx", GroupKind.REAL_PERSON) == (group.id, group.kind)


@plays("alltoken", "upload")
def _(provider, folder):
    """The form has the fields `GroupId` and `file`; equal pictures are equal bytes on the wire."""
    picture = folder / "portrait.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(24))
    asset = yield from provider.add_asset("group-20260318035710-xxxxx", picture)

    assert (ARK_ASSET, AssetStatus.PROCESSING) == (asset.id, asset.status)


@plays("alltoken", "video_tasks")
def _(provider, folder):
    """Statuses, links and usage are read; cancelling a finished task is a ConflictError."""
    task = yield from provider.wait_for_video("vgen_0001")
    page = yield from provider.list_videos(None)
    with pytest.raises(errors.ConflictError) as caught:
        yield from provider.cancel_video(task)

    assert (VideoStatus.SUCCEEDED, 108900) == (task.status, task.usage.total_tokens)
    assert "https://media.example/v.mp4" == task.video_url
    assert ["vgen_0001"] == [each.id for each in page.items]
    assert (409, "req-409") == (caught.value.status, caught.value.request_id)


@plays("alltoken", "refused_with_200")
def _(provider, folder):
    """The envelope decides, whatever the status says."""
    with pytest.raises(errors.QuotaExceededError) as caught:
        yield from provider.create_group("Mia")

    assert 200 == caught.value.status


# -- APIMart and xcompute -------------------------------------------------------------------------


@plays("apimart", "virtual_avatar")
def _(provider, folder):
    """The vendor's storage makes the link that is submitted; the video has a -face model."""
    path = folder / "mia.png"
    path.write_bytes(FACE)
    group = yield from provider.create_group("Mia")
    asset = yield from provider.add_asset(group, path, name="front")
    mia = yield from provider.wait_until_active(asset)
    task = yield from made(provider, portrait_of("{mia} smiles", mia))

    assert (AssetStatus.ACTIVE, "asset://asset_a", "group_m") == (mia.status, mia.uri, mia.group_id)
    assert (VideoStatus.SUCCEEDED, 100) == (task.status, task.progress)
    assert "https://cdn.example/none.mp4" == task.video_url


@plays("apimart", "refused")
def _(provider, folder):
    """The type in the error body says what is wrong."""
    with pytest.raises(errors.AuthenticationError):
        yield from provider.get_video("task_1")
    with pytest.raises(errors.InsufficientBalanceError, match="used up"):
        yield from provider.create_video(VideoRequest(prompt="x"))


PICTURES = ["https://example.com/avatar-a.png", "https://example.com/avatar-b.png"]


def avatar_of(asset):
    return VideoRequest(prompt="使用参考人像生成视频", media=References(images=[asset]))


@plays("xcompute", "real_avatar")
def _(provider, folder):
    """The guide's own example: face check, two pictures that pass, a video on the -face model."""
    callback = "https://example.com/callback"
    check = yield from provider.start_verification("Ann", callback_url=callback)
    group = yield from provider.wait_until_verified(check.handle)
    assets = yield from provider.add_assets(group, PICTURES)
    active = yield from provider.wait_until_all_active(assets)
    task = yield from provider.create_video(avatar_of(active[0]))

    assert ("group_a", "Ann", GroupKind.REAL_PERSON) == (group.id, group.name, group.kind)
    assert ["asset://asset_a", "asset://asset_b"] == [asset.uri for asset in active]
    assert ("task_01KVIDEO", VideoStatus.QUEUED) == (task.id, task.status)


@plays("xcompute", "partial_review")
def _(provider, folder):
    """The guide's partial failure: one picture is refused, the other one makes a video."""
    assets = yield from provider.add_assets(PERSON, PICTURES)
    good, bad = yield from provider.wait_until_all_active(assets)
    task = yield from provider.create_video(avatar_of(good))

    assert (AssetStatus.ACTIVE, "asset://asset_a") == (good.status, good.uri)
    assert (AssetStatus.FAILED, "task_failed") == (bad.status, bad.failure.code)
    assert "task_01KVIDEO" == task.id


@plays("xcompute", "virtual_avatar")
def _(provider, folder):
    """The first submission makes the group, and its result names it for the second one."""
    group = yield from provider.create_group("Mia", description="hero")
    front = yield from provider.add_asset(group, "https://example.com/mia.png", name="front")
    front = yield from provider.wait_until_active(front)
    other = "https://example.com/mia-side.png"
    side = yield from provider.add_asset(front.group_id, other, name="side")
    side = yield from provider.wait_until_active(side)

    assert ("front", "asset://asset_a", "group_m") == (front.name, front.uri, front.group_id)
    assert ("side", "asset://asset_b", "group_m") == (side.name, side.uri, side.group_id)


@plays("xcompute", "video")
def _(provider, folder):
    """Two frames, three looks, and a link with the moment at which it ends."""
    media = Frames(first="https://example.com/first.png", last="https://example.com/last.png")
    request = VideoRequest(prompt="rain on a window", media=media, generate_audio=True, **PLAIN)
    task = yield from made(provider, request)

    assert (VideoStatus.SUCCEEDED, 100) == (task.status, task.progress)
    assert "https://example.com/video.mp4" == task.video_url
    assert 86400 == (task.link_expires_at - task.updated_at).total_seconds()


# -- APIYI ----------------------------------------------------------------------------------------


@plays("apiyi", "virtual_avatar")
def _(provider, folder):
    """The guide's own steps and body: signed asset calls, then the gateway."""
    group = yield from provider.create_group("my_figure")
    asset = yield from provider.add_asset(group, "https://example.com/my_figure.jpg")
    mia = yield from provider.wait_until_active(asset)
    prompt = "{mia} turns from the window and smiles, soft daylight"
    task = yield from made(provider, portrait_of(prompt, mia))

    assert (AssetStatus.ACTIVE, f"asset://{ARK_ASSET}") == (mia.status, mia.uri)
    assert (VideoStatus.SUCCEEDED, "20260318040000AAAA") == (task.status, task.raw.request_id)
    assert "/none.mp4?" in task.video_url


@plays("apiyi", "library")
def _(provider, folder):
    """Both lists, then the asset's and the group's deletion, each with the project."""
    groups = yield from provider.list_groups(None, kind=GroupKind.VIRTUAL)
    (group,) = groups.items
    assets = yield from provider.list_assets(None, group, status=AssetStatus.ACTIVE)
    (asset,) = assets.items
    yield from provider.delete_asset(asset)
    yield from provider.delete_group(group)

    assert ("my_figure", GroupKind.VIRTUAL) == (group.name, group.kind)
    assert (ARK_ASSET, group.id) == (asset.id, asset.group_id)


@plays("apiyi", "foreign_asset")
def _(provider, folder):
    """HTTP 400 names the asset and the member that holds it; a look says that it is not here."""
    request = VideoRequest(prompt="{image_1} smiles", media=References(images=[ARK_ASSET]))
    with pytest.raises(errors.InvalidRequestError, match="is not found") as caught:
        yield from provider.create_video(request)

    found = caught.value
    assert ("InvalidParameter", "content[1].image_url.url") == (found.code, found.field)
    assert f"{ARK_ASSET} is not in this account and project" in found.next_step


@plays("icover", "icover_portrait")
def _(provider, folder):
    """Presign, put, register; then the label, the list, the removal, and icover's own refusal."""
    path = folder / "mia.png"
    path.write_bytes(FACE)
    group = yield from provider.create_group("Mia")
    asset = yield from provider.add_asset(group, path, name="front")
    mia = yield from provider.wait_until_active(asset)
    page = yield from provider.list_assets(None, group)
    renamed = yield from provider.rename_asset(mia, "side")
    yield from provider.delete_asset(mia)
    with pytest.raises(errors.NotFoundError, match="the asset does not exist"):
        yield from provider.get_asset(mia)

    assert (AssetStatus.ACTIVE, f"asset://{ARK_ASSET}") == (mia.status, mia.uri)
    assert ([ARK_ASSET], None) == ([each.id for each in page.items], page.next)
    assert "side" == renamed.name


@plays("icover", "icover_person")
def _(provider, folder):
    """The session is polled by its token until the person's group is there; no callback."""
    check = yield from provider.start_verification("Ann")
    group = yield from provider.wait_until_verified(check.handle)

    assert "https://h5.example/none" == check.url
    assert ("Ann", GroupKind.REAL_PERSON) == (group.name, group.kind)


# -- Volcengine and BytePlus ----------------------------------------------------------------------


@plays("volcengine", "virtual_portrait")
def _(provider, folder):
    """Group, asset by URL, a review that begins with not found, reference video, its link."""
    group = yield from provider.create_group("Mia", description="A drawn host")
    asset = yield from provider.add_asset(group, "https://example.com/mia.jpg", name="front")
    mia = yield from provider.wait_until_active(asset)
    prompt = "{mia} waves from a doorway, the camera comes closer"
    task = yield from made(provider, portrait_of(prompt, mia))

    assert (AssetStatus.ACTIVE, f"asset://{ARK_ASSET}") == (mia.status, mia.uri)
    assert (VideoStatus.SUCCEEDED, 5.0) == (task.status, task.duration_s)
    assert 108900 == task.usage.total_tokens
    assert task.video_url.endswith("/none.mp4?X-Tos-Expires=86400&X-Tos-Signature=none")


@plays("volcengine", "real_person")
def _(provider, folder):
    """Session, two looks before the scan, the person's group; another face is refused in review."""
    check = yield from provider.start_verification("Ann")
    group = yield from provider.wait_until_verified(check.handle)
    asset = yield from provider.add_asset(group, "https://example.com/ann.jpg")
    with pytest.raises(errors.AssetFailedError) as caught:
        yield from provider.wait_until_active(asset)

    assert "https://h5.example/none" == check.url
    assert ("Ann", GroupKind.REAL_PERSON) == (group.name, group.kind)
    assert "FaceMismatch" == caught.value.code


@plays("volcengine", "tasks")
def _(provider, folder):
    """A list, one cancellation, and no deletion for the finished task."""
    page = yield from provider.list_videos(None)
    queued, finished = page.items
    cancelled = yield from provider.cancel_video(queued)
    with pytest.raises(errors.ConflictError):
        yield from provider.cancel_video(finished)

    assert [VideoStatus.QUEUED, VideoStatus.SUCCEEDED] == [each.status for each in page.items]
    assert (VideoStatus.CANCELLED, None) == (cancelled.status, page.next)


@plays("byteplus", "real_person")
def _(provider, folder):
    """Session, one look before the scan, the person's group, an asset, a video of dreamina-."""
    check = yield from provider.start_verification("Ann")
    group = yield from provider.wait_until_verified(check.handle)
    asset = yield from provider.add_asset(group, "https://example.com/ann.jpg")
    ann = yield from provider.wait_until_active(asset)
    task = yield from made(provider, portrait_of("{ann} looks up from a book", ann))

    assert ("Ann", GroupKind.REAL_PERSON) == (group.name, group.kind)
    assert AssetStatus.ACTIVE is ann.status
    assert (VideoStatus.SUCCEEDED, 108900) == (task.status, task.usage.completion_tokens)
    assert task.usage.total_tokens is None


# -- Token360 -------------------------------------------------------------------------------------

GIF = b"GIF89a, in place of a picture"


@plays("token360", "virtual_portrait")
def _(provider, folder):
    """The guide's own steps: group, upload, polling until active, first-frame video."""
    group = yield from provider.create_group("Mia")
    asset = yield from provider.add_asset(group, GIF, name="front")
    active = yield from provider.wait_until_active(asset)
    prompt = "A drawn figure waves from a balcony at dusk"
    fields = {"duration_s": 6, "resolution": "720p", "generate_audio": False}
    request = VideoRequest(prompt=prompt, media=Frames(first=active), **fields)
    task = yield from provider.create_video(request)

    assert (AssetStatus.PROCESSING, AssetStatus.ACTIVE) == (asset.status, active.status)
    assert f"asset://{TOKEN360_ASSET}" == active.uri
    assert ("video_0001", VideoStatus.QUEUED) == (task.id, task.status)


@plays("token360", "real_face")
def _(provider, folder):
    """Create, verify, active, upload: the order that the vendor gives for real faces."""
    check = yield from provider.start_verification("Ann")
    waiting = yield from provider.check_verification(check.handle)
    group = yield from provider.wait_until_verified(check.handle)
    asset = yield from provider.add_asset(group, GIF)

    assert "https://h5.example/verify/0001" == check.url
    assert VerificationStatus.WAITING is waiting.status
    assert (GroupKind.REAL_PERSON, True) == (group.kind, group.active)
    assert (group.id, AssetStatus.PROCESSING) == (asset.group_id, asset.status)


@plays("token360", "finished_video")
def _(provider, folder):
    """Queued, in progress, completed; then the link by `/content?format=url`, then the file."""
    task = yield from provider.wait_for_video("video_0001")
    path = yield from provider.download_video(task, folder / "video.mp4")

    assert (VideoStatus.SUCCEEDED, 6.0) == (task.status, task.duration_s)
    assert ("16:9", "720p") == (task.ratio, task.resolution)
    assert b"0000ftypisom in place of a film" == path.read_bytes()


@plays("token360", "lists")
def _(provider, folder):
    """The page's table and the page's example disagree; groups come out of either."""
    table = yield from provider.list_groups(None)
    example = yield from provider.list_groups(None, kind=GroupKind.REAL_PERSON)
    yield from provider.delete_group(table.items[0])
    videos = yield from provider.list_videos(None)

    rows = [*table.items, *example.items]
    assert [("group-0001", GroupKind.VIRTUAL), ("group-0002", GroupKind.REAL_PERSON)] == [
        (each.id, each.kind) for each in rows
    ]
    assert [("video_0002", VideoStatus.FAILED), ("video_0001", VideoStatus.SUCCEEDED)] == [
        (each.id, each.status) for each in videos.items
    ]


@plays("token360", "refused_key")
def _(provider, folder):
    """The vendor's own example of a 401."""
    with pytest.raises(errors.AuthenticationError) as caught:
        yield from provider.get_asset(TOKEN360_ASSET)

    assert ("invalid_api_key", 401) == (caught.value.code, caught.value.status)
