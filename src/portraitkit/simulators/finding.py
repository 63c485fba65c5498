"""Find a vendor's simulator by its name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs

from ..providers.registry import provider_class, simulator_class
from ..values.errors import ConfigError
from .simulator import Simulator


def load(name: str) -> type[Simulator]:
    """
    Find a vendor's simulator: an entry point in the group `portraitkit.simulators`.

    Where nobody wrote one, it is made from the contract.yaml beside the adapter's module.

    Raises:
        LookupError: No installed package has one of that name, nor such a contract.
    """
    try:
        found: type[Simulator] = simulator_class(name)
    except ConfigError as error:
        if (contract := _contract_beside(name)) is None:
            raise LookupError(f"there is no simulator of {name!r}: {error.next_step}") from None
        from .contracts import simulator_of  # noqa: PLC0415  (an extra reads it)

        return simulator_of(name, contract)
    return found


def credentials_of(name: str) -> dict[str, str]:
    """Make up credentials for an adapter: they open nothing but a simulator."""
    return {field: f"simulated-{field.replace('_', '-')}" for field in _fields(name, "Secret")}


def addresses_of(name: str) -> tuple[str, ...]:
    """The fields of an adapter that say where its vendor is reached."""
    return tuple(each for each in _fields(name, "str") if each.endswith("_url") and each != _BACK)


_BACK = "callback_url"


def _fields(name: str, kind: str) -> list[str]:
    fields: Any = attrs.fields(provider_class(name))
    return [each.name for each in fields if str(each.type).rpartition(".")[2].rstrip("'>") == kind]


def _contract_beside(name: str) -> Path | None:
    try:
        module = sys.modules[provider_class(name).__module__]
    except ConfigError:
        return None
    beside = Path(str(module.__file__)).with_name("contract.yaml")
    return beside if beside.is_file() else None
