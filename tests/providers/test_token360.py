"""Token360's flows alone: exact requests out, exact models in."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from contract_judge import load
from portraitkit.providers.dialects.token360_tables import Cursor
from portraitkit.providers.token360 import Token360
from portraitkit.testing import answer, replay
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import (
    AssetStatus,
    GroupKind,
    MediaType,
    VerificationStatus,
)

PROVIDER = Token360(api_key=Secret("sk-test-key"))
API = "https://api.token360.ai/v1"
GROUP_ID = "group-0001"
ASSET_ID = "ta_" + 32 * "a"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def yes(data, status=200, *, after_s=0):
    body = {"code": 0, "data": data, "msg": "success", "serviceCode": None}
    return answer(body, status, received_at=NOW + timedelta(seconds=after_s))


def refusal(status, word="WORD", message="no"):
    body = {"code": status, "data": None, "msg": message, "serviceCode": word}
    return answer(body, status)


def gateway(status, kind, message="no"):
    error = {"message": message, "type": kind, "param": None, "code": str(status)}
    return answer({"error": error}, status)


def judged(done):
    """Hold every request of a flow to the contract, authorised as a driver would."""
    contract = load("token360")
    return [
        contract.judge_request(PROVIDER.authorize(request, now=NOW)) for request in done.requests
    ]


# --- groups ---


def test_a_description_is_refused_or_left_out_as_asked():
    """A group has no description here: an error, or an adaptation where the caller allows it."""
    with pytest.raises(errors.UnsupportedError) as caught:
        replay(PROVIDER.create_group("Mia", description="a singer"), [])
    flow = PROVIDER.create_group("Mia", description="a singer", on_unsupported="drop")
    done = replay(flow, [yes({"assetGroupId": GROUP_ID})])

    assert "description" == caught.value.field
    assert ["description"] == [each.field for each in done.result.adaptations]
    assert [{"name": "Mia", "groupKind": "VIRTUAL_PORTRAIT"}] == done.bodies


@pytest.mark.parametrize("key", ["assetGroupId", "groupId", "id"])
@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("VIRTUAL_PORTRAIT", GroupKind.VIRTUAL),
        ("AIGC", GroupKind.VIRTUAL),
        ("REAL_FACE", GroupKind.REAL_PERSON),
        ("REAL_PERSON", GroupKind.REAL_PERSON),
        ("GENERIC", GroupKind.UNKNOWN),
    ],
)
def test_a_group_is_read_whatever_its_members_are_called(key, word, kind):
    """The id has three names, and each kind two words."""
    data = {key: GROUP_ID, "name": "Mia", "groupKind": word, "status": "Active"}
    done = replay(PROVIDER.get_group(GROUP_ID), [yes(data)])

    assert ["GetAssetGroup"] == judged(done)
    assert (GROUP_ID, kind, word, True) == (
        done.result.id,
        done.result.kind,
        done.result.kind_word,
        done.result.active,
    )


@pytest.mark.parametrize(
    ("members", "active"),
    [
        ({"groupKind": "REAL_FACE", "status": "pending_validation"}, False),
        ({"groupKind": "REAL_FACE", "status": "ACTIVE"}, True),
        ({"groupKind": "REAL_FACE"}, False),
        ({"groupKind": "VIRTUAL_PORTRAIT"}, True),
        ({"groupKind": "VIRTUAL_PORTRAIT", "status": "suspended"}, False),
    ],
)
def test_any_word_but_active_means_not_usable(members, active):
    """Without a word a virtual group counts as active, a real person's does not."""
    done = replay(PROVIDER.get_group(GROUP_ID), [yes({"assetGroupId": GROUP_ID, **members})])

    assert active is done.result.active


@pytest.mark.parametrize("status", [404, 405])
def test_a_group_that_cannot_be_read_is_looked_for_in_the_list(status):
    """The list's keyword finds ids; only the very id counts, not one that contains it."""
    rows = [{"groupId": f"{GROUP_ID}-b", "name": "no"}, {"groupId": GROUP_ID, "name": "Mia"}]
    page = {"records": rows, "total": 2}
    flow = PROVIDER.get_group(GROUP_ID)
    done = replay(flow, [gateway(status, "not_found_error"), yes(page)])

    assert ["GetAssetGroup", "ListAssetGroups"] == judged(done)
    assert f"{API}/asset-groups?keyword={GROUP_ID}&current=1&size=100" == done.requests[1].target
    assert (GROUP_ID, "Mia") == (done.result.id, done.result.name)


