"""What the simulated Token360 promises, one request at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asking import made, request_of, upload_of

from portraitkit.simulators.state import VirtualClock, World, never, scans_after
from portraitkit.simulators.token360 import Token360Simulator, Variants
from portraitkit.wire.steps import Response


class Vendor:
    """A simulator with two accounts, asked in few words."""

    def __init__(self, variants: Variants | None = None, **world: Any) -> None:
        self.clock = VirtualClock()
        vendor = World(clock=self.clock, **world)
        self.sim = made(Token360Simulator, vendor, variants=variants or Variants())

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "key-main") -> Response:
        return self.sim.handle(request_of(method, f"{self.sim.base_url}{path}", body, key=key))

    def group(self, kind: str = "VIRTUAL_PORTRAIT", name: str = "Mia") -> dict[str, Any]:
        return read(self.ask("POST", "/v1/asset-groups", {"name": name, "groupKind": kind}))["data"]

    def upload(self, group_id: str, *, kind: str = "image/png", content: bytes = b"x") -> Response:
        fields = {"groupId": group_id, "name": "front"}
        return self.sim.handle(upload_of(f"{self.sim.base_url}/v1/assets", fields, content, kind))

    def portrait(self) -> dict[str, Any]:
        """Upload one and let its review end."""
        asset = read(self.upload(self.group()["assetGroupId"]))["data"]
        self.clock.advance(60)
        return asset

    def video(self, **body: Any) -> Response:
        body = {"model": "seedance-2.0", "prompt": "she smiles", **body}
        return self.ask("POST", "/v1/videos", body)


def read(response: Response) -> dict[str, Any]:
    return json.loads(response.content)


def first_frame(url: str) -> list[dict[str, Any]]:
    return [{"type": "image_url", "frame_type": "first_frame", "image_url": {"url": url}}]


def test_bad_key():
    """A wrong key is refused in the gateway's form, on every path."""
    reply = Vendor().ask("GET", "/v1/assets", key="sk-wrong")

    assert 401 == reply.status
    assert ("invalid_api_key", "401") == (
        read(reply)["error"]["type"],
        read(reply)["error"]["code"],
    )


def test_upload_into_a_waiting_group():
    """A real person's group takes no upload before the check, with HTTP 409."""
    vendor = Vendor(person=scans_after(30))
    group = vendor.group("REAL_FACE")

    early = vendor.upload(group["assetGroupId"])
    vendor.clock.advance(30)
    late = vendor.upload(group["assetGroupId"])

    assert "pending_validation" == group["status"]
    assert (409, 200) == (early.status, late.status)


@pytest.mark.parametrize(
    ("variants", "person", "wait_s", "word"),
    [
        (Variants(), scans_after(10), 10, "active"),
        (Variants(activates=False), scans_after(10), 10, "pending_validation"),
        (Variants(), never, 500, "pending_validation"),
        (Variants(names_outcome=True), never, 500, "expired"),
        (Variants(names_outcome=True), scans_after(10, 10001), 10, "failed"),
        (Variants(names_outcome=True, capitals=True), never, 500, "Expired"),
    ],
)
def test_face_check_ends(variants: Variants, person: Any, wait_s: float, word: str):
    """The group's status tells of the check, in the words that the variant gives."""
    vendor = Vendor(variants, person=person)
    group = vendor.group("REAL_FACE")
    vendor.clock.advance(wait_s)

    reply = vendor.ask("GET", f"/v1/asset-groups/{group['assetGroupId']}")

    assert word == read(reply)["data"]["status"]


@pytest.mark.parametrize("key", ["list", "records", "items", "groups"])
def test_list_forms(key: Any):
    """Lists page, filter and count in each of the four forms."""
    vendor = Vendor(Variants(list_key=key))
    for name in ("a1", "a2", "b1"):
        vendor.group(name=name)

    data = read(vendor.ask("GET", "/v1/asset-groups?keyword=a&size=1&current=2"))["data"]

    assert ["a1"] == [row["name"] for row in data[key]]
    assert 2 == (data["pagination"] if key == "list" else data)["total"]


