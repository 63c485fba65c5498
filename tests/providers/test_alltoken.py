"""AllToken's flows alone: exact requests out, exact models in."""

from __future__ import annotations

import json

import pytest

from portraitkit.providers.alltoken import AllToken
from portraitkit.testing import answer, replay
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import AssetStatus, GroupKind, VerificationStatus, VideoStatus
from portraitkit.values.video import References, VideoRequest
from portraitkit.wire.steps import Auth

PROVIDER = AllToken(api_key=Secret("sk-test-key"))
GROUP_ID = "group-20260318035710-xxxxx"
ASSET_ID = "asset-20260318035710-xxxxx"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def result(body, **metadata):
    return answer({"ResponseMetadata": {"RequestId": "req-1", **metadata}, "Result": body})


def refusal(code, message="no", status=400):
    error = {"Code": code, "Message": message}
    return answer({"ResponseMetadata": {"RequestId": "req-1", "Error": error}}, status)


def test_create_group_posts_the_documented_action():
    """CreateAssetGroup goes to the portrait path with Action and Version, and yields the group."""
    done = replay(PROVIDER.create_group("Mia"), [result({"Id": GROUP_ID})])

    (request,) = done.requests
    assert request.target == (
        "https://api.alltoken.ai/v1/portrait/?Action=CreateAssetGroup&Version=2024-01-01"
    )
    assert json.loads(request.content) == {
        "Name": "Mia",
        "GroupType": "AIGC",
        "ProjectName": "default",
    }
    assert (request.auth, request.repeatable) == (Auth.BEARER, False)
    assert (done.result.id, done.result.kind) == (GROUP_ID, GroupKind.VIRTUAL)
    assert done.result.raw.request_id == "req-1"


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


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidParameter", errors.InvalidRequestError),
        ("AIGCNotAvailable", errors.PermissionDeniedError),
        ("QuotaExceeded", errors.QuotaExceededError),
        ("Forbidden", errors.PermissionDeniedError),
        ("Unauthorized", errors.AuthenticationError),
        ("InvalidToken", errors.NotFoundError),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_documented_code_has_its_class_whatever_the_status(code, error, status):
    """An error may arrive with HTTP 200: the envelope decides."""
    with pytest.raises(error) as caught:
        replay(PROVIDER.get_group(GROUP_ID), [refusal(code, "no such luck", status)])

    assert (caught.value.code, caught.value.vendor_message) == (code, "no such luck")
    assert (caught.value.request_id, caught.value.status) == ("req-1", status)


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


def test_a_name_that_does_not_stick_does_not_cost_the_asset():
    """When the second call fails, the asset is returned with an adaptation."""
    flow = PROVIDER.add_asset(GROUP_ID, PNG, name="front")
    done = replay(flow, [result({"Id": ASSET_ID}), refusal("NotFound.asset_id", status=404)])

    assert done.result.id == ASSET_ID
    assert [each.field for each in done.result.adaptations] == ["name"]


@pytest.mark.parametrize(
    "body", [{"Result": {"AssetId": ASSET_ID}}, {"Id": ASSET_ID}, {"AssetId": ASSET_ID}]
)
def test_every_guessed_shape_of_the_upload_answer_is_read(body):
    """The upload's answer is documented nowhere: envelope or bare, Id or AssetId."""
    done = replay(PROVIDER.add_asset(GROUP_ID, PNG), [answer(body)])

    assert done.result.id == ASSET_ID


def test_the_face_check_is_a_session_and_an_exchange():
    """Start gives link and expiry; pending is WAITING; the exchange gives the person's group."""
    started = replay(
        PROVIDER.start_verification("Ann", callback_url="https://app.example/back"),
        [result({"BytedToken": "20260318TOKEN", "H5Link": "https://h5.example/x"})],
    )
    check = started.result
    waiting = replay(PROVIDER.check_verification(check), [refusal("ValidatePending")])
    verified = replay(PROVIDER.check_verification(check.handle), [result({"GroupId": GROUP_ID})])

    assert [{"CallbackURL": "https://app.example/back", "ProjectName": "default"}] == started.bodies
    assert (check.url, (check.expires_at - NOW).total_seconds()) == ("https://h5.example/x", 120)
    assert waiting.result.status is VerificationStatus.WAITING
    assert verified.bodies[0]["BytedToken"] == "20260318TOKEN"
    assert (verified.result.status, verified.result.group.id) == (
        VerificationStatus.VERIFIED,
        GROUP_ID,
    )
    assert (verified.result.group.kind, verified.result.group.name) == (
        GroupKind.REAL_PERSON,
        "Ann",
    )
    assert "20260318TOKEN" not in check.handle + repr(check)


def test_a_video_carries_its_references_as_content_items():
    """Labels become "Image 1" in the prompt, and the asset a reference_image item."""
    request = VideoRequest(
        prompt="{mia} smiles", media=References(images={"mia": f"asset://{ASSET_ID}"}), seed=0
    )
    task = {"id": "vgen_1", "status": "queued", "model": "seedance-2.0"}
    done = replay(PROVIDER.create_video(request), [answer(task, 202)])

    assert done.bodies == [
        {
            "model": "seedance-2.0",
            "prompt": "Image 1 smiles",
            "content": [
                {
                    "type": "image_url",
                    "image_url": {"url": f"asset://{ASSET_ID}"},
                    "role": "reference_image",
                }
            ],
            "seed": 0,
        }
    ]
    assert (done.result.id, done.result.status) == ("vgen_1", VideoStatus.QUEUED)


def test_a_failure_behind_the_gateway_is_no_proof_that_nothing_was_made():
    """`upstream_error` comes from the vendor behind: the task may exist, so it is not repeated."""
    body = {"error": {"code": "upstream_error", "message": "upstream failed", "type": "api_error"}}

    with pytest.raises(errors.OutcomeUnknownError) as caught:
        replay(PROVIDER.create_video(VideoRequest(prompt="x")), [answer(body, 503)])

    assert (caught.value.code, caught.value.status) == ("upstream_error", 503)
