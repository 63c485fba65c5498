"""What the simulated AllToken promises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from portraitkit.simulators.alltoken import AllTokenSimulator, Variants
from portraitkit.simulators.state import SimAccount, VirtualClock, World, never
from portraitkit.wire import Request, multipart

ORIGIN = "https://api.alltoken.ai"


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def vendor(clock):
    simulator = AllTokenSimulator(world=World(clock=clock))
    simulator.add_account(SimAccount(name="main", api_key="key-main"))
    simulator.add_account(SimAccount(name="other", api_key="key-other"))
    return simulator


def act(vendor, action: str, body: dict[str, Any] | None = None, *, key: str = "key-main"):
    """Return the answer's status and body."""
    response = vendor.handle(
        Request(
            method="POST",
            url=f"{ORIGIN}/v1/portrait/",
            query={"Action": action, "Version": "2024-01-01"},
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            content=json.dumps(body or {}).encode(),
        )
    )
    return response.status, json.loads(response.content)


def result(vendor, action: str, body: dict[str, Any] | None = None, *, key: str = "key-main"):
    status, answer = act(vendor, action, body, key=key)
    assert (200, None) == (status, answer["ResponseMetadata"].get("Error"))
    return answer["Result"]


def refusal(vendor, action: str, body: dict[str, Any] | None = None, *, key: str = "key-main"):
    status, answer = act(vendor, action, body, key=key)
    return status, answer["ResponseMetadata"]["Error"]["Code"]


def group_in(vendor, name: str = "Mia") -> str:
    return result(vendor, "CreateAssetGroup", {"GroupType": "AIGC", "Name": name})["Id"]


def asset_in(vendor, group: str, media: str = "Image", name: str = "front") -> str:
    body = {"GroupId": group, "URL": "https://a.example/x.jpg", "AssetType": media, "Name": name}
    return result(vendor, "CreateAsset", body)["Id"]


def upload(vendor, group: str, content: bytes = b"picture", kind: str = "image/jpeg"):
    form, content_type = multipart(
        {"GroupId": group}, name="file", filename="mia.jpg", content=content, content_type=kind
    )
    response = vendor.handle(
        Request(
            method="POST",
            url=f"{ORIGIN}/v1/portrait/upload",
            headers={"Authorization": "Bearer key-main", "Content-Type": content_type},
            content=form,
        )
    )
    return response.status, json.loads(response.content)


def video(vendor, method: str = "POST", path: str = "", body: Any = None, key: str = "key-main"):
    path, _, query = path.partition("?")
    response = vendor.handle(
        Request(
            method=method,
            url=f"{ORIGIN}/v1/videos/generations{path}",
            query=dict(pair.split("=") for pair in query.split("&") if pair),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            content=json.dumps(body).encode() if body is not None else b"",
        )
    )
    return response.status, json.loads(response.content)


def of_asset(asset: str, model: str = "seedance-2.0", role: str = "first_frame") -> dict[str, Any]:
    item = {"type": "image_url", "image_url": {"url": f"asset://{asset}"}, "role": role}
    return {"model": model, "prompt": "Image 1 smiles", "content": [item]}


def test_an_asset_becomes_active_after_its_review(vendor, clock):
    """Both status members say Processing until the review ends, then Active."""
    asset = asset_in(vendor, group_in(vendor))
    before = result(vendor, "GetAsset", {"Id": asset})
    clock.advance(13)
    after = result(vendor, "GetAsset", {"Id": asset})

    assert ("Processing", "Processing") == (before["UpstreamStatus"], before["Status"])
    assert ("Active", "Active") == (after["UpstreamStatus"], after["Status"])


def test_a_refused_asset_says_why(vendor, clock):
    """A review that fails puts its code and message on the asset."""
    vendor.world.reject_assets["front"] = ("FaceMismatch", "another face")
    asset = asset_in(vendor, group_in(vendor))
    clock.advance(13)

    assert {"Code": "FaceMismatch", "Message": "another face"} == result(
        vendor, "GetAsset", {"Id": asset}
    )["Error"]


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


@pytest.mark.parametrize("action", ["GetAssetGroup", "UpdateAssetGroup", "DeleteAssetGroup"])
def test_a_foreign_group_is_refused_like_an_unknown_one(vendor, action):
    """Whether a foreign id exists is not revealed."""
    foreign = refusal(vendor, action, {"Id": group_in(vendor), "Name": "n"}, key="key-other")

    assert (403, "Forbidden") == foreign
    assert foreign == refusal(vendor, action, {"Id": "group-0", "Name": "n"}, key="key-other")