@pytest.mark.parametrize("status", [404, 405])
def test_a_group_that_is_in_no_list_is_not_found(status):
    """Neither the path nor the list has it: NotFoundError."""
    flow = PROVIDER.get_group(GROUP_ID)
    with pytest.raises(errors.NotFoundError, match=f"no group {GROUP_ID}"):
        replay(flow, [refusal(status), yes({"list": [], "pagination": {"total": 0}})])


FORMS = {
    "table": lambda rows, total: {"list": rows, "pagination": {"total": total, "size": 2}},
    "example": lambda rows, total: {"records": rows, "total": total},
    "items": lambda rows, total: {"items": rows, "total": total},
    "groups": lambda rows, total: {"groups": rows, "total": total},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_list_is_read_and_paged(form):
    """Rows under four names, total under two."""
    rows = [{"assetGroupId": f"group-{n}", "groupKind": "AIGC"} for n in range(3)]
    first = replay(PROVIDER.list_groups(None), [yes(FORMS[form](rows[:2], 201))])
    last = replay(PROVIDER.list_groups("101:2:200::x"), [yes(FORMS[form](rows[2:], 201))])

    assert f"{API}/asset-groups?current=1&size=100" == first.requests[0].target
    assert ["ListAssetGroups"] == judged(first)
    assert ["group-0", "group-1"] == [group.id for group in first.result.items]
    assert Cursor.parse(first.result.next).number == 2
    assert (["group-2"], None) == ([each.id for each in last.result.items], last.result.next)


def test_one_kind_is_asked_for_by_the_documented_filter():
    """`groupKind` goes into the query, and rows of another kind are dropped if they come."""
    rows = [
        {"assetGroupId": "group-1"},
        {"assetGroupId": "group-2", "groupKind": "VIRTUAL_PORTRAIT"},
    ]
    flow = PROVIDER.list_groups(None, kind=GroupKind.REAL_PERSON)
    done = replay(flow, [yes({"list": rows})])

    assert ("groupKind", "REAL_FACE") == done.requests[0].query[2]
    assert [("group-1", GroupKind.REAL_PERSON)] == [
        (each.id, each.kind) for each in done.result.items
    ]


def test_groups_of_ordinary_files_are_no_portrait_groups():
    """GENERIC groups are left out; kinds that nobody knows yet are not."""
    rows = [
        {"assetGroupId": f"group-{kind}", "groupKind": kind}
        for kind in ("GENERIC", "AIGC", "NEWER")
    ]
    done = replay(PROVIDER.list_groups(None), [yes({"list": rows})])

    assert ["AIGC", "NEWER"] == [each.kind_word for each in done.result.items]


def test_a_list_that_ignores_paging_ends():
    """The same first row again means the same page again."""
    rows = [{"assetGroupId": f"group-{n}"} for n in range(100)]
    first = replay(PROVIDER.list_groups(None), [yes({"list": rows})])
    second = replay(PROVIDER.list_groups(first.result.next), [yes({"list": rows})])

    assert "2:100:100::group-0" == first.result.next
    assert second.result.next is None


# --- assets ---

RECORD = {
    "id": 4711,
    "assetId": ASSET_ID,
    "token360AssetId": ASSET_ID,
    "assetGroupId": GROUP_ID,
    "mediaType": "image",
    "status": "processing",
    "name": "front",
}


def test_an_unnamed_picture_sends_no_name():
    """`name` is optional, so it is left out where the caller gives none."""
    done = replay(PROVIDER.add_asset(GROUP_ID, PNG), [yes({"assetId": ASSET_ID}, 201)])

    assert b'name="name"' not in done.requests[0].content
    assert (AssetStatus.PROCESSING, MediaType.IMAGE) == (done.result.status, done.result.media)


@pytest.mark.parametrize(
    "members",
    [
        {"errorMessage": "another face"},
        {"failReason": "another face"},
        {"error": {"code": "FaceMismatch", "message": "another face"}},
    ],
)
def test_a_failed_asset_says_why_wherever_it_says_it(members):
    """The member is a guess, so three are tried."""
    flow = PROVIDER.get_asset(ASSET_ID)
    done = replay(flow, [yes({**RECORD, "status": "failed", **members})])

    assert "another face" == done.result.failure.message


def test_a_generic_upload_is_never_usable():
    """An upload that came out with a `ua_` id has failed as a portrait, whatever its status."""
    data = {**RECORD, "assetId": "ua_1", "status": "active"}
    done = replay(PROVIDER.add_asset(GROUP_ID, PNG), [yes(data)])

    assert AssetStatus.FAILED is done.result.status
    with pytest.raises(errors.AssetNotReadyError):
        _ = done.result.uri


@pytest.mark.parametrize("wrong", ["ua_" + 32 * "a", GROUP_ID, "4711", "asset-1"])
def test_what_is_no_portraits_id_is_refused_before_any_request(wrong):
    """A generic upload, a group, a record number and another vendor's id never leave."""
    with pytest.raises(errors.HandleError):
        replay(PROVIDER.get_asset(wrong), [])


@pytest.mark.parametrize("form", FORMS)
def test_a_groups_assets_are_listed_by_group_alone(form):
    """Only `groupId` is documented: the first page asks no more; the next follows its size."""
    rows = [{**RECORD, "assetId": f"ta_{n}"} for n in range(3)]
    first = replay(PROVIDER.list_assets(None, GROUP_ID), [yes(FORMS[form](rows[:2], 3))])
    flow = PROVIDER.list_assets(first.result.next, GROUP_ID)
    last = replay(flow, [yes(FORMS[form](rows[2:], 3))])

    assert [["ListAssets"], ["ListAssets"]] == [judged(first), judged(last)]
    assert f"{API}/assets?groupId={GROUP_ID}" == first.requests[0].target
    assert f"{API}/assets?groupId={GROUP_ID}&current=2&size=2" == last.requests[0].target
    assert (["ta_2"], None) == ([each.id for each in last.result.items], last.result.next)


# --- refusals ---


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (refusal(409, "ASSET_GROUP_NOT_ACTIVE", "not active"), "ASSET_GROUP_NOT_ACTIVE"),
        (gateway(409, "invalid_request_error", "not active"), "invalid_request_error"),
        (answer({"message": "not active"}, 409), ""),
    ],
)
def test_an_upload_into_a_waiting_group_is_a_conflict_in_each_body(response, code):
    """The body of the library's refusals is unknown: three forms are read."""
    with pytest.raises(errors.ConflictError) as caught:
        replay(PROVIDER.add_asset(GROUP_ID, PNG), [response])

    assert (code, "not active") == (caught.value.code, caught.value.vendor_message)


