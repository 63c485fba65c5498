"""APIMart: what is not xcompute's."""

from __future__ import annotations

import pytest
from attrs import evolve

from portraitkit.testing import answer, replay, simulated
from portraitkit.values import errors
from portraitkit.values.media import FolderMediaHost
from portraitkit.values.statuses import VideoStatus
from portraitkit.values.video import References, VideoRequest
from vendors import ACCOUNT, CLIP, FACE, judged, provider_of

PROVIDER = provider_of("apimart", callback_url="https://app.example/back")

STORE = "https://api.apimart.ai/v1/uploads/images"
LINK = "https://files.example/mia.jpg"


def stored(**changes):
    body = {"url": LINK, "filename": "image.jpg", "content_type": "image/jpeg", "bytes": 3}
    return answer({**body, **changes})


def started():
    return answer({"code": 200, "data": {"id": "task_1", "status": "processing"}})


def group():
    return replay(PROVIDER.create_group("Mia"), []).result


# -- files ----------------------------------------------------------------------------------------


def test_storing_may_be_repeated_and_submitting_may_not():
    """A second copy of a file makes no second asset; a second submission would."""
    done = replay(PROVIDER.add_asset(group(), FACE), [stored(), started()])

    assert [True, False] == [each.repeatable for each in done.requests]


def test_add_assets_stores_every_picture_and_submits_them_at_once():
    """Files and links of one kind make one submission."""
    sources = [FACE, "https://example.com/b.png", FACE]
    done = replay(PROVIDER.add_assets(group(), sources), [stored(), stored(), started()])

    assert [STORE, STORE] == [each.target for each in done.requests[:2]]
    assert 3 == done.requests[2].content.count(b'"url"')
    assert ["task_1#0of3", "task_1#1of3", "task_1#2of3"] == [each.ref for each in done.result]


def test_what_the_storage_does_not_take_goes_to_the_media_host(tmp_path):
    """The page names pictures alone: a video needs a host of the caller's, as at xcompute."""
    hosted = evolve(PROVIDER, media_host=FolderMediaHost(tmp_path, "https://cdn.example"))
    done = replay(hosted.add_assets(group(), [CLIP]), [started()])

    assert ["https://api.apimart.ai/v1/seedance2/private-avatar"] == [
        each.target for each in done.requests
    ]
    with pytest.raises(errors.MediaError, match="video/mp4"):
        replay(PROVIDER.add_asset(group(), CLIP), [])


@pytest.mark.parametrize("url", [None, "", "http://files.example/mia.jpg", "file:///etc/x", 7])
def test_a_link_that_cannot_be_trusted_is_not_submitted(url):
    """Without a link by https nothing is registered, and the error says so."""
    with pytest.raises(errors.UnexpectedResponseError, match="no usable link") as caught:
        replay(PROVIDER.add_asset(group(), FACE), [stored(url=url)])

    assert "nothing was registered" in caught.value.next_step


def test_too_large_a_picture_is_a_finding():
    """20 MB is the storage's documented limit."""
    large = FACE + bytes(20_000_001 - len(FACE))
    done = replay(PROVIDER.add_asset(group(), large), [stored(), started()])

    assert ["media"] == [each.field for each in done.result.findings]


# -- requests -------------------------------------------------------------------------------------


def test_no_header_is_sent_that_no_page_explains():
    """Neither Idempotency-Key nor a version header: what they do is documented nowhere."""
    done = replay(
        PROVIDER.create_video(VideoRequest(prompt="x")),
        [answer({"code": 200, "data": [{"status": "submitted", "task_id": "task_1"}]})],
    )

    assert {"Accept", "Content-Type"} == {*done.requests[0].headers}


@pytest.mark.parametrize(
    ("model", "resolution", "with_asset", "expected"),
    [
        ("seedance-2.0", "1080p", False, []),
        ("seedance-2.0", "4k", False, []),
        ("seedance-2.0", "1080p", True, []),
        ("seedance-2.0", "4k", True, ["resolution"]),
        ("seedance-2.0-fast", "1080p", False, ["resolution"]),
    ],
)
def test_large_resolutions_are_findings_where_no_copy_has_them(
    model, resolution, with_asset, expected
):
    """The newer page: 1080p and 4k by the standard model; an older one: 1080p by -face models."""
    media = References(images=["asset://asset_a"]) if with_asset else None
    prompt = "{image_1} smiles" if with_asset else "x"
    request = VideoRequest(prompt=prompt, model=model, resolution=resolution, media=media)

    assert expected == [each.field for each in PROVIDER.preview_video(request).findings]


# -- at a simulated vendor -------------------------------------------------------------------------


def test_4k_with_a_portrait_is_refused_unpaid():
    """The simulator holds to the newer page: 4k by the standard model alone."""
    vendor = judged("apimart", uploads=True)
    client = simulated(PROVIDER, vendor)
    mia = client.wait_until_active(client.add_asset(client.create_group("Mia"), FACE))
    media = References(images={"mia": mia})
    with pytest.raises(errors.InvalidRequestError, match="4k"):
        client.create_video(VideoRequest(prompt="{mia}", media=media, resolution="4k"))
    made = client.create_video(VideoRequest(prompt="a hill", resolution="4k"))

    assert VideoStatus.QUEUED is made.status
    assert 1 == vendor.world.billed[ACCOUNT.name, "video"]
