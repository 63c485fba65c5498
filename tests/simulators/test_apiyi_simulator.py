"""What the simulated APIYI promises beyond Volcengine's signed Actions and Ark's tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import act, ask, made, request_of, result

import contract_judge
from portraitkit.simulators.apiyi import APIYISimulator, Variants
from portraitkit.wire.steps import Request

TASKS = "https://api.apiyi.com/seedance/api/v3/contents/generations/tasks"
MODEL = "doubao-seedance-2-0-260128"
CONTRACT = contract_judge.load("apiyi")


@pytest.fixture
def vendor():
    return made(APIYISimulator)


def video(vendor, method: str = "POST", place: str = "", *, key: str = "key-main", **body: Any):
    sent = {"model": MODEL, "content": [{"type": "text", "text": "a sea"}], **body}
    plain = {"Accept-Encoding": "identity"}
    request = request_of(
        method, TASKS + place, sent if method == "POST" else None, key=key, headers=plain
    )
    return ask(vendor, request, CONTRACT)


def asset_of(vendor, clock, owner: str, **more: Any) -> str:
    group = result(vendor, "CreateAssetGroup", {"Name": "Mia", **more}, of=owner)["Id"]
    body = {"GroupId": group, "URL": "https://a.example/x", "AssetType": "Image", **more}
    asset = result(vendor, "CreateAsset", body, of=owner)["Id"]
    clock.advance(13)
    return asset


def with_asset(asset: str) -> list[dict[str, Any]]:
    picture = {"type": "image_url", "image_url": {"url": f"asset://{asset}"}}
    return [{"type": "text", "text": "Image 1"}, {**picture, "role": "reference_image"}]


@pytest.mark.parametrize(
    ("label", "asked"), [(None, "identity"), ("gzip", "gzip, deflate"), ("gzip", "")]
)
def test_a_reply_is_falsely_labelled_unless_identity_is_asked_for(vendor, label, asked):
    """Only a request for identity gets a reply whose label is true."""
    headers = {"Authorization": "Bearer key-main"} | ({"Accept-Encoding": asked} if asked else {})
    reply = vendor.handle(Request(method="GET", url=f"{TASKS}/cgt-0", headers=headers))

    assert label == reply.headers.get("content-encoding")
    assert "error" in json.loads(reply.content)


def test_any_token_can_use_an_asset_of_the_shared_account(vendor, clock):
    """All customers share one Volcengine account, so a known id works with any token."""
    asset = asset_of(vendor, clock, "main")

    assert 200 == video(vendor, key="key-other", content=with_asset(asset))[0]


def test_a_foreign_asset_is_refused(vendor):
    """An id from another account is not found."""
    status, answer = video(vendor, content=with_asset("asset-20260101000000-zzzzz"))

    assert (400, "InvalidParameter") == (status, answer["error"]["code"])
    assert "is not found" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("expected", "variants", "options"),
    [
        (401, {}, {"key": "wrong"}),
        (503, {"ungrouped": frozenset({"main"})}, {}),
        (503, {}, {"model": "doubao-seedance-1-5-pro-251215"}),
        (400, {}, {"resolution": "4k"}),
        (400, {}, {"model": "doubao-seedance-2-0-fast-260128", "resolution": "1080p"}),
    ],
)
def test_what_the_gateway_refuses(vendor, expected, variants, options):
    """Wrong tokens, tokens without the group, other models and 4k are refused, free of charge."""
    vendor.variants = Variants(**variants)

    assert expected == video(vendor, **options)[0]
    assert 0 == vendor.world.billed["main", "video"]


@pytest.mark.parametrize(("method", "place"), [("GET", ""), ("DELETE", "/cgt-0"), ("POST", "/x")])
def test_there_is_no_list_and_no_cancel(vendor, method, place):
    """Nothing but creating and reading is there."""
    request = request_of(method, TASKS + place)

    assert 404 == vendor.handle(request).status


def test_real_persons_are_verified_in_the_console(vendor):
    """The handed-out key may not start a face check; a group made by hand can be used."""
    status, answer = act(
        vendor, "CreateVisualValidateSession", {"CallbackURL": "https://a.example/"}
    )
    group = vendor.verify_in_console(vendor.world.accounts["main"], "Ann")
    shown = result(vendor, "GetAssetGroup", {"Id": group.id})

    assert (403, "AccessDenied") == (status, answer["ResponseMetadata"]["Error"]["Code"])
    assert ("Ann", "LivenessFace") == (shown["Name"], shown["GroupType"])
