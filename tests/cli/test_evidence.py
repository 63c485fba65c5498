"""What `doctor --report` says of a contract's assumed facts, at right and at changed vendors."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from typer.testing import CliRunner

from portraitkit.cli.app import app
from portraitkit.cli.evidence import contract_of, evidence
from portraitkit.providers.registry import provider_names
from portraitkit.simulators import __main__ as command
from portraitkit.simulators.finding import load
from portraitkit.simulators.server import serve
from portraitkit.wire.steps import Request

VENDORS = [name for name in command.WAYS if "-" not in name]


def examined(vendor, folder, monkeypatch, change=lambda response: response):
    """Let doctor look at a served simulator that has a group; give the report."""
    simulator = load(vendor)(world=command.World(clock=command.WallClock()))
    account = simulator.add_account(command.ACCOUNT)
    group = simulator.world.add_group(account, simulator.world.new_id("group"), "Planted Mia")
    simulator.seed_asset(group, "front")
    handle = type(simulator).handle
    monkeypatch.setattr(type(simulator), "handle", lambda self, r: change(handle(self, r)))
    for key in ("api_key", "access_key", "secret_key", "library_key"):
        monkeypatch.setenv(command.variable_of(key), getattr(command.ACCOUNT, key))
    with serve(simulator) as server:
        (folder / "served.toml").write_text(command.profile_of(vendor, server.url))
        words = ["--config", str(folder / "served.toml"), "--profile", vendor, "doctor"]
        result = CliRunner().invoke(app, [*words, "--report", str(folder / "report.json")])
    assert result.exit_code == 0, result.output
    text = (folder / "report.json").read_text()
    assert "Planted" not in text
    assert group.id not in text
    (row,) = [each for each in json.loads(text) if each["check"] == "contract"]
    assert row["found"] in result.output
    return row


def states(row):
    return {(each["operation"], each["fact"], each["state"]) for each in row["facts"]}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_as_assumed_contradicts_nothing(vendor, tmp_path, monkeypatch):
    """Each assumed fact of the contract is in the report, once; none is broken."""
    row = examined(vendor, tmp_path, monkeypatch)

    assert "ok" == row["state"]
    assert {"confirmed", "not seen"} >= {each["state"] for each in row["facts"]}
    assert len(row["facts"]) == len(evidence(contract_of(vendor), []))


@pytest.mark.parametrize(
    ("vendor", "fact"),
    [
        ("alltoken", ("ListAssetGroups", "HTTP 200")),
        ("alltoken", ("ListAssets", "HTTP 200")),
        ("token360", ("ListAssets", "HTTP 200")),
    ],
)
def test_what_was_seen_is_confirmed(vendor, fact, tmp_path, monkeypatch):
    """The free reads bear out the forms of the lists."""
    assert (*fact, "confirmed") in states(examined(vendor, tmp_path, monkeypatch))


@pytest.mark.outside_the_contract
def test_a_vendor_that_answers_otherwise_is_told(tmp_path, monkeypatch):
    """The fact, and the place in the answer, without its value."""

    def renamed(response):
        content = response.content.replace(b'"assetId"', b'"assetNumber"')
        return evolve(response, content=content)

    row = examined("token360", tmp_path, monkeypatch, renamed)
    (broken,) = [each for each in row["facts"] if each["state"] == "contradicted"]

    assert "warning" == row["state"]
    assert ("ListAssets", "HTTP 200") == (broken["operation"], broken["fact"])
    assert "body" in broken["differs"]
    assert "ta_" not in json.dumps(row)


@pytest.mark.parametrize(
    ("status", "state", "differs"),
    [(404, "confirmed", ""), (410, "contradicted", "it came with HTTP 410")],
)
def test_a_refusal_is_told_by_its_code(status, state, differs):
    """A code that is assumed with one status, and came with it or with another."""
    asked = Request(
        method="GET",
        url="https://api.token360.ai/v1/assets/ta_0",
        headers={"Authorization": "Bearer k"},
    )
    simulator = load("token360")()
    body = {"code": 1, "data": None, "msg": "no", "serviceCode": "ASSET_NOT_FOUND"}
    answered = simulator.json(body, status)
    rows = evidence(contract_of("token360"), [(asked, answered)])
    told = {(each["operation"], each["fact"]): each for each in rows}
    found = told["GetAsset", "HTTP 404 ASSET_NOT_FOUND"]

    assert (state, differs) == (found["state"], found["differs"])
    assert "not seen" == told["DeleteAsset", "HTTP 404 ASSET_NOT_FOUND"]["state"]


def test_every_built_in_vendor_has_its_contract_at_hand():
    """And a vendor from elsewhere has none, which is said."""
    assert {True} == {contract_of(name) is not None for name in VENDORS}
    assert set(VENDORS) <= set(provider_names())
    assert contract_of("acme") is None
