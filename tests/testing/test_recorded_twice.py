"""Two recordings of one flow differ in nothing, unless the vendor has changed."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import portraitkit as pk
from portraitkit.engine.response_body import TransportError
from portraitkit.testing import plugin, practice
from portraitkit.testing.__main__ import main
from portraitkit.testing.cassettes import cassettefile
from portraitkit.testing.cassettes.normalising import BODY_BYTES, Ports, normalised, relative
from portraitkit.testing.doubles.vendors import PortraitSimulator
from portraitkit.testing.recording import cassette
from portraitkit.values.remarks import Outcome

FACE = Path(pk.__file__).with_name("simulators") / "data" / "face.jpg"
CONTRACTS = ("--contracts", str(Path(__file__).parents[2] / "providers"))
VENDORS = ("alltoken", "token360", "volcengine", "byteplus", "apiyi")
START = datetime(2026, 11, 27, 8, 0, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def outside_of_pytest(monkeypatch):
    monkeypatch.setattr(plugin, "_CONFIGS", [])
    monkeypatch.delenv("PORTRAITKIT_PROFILE", raising=False)


def source_for(client):
    return FACE if client.provider.name in ("alltoken", "token360") else "https://shop.com/a.jpg"


def asset_in(client, group="Mia", name="front"):
    return client.add_asset(client.create_group(group), source_for(client), name=name)


def ready(client):
    return client.wait_until_active(asset_in(client))


def film(client, **changed):
    media = pk.References(images={"mia": ready(client)})
    wanted = {"prompt": "{mia} smiles", "model": "seedance-2.0", "media": media, "duration_s": 5}
    return client.create_video(pk.VideoRequest(**(wanted | changed)))


def deletes(client):
    client.delete_asset(ready(client))


def renames(client):
    client.rename_asset(ready(client), "left")


def lists(client):
    group = client.create_group("Mia")
    for name in ("front", "side"):
        client.wait_until_active(client.add_asset(group, source_for(client), name=name))
    return [list(client.list_assets(group)), list(client.list_groups())]


def refused(client):
    with suppress(pk.PortraitError):
        client.get_asset("asset-20260102030405-nobdy")


def verifies(client):
    with suppress(pk.UnsupportedError):
        return client.wait_until_verified(
            client.start_verification("Ann", callback_url="https://shop.com/x")
        )


FLOWS = {
    "registers": ready,
    "films": lambda client: client.wait_for_video(film(client)),
    "films without a picture": lambda client: film(client, media=None, prompt="a quiet sea"),
    "looks once": lambda client: client.get_video(film(client)),
    "deletes": deletes,
    "renames": renames,
    "lists": lists,
    "is refused": refused,
    "makes groups": lambda client: [client.create_group(each) for each in ("Mia", "Leo")],
    "verifies": verifies,
}  # fmt: skip


def do(flow):
    with pk.connect() as client, suppress(pk.UnsupportedError):
        return FLOWS[flow](client)


@pytest.mark.matrix
@pytest.mark.parametrize("vendor", VENDORS)
def test_ten_flows_recorded_twice_differ_in_nothing(vendor, tmp_path, monkeypatch):
    """Another day, other ids, other signatures: the files are the same, byte by byte, and play."""
    files = [[tmp_path / str(n) / f"{flow}.portrait.yaml" for flow in FLOWS] for n in (1, 2)]

    for own in files:
        for flow, file in zip(FLOWS, own, strict=True):
            with cassette(file, record="once", profile=f"simulator:{vendor}"):
                do(flow)

    for flow, one, other in zip(FLOWS, *files, strict=True):
        assert one.read_bytes() == other.read_bytes(), flow
        with cassette(other) as played:
            do(flow)
        assert [] == played.unplayed, flow
    assert 0 == main(["lint", str(tmp_path / "1"), *CONTRACTS])


def test_another_day_and_other_ids_are_the_same_recording(tmp_path):
    """As a live vendor gives them: times, ids, request ids, signatures, marks, headers, ports."""

    def told(start, mark, port):
        moment = start + timedelta(seconds=2)
        later = (moment + timedelta(seconds=120)).isoformat().replace("+00:00", "Z")
        answer = {
            "RequestId": f"0217{mark}", "Id": f"asset-{mark}-abcde", "task": mark * 2,
            "CreateTime": int(moment.timestamp()), "ms": int(moment.timestamp() * 1000),
            "ExpireTime": later, "at": later.replace("T", " ")[:19],
            "URL": f"https://cdn.vendor.com/{mark}/x.mp4?X-Tos-Date={start:%Y%m%dT%H%M%SZ}&sign={mark}",
            "page": f"http://127.0.0.1:{port}/h5?BytedToken={mark}",
        }  # fmt: skip
        return {
            "request": {"method": "GET", "uri": f"http://127.0.0.1:{port}/v1/x", "headers": {}},
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"x-request-id": [mark], "date": [f"{start}"], "location": ["/x"]},
                "body": {"string": json.dumps(answer).encode()},
            },
        }  # fmt: skip

    def recorded(start, mark, port):
        from portraitkit.testing.sanitising.pseudonyms import Pseudonyms
        from portraitkit.testing.sanitising.sanitiser import Sanitiser

        given = normalised([told(start, mark, port)], start, "alltoken", Ports())
        return cassettefile.dump(
            Sanitiser((), (), Pseudonyms.named("x")).clean({"interactions": given})
        )

    one = recorded(START, "20261127080003", 41234)
    other = recorded(START + timedelta(days=40, seconds=11), "20270106091542", 51243)
    assert one == other
    assert "2026-01-02T03:06:05Z" in one


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('{"seed": 1795766403}', '{"seed": 1795766403}'),
        ("2024-01-01", "2024-01-01"),
        ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z", "2025-12-03T03:04:05Z"),
        ("2026-11-27T16:00:45+08:00", "2026-01-02T11:04:45+08:00"),
        ("2026-11-27T08:00:03.123Z", "2026-01-02T03:04:05.000Z"),
        ("2026-99-27T08:00:03Z", "2026-99-27T08:00:03Z"),
        ("asset-20261127080003-abcde", "asset-20261127080003-abcde"),
        ("\N{CJK UNIFIED IDEOGRAPH-65F6}1795766413", "\N{CJK UNIFIED IDEOGRAPH-65F6}1767323055"),
    ],
)
def test_times_are_relative_to_the_start(given, kept):
    """What was before is long ago; what no clock wrote stays."""
    assert kept == relative(given, START)


def test_what_did_not_change_keeps_its_day(tmp_path):
    """So that a diff is empty the next day, too; the origin's own words stay in any case."""
    file = tmp_path / "x.portrait.yaml"
    record = {"record": "all", "profile": "simulator:alltoken"}
    with cassette(file, **record):
        do("registers")
    text = file.read_text(encoding="utf-8")
    day = cassettefile.load(file)["origin"]["recorded_at"]
    old = text.replace(day, "2026-01-01").replace("origin:\n", "origin:\n  about: mine\n")
    file.write_text(old, encoding="utf-8")

    with cassette(file, **record):
        do("registers")
    assert old == file.read_text(encoding="utf-8")

    with cassette(file, **record):
        do("makes groups")
    assert day == cassettefile.load(file)["origin"]["recorded_at"]
    assert "mine" == cassettefile.load(file)["origin"]["about"]


