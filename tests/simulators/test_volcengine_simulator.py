"""What the simulated Volcengine promises; the signature itself is tested in test_signing.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import act, action_of, made, refusal, request_of, result, signed
from asking import ask as ask_of
from attrs import evolve

import contract_judge
from portraitkit.simulators.state import never
from portraitkit.simulators.volcengine import Variants, VolcengineSimulator
from portraitkit.wire.steps import Request

ASSETS = "https://open.volcengineapi.com/"
TASKS = "https://ark.cn-beijing.volces.com/api/v3/contents/generations/tasks"
MODEL = "doubao-seedance-2-0-260128"
CONTRACT = contract_judge.load("volcengine")
AIGC = {"Filter": {"GroupType": "AIGC"}}
WRONG = {"GroupType": "AIGC", "GroupIds": "g"}
WEB = "https://a.example/x.jpg"


@pytest.fixture
def vendor():
    return made(VolcengineSimulator)


def ask(vendor, request: Request):
    return ask_of(vendor, request, CONTRACT)


def group_in(vendor, name: str = "Mia", **more: Any) -> str:
    return result(vendor, "CreateAssetGroup", {"Name": name, **more})["Id"]


def asset_in(vendor, group: str, media: str = "Image", **more: Any) -> str:
    body = {"GroupId": group, "URL": "https://a.example/x", "AssetType": media, **more}
    return result(vendor, "CreateAsset", body)["Id"]


def video(vendor, method: str, place: str = "", *, of: str = "main", **options: Any):
    return ask(vendor, request_of(method, TASKS + place, key=f"key-{of}", **options))


def item(kind: str, url: str, role: str | None) -> dict[str, Any]:
    return {"type": kind, kind: {"url": url}, "role": role}


def with_content(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "content": [{"type": "text", "text": "a sea"}, *items], **more}


IMAGE = item("image_url", "https://a.example/x.jpg", "reference_image")
VIDEO = item("video_url", "https://a.example/x.mp4", "reference_video")
AUDIO = item("audio_url", "https://a.example/x.mp3", "reference_audio")
FIRST = item("image_url", "https://a.example/x.jpg", "first_frame")
LAST = item("image_url", "https://a.example/y.jpg", "last_frame")


def test_a_project_hides_what_is_in_another(vendor):
    """In the default project a group of another project is neither listed nor deleted."""
    group = group_in(vendor, ProjectName="films")

    assert 0 == result(vendor, "ListAssetGroups", AIGC)["TotalCount"]
    assert 1 == result(vendor, "ListAssetGroups", {**AIGC, "ProjectName": "films"})["TotalCount"]
    assert (404, "NotFound.group_id") == refusal(vendor, "DeleteAssetGroup", {"Id": group})
    assert {} == result(vendor, "DeleteAssetGroup", {"Id": group, "ProjectName": "films"})


@pytest.mark.parametrize(
    ("expected", "action", "body"),
    [
        ("MissingParameter.Filter", "ListAssets", {}),
        ("MissingParameter.Filter.GroupType", "ListAssetGroups", {"Filter": {}}),
        ("MissingParameter.Id", "GetAsset", {}),
        ("MissingParameter.GroupId", "CreateAsset", {"URL": WEB, "AssetType": "Image"}),
        ("InvalidParameter.URL", "CreateAsset", {"URL": "data:x", "AssetType": "Image"}),
        ("InvalidParameter.AssetType", "CreateAsset", {"URL": WEB, "AssetType": "Text"}),
        ("InvalidParameter.CallbackURL", "CreateVisualValidateSession", {"CallbackURL": "a"}),
        ("InvalidParameter.Filter", "ListAssets", {"Filter": []}),
        ("InvalidParameter.Filter.GroupIds", "ListAssets", {"Filter": WRONG}),
        ("InvalidParameter.Name", "CreateAssetGroup", {"Name": "x" * 65}),
        ("InvalidParameter", "CreateAssetGroup", {"Name": "Ann", "GroupType": "LivenessFace"}),
        ("InvalidParameter.PageSize", "ListAssets", {**AIGC, "PageSize": 101}),
        ("InvalidParameter.PageNumber", "ListAssets", {**AIGC, "PageNumber": 201, "PageSize": 100}),
        ("InvalidParameter.NextToken", "ListAssets", {**AIGC, "PageSize": 5, "MaxResults": 5}),
        ("InvalidParameter.NextToken", "ListAssets", {**AIGC, "NextToken": "?"}),
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused_by_the_member_s_name(vendor, expected, action, body):
    """The code of a refused body ends in the member at fault."""
    assert (400, expected) == refusal(vendor, action, body)


@pytest.mark.parametrize("order", ["Asc", "Desc"])
def test_tokens_page_without_repeats_while_the_list_grows(vendor, clock, order):
    """A page by token goes on after the last item, whatever has been added, and has no counts."""
    made = []
    for number in range(5):
        made.append(group_in(vendor, f"g{number}"))
        clock.advance(1)
    seen, token = [], None
    while True:
        body = {**AIGC, "MaxResults": 2, "SortOrder": order}
        page = result(vendor, "ListAssetGroups", body | ({"NextToken": token} if token else {}))
        seen += [found["Id"] for found in page["Items"]]
        token = page.get("NextToken")
        if token is None:
            break
        if order == "Desc":
            group_in(vendor, "late")

    assert (made if order == "Asc" else made[::-1]) == seen
    assert "TotalCount" not in page


def test_an_unfinished_check_is_not_found_by_its_token(vendor, clock):
    """Before the scan and after the end the code is NotFound with the token, which Data repeats."""
    vendor.world.person = never
    check = result(vendor, "CreateVisualValidateSession", {"CallbackURL": "https://a.example/"})
    body = {"BytedToken": check["BytedToken"]}
    status, answer = act(vendor, "GetVisualValidateResult", body)
    error = answer["ResponseMetadata"]["Error"]
    clock.advance(120)

    assert (404, f"NotFound.{check['BytedToken']}") == (status, error["Code"])
    assert check["BytedToken"] == error["Data"]["__Message.resourceContent"]
    assert (404, error["Code"]) == refusal(vendor, "GetVisualValidateResult", body)
    assert 34 == len(check["BytedToken"])


@pytest.mark.parametrize(("once", "again"), [(False, 200), (True, 404)])
def test_a_used_token_reads_again_unless_told_otherwise(vendor, clock, once, again):
    """Whether a token can be exchanged twice is a switch."""
    vendor.variants = Variants(token_once=once)
    check = result(vendor, "CreateVisualValidateSession", {"CallbackURL": "https://a.example/"})
    clock.advance(5)
    body = {"BytedToken": check["BytedToken"]}
    result(vendor, "GetVisualValidateResult", body)

    assert again == act(vendor, "GetVisualValidateResult", body)[0]


def test_a_new_asset_may_be_unseen_at_first(vendor, clock):
    """One switch lets GetAsset miss an asset for its first seconds."""
    vendor.variants = Variants(unseen_s=3)
    asset = {"Id": asset_in(vendor, group_in(vendor))}
    early = refusal(vendor, "GetAsset", asset)
    clock.advance(3)

    assert (404, "NotFound.asset_id") == early
    assert "Processing" == result(vendor, "GetAsset", asset)["Status"]


@pytest.mark.parametrize(
    ("expected", "variants", "options"),
    [
        ((400, "InvalidTimestamp"), {}, {"skew_s": 901}),
        ((401, "InvalidAccessKey"), {}, {"of": "nobody"}),
        ((403, "AccessDenied"), {"denied": frozenset({"CreateAssetGroup"})}, {}),
        ((403, "AccessDenied"), {"letter_signed": False}, {}),
    ],
)
def test_who_may_not_is_refused(vendor, expected, variants, options):
    """Clock, key, policy and the unsigned letter each have their code."""
    vendor.variants = Variants(**variants)

    assert expected == refusal(vendor, "CreateAssetGroup", {"Name": "Mia"}, **options)


def test_an_unknown_action_is_refused(vendor):
    """The gateway knows twelve Actions and one version."""
    answer = vendor.handle(signed(vendor, action_of(ASSETS, "DropAssets")))

    assert (404, "InvalidActionOrVersion", 100008) == (
        answer.status,
        (error := json.loads(answer.content)["ResponseMetadata"]["Error"])["Code"],
        error["CodeN"],
    )


@pytest.mark.parametrize(
    "items",
    [
        (),
        (FIRST,),
        (item("image_url", "data:image/png;base64,AA", None),),
        (FIRST, LAST),
        (IMAGE,) * 9,
        (IMAGE, VIDEO, AUDIO),
    ],
)
def test_each_mode_is_taken(vendor, items):
    """Text, first frame, first and last, and references make a task; nulls do not matter."""
    status, task = video(vendor, "POST", body=with_content(*items, seed=None, tools=None))

    assert (200, "cgt-") == (status, task["id"][:4])


@pytest.mark.parametrize(
    "items",
    [
        (FIRST, IMAGE),
        (LAST,),
        (FIRST, FIRST),
        (item("image_url", "https://a.example/x.jpg", None), LAST),
        (IMAGE,) * 10,
        (IMAGE, *(VIDEO,) * 4),
        (AUDIO,),
        (item("video_url", "https://a.example/x.mp4", None),),
        (item("video_url", "data:video/mp4;base64,AA", "reference_video"),),
        (item("image_url", "ftp://a.example/x.jpg", "reference_image"),),
        (item("image_url", "https://a.example/x.jpg", "reference_video"),),
    ],
)
def test_modes_that_exclude_one_another_are_refused(vendor, items):
    """Mixed modes, missing roles and too many references cost nothing but a 400."""
    status, answer = video(vendor, "POST", body=with_content(*items))

    assert (400, "InvalidParameter") == (status, answer["error"]["code"])
    assert 0 == vendor.world.billed["main", "video"]


@pytest.mark.parametrize(
    ("param", "change"),
    [
        ("resolution", {"resolution": "2k"}),
        ("resolution", {"model": "doubao-seedance-2-0-fast-260128", "resolution": "1080p"}),
        ("duration", {"duration": 3}),
        ("duration", {"duration": "5"}),
        ("ratio", {"ratio": "5:4"}),
        ("frames", {"frames": 57}),
        ("service_tier", {"service_tier": "flex"}),
        ("execution_expires_after", {"execution_expires_after": 60}),
        ("watermark", {"watermark": "no"}),
        ("safety_identifier", {"safety_identifier": "x" * 65}),
        ("model", {"model": None}),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(vendor, param, change):
    """The refusal's `param` is the option at fault."""
    status, answer = video(vendor, "POST", body=with_content(**change))

    assert (400, param) == (status, answer["error"]["param"])


