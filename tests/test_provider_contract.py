"""Every built-in adapter passes the conformance suite, by the door that strangers come through."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType

import contract_judge
from portraitkit.config.building import build_provider
from portraitkit.simulators.__main__ import ACCOUNT, load
from portraitkit.simulators.state import SimAccount, World, scans_after
from portraitkit.testing import ProviderContract

OTHER = SimAccount(
    name="other",
    api_key="another-api-key",
    access_key="AKANOTHER",
    secret_key="another-secret-key",
    library_key="another-library-key",
)
ACCOUNTS = {"main": ACCOUNT, "other": OTHER}
BEARER = ("api_key",)
SIGNED = ("api_key", "access_key", "secret_key")


@cache
def connected(name, account, keys, **more):
    """
    The adapter as an application gets it: found by entry point, built from settings.

    Tokens behind names are random, and the suite asks for the same requests each time.
    """
    settings = {key: getattr(ACCOUNTS[account], key) for key in keys}
    return build_provider(name, {"name_tokens": False, **settings, **more})[1]


class BuiltIn(ProviderContract):
    """What the tests of built-in adapters share: accounts, simulators, contracts."""

    contract_version = 1
    name = ""
    keys = BEARER
    more = MappingProxyType({})
    token_life_s = 120.0

    def provider(self):
        return connected(self.name, "main", self.keys, **self.more)

    def other_account(self):
        return connected(self.name, "other", self.keys, **self.more)

    def simulator(self):
        world = World(person=scans_after(4), group_quota=1000, asset_quota=1000)
        world.token_life_s = self.token_life_s
        simulator = load(self.name)(world=world)
        simulator.add_account(ACCOUNT)
        simulator.add_account(OTHER)
        return simulator

    def many(self, operation):
        return 105  # a page holds at most 100 at each of them

    def contract(self):
        return contract_judge.FOLDER / self.name / "contract.yaml"

    def refusals(self, status, code, message):
        return [self.json_answer(body, status) for body in self.bodies(status, code, message)]


def action_refusal(code, message):
    error = {"Code": code, "Message": message} if code else {"Message": message}
    return {"ResponseMetadata": {"RequestId": "20260102", "Error": error}}


def plain_refusal(code, message):
    return {"error": {"message": message, "type": code or "error", "code": code or None}}


class Actions(BuiltIn):
    """Those that refuse as Actions do, and as a gateway does."""

    def bodies(self, status, code, message):
        return [action_refusal(code, message), plain_refusal(code, message)]


class TestAllToken(Actions):
    name = "alltoken"

    def many(self, operation):
        # The documented query of the tasks knows no second page; see AllToken.differences.
        return 100 if operation == "list_videos" else super().many(operation)


class TestToken360(BuiltIn):
    name = "token360"

    def bodies(self, status, code, message):
        envelope = {"code": status, "msg": message, "serviceCode": code or None, "data": None}
        return [envelope, plain_refusal(code, message)]


class TestVolcengine(Actions):
    name = "volcengine"
    keys = SIGNED
    token_life_s = 1800.0


class TestAPIYI(Actions):
    name = "apiyi"
    keys = SIGNED


class TestAPIYIWithIcover(BuiltIn):
    name = "apiyi"
    keys = ("library_key", "api_key")
    more = MappingProxyType({"assets": "icover"})

    def bodies(self, status, code, message):
        own = {"code": status, "message": message, "data": None}
        return [action_refusal(code, message), plain_refusal(code, message), own]


class TestBytePlus(Actions):
    name = "byteplus"
    keys = SIGNED
    token_life_s = 1800.0


class Avatars(BuiltIn):
    """The dialect that xcompute and APIMart speak."""

    def bodies(self, status, code, message):
        error = {"message": message, "type": code or "error"}
        return [{"error": {**error, "code": status}}, {"error": {**error, "code": code}}]


class TestXCompute(Avatars):
    name = "xcompute"


class TestAPIMart(Avatars):
    name = "apimart"
