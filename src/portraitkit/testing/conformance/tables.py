"""The conformance suite for a vendor that is a table, at the simulator made of the same table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ...operations.provider import PortraitProvider
from ...providers.tables.building import vendor_class
from ...simulators.state import SimAccount, World, scans_after
from ...simulators.table import TableSimulator, put, simulator_of
from ...values.secret import Secret
from ...wire.steps import Response
from .contract import ProviderContract

_KEYS = {"main": "api-key-of-the-first", "other": "api-key-of-the-other"}


class TableContract(ProviderContract):
    """
    Subclass it in a pytest file, name it Test…, and say which table.

    Attributes:
        name: The vendor's.
        document: Its table, as `tomllib` reads it.
    """

    contract_version = 1
    name: ClassVar[str] = ""
    document: ClassVar[Mapping[str, Any]] = {}

    def provider(self) -> PortraitProvider:
        """Make the adapter of the table."""
        return self._connected("main")

    def other_account(self) -> PortraitProvider:
        """Make it with another key."""
        return self._connected("other")

    def simulator(self) -> TableSimulator:
        """Make the simulator of the table."""
        world = World(person=scans_after(4), group_quota=1000, asset_quota=1000)
        made = simulator_of(vendor_class(self.name, self.document).table)(world=world)
        for name, key in _KEYS.items():
            _ = made.add_account(SimAccount(name=name, api_key=key))
        return made

    def refusals(self, status: int, code: str, message: str) -> Sequence[Response]:
        """Write a refusal where the table says that it stands."""
        answers = vendor_class(self.name, self.document).table.answers
        body: dict[str, Any] = {}
        if code:
            put(body, answers.code[0], code)
        put(body, answers.message[0], message)
        return [self.json_answer(body, status)]

    def many(self, operation: str) -> int:
        """More than a page."""
        del operation
        return 105

    def _connected(self, account: str) -> PortraitProvider:
        cls: Any = vendor_class(self.name, self.document)  # its fields are the table's
        made: PortraitProvider = cls(api_key=Secret(_KEYS[account]))
        return made
