"""What every simulator promises alike: a person at a page decides, and accounts are apart."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from portraitkit.simulators.state import SimAccount, never
from portraitkit.testing import simulated
from portraitkit.values.errors import PortraitError
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import VerificationStatus
from portraitkit.values.video import Frames, VideoRequest
from portraitkit.wire.steps import Request
from vendors import FACE, KEYS, PICTURE, judged, provider_of

BACK = "https://app.example/?own=1"
OTHER = {key: f"other-{key}" for key in ("api_key", "access_key", "secret_key", "library_key")}


@pytest.mark.parametrize("passes", [True, False])
@pytest.mark.parametrize("way", [each for each in KEYS if each != "apiyi"])
def test_a_page_decides_and_sends_the_browser_back(way, passes):
    """Without a key, once; where there is no page to return to it says so; others are unknown."""
    vendor = judged(way, never)
    client = simulated(provider_of(way, callback_url=BACK), vendor)
    check = client.start_verification("Ann")
    page = Request(method="GET", url=check.url)
    press = evolve(page, method="POST", content=f"result={10000 if passes else 10001}".encode())
    shown, done, again = map(vendor.handle, (page, press, press))
    told = parse_qs(urlsplit(done.headers.get("location", "")).query)

    assert [200, 200 if way == "token360" else 410] == [shown.status, again.status]
    assert 404 == vendor.handle(evolve(page, url=f"{check.url}0")).status
    assert passes == (VerificationStatus.VERIFIED is client.check_verification(check).status)
    if way == "token360":
        assert (200, "text/html; charset=utf-8") == (done.status, done.headers["content-type"])
    else:
        assert (302, way != "icover") == (done.status, ["1"] == told.get("own"))
        assert ["10000" if passes else "10001"] == told["resultCode"]


def source_for(client):
    return FACE if client.supports("add_upload") else PICTURE


def refusals(client, group, asset, task, token):
    """What reading, changing and using things by their bare ids comes to."""
    film = VideoRequest(prompt="x", model="seedance-2.0", media=Frames(first=f"asset://{asset}"))
    for operation, call in {
        "get_group": lambda: client.get_group(group),
        "get_asset": lambda: client.get_asset(asset),
        "add_asset": lambda: client.add_asset(group, source_for(client)),
        "check_verification": lambda: client.check_verification(token).status,
        "delete_group": lambda: client.delete_group(group),
        "delete_asset": lambda: client.delete_asset(asset),
        "get_video": lambda: client.get_video(task),
        "create_video": lambda: client.create_video(film),
    }.items():
        # APIYI's customers share an account, so that any of them may use what is in it.
        shared = operation == "create_video" and client.provider.name == "apiyi"
        if client.supports(operation) and not shared:
            try:
                yield operation, call()
            except PortraitError as error:
                yield operation, type(error), getattr(error, "code", None)


@pytest.mark.parametrize("way", KEYS)
def test_what_another_account_made_is_as_if_it_did_not_exist(way):
    """Neither read, changed, used nor listed; whether an id is known is not told."""
    vendor = judged(way)
    vendor.simulator.add_account(SimAccount(name="other", **OTHER))
    provider = provider_of(way, callback_url=BACK)
    client = simulated(provider, vendor)
    keys = {key: Secret(OTHER[key]) for key in KEYS[way]}
    other = simulated(evolve(provider, **keys), vendor)
    group = client.create_group("Mia")
    asset = client.wait_until_active(client.add_asset(group, source_for(client)))
    task = client.create_video(VideoRequest(prompt="x", model="seedance-2.0"))
    world = vendor.world
    if way != "apiyi":
        client.wait_until_verified(client.start_verification("Ann"))
    token = next(iter(world.checks), "none")
    made = (asset.group_id, asset.id, task.id, token)

    foreign = list(refusals(other, *made))
    assert foreign == list(refusals(other, *(f"{each[:-1]}0" for each in made)))
    for operation in ("list_groups", "list_videos"):
        if other.supports(operation):
            assert [] == list(getattr(other, operation)())
    assert ([asset.id], True) == (list(world.assets), asset.group_id in world.groups)
