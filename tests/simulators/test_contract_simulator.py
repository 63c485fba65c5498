"""Simulators that are made from contracts: what nobody wrote serves an application all the same."""

from __future__ import annotations

import pytest

import contract_judge
import portraitkit as pk
import test_provider_contract as adapters
from portraitkit.simulators import finding
from portraitkit.simulators.contracts import ContractSimulator, simulator_of
from portraitkit.testing import simulated
from portraitkit.values.errors import ConfigError, NotFoundError, VideoFailedError

pytestmark = pytest.mark.outside_the_contract  # it answers by schemas, and knows no rules

ADAPTERS = (
    adapters.TestAllToken,
    adapters.TestToken360,
    adapters.TestVolcengine,
    adapters.TestBytePlus,
    adapters.TestAPIYI,
)
PICTURE = adapters.contract_judge.FOLDER.parent / "src/portraitkit/simulators/data/face.jpg"


def client_of(suite):
    """A client whose vendor is made from its contract."""
    provider = suite().provider()
    path = contract_judge.FOLDER / provider.name / "contract.yaml"
    return simulated(provider, simulator_of(provider.name, path)())


def added(client, group):
    """An asset, in the form that the vendor takes."""
    links = client.provider.supports("add_link")
    return client.add_asset(group, "https://x.example/mia.jpg" if links else PICTURE, name="front")


@pytest.mark.parametrize("suite", ADAPTERS, ids=lambda each: each.__name__[4:])
def test_the_main_job_gets_through(suite):
    """Group, asset, person and video: each is made, waited for and read."""
    client = client_of(suite)
    group = client.create_group("Mia")
    asset = client.wait_until_active(added(client, group))
    request = pk.VideoRequest(
        prompt="{mia} smiles", media=pk.References(images={"mia": asset}), duration_s=5
    )
    task = client.wait_for_video(client.create_video(request))

    assert pk.AssetStatus.ACTIVE is asset.status
    assert pk.VideoStatus.SUCCEEDED is task.status
    assert "clip.mp4" in task.video_url
    assert [asset.id] == [each.id for each in client.list_assets(group)]
    if client.provider.supports("start_verification"):
        check = client.start_verification("Ann", callback_url="https://app.example/back")
        assert client.wait_until_verified(check).id


def test_the_knobs_work():
    """What is rejected or fails does so in the contract's words, with code and message."""
    client = client_of(adapters.TestAllToken)
    client._transport._simulator.world.fail_videos["pushed"] = ("Odd", "nobody knows")

    with pytest.raises(VideoFailedError, match="nobody knows"):
        client.wait_for_video(client.create_video(pk.VideoRequest(prompt="pushed")))


def test_what_is_not_there_is_not_found():
    """An id that nothing has is refused as the contract documents it."""
    client = client_of(adapters.TestAllToken)

    with pytest.raises(NotFoundError):
        client.get_group("group-none")


def test_a_contract_beside_the_adapter_is_enough(monkeypatch, tmp_path):
    """Where no package names a simulator, the contract as package data makes one."""
    (tmp_path / "contract.yaml").write_text("vendor: nova", encoding="utf-8")
    module = type("module", (), {"__file__": str(tmp_path / "provider.py")})
    adapter = type("Nova", (), {"__module__": "nova_provider"})
    monkeypatch.setitem(finding.sys.modules, "nova_provider", module)
    monkeypatch.setattr(finding, "provider_class", lambda _: adapter)

    def nobody(name):
        raise ConfigError(f"no installed package simulates {name!r}")

    monkeypatch.setattr(finding, "simulator_class", nobody)

    found = finding.load("nova")
    (tmp_path / "contract.yaml").unlink()

    assert issubclass(found, ContractSimulator)
    assert "nova" == found.name
    with pytest.raises(LookupError, match="there is no simulator of 'nova'"):
        finding.load("nova")
