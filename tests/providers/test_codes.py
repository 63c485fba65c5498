"""The vendors' error codes: every one has a class that somebody chose, and says what helps."""

from __future__ import annotations

import json

import pytest

import contract_judge
from portraitkit.operations.downloading import video_failed
from portraitkit.providers.dialects.codes import MODERATION
from portraitkit.testing import answer, replay
from portraitkit.values import errors
from portraitkit.values.models import Failure, VideoTask
from portraitkit.values.statuses import VideoStatus
from portraitkit.vendor.answers import advice_for, refusal_in
from portraitkit.wire.error_mapping import listed
from vendors import KEYS, provider_of

BY_STATUS = {
    *("invalid_request", "invalid_request_error", "api_error"),
    *("FILE_REQUIRED", "FILE_TOO_LARGE", "UNSUPPORTED_FILE"),
}
"""What says no more than the HTTP status, which decides for it."""
FACE = "InputImageSensitiveContentDetected.PrivacyInformation"


@pytest.fixture(params=KEYS)
def vendor(request):
    return provider_of(request.param)


def documented(vendor):
    """Every code in a vendor's contract, as it arrives."""
    contract = contract_judge.load(vendor.name).document
    places = [contract, *contract["operations"].values()]
    rows = [row for place in places for row in place.get("errors", []) if row.get("code")]
    return {row["code"].replace(".*", "*").replace("*", ".Any") for row in rows} - {".Any"}


def failed(vendor, code):
    """What a failed video of that code raises."""
    task = VideoTask(
        provider=vendor.name,
        account=vendor.account,
        id="v",
        status=VideoStatus.FAILED,
        failure=Failure(code=code),
    )
    return video_failed(vendor, task)


def test_every_documented_code_is_in_the_table(vendor):
    """A code's class is chosen, and not guessed from a status, save where it says nothing else."""
    codes = documented(vendor) - BY_STATUS

    assert [] == sorted(code for code in codes if listed(vendor.error_codes, code) is None)


def test_every_code_says_what_helps(vendor):
    """Each row of the table has advice, its own or its class's."""
    assert [] == [code for code in vendor.error_codes if not advice_for(vendor, code)]


def test_moderation_is_not_to_be_tried_again(vendor):
    """Each code of the upstream's moderation is one here, and a failed task says what helps too."""
    for code in MODERATION:
        concrete = code.replace("*", "X")
        refused = refusal_in(vendor, answer({"error": {"code": concrete, "message": "m"}}, 400))
        helps = failed(vendor, concrete).next_step

        assert type(refused) is errors.ContentRejectedError, concrete
        assert refused.next_step == helps, concrete
        assert "again" not in helps, concrete


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (FACE, "register the face"),
        ("OutputAudioSensitiveContentDetected.PolicyViolation", "generate_audio=False"),
        ("InvalidParameter.TaskTypeConstraint", "duration_s=-1"),
        ("AIGCNotAvailable", "authorization letter"),
        ("InvalidToken", "start another verification"),
        ("SubscriptionRequired", "package"),
        ("InvalidEndpointOrModel.NotFound", "model's name"),
        ("InvalidEndpointOrModel.ModelIDAccessDisabled", "ep-"),
        ("NotFound.asset_id", "another account or in another project"),
        ("InvalidParameter.FaceMismatch", "of that person"),
    ],
)
def test_advice_is_about_the_code(vendor, code, words):
    """Where the class cannot know what helps, the code does."""
    assert words in advice_for(vendor, code)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccountFlowLimitExceeded", errors.RateLimitedError),
        ("ModelAccountTpmRateLimitExceeded", errors.RateLimitedError),
        ("QuotaExceeded.QPM", errors.RateLimitedError),
        ("AssetQuotaExceeded", errors.QuotaExceededError),
        ("GroupQuotaExceeded.Day", errors.QuotaExceededError),
        ("InputTextRiskDetection", errors.ContentRejectedError),
        ("OutputVideoSensitiveContentDetected.Unheard", errors.ContentRejectedError),
        ("OperationDenied.ServiceOverdue", errors.InsufficientBalanceError),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403, 429])
def test_a_rate_is_no_quota_and_no_mistake(vendor, code, kind, status):
    """The code decides whatever the status: at its own place, and as JSON in a relay's words."""
    inner = {"error": {"code": code, "message": "m"}}
    relayed = {"message": f"upstream: {json.dumps(inner)}", "type": "upstream", "code": "odd"}
    bodies = [inner, {"error": relayed}]
    if status != 200:
        bodies += [{"code": "odd", "message": json.dumps(inner), "data": None}, {"detail": inner}]
    found = [refusal_in(vendor, answer(body, status)) for body in bodies]

    assert [(kind, code)] * len(bodies) == [(type(each), each.code) for each in found]


def test_a_relays_text_may_name_a_long_code(vendor):
    """`status_code=1033 … AccountFlowLimitExceeded` is what one relay makes of a rate."""
    body = {"error": {"code": "odd", "message": "status_code=1033, AccountFlowLimitExceeded: slow"}}

    assert type(refusal_in(vendor, answer(body, 400))) is errors.RateLimitedError


@pytest.mark.parametrize(
    "why",
    [
        {"error": "too dark"},
        {"error": {"code": "", "message": ""}, "fail_reason": "too dark"},
        {"failure_reason": "too dark"},
        {"error": {"message": json.dumps({"error": {"message": "too dark"}})}},
    ],
)
def test_a_failed_videos_reason_is_kept(vendor, why):
    """Wherever it stands, and with a word from no table."""
    body = {"id": "v", "task_id": "v", "status": "FAILURE", **why}
    with pytest.raises(errors.VideoFailedError, match="too dark"):
        replay(vendor.wait_for_video("v"), [answer(body)])


def test_a_video_without_a_known_word_is_told_by_what_is_there(vendor):
    """A link is success, an error beside a word is failure, the word is kept; else it is waited."""
    link = {"url": "https://x.example/v.mp4"}
    done = {**link, "content": {"video_url": link["url"]}, "video_url": link["url"]}
    bodies = [
        {"id": "v", "status": "dreaming", **done, "result": {"videos": [link]}},
        {"id": "v", "status": "dreaming", "error": {"code": FACE, "message": "m"}},
        {"id": "v", "status": "dreaming", "message": "in a queue"},
    ]
    found = [replay(vendor.get_video("v"), [answer(body)]).result for body in bodies]
    wanted = [VideoStatus.SUCCEEDED, VideoStatus.FAILED, VideoStatus.UNKNOWN]

    assert [(each, "dreaming") for each in wanted] == [(t.status, t.status_word) for t in found]
    assert [None, FACE, None] == [each.failure and each.failure.code for each in found]