@pytest.mark.parametrize(
    ("wait_s", "model", "of", "kind"),
    [
        (0, MODEL, "main", "Image"),
        (13, "doubao-seedance-1-5-pro-251215", "main", "Image"),
        (13, MODEL, "other", "Image"),
        (13, MODEL, "main", "Video"),
    ],
)
def test_an_asset_that_cannot_be_used_is_not_found(vendor, wait_s, model, of, kind):
    """Under review, with an old model, of another account or of another kind: all are not found."""
    vendor.world.review_s = 13 - wait_s
    asset = asset_in(vendor, group_in(vendor), kind)
    body = {
        **with_content(item("image_url", f"asset://{asset}", "reference_image")),
        "model": model,
    }
    status, answer = video(vendor, "POST", body=body, of=of)

    assert (400, "content[1].image_url.url") == (status, answer["error"]["param"])
    assert f"The specified asset {asset} is not found" in answer["error"]["message"]


def test_an_asset_of_another_project_is_not_found(vendor, clock):
    """The API key's project and the asset's have to be the same."""
    asset = asset_in(vendor, group_in(vendor, ProjectName="films"), ProjectName="films")
    clock.advance(13)
    body = with_content(item("image_url", f"asset://{asset}", "reference_image"))
    outside = video(vendor, "POST", body=body)[0]
    vendor.world.accounts["main"].project_name = "films"

    assert (400, 200) == (outside, video(vendor, "POST", body=body)[0])


