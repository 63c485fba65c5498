"""BytePlus: what is not Volcengine's."""

from __future__ import annotations

import pytest
from attrs import evolve

from portraitkit.providers.byteplus import BytePlus
from portraitkit.providers.volcengine import Volcengine
from portraitkit.simulators.byteplus import BytePlusSimulator
from portraitkit.simulators.volcengine import VolcengineSimulator
from portraitkit.testing import simulated
from portraitkit.testing.doubles.replaying import NOW
from portraitkit.translation import translate
from portraitkit.values import errors
from portraitkit.values.secret import Secret
from portraitkit.values.statuses import VideoStatus
from portraitkit.values.video import VideoRequest
from vendors import ACCOUNT, SIGNED, provider_of

KEYS = {key: Secret(getattr(ACCOUNT, key)) for key in SIGNED}
PROVIDER = provider_of("byteplus", callback_url="https://app.example/back")


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


def test_a_body_of_volcengine_is_renamed_and_nothing_else():
    """The same dialect: only the model's name changes between the two, in both directions."""
    body = Volcengine(**KEYS).preview_video(VideoRequest(prompt="x", duration_s=5)).body
    there = translate(body, from_="volcengine", to="byteplus")
    back = translate(there.body, from_="byteplus", to="volcengine")

    assert {**body, "model": "dreamina-seedance-2-0-260128"} == there.body
    assert (body, ()) == (back.body, (*there.losses, *back.losses))


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
