"""Portraits by name at a vendor without a library: their links run out, and nothing is theirs."""

from __future__ import annotations

import pytest

import portraitkit as pk
from example_package import LINK_LIFE_S, Kestrel, KestrelSimulator
from portraitkit.client.client import Client
from portraitkit.portraits.ledger import FileLedger
from portraitkit.testing import SimAccount, SimulatorTransport, VirtualTime
from vendors import FACE


@pytest.fixture
def vendor():
    simulator = KestrelSimulator(base_url="https://queue.kestrel.example")
    simulator.add_account(SimAccount(name="us", api_key="kestrel-key-1"))
    return simulator


@pytest.fixture
def client(vendor, tmp_path):
    return Client(
        Kestrel(api_key=pk.Secret("kestrel-key-1")),
        transport=SimulatorTransport(vendor),
        clock=VirtualTime(vendor.world.clock).clock,
        ledger=FileLedger(tmp_path / "portraits.ledger"),
        journal=tmp_path / "jobs.journal",
    )


def test_a_portrait_whose_link_ran_out_is_stored_anew(client, vendor):
    """It is stored once for as long as its link lives; then again, and videos go on."""
    smile = pk.VideoRequest(
        prompt="{image_1} smiles", media=pk.References(images=[pk.Portrait("mia")])
    )
    for _ in range(2):
        client.ensure_portrait("mia", FACE)
    first = client.create_video(smile)
    vendor.world.clock.advance(LINK_LIFE_S)

    with pytest.raises(pk.AssetNotReadyError):
        client.create_video(smile)
    client.ensure_portrait("mia", FACE)
    second = client.create_video(smile)

    links = [vendor.world.videos[each.id].body["image_urls"] for each in (first, second)]
    assert 2 == len(vendor.files)
    assert links[0] != links[1]


def test_neither_ledger_nor_journal_holds_a_link(client, tmp_path):
    """Who reads the files can fetch no face; whoever goes on has the key, and can."""
    client.ensure_portrait("mia", FACE)
    asset = client.add_asset("Leo", FACE, name="front")
    media = pk.References(images=[pk.Portrait("mia"), asset])
    task = client.create_video(pk.VideoRequest(prompt="a smile", media=media))

    kept = b"".join(each.read_bytes() for each in tmp_path.iterdir())

    assert all(each.encode() in kept for each in ("mia", asset.handle, task.handle))
    for part in (asset.link.reveal(), "storage/files", "signature"):
        assert part.encode() not in kept


def test_erasing_says_what_is_left(client):
    """A stored file is nobody's to delete by API; a group is a name, and no work for anybody."""
    client.ensure_portrait("mia", FACE)

    receipt = client.erase_portrait("mia")

    assert [("asset", "by hand")] == [(each.what, each.outcome) for each in receipt.items]