def test_a_missing_asset_may_fail_the_task_later(vendor, clock):
    """One switch takes the task and fails it instead, which happens too."""
    vendor.variants = Variants(missing_asset="fails later")
    body = with_content(item("image_url", "asset://asset-0", "reference_image"))
    task = video(vendor, "POST", body=body)[1]["id"]
    clock.advance(45)
    found = video(vendor, "GET", f"/{task}")[1]

    assert ("failed", "InvalidParameter") == (found["status"], found["error"]["code"])


def test_a_task_that_takes_too_long_expires(vendor, clock):
    """A task that is not done when its time is up is expired."""
    vendor.world.queue_s = 7200
    task = video(vendor, "POST", body=with_content(execution_expires_after=3600))[1]["id"]
    clock.advance(3600)

    assert "expired" == video(vendor, "GET", f"/{task}")[1]["status"]


def test_records_are_kept_for_seven_days(vendor, clock):
    """After a week a task is gone, and it never was another account's."""
    task = video(vendor, "POST", body=with_content())[1]["id"]
    foreign = video(vendor, "GET", f"/{task}", of="other")[0]
    clock.advance(7 * 86_400)

    assert (404, 404) == (foreign, video(vendor, "GET", f"/{task}")[0])


def test_a_cancelled_task_is_not_deleted(vendor):
    """A queued task is cancelled, and that is the end of deleting it."""
    task = video(vendor, "POST", body=with_content())[1]["id"]

    assert (200, {}) == video(vendor, "DELETE", f"/{task}")
    assert 409 == video(vendor, "DELETE", f"/{task}")[0]
    assert "cancelled" == video(vendor, "GET", f"/{task}")[1]["status"]