def test_pages_cover_the_list_once(vendor, clock):
    """Page numbers walk through all groups, newest first, without repeats."""
    made = []
    for number in range(5):
        made.append(group_in(vendor, f"g{number}"))
        clock.advance(1)
    pages = [
        result(vendor, "ListAssetGroups", {"PageNumber": number, "PageSize": 2})
        for number in (1, 2, 3)
    ]

    assert made[::-1] == [item["Id"] for page in pages for item in page["Items"]]
    assert {5} == {page["TotalCount"] for page in pages}


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


def test_a_person_who_scans_gets_a_group(vendor, clock):
    """The check is pending, then yields a real person's group, also when asked twice."""
    check = result(vendor, "CreateVisualValidateSession", {"CallbackURL": "https://a.example/"})
    token = {"BytedToken": check["BytedToken"]}
    pending = refusal(vendor, "GetVisualValidateResult", token)
    clock.advance(5)
    group = result(vendor, "GetVisualValidateResult", token)["GroupId"]

    assert (400, "ValidatePending") == pending
    assert group == result(vendor, "GetVisualValidateResult", token)["GroupId"]
    assert "LivenessFace" == result(vendor, "GetAssetGroup", {"Id": group})["GroupType"]


def test_a_check_ends_after_two_minutes(vendor, clock):
    """An unused token is TokenExpired after 120 seconds; another customer's is InvalidToken."""
    vendor.world.person = never
    token = {"BytedToken": result(vendor, "CreateVisualValidateSession", {})["BytedToken"]}
    foreign = refusal(vendor, "GetVisualValidateResult", token, key="key-other")
    clock.advance(120)

    assert (400, "InvalidToken") == foreign
    assert (400, "TokenExpired") == refusal(vendor, "GetVisualValidateResult", token)


@pytest.mark.parametrize(("code", "verified"), [("10000", True), ("10001", False)])
def test_the_page_decides_and_returns_to_the_callback(vendor, code, verified):
    """A person at the page passes or fails, once, and the browser goes back with the outcome."""
    vendor.world.person = never
    check = result(
        vendor, "CreateVisualValidateSession", {"CallbackURL": "https://a.example/?own=1"}
    )
    page = Request(method="GET", url=check["H5Link"])
    press = Request(method="POST", url=check["H5Link"], content=f"result={code}".encode())
    shown, done, again = (vendor.handle(request) for request in (page, press, press))
    status, answer = act(vendor, "GetVisualValidateResult", {"BytedToken": check["BytedToken"]})

    assert [200, 302, 410] == [shown.status, done.status, again.status]
    assert done.headers["location"].startswith("https://a.example/?own=1&bytedToken=")
    assert f"resultCode={code}" in done.headers["location"]
    assert verified == (status == 200) == ("Result" in answer)


def test_errors_may_come_with_http_200(vendor):
    """One switch sends every portrait error with HTTP 200, as the reference allows."""
    vendor.variants = Variants(errors_as_200=True)

    assert (200, "Forbidden") == refusal(vendor, "GetAsset", {"Id": "asset-0"})
    assert (200, "Unauthorized") == refusal(vendor, "GetAsset", {"Id": "asset-0"}, key="wrong")


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
    assert (401, "Unauthorized") == refusal(vendor, "ListAssets", key="wrong")

    vendor.variants = Variants(gateway_401=True)

    assert (401, {"message", "type"}) == (
        (answer := act(vendor, "ListAssets", key="wrong"))[0],
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
    [(0, "seedance-2.0", "key-main"), (13, "seedance-1.5-pro", "key-main"),
     (13, "seedance-2.0", "key-other")],
)  # fmt: skip
def test_an_asset_that_cannot_be_used_is_refused(vendor, clock, wait_s, model, owner):
    """An asset under review, a model without assets and a foreign asset are refused."""
    asset = asset_in(vendor, group_in(vendor))
    clock.advance(wait_s)

    assert 400 == video(vendor, body=of_asset(asset, model), key=owner)[0]


def test_a_task_can_be_cancelled_until_it_ends(vendor, clock):
    """Cancelling works once; afterwards, and after the end, it is a conflict."""
    first, second = (video(vendor, body={"model": "seedance-2.0", "prompt": "a"})[1] for _ in "ab")
    cancelled = video(vendor, "POST", f"/{first['id']}/cancel")
    again = video(vendor, "POST", f"/{first['id']}/cancel")
    clock.advance(60)

    assert (200, "cancelled") == (cancelled[0], cancelled[1]["status"])
    assert 409 == again[0] == video(vendor, "POST", f"/{second['id']}/cancel")[0]
    assert 404 == video(vendor, "POST", "/vgen_0/cancel")[0]


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
    request = Request(
        method="GET",
        url=f"{ORIGIN}/v1/videos/models",
        headers={"Authorization": "Bearer key-main"},
    )
    listed = json.loads(vendor.handle(request).content)
    refused = vendor.handle(evolve(request, headers={}))

    assert "seedance-2.0-fast" in [model["id"] for model in listed["data"]]
    assert 401 == refused.status