def losing(**fault):
    """A simulator whose next create is carried out, and its answer lost."""

    def make():
        simulator = PortraitSimulator()
        simulator.fail_next(acted=True, **fault)
        return simulator

    return make


@pytest.mark.parametrize("vendor", ["alltoken", "volcengine"])
def test_a_create_that_was_lost_and_found_again_replays(vendor, tmp_path, monkeypatch):
    """Its lack of an answer is recorded; what is listed then holds the mark that was just sent."""
    file = tmp_path / "lost.portrait.yaml"
    monkeypatch.setattr(practice, "PortraitSimulator", losing(when=lambda r: b"Mia" in r.content))
    with cassette(file, record="once", profile=f"simulator:{vendor}"), pk.connect() as client:
        made = client.create_group("Mia")

    with cassette(file) as played, pk.connect() as client:
        again = client.create_group("Mia")

    assert made.name == "Mia"
    assert again.id
    assert [] == played.unplayed
    assert [0] == [
        each["response"]["status"]["code"] for each in cassettefile.load(file)["interactions"][:1]
    ]
    assert 0 == main(["lint", str(file), *CONTRACTS])


def test_a_lost_create_that_nobody_finds_replays_as_lost(tmp_path, monkeypatch):
    """The application sees the same error, and pays for nothing."""
    file = tmp_path / "lost.portrait.yaml"
    is_video = "contents/generations"
    monkeypatch.setattr(practice, "PortraitSimulator", losing(when=lambda r: is_video in r.url))
    for record in ("once", "none"):
        with (
            cassette(file, record=record, profile="simulator:volcengine"),
            pk.connect() as client,
            pytest.raises(pk.OutcomeUnknownError),
        ):
            film(client)