def test_an_envelope_refuses_whatever_the_status():
    """A code other than 0 is a refusal, even with HTTP 200."""
    body = {"code": 4001, "data": None, "msg": "no quota", "serviceCode": "QUOTA_EXCEEDED"}
    with pytest.raises(errors.QuotaExceededError, match="no quota"):
        replay(PROVIDER.create_group("Mia"), [answer(body)])


@pytest.mark.parametrize("data", [{}, {"id": 4711}, {"assetId": 4711}, [], "text", None])
def test_an_id_is_never_made_up(data):
    """An asset without a readable `assetId` is an error, not an asset of the record's number."""
    with pytest.raises(errors.UnexpectedResponseError):
        replay(PROVIDER.get_asset(ASSET_ID), [yes(data)])


# --- real people ---


def started(**options):
    data = {
        "assetGroupId": GROUP_ID,
        "status": "pending_validation",
        "h5Link": "https://h5.example/t",
    }
    return replay(PROVIDER.start_verification("Ann", **options), [yes(data)])


def person(status, **more):
    return {"assetGroupId": GROUP_ID, "groupKind": "REAL_FACE", "status": status, **more}


@pytest.mark.parametrize(
    ("word", "after_s", "status"),
    [
        ("pending_validation", 119, VerificationStatus.WAITING),
        ("pending_validation", 120, VerificationStatus.EXPIRED),
        ("something_new", 1, VerificationStatus.UNKNOWN),
        ("something_new", 500, VerificationStatus.EXPIRED),
        ("expired", 1, VerificationStatus.EXPIRED),
        ("failed", 1, VerificationStatus.FAILED),
        ("active", 1, VerificationStatus.VERIFIED),
        ("Active", 500, VerificationStatus.VERIFIED),
    ],
)
@pytest.mark.parametrize("by_handle", [True, False])
def test_a_check_is_read_off_the_group_and_the_clock(word, after_s, status, by_handle):
    """Pending and expired look alike on the wire: 120 seconds tell them apart, in any process."""
    check = started().result
    flow = PROVIDER.check_verification(check.handle if by_handle else check)
    done = replay(flow, [yes(person(word), after_s=after_s)])

    assert ["GetAssetGroup"] == judged(done)
    assert status is done.result.status
    assert (done.result.group is not None) is (status is VerificationStatus.VERIFIED)


