"""What is Kestrel's own: links that stay hidden and end, a queue's words, notices, addresses."""

import json

import pytest
from portraitkit_kestrel.provider import Kestrel
from portraitkit_kestrel.simulator import LINK_LIFE_S, KestrelSimulator

import portraitkit as pk
from portraitkit.testing import SimAccount, answer, replay, simulated

KEY = "kestrel-key-1"
PICTURE = b"\xff\xd8\xff" + b"Mia's face"


def kestrel():
    return Kestrel(api_key=pk.Secret(KEY))


@pytest.fixture
def simulator():
    simulator = KestrelSimulator(base_url="https://queue.kestrel.example")
    simulator.add_account(SimAccount(name="us", api_key=KEY))
    return simulator


@pytest.fixture
def client(simulator):
    return simulated(kestrel(), simulator)


def smile(asset):
    media = pk.References(images={"mia": asset})
    return pk.VideoRequest(prompt="{mia} smiles", media=media, duration_s=5)


def test_a_handle_hides_its_link_and_leads_to_it(client):
    """Stored anywhere, it opens with this account's key; the request is given the link."""
    asset = client.add_asset(client.create_group("Mia"), PICTURE, name="front")
    link = asset.link.reveal()

    shown = client.preview_video(smile(asset.handle))
    kept = json.dumps(asset.to_dict())

    assert {"prompt": "@Image1 smiles", "image_urls": [link], "duration": "5"} == shown.body
    for text in (asset.handle, repr(asset), kept, repr(shown)):
        assert "signature=8796" not in text
        assert "storage/files" not in asset.handle + kept
    assert client.get_asset(pk.Asset.from_dict(json.loads(kept))) == asset
    with pytest.raises(pk.HandleError):
        replay(Kestrel(api_key=pk.Secret("another")).get_asset(asset.handle), [])


def test_a_link_that_ran_out_is_not_sent(client, simulator):
    """The video is refused before it is paid, and the next step says what helps."""
    asset = client.add_asset(client.create_group("Mia"), PICTURE)
    simulator.world.clock.advance(LINK_LIFE_S)

    with pytest.raises(pk.AssetNotReadyError, match="ran out") as caught:
        client.create_video(smile(asset))

    assert "add_asset" in caught.value.next_step


def test_a_group_is_its_name_and_no_real_persons(client):
    """Nothing is sent for it; nobody asks a person here, so that there is no group of one."""
    group = client.create_group("Mia & Zoë")

    assert group == client.get_group(group.handle)
    assert group.id == client.add_asset(group.id, "https://app.example/mia.jpg").group_id
    with pytest.raises(pk.UnsupportedError, match="no face check"):
        client.create_group("Ann", kind=pk.GroupKind.REAL_PERSON)
    for listing in (client.list_groups, lambda: client.list_assets(group)):
        with pytest.raises(pk.UnsupportedError, match="keeps no groups and assets"):
            list(listing())


def test_completed_beside_an_error_has_failed():
    """The queue's word says that it is over; the error says how."""
    told = {"request_id": "films/x|1", "status": "COMPLETED", "error": "no", "error_type": "oops"}

    task = replay(kestrel().get_video("films/x|1"), [answer(told)]).result

    assert (task.status, task.status_word) == (pk.VideoStatus.FAILED, "COMPLETED")
    assert (task.failure.code, task.failure.message) == ("oops", "no")


def test_addresses_in_answers_are_not_followed():
    """Whatever an answer names, the key goes to the queue, with the id escaped in the path."""
    given = {"status_url": "https://evil.example/s", "response_url": "https://evil.example/r"}
    queued = answer({"request_id": "films/x|1", "status": "IN_QUEUE", **given})
    made = replay(kestrel().create_video(pk.VideoRequest(prompt="a smile")), [queued]).result

    done = replay(kestrel().get_video(made), [queued])

    assert [each.url for each in done.requests] == [
        "https://queue.kestrel.example/requests/films%2Fx%7C1/status"
    ]


def test_a_notice_is_a_hint():
    """It names the request, and is not believed; without one it is refused."""
    notice = {"request_id": "films/x|1", "status": "OK", "payload": {"video": {"url": "x"}}}

    task = kestrel().read_video_callback(json.dumps(notice))

    assert (task.id, task.status) == ("films/x|1", pk.VideoStatus.UNKNOWN)
    for forged in ({"request_id": "../films"}, {"status": "OK"}):
        with pytest.raises(pk.InvalidInputError):
            kestrel().read_video_callback(forged)


def test_files_are_counted_together(client):
    """Nine pictures, three videos and three sounds may each be given, and twelve in all."""
    files = {
        f"{kind}s": [f"https://app.example/{number}.{ending}" for number in range(count)]
        for kind, ending, count in (("image", "jpg", 8), ("video", "mp4", 3), ("audio", "mp3", 2))
    }
    request = pk.VideoRequest(prompt="a smile", media=pk.References(**files))

    assert [each.found for each in client.preview_video(request).findings] == [13]
