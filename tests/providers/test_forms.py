"""Forms in which vendors and the relays before them were seen to answer: each reads all of them."""

from __future__ import annotations

import json

import pytest

import portraitkit as pk
from portraitkit.config.building import build_provider
from portraitkit.providers.registry import provider_class, provider_names
from portraitkit.testing import answer, replay
from vendors import KEYS, provider_of

TABLES = [
    name
    for name in provider_names()
    if "create_video" in getattr(getattr(provider_class(name), "table", None), "calls", ())
]
LINK = "https://x.example/v.mp4"
BAD = {"code": "InputTextSensitiveContentDetected", "message": "bad"}


@pytest.fixture(params=[*KEYS, *TABLES])
def vendor(request):
    if request.param in KEYS:
        return provider_of(request.param)
    return build_provider(request.param, {"api_key": "sk-simulated-0123"})[1]


@pytest.mark.parametrize(
    ("body", "status", "linked"),
    [
        # new-api's list form, its words, and its empty error beside a success.
        (
            {
                "code": "success",
                "message": "",
                "data": {
                    "task_id": "v",
                    "status": "SUCCESS",
                    "fail_reason": "",
                    "data": {"id": "cgt-1", "content": {"video_url": LINK}},
                },
            },
            "SUCCEEDED",
            True,
        ),
        ({"code": "success", "data": {"task_id": "v", "status": "NOT_START"}}, "QUEUED", False),
        ({"code": "success", "data": {"task_id": "v", "status": "IN_PROGRESS"}}, "RUNNING", False),
        ({"code": "success", "data": {"task_id": "v", "status": "FAILURE"}}, "FAILED", False),
        # Just after the create.
        ({"id": "v", "task_id": "v", "object": "video", "status": "unknown"}, "UNKNOWN", False),
        (
            {"id": "v", "status": "completed", "url": LINK, "error": {"code": "", "message": ""}},
            "SUCCEEDED",
            True,
        ),
        ({"id": "v", "status": "completed", "result": {"videos": [LINK]}}, "SUCCEEDED", True),
        ({"id": "v", "status": "succeeded", "video_url": LINK}, "SUCCEEDED", True),
        ({"id": "v", "status": "success", "content": {"url": LINK}}, "SUCCEEDED", True),
        ({"data": [{"id": "v", "status": "completed", "url": LINK}]}, "SUCCEEDED", True),
        ({"id": "v", "status": "canceled"}, "CANCELLED", False),
    ],
)
def test_a_video_is_read_in_every_form(vendor, body, status, linked):
    """Its word, and where it is done its link."""
    found = replay(vendor.get_video("v"), [answer(body)]).result

    assert ("v", pk.VideoStatus[status], linked) == (found.id, found.status, bool(found.video_link))


@pytest.mark.parametrize("member", ["error", "message", "fail_reason", "failure_reason", "reason"])
def test_a_failed_videos_reason_may_be_a_plain_text_in_data(vendor, member):
    """The text is kept, and no refusal is made of it."""
    body = {"code": 200, "data": {"id": "v", "task_id": "v", "status": "failed", member: "dark"}}
    found = replay(vendor.get_video("v"), [answer(body)]).result

    assert (pk.VideoStatus.FAILED, "dark") == (found.status, found.failure.message)


@pytest.mark.parametrize(
    ("body", "status", "kind", "code"),
    [
        (
            {"ResponseMetadata": {"Error": {"CodeN": 100027, "Code": "AccountFlowLimitExceeded"}}},
            200,
            pk.RateLimitedError,
            "AccountFlowLimitExceeded",
        ),
        (
            {"ResponseMetadata": {"Error": {"Code": "SubscriptionRequired", "Message": "buy"}}},
            403,
            pk.PermissionDeniedError,
            "SubscriptionRequired",
        ),
        (
            {"code": "fail_to_fetch_task", "message": "legal", "data": None},
            451,
            pk.ProviderError,
            "fail_to_fetch_task",
        ),
        (
            {"code": "fail_to_fetch_task", "message": json.dumps({"error": BAD}), "data": None},
            400,
            pk.ContentRejectedError,
            BAD["code"],
        ),
        ({"code": 400, "data": {"error": "no"}}, 400, pk.InvalidRequestError, "400"),
    ],
)
def test_a_refusal_is_read_in_every_form(vendor, body, status, kind, code):
    """By the innermost code that is known, and then by the status."""
    with pytest.raises(kind) as caught:
        replay(vendor.create_video(pk.VideoRequest(prompt="x")), [answer(body, status)])

    assert code == caught.value.code


@pytest.mark.parametrize("body", [{}, {"code": "fail_to_fetch_task", "data": None}])
def test_a_create_that_is_answered_with_nothing_is_of_unknown_outcome(vendor, body):
    """A success that names no task, seen as an empty 200, is never sent again."""
    with pytest.raises(pk.PortraitError) as caught:
        replay(vendor.create_video(pk.VideoRequest(prompt="x")), [answer(body)])

    assert type(caught.value) in (pk.OutcomeUnknownError, pk.ProviderError)


@pytest.mark.parametrize(("param", "field"), [("", "content[5]"), ("content[1].text", None)])
def test_a_refusal_names_the_item_at_fault(vendor, param, field):
    """By its own member, or where that is empty by the text."""
    error = {**BAD, "param": param, "message": "the input image 'content[5]' may show a person"}
    with pytest.raises(pk.ContentRejectedError) as caught:
        replay(vendor.create_video(pk.VideoRequest(prompt="x")), [answer({"error": error}, 400)])

    assert (field or param) == caught.value.field


@pytest.mark.parametrize("word", ["Rejected", "inactive", "disabled", "failure"])
def test_an_assets_end_is_read_in_every_word(vendor, word):
    """And its reason, whatever the member is called."""
    calls = getattr(getattr(vendor, "table", None), "calls", ("get_asset",))
    if vendor.name in ("apimart", "xcompute") or "get_asset" not in calls:
        pytest.skip("an asset is a task here, or not read by itself")
    words = dict.fromkeys(("Status", "status", "assetStatus"), word)
    ids = dict.fromkeys(("Id", "id", "assetId", "asset_id"), f"{vendor.asset_prefix}a-1")
    row = {**ids, **words, "FailedReason": "dark"}
    found = replay(
        vendor.get_asset(f"{vendor.asset_prefix}a-1"), [answer({"Result": row, "data": row, **row})]
    ).result

    assert (pk.AssetStatus.FAILED, "dark") == (found.status, found.failure.message)