def test_a_read_that_was_asked_again_is_recorded_once(tmp_path, monkeypatch):
    """That a connection broke on the way is no news of the vendor."""
    file = tmp_path / "read.portrait.yaml"
    broken = PortraitSimulator()

    def once(provider, request, real=broken.answer, left=[1]):  # noqa: B006
        if "GetAsset" in request.target and left.pop() if left else False:
            raise TransportError(Outcome.UNKNOWN, "connection lost while receiving")
        return real(provider, request)

    monkeypatch.setattr(broken, "answer", once)
    monkeypatch.setattr(practice, "PortraitSimulator", lambda: broken)
    with cassette(file, record="once", profile="simulator:alltoken"):
        do("registers")

    codes = {each["response"]["status"]["code"] for each in cassettefile.load(file)["interactions"]}
    assert {200} == codes


def page(number, names, total):
    rows = [{"Id": f"group-{n:014}-aaaaa", "Name": n, "Text": "x" * 300} for n in names]
    body = {"Result": {"Items": rows, "TotalCount": total, "PageNumber": number}}
    uri = "https://api.alltoken.ai/v1/portrait/?Action=ListAssetGroups"
    return {
        "request": {"method": "POST", "uri": uri, "headers": {}, "body": f'{{"Page": {number}}}'},
        "response": {"status": {"code": 200}, "headers": {}, "body": {"string": json.dumps(body)}},
    }  # fmt: skip


def test_long_pages_are_thinned_and_stay_whole():
    """What later requests name stays; the total counts what is left, on each page."""
    asked = {
        "method": "GET",
        "uri": "https://api.alltoken.ai/v1/x/group-00000000000077-aaaaa",
        "headers": {},
    }
    used = {"request": asked, "response": page(0, [], 0)["response"]}
    given = [page(1, range(100), 150), page(2, range(100, 150), 150), used]

    first, second, _ = normalised(given, START, "alltoken", Ports())

    bodies = [json.loads(each["response"]["body"]["string"])["Result"] for each in (first, second)]
    counts = [len(each["Items"]) for each in bodies]
    assert [sum(counts)] * 2 == [each["TotalCount"] for each in bodies]
    assert 0 < counts[0] < 60
    assert "group-00000000000077-aaaaa" in [each["Id"] for each in bodies[0]["Items"]]
    assert all(len(json.dumps(each, indent=2)) <= BODY_BYTES for each in bodies)


def test_an_id_that_things_are_read_by_stays():
    """A queue calls its tasks `request_id`; elsewhere that is a mark of one request, and goes."""
    asked = "https://queue.example/requests/films%2Fseedance%7C3f2a/status"
    given = [
        {
            "request": {"method": "GET", "uri": asked, "headers": {}},
            "response": {"headers": {}, "body": {"string": json.dumps({"request_id": each})}},
        }
        for each in ("films/seedance|3f2a", "021a7b")
    ]

    told = normalised(given, START, "alltoken", Ports())

    bodies = [json.loads(each["response"]["body"]["string"]) for each in told]
    assert ["films/seedance|3f2a", "req-0000"] == [each["request_id"] for each in bodies]