def test_tasks_are_listed_in_pages(vendor):
    """The list has pages and filters, newest first."""
    first, second = (video(vendor, "POST", body=with_content())[1]["id"] for _ in "ab")
    video(vendor, "DELETE", f"/{first}")

    assert [second] == [
        task["id"] for task in video(vendor, "GET", page_num="1", page_size="1")[1]["items"]
    ]
    assert 1 == video(vendor, "GET", **{"filter.status": "cancelled"})[1]["total"]
    assert 400 == video(vendor, "GET", **{"filter.status": "expired"})[0]


def test_a_wrong_key_or_model_is_refused(vendor):
    """A bad key is 401, an unknown model 404, and an endpoint's id is taken."""
    assert 401 == video(vendor, "GET", "/cgt-0", of="nobody")[0]
    assert 404 == video(vendor, "POST", body={**with_content(), "model": "sora"})[0]
    assert 200 == video(vendor, "POST", body={**with_content(), "model": "ep-1"})[0]


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        [],
        ["x"],
        [{"type": "text", "text": ""}],
        [{"type": "image_url", "image_url": "https://a.example/x.jpg"}],
        [{"type": "picture"}],
    ],
)
def test_a_malformed_content_is_refused(vendor, content):
    """Content has to be a list of items that are known."""
    assert 400 == video(vendor, "POST", body={"model": MODEL, "content": content})[0]


@pytest.mark.parametrize("change", [{"content": b"[]"}, {"headers": {}}])
def test_a_task_s_body_has_to_be_a_json_object(vendor, change):
    """A body of another form or type is refused."""
    bearer = {"Authorization": "Bearer key-main"}
    wrong = evolve(request_of("POST", TASKS, {}), **change).with_headers(bearer)

    assert 400 == ask(vendor, wrong)[0]


def test_the_newest_model_takes_more(vendor):
    """Model 2.5 takes 30 pictures, 30 seconds, and audio that stands alone."""
    newest = {"model": "doubao-seedance-2-5-260628"}

    assert 200 == video(vendor, "POST", body={**with_content(*(IMAGE,) * 30), **newest})[0]
    assert 200 == video(vendor, "POST", body={**with_content(AUDIO, duration=30), **newest})[0]


def test_a_finished_task_shows_what_was_asked_for(vendor, clock):
    """Frame, identifier and the model's own choice of length are told."""
    body = with_content(return_last_frame=True, safety_identifier="someone", duration=-1)
    made = video(vendor, "POST", body=body)[1]
    clock.advance(45)
    task = video(vendor, "GET", f"/{made['id']}")[1]

    assert "someone" == made["safety_identifier"] == task["safety_identifier"]
    assert (5, "16:9") == (task["duration"], task["ratio"])
    assert task["content"]["last_frame_url"].startswith("https://")


@pytest.mark.parametrize("query", [{"page_num": "0"}, {"page_size": "501"}, {"page_num": "x"}])
def test_a_wrong_page_of_tasks_is_refused(vendor, query):
    """Pages are numbered from 1 to 500."""
    assert 400 == video(vendor, "GET", **query)[0]


@pytest.mark.parametrize(
    ("expected", "query", "content"),
    [
        ("MissingParameter", {"Action": "GetAsset"}, b"{}"),
        ("InvalidActionOrVersion", {"Action": "GetAsset", "Version": "2020-01-01"}, b"{}"),
        ("InvalidParameter", {"Action": "GetAsset", "Version": "2024-01-01"}, b"[]"),
    ],
)
def test_a_malformed_action_is_refused(vendor, expected, query, content):
    """Version and body are checked once the signature is."""
    request = request_of("POST", ASSETS, content, **query)
    answer = vendor.handle(signed(vendor, request))

    assert expected == json.loads(answer.content)["ResponseMetadata"]["Error"]["Code"]


def test_both_planes_have_only_their_paths(vendor):
    """Any other path is not found; the face page is."""
    check = result(vendor, "CreateVisualValidateSession", {"CallbackURL": WEB})

    assert 404 == vendor.handle(Request(method="GET", url=ASSETS)).status
    assert 200 == vendor.handle(Request(method="GET", url=check["H5Link"])).status