def test_no_reading_of_one_group():
    """Where one group cannot be read, the answer is 405 and the list still finds it by id."""
    vendor = Vendor(Variants(has_get_group=False, group_id_key="groupId"))
    group_id = vendor.group()["groupId"]

    alone = vendor.ask("GET", f"/v1/asset-groups/{group_id}")
    found = read(vendor.ask("GET", f"/v1/asset-groups?keyword={group_id}"))["data"]["list"]

    assert 405 == alone.status
    assert [group_id] == [row["groupId"] for row in found]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (
            "service",
            {"code": 404, "data": None, "msg": "Asset not found", "serviceCode": "ASSET_NOT_FOUND"},
        ),
        (
            "gateway",
            {
                "error": {
                    "message": "Asset not found",
                    "type": "not_found_error",
                    "param": None,
                    "code": "404",
                }
            },
        ),
        ("message", {"message": "Asset not found"}),
    ],
)
def test_error_bodies(form: Any, body: dict[str, Any]):
    """The library refuses in each of three forms."""
    reply = Vendor(Variants(error_body=form)).ask("GET", "/v1/assets/ta_unknown")

    assert (404, body) == (reply.status, read(reply))


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("video/mp4", b"x", 400),
        ("image/png", b"", 400),
        ("image/png", b"x" * 30_000_000, 400),
        ("image/heic", b"x", 200),
    ],
)
def test_picture_rules(kind: str, content: bytes, status: int):
    """A portrait group takes pictures under 30 MB."""
    vendor = Vendor()

    reply = vendor.upload(vendor.group()["assetGroupId"], kind=kind, content=content)

    assert status == reply.status


@pytest.mark.parametrize(
    "body",
    [
        {"model": "seedance-1.5-pro", "frame_images": first_frame("asset://ACTIVE")},
        {"frame_images": first_frame("asset://GENERIC")},
        {"frame_images": first_frame("asset://FRESH")},
        {"frame_images": first_frame("asset://ta_unknown")},
        {
            "input_references": [
                {"type": "video_url", "role": "reference", "video_url": {"url": "asset://ACTIVE"}}
            ]
        },
        {
            "frame_images": first_frame("https://media.example/a.png"),
            "input_references": [
                {"type": "image_url", "image_url": {"url": "https://media.example/b.png"}}
            ],
        },
        {"prompt": ""},
        {"duration": 60},
        {"duration": "5"},
        {"resolution": "8K"},
        {"callback_url": "http://app.example/done"},
        {"frame_images": [{"type": "image_url"}]},
    ],
)
def test_refused_videos(body: dict[str, Any]):
    """A body that cannot work is refused with 400 and charges nothing."""
    vendor = Vendor()
    active = vendor.portrait()
    generic = read(vendor.upload(vendor.group("GENERIC")["assetGroupId"]))["data"]["assetId"]
    vendor.clock.advance(60)
    fresh = read(vendor.upload(active["assetGroupId"]))["data"]["assetId"]
    text = json.dumps(body).replace("ACTIVE", active["assetId"])
    text = text.replace("GENERIC", generic).replace("FRESH", fresh)

    reply = vendor.video(**json.loads(text))

    assert (400, "invalid_request_error") == (reply.status, read(reply)["error"]["type"])
    assert 0 == vendor.sim.world.billed["main", "video"]


def test_unknown_model():
    """A model that is not sold is `model_not_found`."""
    reply = Vendor().video(model="seedance-9")

    assert (404, "model_not_found") == (reply.status, read(reply)["error"]["type"])


def test_download_forms():
    """A finished file comes as a redirect, as a link, or as bytes; an unfinished one not at all."""
    vendor = Vendor()
    path = f"/v1/videos/{read(vendor.video())['id']}/content"
    early = vendor.ask("GET", path)
    vendor.clock.advance(100)

    redirect = vendor.ask("GET", path)
    link = read(vendor.ask("GET", f"{path}?format=url"))
    binary = vendor.ask("GET", f"{path}?format=binary")

    assert (400, "queued") == (early.status, read(early)["error"]["message"].split()[-1])
    assert (302, vendor.sim.media_url("clip.mp4")) == (
        redirect.status,
        redirect.headers["location"],
    )
    assert 3600 == link["expires_in"]
    assert "video/mp4" == binary.headers["content-type"]


@pytest.mark.parametrize("place", ["url", "video_url", "content", "nowhere"])
def test_link_places(place: Any):
    """A finished video's link is in one of three members, or only behind the download."""
    vendor = Vendor(Variants(video_link=place))
    video = read(vendor.video())["id"]
    vendor.clock.advance(100)

    seen = read(vendor.ask("GET", f"/v1/videos/{video}"))
    links = {
        "url": seen["url"],
        "video_url": seen["video_url"],
        "content": seen["content"].get("video_url"),
    }

    assert [place] * (place != "nowhere") == [key for key, link in links.items() if link]


def test_firewall():
    """Inline base64 meets an HTML page where the firewall is on."""
    vendor = Vendor(Variants(firewall=True))

    reply = vendor.video(frame_images=first_frame("data:image/png;base64,AAAA"))

    assert (403, "text/html; charset=utf-8") == (reply.status, reply.headers["content-type"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/videos/video-1", 405),
        ("POST", "/v1/assets", 400),
    ],
)
def test_wrong_requests(method: str, path: str, status: int):
    """Unknown paths, methods and empty forms are refused, never crashed on."""
    assert status == Vendor().ask(method, path).status
