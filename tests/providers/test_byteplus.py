"""BytePlus: what is not Volcengine's, and the main job at a simulated vendor."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

import contract_judge
from portraitkit.providers.byteplus import BytePlus
from portraitkit.providers.volcengine import Volcengine
from portraitkit.simulators.byteplus import BytePlusSimulator, Variants
from portraitkit.simulators.state import SimAccount
from portraitkit.simulators.volcengine import VolcengineSimulator
from portraitkit.testing import answer, replay, simulated
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.translation import translate
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import GroupKind, VideoStatus
from portraitkit.values.video import References, VideoRequest
from portraitkit.wire.error_mapping import class_of
from portraitkit.wire.steps import Auth, Request

ACCOUNT = SimAccount(
    name="films",
    api_key="ark-example-key",
    access_key="AKLTexample",
    secret_key="c2VjcmV0LW9mLW5vYm9keQ==",
)
KEYS = {
    "access_key": Secret(ACCOUNT.access_key),
    "secret_key": Secret(ACCOUNT.secret_key),
    "api_key": Secret(ACCOUNT.api_key),
    "callback_url": "https://app.example/back",
}
PROVIDER = BytePlus(**KEYS)
PICTURE = "https://example.com/mia.jpg"
ASSET_ID = "asset-20260318035710-xxxxx"
CONTRACT = contract_judge.load("byteplus").document
VECTORS = Path(__file__).parents[1] / "data" / "signing-vectors.json"


def test_a_published_signature_is_reproduced():
    """The golden vector of another project: this vendor's host, region and an Action."""
    vectors = json.loads(VECTORS.read_text())["vectors"]
    golden = next(each for each in vectors if each["name"] == "public-golden-byteplus")
    provider = BytePlus(
        access_key=Secret(golden["ak"]), secret_key=Secret(golden["sk"]), api_key=Secret("k")
    )
    request = Request(
        method="POST",
        url=provider.action_url,
        query=golden["query"],
        headers={"Content-Type": "application/json"},
        content=golden["body"].encode(),
        auth=Auth.SIGNATURE,
    )
    now = datetime.strptime(golden["x_date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    signed = provider.authorize(request, now=now)

    assert golden["headers_in"]["Host"] == signed.url.removeprefix("https://").strip("/")
    assert golden["expected"]["authorization"] == signed.headers["Authorization"]


def test_the_vendors_own_signer_signs_a_session_alike():
    """What byteplus-python-sdk-v2 3.0.63 wrote for this very request, body and project included."""
    provider = BytePlus(
        access_key=Secret("AKLTx"),
        secret_key=Secret("c2VjcmV0=="),
        api_key=Secret("k"),
        callback_url="https://a.example/b",
    )
    request = next(provider.start_verification("Ann"))

    assert (
        "HMAC-SHA256 Credential=AKLTx/20260102/ap-southeast-1/ark/request, "
        "SignedHeaders=content-type;host;x-content-sha256;x-date, "
        "Signature=bcbba5906e36c7ae082a0646ab49ced92a3d996677c941058c1b960f6fa56374"
    ) == provider.authorize(request, now=NOW).headers["Authorization"]


def test_each_plane_has_its_host():
    """Actions go to byteplusapi.com, signed; videos to bytepluses.com, by the API key."""
    read = replay(PROVIDER.get_asset(ASSET_ID), [answer({"Id": ASSET_ID, "Status": "Active"})])
    made = replay(PROVIDER.create_video(VideoRequest(prompt="x")), [answer({"id": "cgt-1"})])

    assert (
        "https://ark.ap-southeast-1.byteplusapi.com/?Action=GetAsset&Version=2024-01-01"
        == read.requests[0].target
    )
    assert (
        "https://ark.ap-southeast.bytepluses.com/api/v3/contents/generations/tasks"
        == made.requests[0].target
    )
    assert {"https://" + each.partition("//")[2].partition("/")[0] for each in (
        read.requests[0].url, made.requests[0].url
    )} == PROVIDER.origins  # fmt: skip


@pytest.mark.parametrize(
    ("neutral", "expected"),
    [
        ("seedance-2.0", "dreamina-seedance-2-0-260128"),
        ("seedance-2.0-fast", "dreamina-seedance-2-0-fast-260128"),
        ("seedance-2.0-mini", "dreamina-seedance-2-0-mini-260615"),
        ("seedance-2.5", "dreamina-seedance-2-5-260628"),
        ("seedance-1.5-pro", "seedance-1-5-pro-251215"),
    ],
)
def test_models_have_this_houses_names(neutral, expected):
    """dreamina- stands where Volcengine has doubao-, and nothing before the older ones."""
    preview = PROVIDER.preview_video(VideoRequest(prompt="x", model=neutral))

    assert expected == preview.body["model"]


def test_a_body_of_volcengine_is_renamed_and_nothing_else():
    """The same dialect: only the model's name changes between the two, in both directions."""
    body = Volcengine(**KEYS).preview_video(VideoRequest(prompt="x", duration_s=5)).body
    there = translate(body, from_="volcengine", to="byteplus")
    back = translate(there.body, from_="byteplus", to="volcengine")

    assert {**body, "model": "dreamina-seedance-2-0-260128"} == there.body
    assert (body, ()) == (back.body, (*there.losses, *back.losses))


def test_no_handle_of_volcengine_is_taken():
    """One dialect is not one account: an asset, and a face, stay where they were made."""
    theirs = replay(
        Volcengine(**KEYS).get_asset(ASSET_ID), [answer({"Id": ASSET_ID, "Status": "Active"})]
    )

    with pytest.raises(errors.HandleError, match="volcengine"):
        replay(PROVIDER.get_asset(theirs.result.handle), [])


@pytest.mark.parametrize(
    "row",
    [row for row in CONTRACT["errors"] if "means" in row],
    ids=lambda row: f"{row['status']}-{row.get('code', '')}",
)
def test_every_refusal_in_the_contract_has_its_class(row):
    """What the contract says a code means is what the adapter raises."""
    code = row.get("code", "").replace(".*", ".Anything").replace("*", "")

    assert row["means"] == class_of(PROVIDER.error_codes, code, row["status"]).__name__


@pytest.mark.parametrize("variants", [{}, {"unseen_s": 12.0}, {"pending_status": 200}])
def test_the_main_job(tmp_path, variants):
    """A virtual and a real person come into one video, as at Volcengine."""
    simulator = BytePlusSimulator(variants=Variants(region="ap-southeast-1", **variants))
    _ = simulator.add_account(ACCOUNT)
    judged = contract_judge.Judged(simulator)
    client = simulated(PROVIDER, judged)
    group = client.create_group("Mia", description="host")
    mia = client.wait_until_active(client.add_asset(group, PICTURE, name="front"))
    real = client.wait_until_verified(client.start_verification("Ann"))
    ann = client.wait_until_active(client.add_asset(real, PICTURE))
    request = VideoRequest(
        prompt="{mia} and {ann} smile", media=References(images={"mia": mia, "ann": ann})
    )
    task = client.wait_for_video(client.create_video(request))
    path = client.download_video(task, tmp_path / "mia.mp4")
    listed = [each.id for each in client.list_videos()]
    client.delete_group(group)

    assert (GroupKind.REAL_PERSON, VideoStatus.SUCCEEDED) == (real.kind, task.status)
    assert ([task.id], b"ftyp") == (listed, path.read_bytes()[4:8])
    assert 1 == judged.world.billed["films", "video"]


def test_a_signature_for_another_region_is_refused():
    """Volcengine's region is not this vendor's, and the code says that the credential is wrong."""
    simulator = BytePlusSimulator()
    _ = simulator.add_account(ACCOUNT)
    with pytest.raises(errors.AuthenticationError) as caught:
        simulated(evolve(PROVIDER, region="cn-beijing"), simulator).create_group("Mia")

    assert "InvalidCredential" == caught.value.code


def test_a_region_is_checked():
    """What cannot stand in a signature is told before anything is signed."""
    with pytest.raises(errors.ConfigError, match="region"):
        BytePlus(**KEYS, region="ap southeast")


def test_the_simulator_knows_its_own_models_only():
    """Each house refuses the other's names, as it would."""
    own, other = BytePlusSimulator(), VolcengineSimulator()
    for simulator in (own, other):
        _ = simulator.add_account(ACCOUNT)
    request = VideoRequest(prompt="x", model="doubao-seedance-2-0-260128")
    with pytest.raises(errors.NotFoundError):
        simulated(PROVIDER, own).create_video(request)
    task = simulated(Volcengine(**KEYS), other).create_video(request)

    assert VideoStatus.QUEUED is task.status
