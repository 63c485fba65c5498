"""Acme keeps what every adapter promises."""

from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from portraitkit_acme.provider import Acme
from portraitkit_acme.simulator import AcmeSimulator

from portraitkit import Secret
from portraitkit.testing import ProviderContract, SimAccount, answer

OURS = SimAccount(name="us", api_key="", access_key="acme-key-1", secret_key="acme-secret-1")
OTHERS = SimAccount(name="they", api_key="", access_key="acme-key-2", secret_key="acme-secret-2")


def acme(account):
    return Acme(key_id=Secret(account.access_key), key_secret=Secret(account.secret_key))


class TestAcme(ProviderContract):
    contract_version = 1

    def provider(self):
        return acme(OURS)

    def other_account(self):
        return acme(OTHERS)

    def simulator(self):
        simulator = AcmeSimulator(base_url="https://studio.acme.example")
        simulator.add_account(OURS)
        simulator.add_account(OTHERS)
        return simulator

    def contract(self):
        return Path(__file__).parents[1] / "contract.yaml"

    def refusals(self, status, code, message):
        named = f" code={quoteattr(code)}" if code else ""
        document = f"<fault{named}>{escape(message)}</fault>"
        return [answer(document, status, headers={"content-type": "application/xml"})]
