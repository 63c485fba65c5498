"""Kestrel keeps what every adapter promises."""

from pathlib import Path

from portraitkit_kestrel.provider import Kestrel
from portraitkit_kestrel.simulator import KestrelSimulator

from portraitkit import Secret
from portraitkit.testing import ProviderContract, SimAccount

OURS = SimAccount(name="us", api_key="kestrel-key-1")
OTHERS = SimAccount(name="they", api_key="kestrel-key-2")


class TestKestrel(ProviderContract):
    contract_version = 1

    def provider(self):
        return Kestrel(api_key=Secret(OURS.api_key))

    def other_account(self):
        return Kestrel(api_key=Secret(OTHERS.api_key))

    def simulator(self):
        simulator = KestrelSimulator(base_url="https://queue.kestrel.example")
        simulator.add_account(OURS)
        simulator.add_account(OTHERS)
        return simulator

    def contract(self):
        return Path(__file__).parents[1] / "contract.yaml"

    def refusals(self, status, code, message):
        return [self.json_answer({"detail": message, "error_type": code}, status)]
