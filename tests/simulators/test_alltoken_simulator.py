"""What the simulated AllToken promises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import act, action_of, made, refusal, request_of, result, upload_of
from asking import ask as ask_of
from attrs import evolve

import contract_judge
from portraitkit.simulators.alltoken import AllTokenSimulator, Variants
from portraitkit.simulators.state import never
from portraitkit.wire.steps import Request

ORIGIN = "https://api.alltoken.ai"
PORTRAIT = f"{ORIGIN}/v1/portrait/"
VIDEOS = f"{ORIGIN}/v1/videos/generations"
CONTRACT = contract_judge.load("alltoken")


@pytest.fixture
def vendor():
    return made(AllTokenSimulator)


def ask(vendor, request: Request):
    return ask_of(vendor, request, CONTRACT)


def group_in(vendor, name: str = "Mia") -> str:
    return result(vendor, "CreateAssetGroup", {"GroupType": "AIGC", "Name": name})["Id"]


def asset_in(vendor, group: str, media: str = "Image", name: str = "front") -> str:
    body = {"GroupId": group, "URL": "https://a.example/x.jpg", "AssetType": media, "Name": name}
    return result(vendor, "CreateAsset", body)["Id"]


def upload(vendor, group: str, *file: Any):
    return ask(vendor, upload_of(f"{PORTRAIT}upload", {"GroupId": group}, *file))


def video(vendor, method: str = "POST", path: str = "", body: Any = None, key: str = "key-main"):
    return ask(vendor, request_of(method, VIDEOS + path, body, key=key))


def of_asset(asset: str, model: str = "seedance-2.0", role: str = "first_frame") -> dict[str, Any]:
    item = {"type": "image_url", "image_url": {"url": f"asset://{asset}"}, "role": role}
    return {"model": model, "prompt": "Image 1 smiles", "content": [item]}


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ((400, "InvalidParameter"), {"GroupType": "LivenessFace", "Name": "Ann"}),
        ((400, "InvalidParameter"), {"Name": "Ann"}),
        ((400, "InvalidParameter"), {"GroupType": "AIGC"}),
        ((400, "InvalidParameter"), {"GroupType": "AIGC", "Name": "x" * 51}),
        ((400, "InvalidParameter"), {"GroupType": "AIGC", "Name": 7}),
    ],
)
def test_a_wrong_group_is_refused(vendor, expected, body):
    """A group needs the virtual type and a name of at most 50 characters."""
    assert expected == refusal(vendor, "CreateAssetGroup", body)


def test_a_name_of_fifty_characters_is_taken(vendor):
    """Characters are counted, not bytes."""
    assert "人" * 50 == result(vendor, "GetAssetGroup", {"Id": group_in(vendor, "人" * 50)})["Name"]


def test_a_full_quota_refuses_until_something_is_deleted(vendor):
    """The 51st group is refused, and a deletion frees a place at once."""
    groups = [group_in(vendor, f"g{number}") for number in range(50)]
    full = refusal(vendor, "CreateAssetGroup", {"GroupType": "AIGC", "Name": "more"})
    result(vendor, "DeleteAssetGroup", {"Id": groups[0]})

    assert (429, "QuotaExceeded") == full
    assert group_in(vendor).startswith("group-")


def test_uploads_and_urls_share_one_quota(vendor):
    """An upload counts in the group's 50 assets."""
    group = group_in(vendor)
    for number in range(49):
        asset_in(vendor, group, name=f"a{number}")

    assert 200 == upload(vendor, group)[0]
    assert (429, "QuotaExceeded") == (
        (answer := upload(vendor, group))[0],
        answer[1]["ResponseMetadata"]["Error"]["Code"],
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "image/jpeg"), (b"x", "image/gif"), (b"x" * (10 * 1024 * 1024 + 1), "image/png")],
)
def test_a_wrong_upload_is_refused(vendor, content, kind):
    """Empty files, other types and more than 10 MB are refused."""
    status, answer = upload(vendor, group_in(vendor), content, kind)

    assert (400, "InvalidParameter") == (status, answer["ResponseMetadata"]["Error"]["Code"])


def test_a_list_of_assets_can_be_filtered(vendor, clock):
    """Group ids, statuses and a part of the name choose among the assets."""
    first, second = group_in(vendor), group_in(vendor)
    old = asset_in(vendor, first)
    clock.advance(13)
    new = asset_in(vendor, first, name="side")
    asset_in(vendor, second)

    def ids(**filter: Any) -> list[str]:
        return [item["Id"] for item in result(vendor, "ListAssets", {"Filter": filter})["Items"]]

    assert [new, old] == ids(GroupIds=[first])
    assert [old] == ids(GroupIds=[first], Statuses=["Active"])
    assert [new] == ids(Name="sid")
    assert [] == ids(GroupType="LivenessFace")


