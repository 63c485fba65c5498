"""Find a vendor's simulator by its name."""

from __future__ import annotations

from ..providers.registry import simulator_class
from ..values.errors import ConfigError
from .simulator import Simulator


def load(name: str) -> type[Simulator]:
    """
    Find a vendor's simulator.

    Raises:
        LookupError: No installed package has one of that name.
    """
    try:
        found: type[Simulator] = simulator_class(name)
    except ConfigError as error:
        raise LookupError(f"there is no simulator of {name!r}: {error.next_step}") from None
    return found
