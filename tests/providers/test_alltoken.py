"""AllToken's flows alone: exact requests out, exact models in."""

from __future__ import annotations

import pytest

from portraitkit.providers.alltoken import AllToken
from portraitkit.testing import answer, replay
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus
from portraitkit.values.video import VideoRequest

PROVIDER = AllToken(api_key=Secret("sk-test-key"))
GROUP_ID = "group-20260318035710-xxxxx"
ASSET_ID = "asset-20260318035710-xxxxx"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def result(body, **metadata):
    return answer({"ResponseMetadata": {"RequestId": "req-1", **metadata}, "Result": body})


@pytest.mark.parametrize(
    "members",
    [
        {"UpstreamStatus": "Active"},
        {"Status": "Active"},
        {"UpstreamStatus": "Active", "Status": "Processing"},
        {"UpstreamStatus": "ACTIVE"},
    ],
)
def test_the_upstream_status_wins_over_status(members):
    """Guides and references name different members: UpstreamStatus is read first, then Status."""
    done = replay(PROVIDER.get_asset(ASSET_ID), [result({"Id": ASSET_ID, **members})])

    assert done.result.status is AssetStatus.ACTIVE


def test_a_picture_goes_up_as_a_form_and_is_named_by_a_second_call():
    """The upload form has only `file` and `GroupId`, so the name follows by UpdateAsset."""
    flow = PROVIDER.add_asset(GROUP_ID, PNG, name="front")
    done = replay(flow, [result({"Id": ASSET_ID}), result({"Id": ASSET_ID})])

    upload, rename = done.requests
    assert upload.url == "https://api.alltoken.ai/v1/portrait/upload"
    assert b'name="GroupId"\r\n\r\n' + GROUP_ID.encode() in upload.content
    assert b"Content-Type: image/png\r\n\r\n" + PNG in upload.content
    assert rename.query[0] == ("Action", "UpdateAsset")
    assert (done.result.id, done.result.name) == (ASSET_ID, "front")
    assert done.result.status is AssetStatus.PROCESSING


@pytest.mark.parametrize(
    "body", [{"Result": {"AssetId": ASSET_ID}}, {"Id": ASSET_ID}, {"AssetId": ASSET_ID}]
)
def test_every_guessed_shape_of_the_upload_answer_is_read(body):
    """The upload's answer is documented nowhere: envelope or bare, Id or AssetId."""
    done = replay(PROVIDER.add_asset(GROUP_ID, PNG), [answer(body)])

    assert done.result.id == ASSET_ID


def test_a_failure_behind_the_gateway_is_no_proof_that_nothing_was_made():
    """`upstream_error` comes from the vendor behind: the task may exist, so it is not repeated."""
    body = {"error": {"code": "upstream_error", "message": "upstream failed", "type": "api_error"}}

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        replay(PROVIDER.create_video(VideoRequest(prompt="x")), [answer(body, 503)])

    assert (caught.value.code, caught.value.status) == ("upstream_error", 503)
