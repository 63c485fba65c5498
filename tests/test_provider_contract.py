"""Every built-in adapter passes the conformance suite, by the door that strangers come through."""

from __future__ import annotations

import json

from attrs import evolve

import court
from portraitkit.building import build_provider
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.state import SimAccount, World, scans_after
from portraitkit.testing import ProviderContract

OTHER = SimAccount(
    name="other",
    api_key="another-api-key",
    access_key="AKANOTHER",
    secret_key="another-secret-key",
)


def connected(name, account, **more):
    """The adapter as an application gets it: found by entry point, built from settings."""
    keys = ("api_key", "access_key", "secret_key")
    signed = name in ("apiyi", "volcengine")
    settings = {key: getattr(account, key) for key in (keys if signed else keys[:1])}
    return build_provider(name, {**settings, **more})[1]


class BuiltIn(ProviderContract):
    """What the tests of built-in adapters share: accounts, simulators, contracts."""

    contract_version = 1
    name = ""

    def provider(self):
        return connected(self.name, ACCOUNT)

    def other_account(self):
        return connected(self.name, OTHER)

    def simulator(self):
        simulator = load(self.name)(world=World(person=scans_after(4)))
        simulator.add_account(ACCOUNT)
        simulator.add_account(OTHER)
        return simulator

    def contract(self):
        return court.FOLDER / self.name / "contract.yaml"


class TestAllToken(BuiltIn):
    name = "alltoken"
class TestToken360(BuiltIn):
    name = "token360"
class TestVolcengine(BuiltIn):
    name = "volcengine"
class TestAPIYI(BuiltIn):
    name = "apiyi"
class TestXCompute(BuiltIn):
    name = "xcompute"