def test_a_bare_group_id_never_expires():
    """Nobody knows when its link was made, so it stays waiting."""
    flow = PROVIDER.check_verification(GROUP_ID)
    done = replay(flow, [yes(person("pending_validation"), after_s=9999)])

    assert (VerificationStatus.WAITING, None) == (done.result.status, done.result.expires_at)


def test_a_virtual_group_is_no_proof_of_a_face():
    """A virtual group is active from the start: taking it for a passed check is refused."""
    data = {"assetGroupId": GROUP_ID, "groupKind": "VIRTUAL_PORTRAIT", "status": "active"}
    with pytest.raises(errors.HandleError, match="not a real person's group"):
        replay(PROVIDER.check_verification(GROUP_ID), [yes(data)])


def test_an_answer_without_a_link_is_not_lost():
    """The group exists: the error carries its handle and says where the link can be seen."""
    with pytest.raises(errors.UnexpectedResponseError) as caught:
        replay(PROVIDER.start_verification("Ann"), [yes({"assetGroupId": GROUP_ID})])

    assert GROUP_ID in caught.value.handle
    assert "Assets page" in caught.value.next_step


# --- videos ---


def image(url, **members):
    return {"type": "image_url", **members, "image_url": {"url": url}}


def test_what_clients_send_is_read_too():
    """A bare address and a role on a picture are read; what fits nowhere is a loss."""
    body = {
        "model": "seedance-2.0-fast",
        "prompt": "Image 1 waves",
        "input_references": [
            {"type": "image_url", "role": "reference", "image_url": "asset://ta_1"},
            {"type": "text", "text": "?"},
        ],
        "frame_images": [image("asset://ta_2", frame_type="last_frame")],
        "aspect_ratio": "1:1",
        "metadata": {"a": 1},
    }
    parsed = PROVIDER.dialect.parse(body, provider="token360", model="seedance-2.0-fast")

    assert "{image_1} waves" == parsed.request.prompt
    assert ("1:1", {"token360": {"metadata": {"a": 1}}}) == (
        parsed.request.ratio,
        parsed.request.extra,
    )
    assert ["asset://ta_1"] == [each.source for each in parsed.request.media.images]
    assert ["input_references[1]", "media"] == [loss.field for loss in parsed.losses]


LINKS = ("url", "video_url", "content.video_url")


@pytest.mark.parametrize("present", list(product([False, True], repeat=3)))
def test_a_finished_video_has_its_link_in_one_of_three_places(present):
    """`url` first, then `video_url`, then `content.video_url`; none is no error."""
    there = [place for place, is_there in zip(LINKS, present, strict=True) if is_there]
    task = {
        "id": "video-1",
        "status": "completed",
        "url": "https://cdn.example/url" if "url" in there else None,
        "video_url": "https://cdn.example/video_url" if "video_url" in there else None,
        "content": {"last_frame_url": "https://cdn.example/last"},
        "parameters": {"resolution": "720p", "aspect_ratio": "16:9", "seed": 3, "duration": 5},
        "error": None,
    }
    if "content.video_url" in there:
        task["content"]["video_url"] = "https://cdn.example/content.video_url"
    done = replay(PROVIDER.get_video("video-1"), [answer(task)])

    video = done.result
    assert ["GetVideo"] == judged(done)
    assert (f"https://cdn.example/{there[0]}" if there else None) == video.video_url
    assert ("https://cdn.example/last", "720p", "16:9", 3, 5.0) == (
        video.last_frame_url,
        video.resolution,
        video.ratio,
        video.seed,
        video.duration_s,
    )
    assert "cdn.example" not in repr(video)


@pytest.mark.parametrize(
    "listed", [{"list": ["?"], "total": 1}, {"list": [], "total": 3}, {"list": [{"groupId": "g"}]}]
)
def test_a_group_is_absent_only_from_a_whole_list(listed):
    """A row that did not come, or cannot be read, may be it."""
    provider = Token360(api_key=Secret("sk-test-key"))
    missing = answer({"error": {"message": "no"}}, status=404)
    page = answer({"code": 0, "data": listed})

    with pytest.raises(errors.UnexpectedResponseError, match="cannot be known"):
        replay(provider.get_group("ag_1"), [missing, page])