def test_a_check_ends_after_two_minutes(vendor, clock):
    """An unused token is TokenExpired after 120 seconds; another customer's is InvalidToken."""
    vendor.world.person = never
    token = {"BytedToken": result(vendor, "CreateVisualValidateSession", {})["BytedToken"]}
    foreign = refusal(vendor, "GetVisualValidateResult", token, of="other")
    clock.advance(120)

    assert (400, "InvalidToken") == foreign
    assert (400, "TokenExpired") == refusal(vendor, "GetVisualValidateResult", token)


def test_errors_may_come_with_http_200(vendor):
    """One switch sends every portrait error with HTTP 200, as the reference allows."""
    vendor.variants = Variants(errors_as_200=True)

    assert (200, "Forbidden") == refusal(vendor, "GetAsset", {"Id": "asset-0"})
    assert (200, "Unauthorized") == refusal(vendor, "GetAsset", {"Id": "asset-0"}, of="wrong")


def test_variants_change_the_members(vendor):
    """Switches choose the status member, the name of a new id and the upload's wrapping."""
    vendor.variants = Variants(
        status_member="UpstreamStatus", create_member="AssetId", flat_upload=True
    )
    group = group_in(vendor)
    asset = upload(vendor, group)[1]["AssetId"]
    shown = result(vendor, "GetAsset", {"Id": asset})

    assert ("Processing", False) == (shown["UpstreamStatus"], "Status" in shown)


def test_a_refused_key_is_told_in_either_side_s_words(vendor):
    """A bad key is Unauthorized; one switch gives the gateway's body instead."""
    assert (401, "Unauthorized") == refusal(vendor, "ListAssets", of="wrong")

    vendor.variants = Variants(gateway_401=True)

    assert (401, {"message", "type"}) == (
        (answer := act(vendor, "ListAssets", of="wrong"))[0],
        set(answer[1]["error"]),
    )


def test_a_video_runs_to_its_end(vendor, clock):
    """A task is made with 202, queued, processing and completed, with a link at the end."""
    asset = asset_in(vendor, group_in(vendor))
    clock.advance(13)
    status, task = video(vendor, body=of_asset(asset))
    words = []
    for seconds in (0, 5, 40):
        clock.advance(seconds)
        words.append(video(vendor, "GET", f"/{task['id']}")[1])

    assert (202, "vgen_") == (status, task["id"][:5])
    assert ["queued", "processing", "completed"] == [word["status"] for word in words]
    assert ("image_first_frame", 108900) == (
        words[2]["input_type"],
        words[2]["usage"]["total_tokens"],
    )
    assert "video_url" in words[2]
    assert 1 == vendor.world.billed["main", "video"]


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ((400, "upstream_invalid_parameter"), of_asset("asset-0")),
        ((404, "model_not_found"), {"model": "sora"}),
        ((400, "invalid_request"), {"model": ""}),
        ((400, "invalid_request"), {"prompt": None}),
        ((400, "invalid_request"), {"duration": 3}),
        ((400, "invalid_request"), {"resolution": 720}),
        ((400, "invalid_request"), {"ratio": "5:4"}),
        ((400, "invalid_request"), {"model": "seedance-2.0-fast", "resolution": "1080p"}),
    ],
)
def test_a_wrong_video_is_refused_and_not_charged(vendor, expected, change):
    """Refusals carry the documented code, and cost nothing."""
    body = {"model": "seedance-2.0", "prompt": "a sea", **change}
    status, answer = video(vendor, body=body)

    assert expected == (status, answer["error"]["code"])
    assert 0 == vendor.world.billed["main", "video"]


@pytest.mark.parametrize(
    ("wait_s", "model", "owner"),
    [
        (0, "seedance-2.0", "key-main"),
        (13, "seedance-1.5-pro", "key-main"),
        (13, "seedance-2.0", "key-other"),
    ],
)
def test_an_asset_that_cannot_be_used_is_refused(vendor, clock, wait_s, model, owner):
    """An asset under review, a model without assets and a foreign asset are refused."""
    asset = asset_in(vendor, group_in(vendor))
    clock.advance(wait_s)

    assert 400 == video(vendor, body=of_asset(asset, model), key=owner)[0]


def test_tasks_are_listed_by_status(vendor, clock):
    """The list is newest first, per customer, and knows the status filter."""
    first, second = (
        video(vendor, body={"model": "seedance-2.0", "prompt": "a"})[1]["id"] for _ in "ab"
    )
    video(vendor, body={"model": "seedance-2.0", "prompt": "a"}, key="key-other")
    video(vendor, "POST", f"/{first}/cancel")
    everything = video(vendor, "GET", "?limit=10")[1]

    assert [second, first] == [item["id"] for item in everything["items"]]
    assert [first] == [i["id"] for i in video(vendor, "GET", "?status=cancelled")[1]["items"]]


