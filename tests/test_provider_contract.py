"""Every built-in adapter passes the conformance suite, by the door that strangers come through."""

from __future__ import annotations

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
        world = World(person=scans_after(4), group_quota=1000, asset_quota=1000)
        simulator = load(self.name)(world=world)
        simulator.add_account(ACCOUNT)
        simulator.add_account(OTHER)
        return simulator

    def many(self, operation):
        return 105  # a page holds at most 100 at each of the five

    def contract(self):
        return court.FOLDER / self.name / "contract.yaml"

    def refusals(self, status, code, message):
        return [self.json_answer(body, status) for body in self.bodies(status, code, message)]


def action_refusal(code, message):
    error = {"Code": code, "Message": message} if code else {"Message": message}
    return {"ResponseMetadata": {"RequestId": "20260102", "Error": error}}


def plain_refusal(code, message):
    return {"error": {"message": message, "type": code or "error", "code": code or None}}


class TestAllToken(BuiltIn):
    name = "alltoken"

    def many(self, operation):
        # The documented query of the tasks knows no second page; see AllToken.differences.
        return 100 if operation == "list_videos" else super().many(operation)

    def bodies(self, status, code, message):
        return [action_refusal(code, message), plain_refusal(code, message)]


class TestToken360(BuiltIn):
    name = "token360"

    def bodies(self, status, code, message):
        envelope = {"code": status, "msg": message, "serviceCode": code or None, "data": None}
        return [envelope, plain_refusal(code, message)]


class TestVolcengine(BuiltIn):
    name = "volcengine"

    def bodies(self, status, code, message):
        return [action_refusal(code, message), plain_refusal(code, message)]


class TestAPIYI(BuiltIn):
    name = "apiyi"

    def bodies(self, status, code, message):
        return [action_refusal(code, message), plain_refusal(code, message)]


class TestXCompute(BuiltIn):
    name = "xcompute"

    def bodies(self, status, code, message):
        error = {"message": message, "type": code or "error"}
        return [{"error": {**error, "code": status}}, {"error": {**error, "code": code}}]