def test_the_models_are_listed(vendor):
    """The models call names the Seedance models."""
    request = request_of("GET", f"{ORIGIN}/v1/videos/models")
    listed = ask(vendor, request)[1]
    refused = ask(vendor, evolve(request, headers={}))

    assert "seedance-2.0-fast" in [model["id"] for model in listed["data"]]
    assert 401 == refused[0]


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ((413, "InvalidParameter"), {"content": b" " * (1024 * 1024 + 1)}),
        ((400, "InvalidParameter"), {"content": b"[]"}),
        ((400, "InvalidParameter"), {"headers": {"Authorization": "Bearer key-main"}}),
        ((400, "InvalidParameter"), {"query": {"Action": "GetAsset", "Version": "2020-01-01"}}),
        ((404, "InvalidActionOrVersion"), {"query": {"Action": "DropAssets"}}),
    ],
)
def test_a_malformed_call_is_refused(vendor, expected, change):
    """Size, type, form and version of a call are checked."""
    response = vendor.handle(evolve(action_of(PORTRAIT, "GetAsset"), **change))
    code = json.loads(response.content)["ResponseMetadata"]["Error"]["Code"]

    assert expected == (response.status, code)


def test_other_paths_are_not_there(vendor):
    """Anything else is not found, whatever the method."""
    paths = (("GET", PORTRAIT), ("POST", f"{ORIGIN}/v2/portrait/"), ("POST", f"{VIDEOS}/x"))

    assert {404} == {vendor.handle(request_of(*each)).status for each in paths}


def test_switches_choose_who_may_and_what_is_hidden(vendor):
    """Virtual groups can be closed to the account, and unknown ids can be told as such."""
    vendor.variants = Variants(aigc_available=False, foreign_code="NotFound")

    assert (404, "NotFound") == refusal(vendor, "GetAsset", {"Id": "asset-0"})
    assert (400, "AIGCNotAvailable") == refusal(
        vendor, "CreateAssetGroup", {"GroupType": "AIGC", "Name": "Mia"}
    )


def test_an_upload_without_its_parts_is_refused(vendor):
    """A form needs the file and the group."""
    for name in ("picture", "file"):
        assert 400 == ask(vendor, upload_of(f"{PORTRAIT}upload", {}, name=name))[0]


def picture(kind: str = "image_url", **more: Any) -> dict[str, Any]:
    return {"type": kind, "image_url": {"url": "https://a.example/x.jpg"}, **more}


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("text", []),
        ("image_first_frame", [picture()]),
        ("image_first_frame", [{"type": "image", "url": "https://a.example/x.jpg"}]),
        ("image_first_last_frame", [picture(role="first_frame"), picture(role="last_frame")]),
        ("image_reference", [picture(role="reference_image")]),
        (
            "video_reference",
            [{"type": "video", "url": "https://a.example/x", "role": "reference_video"}],
        ),
        (
            "multimodal",
            [
                picture(role="reference_image"),
                {"type": "audio", "url": "https://a.example/x", "role": "reference_audio"},
            ],
        ),
        ("draft_task", [{"type": "draft_task", "draft_task": {"id": "vgen_0"}}]),
    ],
)
def test_the_input_type_follows_from_the_content(vendor, expected, content):
    """Each mode has its word, and shorthand items count like long ones."""
    task = video(vendor, body={"model": "seedance-2.0", "prompt": "a", "content": content})[1]

    assert expected == task["input_type"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        ["x"],
        [{"type": ["image_url"]}],
        [{"type": "image_url"}],
        [{"type": "text"}],
        [picture(role="reference_video")],
    ],
)
def test_a_malformed_content_is_refused(vendor, content):
    """Items that are none are refused, not guessed at."""
    body = {"model": "seedance-2.0", "prompt": "a", "content": content}

    assert 400 == video(vendor, body=body)[0]


def test_video_errors_may_have_integer_codes(vendor, clock):
    """Switches give the older error body, and the other word for a finished task."""
    vendor.variants = Variants(integer_codes=True, done_word="succeeded")
    status, answer = video(vendor, "GET", "/vgen_0")
    task = video(vendor, body={"model": "seedance-2.0", "prompt": "a"})[1]
    clock.advance(45)

    assert (404, 404) == (status, answer["error"]["code"])
    assert "request_id" in answer
    assert "succeeded" == video(vendor, "GET", f"/{task['id']}")[1]["status"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "status=done"])
def test_a_wrong_list_query_is_refused(vendor, query):
    """Limit and status are checked."""
    assert 400 == video(vendor, "GET", f"?{query}")[0]


@pytest.mark.parametrize("change", [{"content": b"[]"}, {"headers": {}}])
def test_a_video_body_has_to_be_a_json_object(vendor, change):
    """A body of another form or type is refused."""
    bearer = {"Authorization": "Bearer key-main"}
    wrong = evolve(request_of("POST", VIDEOS, {}), **change).with_headers(bearer)

    assert 400 == ask(vendor, wrong)[0]
